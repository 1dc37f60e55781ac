import { filesIn, realName } from '../io/list-files.ts';
import { UsageError } from './usage-error.ts';

/** The captures that a command line names. */
export interface NamedCaptures {
  readonly paths: readonly string[];
  /** Those of them that only their folder was named for: what is no capture among them is left out. */
  readonly fromFolders: ReadonlySet<string>;
}

/**
 * Puts the files of a folder in its place, and takes a file that is named twice once.
 *
 * @throws UsageError for a folder without files
 */
export function namedCaptures(names: readonly string[]): NamedCaptures {
  const paths = new Map<string, string>();
  const fromFolders = new Set<string>();
  for (const name of names) {
    const files = name === '-' ? undefined : filesIn(name);
    if (files === undefined) {
      const real = name === '-' ? name : realName(name);
      fromFolders.delete(paths.get(real) ?? '');
      paths.set(real, paths.get(real) ?? name);
      continue;
    }
    if (files.length === 0)
      throw new UsageError(
        `'${name}' is a directory without files; name one with captures in it, or a capture`,
      );
    for (const file of files) {
      const real = realName(file);
      if (paths.has(real)) continue;
      paths.set(real, file);
      fromFolders.add(file);
    }
  }
  return { paths: [...paths.values()], fromFolders };
}
