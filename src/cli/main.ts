import { existsSync } from 'node:fs';
import { printable } from '../report/printable.ts';
import { outputError } from './output.ts';
import type { Parts } from './parts.ts';
import { EXIT } from './status.ts';
import type { Streams } from './streams.ts';
import { nearest, UsageError } from './usage-error.ts';
import { toolVersion } from './version.ts';

/**
 * Runs the command line.
 *
 * @param argv the words after the program's name
 * @param parts stand-ins for the real parts, for tests
 * @returns the exit status: 0 nothing found at or above `--fail-on`, 1 something, 2 wrong usage or unreadable input,
 *   70 a fault of the tool itself, 130 or 143 ended by SIGINT or SIGTERM
 */
export async function main(
  argv: readonly string[],
  streams: Streams,
  parts?: Parts,
): Promise<number> {
  const written = watch(streams);
  try {
    const status = await run(argv, streams, parts);
    await written();
    return status;
  } catch (error) {
    return tell(error, streams);
  }
}

/**
 * Keeps a stream that fails from ending the process. A reader that has seen enough (`head`) closes the pipe, which is no
 * fault; nobody can be told that standard error is gone.
 *
 * @returns settles when what was written to standard output is known to have arrived, or not
 */
function watch({ stdout, stderr }: Streams): () => Promise<void> {
  let failure: unknown;
  stderr.on?.('error', () => {});
  stdout.on?.('error', (error) => {
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') failure = error;
  });
  return async () => {
    // Writes fail in the next turn.
    await new Promise((resolve) => setImmediate(resolve));
    if (failure !== undefined) throw outputError('standard output', failure);
  };
}

async function run(
  argv: readonly string[],
  streams: Streams,
  parts: Parts | undefined,
): Promise<number> {
  const [first] = argv;
  if (argv.length === 1 && (first === '--version' || first === '-V')) {
    streams.stdout.write(`${toolVersion()}\n`);
    return EXIT.ok;
  }
  let status: number = EXIT.ok;
  const { buildProgram } = await import('./program.ts');
  const program = buildProgram(streams, parts, (result) => {
    status = result;
  });
  if (first === undefined) {
    streams.stderr.write(program.helpInformation());
    return EXIT.usage;
  }
  if (!first.startsWith('-') && first !== 'help') {
    const commands = program.commands.map((command) => command.name());
    if (!commands.includes(first)) throw unknownCommand(first, commands);
  }
  await program.parseAsync([...argv], { from: 'user' });
  return status;
}

function unknownCommand(word: string, commands: readonly string[]): UsageError {
  if (existsSync(word) || /\.(pcap|pcapng|cap|ntar|dmp)(\d*|\.gz)$/i.test(word)) {
    return new UsageError(`'${word}' is no command; did you mean: tlsdiag analyze ${word}`);
  }
  const near = nearest(word, commands);
  const hint = near === undefined ? 'tlsdiag --help lists them' : `did you mean ${near}?`;
  return new UsageError(`there is no command '${word}'; ${hint}`);
}

/** Says in one line what went wrong and gives the exit status for it. */
function tell(error: unknown, { stderr }: Streams): number {
  if (isCommanderError(error)) return error.exitCode === 0 ? EXIT.ok : EXIT.usage;
  const message = printable(error instanceof Error ? error.message : String(error));
  if (error instanceof UsageError || (error instanceof Error && error.name === 'InputError')) {
    stderr.write(`error: ${message}\n`);
    return EXIT.usage;
  }
  const where = error instanceof Error ? /\n\s+at (.*)/.exec(error.stack ?? '')?.[1] : undefined;
  stderr.write(`tlsdiag: a fault of the tool itself: ${message}${where ? ` (${where})` : ''}\n`);
  return EXIT.fault;
}

/** commander has said what there is to say. Told by its shape, so that it is loaded only where it parses. */
function isCommanderError(error: unknown): error is { exitCode: number } {
  return (
    error instanceof Error &&
    'exitCode' in error &&
    String((error as Error & { code?: unknown }).code).startsWith('commander.')
  );
}
