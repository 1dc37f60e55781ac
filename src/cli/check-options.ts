import { readFileSync, statSync } from 'node:fs';
import type { CheckInput, RunChecks } from '../checks/run-checks.ts';
import { LIMITS } from '../model/limits.ts';
import { toJson } from '../report/octet-writer.ts';
import { plural } from '../report/style.ts';
import { openOutput } from './output.ts';
import type { Parts } from './parts.ts';
import { parseHost } from './selection.ts';
import type { Streams } from './streams.ts';
import { UsageError } from './usage-error.ts';

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

/** Writes the findings down as known ones, and says what is left to do. */
export function writeBaseline(
  path: string,
  { draft }: RunChecks,
  captures: readonly string[],
  streams: Streams,
): string[] {
  if (draft === undefined) return [];
  const { schema, known } = draft.file();
  const entries = known.map((entry) => `\n    ${toJson(entry)}`).join(',');
  const text = `{\n  "schema": "${schema}",\n  "known": [${entries}\n  ]\n}\n`;
  const output = openOutput(path, captures, streams, '--write-baseline');
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
