import { closeSync, constants, createReadStream, openSync, statSync } from 'node:fs';
import { Socket } from 'node:net';
import type { Readable } from 'node:stream';
import { LIMITS } from '../model/limits.ts';
import type { Compression } from '../model/packet.ts';
import { compressionOf } from './compression.ts';
import { readBlocks, readInto } from './file-blocks.ts';
import { InputError, inputError } from './input-error.ts';
import { unpackChunks, unpackDescriptor } from './unpack.ts';

/** The standard input of the process, or what stands for it in a test. */
export type InputStream = Readable & { readonly isTTY?: boolean };

/**
 * A capture file or pipe being read. Iterate once; each chunk is valid until the next one is asked for, its memory is
 * used again. Leaving the loop early closes the file and ends a program that unpacks it.
 */
export interface CaptureSource extends AsyncIterable<Uint8Array> {
  /** Told by the first octets, whatever the name. Chunks are unpacked. */
  readonly compression: Compression | null;
  /** Octets of the file as stored; undefined for pipes. */
  readonly size: number | undefined;
  /** Octets read so far, as stored: for progress against `size`. */
  readonly octetsRead: number;
  /** What was wrong with the compressed data; known after the last chunk. All that could be unpacked was delivered. */
  readonly damaged: string | undefined;
}

/**
 * Opens a capture for reading.
 *
 * @param path of a file or named pipe; `-` for standard input, which may also be a pipe that still grows
 * @param signal ends what is under way, even while nothing arrives: programs that unpack, waiting for a pipe
 * @throws InputError when there is nothing to read, or nothing to unpack it with, both here and while iterating
 */
export async function openCapture(
  path: string,
  stdin: InputStream,
  signal?: AbortSignal,
): Promise<CaptureSource> {
  if (path === '-') {
    if (stdin.isTTY) {
      throw new InputError(
        'standard input is a terminal; pipe a capture into it: tcpdump -w - | tlsdiag analyze -',
      );
    }
    return openStream('standard input', stdin, signal);
  }
  const name = `'${path}'`;
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) throw new InputError(`${name} is a directory; name the files in it`);
    if (stat.isFile()) return new FileSource(name, openSync(path, 'r'), stat.size, signal);
    return await openStream(name, stat.isFIFO() ? openPipe(path) : createReadStream(path), signal);
  } catch (error) {
    throw inputError(name, error);
  }
}

/**
 * Opens a named pipe. Without waiting for a writer where the system lets us: a thread that waits for one cannot be
 * called off, and would keep the process from ending.
 */
function openPipe(path: string): Readable {
  if (process.platform !== 'linux') return createReadStream(path);
  const fd = openSync(path, constants.O_RDONLY | constants.O_NONBLOCK);
  return new Socket({ fd, readable: true, writable: false });
}

class FileSource implements CaptureSource {
  readonly compression: Compression | null;
  readonly size: number;
  octetsRead = 0;
  damaged: string | undefined;
  readonly #name: string;
  readonly #descriptor: number;
  readonly #signal: AbortSignal | undefined;

  constructor(name: string, descriptor: number, size: number, signal: AbortSignal | undefined) {
    this.#name = name;
    this.#descriptor = descriptor;
    this.#signal = signal;
    this.size = size;
    const head = new Uint8Array(Math.min(size, LIMITS.sniffedOctets));
    const octets = readInto(descriptor, head, 0);
    this.compression = compressionOf(head.subarray(0, octets), true) ?? null;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    const progress = (octets: number) => {
      this.octetsRead = octets;
    };
    const { compression } = this;
    try {
      if (compression === null) yield* readBlocks(this.#descriptor, progress);
      else {
        const options = { compression, name: this.#name, signal: this.#signal };
        this.damaged = yield* unpackDescriptor(this.#descriptor, progress, options);
      }
    } catch (error) {
      throw inputError(this.#name, error);
    } finally {
      closeSync(this.#descriptor);
    }
  }
}

/** Waits for the first octets, which tell the compression. */
async function openStream(
  name: string,
  stream: Readable,
  signal: AbortSignal | undefined,
): Promise<CaptureSource> {
  const abort = () => stream.destroy();
  signal?.addEventListener('abort', abort);
  const chunks: AsyncIterator<Uint8Array> = stream[Symbol.asyncIterator]();
  let head: Uint8Array = new Uint8Array(0);
  let compression = compressionOf(head, false);
  try {
    while (compression === undefined) {
      const { done, value } = await chunks.next();
      if (!done) head = head.length === 0 ? value : Buffer.concat([head, value]);
      compression = compressionOf(head, done === true);
    }
  } catch (error) {
    throw inputError(name, error);
  }
  return new StreamSource(name, stream, head, chunks, compression, signal);
}

class StreamSource implements CaptureSource {
  readonly compression: Compression | null;
  readonly size = undefined;
  octetsRead = 0;
  damaged: string | undefined;
  readonly #name: string;
  readonly #stream: Readable;
  readonly #first: Uint8Array;
  readonly #rest: AsyncIterator<Uint8Array>;
  readonly #signal: AbortSignal | undefined;

  constructor(
    name: string,
    stream: Readable,
    first: Uint8Array,
    rest: AsyncIterator<Uint8Array>,
    compression: Compression | null,
    signal: AbortSignal | undefined,
  ) {
    this.#name = name;
    this.#stream = stream;
    this.#first = first;
    this.#rest = rest;
    this.compression = compression;
    this.#signal = signal;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    const { compression } = this;
    try {
      if (compression === null) yield* this.#stored();
      else {
        const options = { compression, name: this.#name, signal: this.#signal };
        this.damaged = yield* unpackChunks(this.#stored(), options);
      }
    } catch (error) {
      throw inputError(this.#name, error);
    } finally {
      // Not through the iterator: that would wait for a read under way, which may never end.
      this.#stream.destroy();
    }
  }

  /** The chunks as they arrive, those read for the sniffing first. */
  async *#stored(): AsyncGenerator<Uint8Array, void, undefined> {
    this.octetsRead = this.#first.length;
    if (this.#first.length > 0) yield this.#first;
    for (;;) {
      const { done, value } = await this.#rest.next();
      if (done) return;
      this.octetsRead += value.length;
      yield value;
    }
  }
}
