import { closeSync, createReadStream, openSync, statSync } from 'node:fs';
import type { Readable } from 'node:stream';
import { readBlocks, readInto } from './file-blocks.ts';
import { gunzipFile, gunzipStream } from './gunzip.ts';
import { InputError, inputError } from './input-error.ts';

/** The standard input of the process, or what stands for it in a test. */
export type InputStream = Readable & { readonly isTTY?: boolean };

/**
 * A capture file or pipe being read. Iterate once; each chunk is valid until the next one is asked for, its memory is
 * used again. Leaving the loop early closes the file.
 */
export interface CaptureSource extends AsyncIterable<Uint8Array> {
  /** Told by the first octets, whatever the name. Chunks are unpacked. */
  readonly compression: 'gzip' | null;
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
 * @throws InputError when there is nothing to read, both here and while iterating
 */
export async function openCapture(path: string, stdin: InputStream): Promise<CaptureSource> {
  if (path === '-') {
    if (stdin.isTTY) {
      throw new InputError(
        'standard input is a terminal; pipe a capture into it: tcpdump -w - | tlsdiag analyze -',
      );
    }
    return openStream('standard input', stdin);
  }
  const name = `'${path}'`;
  try {
    const stat = statSync(path);
    if (stat.isDirectory()) throw new InputError(`${name} is a directory; name the files in it`);
    if (stat.isFile()) return new FileSource(name, openSync(path, 'r'), stat.size);
  } catch (error) {
    throw inputError(name, error);
  }
  // A named pipe opens only when someone writes to it; meanwhile the event loop must go on.
  return openStream(name, createReadStream(path));
}

const MAGIC_OCTETS = 2;

function isGzip(octets: Uint8Array): boolean {
  return octets[0] === 0x1f && octets[1] === 0x8b;
}

class FileSource implements CaptureSource {
  readonly compression: 'gzip' | null;
  readonly size: number;
  octetsRead = 0;
  damaged: string | undefined;
  readonly #name: string;
  readonly #descriptor: number;

  constructor(name: string, descriptor: number, size: number) {
    this.#name = name;
    this.#descriptor = descriptor;
    this.size = size;
    const magic = new Uint8Array(MAGIC_OCTETS);
    readInto(descriptor, magic, 0);
    this.compression = isGzip(magic) ? 'gzip' : null;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    const progress = (octets: number) => {
      this.octetsRead = octets;
    };
    try {
      if (this.compression === null) yield* readBlocks(this.#descriptor, progress);
      else this.damaged = yield* gunzipFile(this.#descriptor, progress);
    } catch (error) {
      throw inputError(this.#name, error);
    } finally {
      closeSync(this.#descriptor);
    }
  }
}

/** Waits for the first octets, which tell the compression. */
async function openStream(name: string, stream: Readable): Promise<CaptureSource> {
  const chunks: AsyncIterator<Uint8Array> = stream[Symbol.asyncIterator]();
  const head: Uint8Array[] = [];
  let octets = 0;
  try {
    while (octets < MAGIC_OCTETS) {
      const { done, value } = await chunks.next();
      if (done) break;
      head.push(value);
      octets += value.length;
    }
  } catch (error) {
    throw inputError(name, error);
  }
  const first = Buffer.concat(head);
  return new StreamSource(name, first, chunks, isGzip(first) ? 'gzip' : null);
}

class StreamSource implements CaptureSource {
  readonly compression: 'gzip' | null;
  readonly size = undefined;
  octetsRead = 0;
  damaged: string | undefined;
  readonly #name: string;
  readonly #first: Uint8Array;
  readonly #rest: AsyncIterator<Uint8Array>;

  constructor(
    name: string,
    first: Uint8Array,
    rest: AsyncIterator<Uint8Array>,
    compression: 'gzip' | null,
  ) {
    this.#name = name;
    this.#first = first;
    this.#rest = rest;
    this.compression = compression;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array, void, undefined> {
    try {
      if (this.compression === null) yield* this.#stored();
      else this.damaged = yield* gunzipStream(this.#stored());
    } catch (error) {
      throw inputError(this.#name, error);
    }
  }

  /** The chunks as they arrive, those read for the sniffing first. */
  async *#stored(): AsyncGenerator<Uint8Array, void, undefined> {
    this.octetsRead = this.#first.length;
    if (this.#first.length > 0) yield this.#first;
    try {
      for (;;) {
        const { done, value } = await this.#rest.next();
        if (done) return;
        this.octetsRead += value.length;
        yield value;
      }
    } finally {
      await this.#rest.return?.();
    }
  }
}
