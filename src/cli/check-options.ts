import { existsSync, readFileSync, statSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import type { CheckInput, RunChecks } from '../checks/run-checks.ts';
import { LIMITS } from '../model/limits.ts';
import { toJson } from '../report/octet-writer.ts';
import { plural } from '../report/style.ts';
import { isSameFile, openOutput } from './output.ts';
import type { Parts } from './parts.ts';
import { parseHost } from './selection.ts';
import type { Streams } from './streams.ts';
import { UsageError } from './usage-error.ts';

/** Paths as given on the command line. */
export interface CheckFlags {
  readonly expect?: string;
  readonly baseline?: string;
  readonly writeBaseline?: string;
}

/**
 * Reads what a run is to be held against; undefined where nothing is.
 *
 * @throws UsageError for a file that cannot be used, with the place in it
 */
export async function readChecks(
  { expect, baseline, writeBaseline }: CheckFlags,
  parts: Parts,
): Promise<RunChecks | undefined> {
  if ([expect, baseline, writeBaseline].every((path) => path === undefined)) return undefined;
  const [files, { RunChecks }] = await Promise.all([
    import('../checks/files.ts'),
    import('../checks/run-checks.ts'),
  ]);
  const vocabulary = { rules: new Set(parts.rules.map(({ id }) => id)), address: parseHost };
  const read = <File>(
    option: string,
    path: string | undefined,
    parse: (text: string, words: typeof vocabulary) => File,
  ): { path: string; file: File } | undefined => {
    if (path === undefined) return undefined;
    const text = readText(option, path);
    try {
      return { path, file: parse(text, vocabulary) };
    } catch (error) {
      if (error instanceof files.CheckFileError)
        throw new UsageError(`${option} ${path}: ${error.message}`);
      throw error;
    }
  };
  const expectation = read('--expect', expect, files.parseExpectations);
  const known = read('--baseline', baseline, files.parseBaseline);
  const input: CheckInput = {
    ...(expectation && { expect: expectation }),
    ...(known && { baseline: known }),
    drafts: writeBaseline !== undefined,
  };
  return new RunChecks(input);
}

/**
 * Looks at the files that will be written before anything is read: hours may go by until then.
 *
 * @throws UsageError for one that cannot be written, or that is read or written besides
 */
export function guardFiles(
  { expect, baseline, writeBaseline, output }: CheckFlags & { readonly output?: string },
  inputs: readonly string[],
): void {
  for (const [option, path] of [
    ['--expect', expect],
    ['--baseline', baseline],
  ] as const) {
    if (path !== undefined && output !== undefined && isSameFile(path, output))
      throw new UsageError(`--output ${output} would overwrite the file of ${option}`);
  }
  if (writeBaseline === undefined) return;
  if (writeBaseline === '-')
    throw new UsageError('--write-baseline takes a file; the report goes to standard output');
  if (inputs.some((input) => input !== '-' && isSameFile(input, writeBaseline)))
    throw new UsageError(`--write-baseline ${writeBaseline} would overwrite a file that is read`);
  if (expect !== undefined && isSameFile(expect, writeBaseline))
    throw new UsageError(`--write-baseline ${writeBaseline} would overwrite the file of --expect`);
  if (output !== undefined && resolve(output) === resolve(writeBaseline))
    throw new UsageError(`--write-baseline and --output both name ${output}`);
  if (!existsSync(dirname(writeBaseline)))
    throw new UsageError(`--write-baseline ${writeBaseline}: there is no such directory`);
}

/** Writes the findings down as known ones, and says what is left to do. */
export function writeBaseline(path: string, { draft }: RunChecks, streams: Streams): string[] {
  if (draft === undefined) return [];
  const { schema, known } = draft.file();
  const entries = known.map((entry) => `\n    ${toJson(entry)}`).join(',');
  const text = `{\n  "schema": "${schema}",\n  "known": [${entries}\n  ]\n}\n`;
  const output = openOutput(path, [], streams);
  output.write(new TextEncoder().encode(text));
  output.close(true);
  const notices: string[] = [];
  if (draft.added > 0)
    notices.push(
      `${path}: ${plural(draft.added, 'new entry', 'new entries')}; put a reason into each, without one it is refused`,
    );
  if (draft.omitted > 0)
    notices.push(
      `${plural(draft.omitted, 'finding')} about several servers or about none could not be written down`,
    );
  if (draft.beyond > 0)
    notices.push(
      `${plural(draft.beyond, 'finding')} left out: a baseline has at most ${LIMITS.baselineEntries} entries`,
    );
  return notices;
}

function readText(option: string, path: string): string {
  try {
    const { size } = statSync(path);
    if (size > LIMITS.checkFileOctets)
      throw new UsageError(
        `${option} ${path} has ${size} octets, more than ${LIMITS.checkFileOctets}`,
      );
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof UsageError) throw error;
    const { code } = error as NodeJS.ErrnoException;
    const why =
      code === 'ENOENT'
        ? 'does not exist'
        : code === 'EISDIR'
          ? 'is a directory'
          : 'cannot be read';
    throw new UsageError(`${option} ${path} ${why}; check the path`);
  }
}
