import { type ChildProcessByStdio, spawn } from 'node:child_process';
import type { Readable, Writable } from 'node:stream';
import { LIMITS } from '../model/limits.ts';
import type { Compression } from '../model/packet.ts';
import { InputError } from './input-error.ts';

type Child = ChildProcessByStdio<Writable, Readable, Readable>;

const MIB = 1024 * 1024;

/** The kinds that a program of the system unpacks: standard input to standard output, within bounds of memory. */
const PROGRAMS = {
  zstd: {
    words: () => ['-dc', `--memory=${LIMITS.unpackWindowOctets / MIB}MB`],
    package: 'zstd',
  },
  lz4: { words: () => ['-dc'], package: 'lz4' },
  xz: {
    words: () => ['-dc', `--memlimit-decompress=${LIMITS.unpackWindowOctets}`],
    package: 'xz-utils',
  },
} as const satisfies Partial<Record<Compression, object>>;

export type ProgramKind = keyof typeof PROGRAMS;

/** Octets of a program's complaint that are kept. */
const COMPLAINT_OCTETS = 4096;

/**
 * Unpacks with the system's own program. Octets go to its standard input, so no name of a file ever reaches it; leaving
 * early, the signal, and the end of this process end it as well.
 *
 * @param name of the input, for people
 * @param chunks the packed octets; each may be used again once the next one is asked for
 * @returns what was wrong with the data, or undefined
 * @throws InputError when the program is not there
 */
export async function* unpackWithProgram(
  kind: ProgramKind,
  name: string,
  chunks: AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): AsyncGenerator<Uint8Array, string | undefined, undefined> {
  const child = await start(kind, name);
  const kill = (): void => {
    child.kill('SIGKILL');
  };
  signal?.addEventListener('abort', kill);
  if (signal?.aborted) kill();
  const closed = new Promise<void>((resolve) => child.once('close', () => resolve()));
  const said = collect(child.stderr);
  const feeding = feed(chunks, child);
  try {
    yield* child.stdout;
    await closed;
  } finally {
    kill();
    child.stdout.destroy();
    child.stdin.destroy();
    child.stderr.destroy();
    signal?.removeEventListener('abort', kill);
  }
  if (signal?.aborted) return undefined;
  if (feeding.error !== undefined) throw feeding.error;
  if (child.exitCode === 0) return undefined;
  return complaint(kind, child, feeding.octets, said());
}

/** Settles once the program runs. */
async function start(kind: ProgramKind, name: string): Promise<Child> {
  const child = spawn(kind, PROGRAMS[kind].words(), { stdio: ['pipe', 'pipe', 'pipe'] });
  // A program that ends early refuses what is still written to it; its exit status tells more.
  child.stdin.on('error', () => undefined);
  await new Promise<void>((resolve, reject) => {
    child.once('spawn', resolve);
    child.once('error', (error: Error & { readonly code?: string }) => {
      const why = error.code === 'ENOENT' ? 'is not installed' : `cannot be run (${error.message})`;
      reject(
        new InputError(
          `${name} is compressed with ${kind}, and the program ${kind} that would unpack it ${why}; install it (package ${PROGRAMS[kind].package}), or unpack the file elsewhere first: ${kind} -d FILE`,
          { cause: error },
        ),
      );
    });
  });
  return child;
}

interface Feeding {
  /** Packed octets that the program took. */
  octets: number;
  /** What became of reading them. */
  error: unknown;
}

/** Writes everything to the program, as fast as it takes it. */
function feed(chunks: AsyncIterable<Uint8Array>, child: Child): Feeding {
  const feeding: Feeding = { octets: 0, error: undefined };
  const write = (chunk: Uint8Array): Promise<boolean> =>
    new Promise((resolve) => {
      child.stdin.write(chunk, (error) => resolve(!error));
    });
  const writeAll = async (): Promise<void> => {
    for await (const chunk of chunks) {
      if (!(await write(chunk))) return;
      feeding.octets += chunk.length;
    }
    child.stdin.end();
  };
  writeAll().catch((error: unknown) => {
    feeding.error = error;
    child.kill('SIGKILL');
  });
  return feeding;
}

/** Keeps the beginning of what a program says. */
function collect(stream: Readable): () => string {
  let said = '';
  stream.setEncoding('utf8');
  stream.on('data', (text: string) => {
    if (said.length < COMPLAINT_OCTETS) said += text;
  });
  return () => said.slice(0, COMPLAINT_OCTETS);
}

function complaint(kind: ProgramKind, child: Child, octets: number, said: string): string {
  if (child.signalCode !== null) {
    return `the program ${kind} was ended by ${child.signalCode} when it had read ${octets} octets`;
  }
  // "zstd: /*stdin*\\: what is wrong": who says it, and of what, is known.
  const lines = said.split('\n').map((line) => line.replace(/^.*?stdin[^:]*:/, '').trim());
  const why = lines.find((line) => line !== '') ?? `exit status ${child.exitCode}`;
  const [, what] = OUTCOMES.find(([pattern]) => pattern.test(said)) ?? [];
  return `the ${kind} data ${what ?? 'is damaged within the first'} ${octets} octets (${why})`;
}

/** What zstd, lz4 and xz say of input that is not whole, or needs more memory than is allowed. */
const OUTCOMES: readonly (readonly [RegExp, string])[] = [
  [/premature end|unexpected end/i, 'breaks off after'],
  [/unfinished stream/i, 'breaks off or is damaged within the first'],
  [/memory/i, `needs more than ${LIMITS.unpackWindowOctets / MIB} MiB to be unpacked; first`],
];
