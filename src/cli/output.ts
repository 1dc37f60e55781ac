import {
  closeSync,
  openSync,
  realpathSync,
  renameSync,
  statSync,
  unlinkSync,
  writeSync,
} from 'node:fs';
import type { Streams, TextOutput } from './streams.ts';
import { UsageError } from './usage-error.ts';

/** Where the report goes. */
export interface Output {
  /** The octets may be reused after the call. */
  write(octets: Uint8Array): void;
  /** Settles when the reader has caught up; false when there is no reader any more. */
  ready(): Promise<boolean>;
  /** @param complete false: what was written is not worth keeping */
  close(complete: boolean): void;
}

/**
 * Opens what `--output` names, or standard output.

 * @throws UsageError when the file cannot be written, or is one of the captures or secrets
 */
export function openOutput(
  path: string | undefined,
  captures: readonly string[],
  streams: Streams,
  secrets: readonly string[] = [],
): Output {
  if (path === undefined || path === '-') return openStream(streams.stdout);
  if (secrets.some((secret) => isSameFile(secret, path)))
    throw new UsageError(`--output ${path} would overwrite a file of secrets; name another file`);
  if (captures.some((capture) => capture !== '-' && isSameFile(capture, path))) {
    throw new UsageError(`--output ${path} would overwrite a capture; name another file`);
  }
  return openFile(path);
}

/** Closes an output after the work on it, and keeps what was written only if the work succeeded. */
export async function closeAfter<Result>(
  output: Output,
  work: () => Promise<Result>,
): Promise<Result> {
  let complete = false;
  try {
    const result = await work();
    complete = true;
    return result;
  } finally {
    output.close(complete);
  }
}

/** Do both paths lead to one file that exists? */
export function isSameFile(a: string, b: string): boolean {
  try {
    return realpathSync(a) === realpathSync(b);
  } catch {
    return false;
  }
}

/**
 * Writes into a file, synchronously: nothing is faster, and nothing waits for it.
 *
 * A regular file appears under its name only when it is complete. What is there already and is no regular file
 * (`/dev/null`, a pipe) is written to directly.
 */
function openFile(path: string): Output {
  const existing = statSync(path, { throwIfNoEntry: false });
  const direct = existing !== undefined && !existing.isFile();
  const target = direct ? path : `${path}.${process.pid}.tmp`;
  let descriptor: number;
  try {
    descriptor = openSync(target, 'w');
  } catch (error) {
    throw outputError(`'${path}'`, error);
  }
  return {
    write(octets) {
      try {
        for (let done = 0; done < octets.length; ) done += writeSync(descriptor, octets, done);
      } catch (error) {
        throw outputError(`'${path}'`, error);
      }
    },
    ready: () => Promise.resolve(true),
    close(complete) {
      closeSync(descriptor);
      if (direct) return;
      if (complete) renameSync(target, path);
      else unlinkSync(target);
    },
  };
}

/** Writes to standard output, at the pace of whoever reads it. */
function openStream(stream: TextOutput): Output {
  let gone = false;
  let failure: Error | undefined;
  let full = false;
  let proceed = (): void => {};
  stream.on?.('drain', () => proceed());
  // Stays to the end of the process: what the stream still holds may fail after we are done with it.
  stream.on?.('error', (error) => {
    gone = true;
    // A reader that has seen enough (`head`) closes the pipe. That is no fault: there is nothing more to say, then.
    if ((error as NodeJS.ErrnoException).code !== 'EPIPE') failure = error;
    proceed();
  });
  return {
    write(octets) {
      if (failure !== undefined) throw outputError('standard output', failure);
      if (gone) return;
      // The stream may keep what it cannot pass on at once, and the octets are not ours to keep.
      full = !stream.write(octets.slice());
    },
    async ready() {
      if (full && !gone && stream.on !== undefined) {
        await new Promise<void>((resolve) => {
          proceed = resolve;
        });
      }
      full = false;
      return !gone;
    },
    close() {},
  };
}

/** What cannot be written, and why. */
export function outputError(name: string, error: unknown): UsageError {
  const { code = '', message } = error as NodeJS.ErrnoException;
  return new UsageError(`cannot write the report to ${name}: ${UNWRITABLE[code] ?? message}`);
}

/** In words, without the name that the file has while it is written. */
const UNWRITABLE: Readonly<Record<string, string>> = {
  EACCES: 'permission denied; check the directory',
  EDQUOT: 'the disk quota is used up',
  EISDIR: 'it is a directory; name a file in it',
  ENOENT: 'the directory does not exist; create it first',
  ENOSPC: 'the disk is full',
  ENOTDIR: 'what stands before the last / is no directory',
  EPERM: 'permission denied; check the directory',
  EROFS: 'the disk is mounted read-only',
};
