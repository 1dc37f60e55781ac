import { readdirSync, realpathSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { inputError } from './input-error.ts';

/**
 * The regular files of a directory by name, links followed, without what lies in directories below it. Undefined for
 * everything else, also for what does not exist: whoever opens it says so.
 *
 * @throws InputError when the directory may not be read
 */
export function filesIn(path: string): readonly string[] | undefined {
  if (statSync(path, { throwIfNoEntry: false })?.isDirectory() !== true) return undefined;
  try {
    return readdirSync(path)
      .sort()
      .map((name) => join(path, name))
      .filter((file) => statSync(file, { throwIfNoEntry: false })?.isFile() === true);
  } catch (error) {
    throw inputError(`'${path}'`, error);
  }
}

/** The same for all names of a file; the path itself where there is none. */
export function realName(path: string): string {
  try {
    return realpathSync(path);
  } catch {
    return path;
  }
}
