import { createGunzip } from 'node:zlib';
import { readInto } from './file-blocks.ts';

/** Compressed octets given to zlib at once. Bounds what one step can unpack to: at most 1032 times as much. */
const PIECE_OCTETS = 64 * 1024;

/** Memory that zlib unpacks into; its default of 16 KiB costs a quarter of the speed. */
const OUTPUT_OCTETS = 1024 * 1024;

/**
 * Unpacks a gzip file of any number of members. zlib works on the next piece while the consumer has the last one.
 *
 * zlib drops what it unpacked in the step that fails. So after a failure the file is unpacked once more, silently up to
 * the piece that failed and from there octet by octet: all that precedes the damage is delivered.
 *
 * @param progress is told the compressed octets read so far
 * @returns what was wrong with the data, or undefined
 */
export async function* gunzipFile(
  descriptor: number,
  progress: (octets: number) => void,
): AsyncGenerator<Uint8Array, string | undefined, undefined> {
  const unpacker = new Unpacker();
  // Two pieces by turns: one is read from the file while zlib may still work on the other.
  const pieces = [new Uint8Array(PIECE_OCTETS), new Uint8Array(PIECE_OCTETS)] as const;
  let position = 0;
  let accepted = 0;
  let delivered = 0;
  let work = Promise.resolve();
  try {
    for (let turn: 0 | 1 = 0; ; turn = turn === 0 ? 1 : 0) {
      const octets = readInto(descriptor, pieces[turn], position);
      await work;
      if (unpacker.error !== undefined) break;
      accepted = position;
      position += octets;
      progress(position);
      const ready = unpacker.take();
      work = octets > 0 ? unpacker.write(pieces[turn].subarray(0, octets)) : unpacker.end();
      for (const chunk of ready) {
        delivered += chunk.length;
        yield chunk;
      }
      if (octets === 0) break;
    }
    await work;
    yield* unpacker.take();
  } finally {
    unpacker.close();
  }
  if (unpacker.damaged) yield* unpackAgain(descriptor, accepted, delivered);
  return unpacker.complaint;
}

/**
 * Unpacks a gzip stream, each piece as it arrives. A stream that breaks off loses nothing; damage costs what its piece
 * would have unpacked to, since a stream cannot be read again.
 *
 * @returns what was wrong with the data, or undefined
 */
export async function* gunzipStream(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, string | undefined, undefined> {
  const unpacker = new Unpacker();
  try {
    for await (const piece of pieces) {
      await unpacker.write(piece);
      if (unpacker.error !== undefined) break;
      yield* unpacker.take();
    }
    if (unpacker.error === undefined) await unpacker.end();
    yield* unpacker.take();
  } finally {
    unpacker.close();
  }
  return unpacker.complaint;
}

/**
 * @param failedAt where the piece begins that zlib refused
 * @param delivered unpacked octets that the consumer has already
 */
async function* unpackAgain(
  descriptor: number,
  failedAt: number,
  delivered: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  const unpacker = new Unpacker();
  const piece = new Uint8Array(PIECE_OCTETS);
  let skip = delivered;
  let position = 0;
  try {
    while (unpacker.error === undefined) {
      const wanted = position < failedAt ? Math.min(PIECE_OCTETS, failedAt - position) : 1;
      const octets = readInto(descriptor, piece.subarray(0, wanted), position);
      if (octets === 0) return;
      position += octets;
      await unpacker.write(piece.subarray(0, octets));
      for (const chunk of unpacker.take()) {
        const skipped = Math.min(skip, chunk.length);
        skip -= skipped;
        if (skipped < chunk.length) yield chunk.subarray(skipped);
      }
    }
  } finally {
    unpacker.close();
  }
}

/** zlib's stream, one step at a time: no queue of its own, nothing lost between a step's output and its error. */
class Unpacker {
  /** What zlib said when it gave up. */
  error: (Error & { readonly code?: string }) | undefined;
  readonly #gunzip = createGunzip({ chunkSize: OUTPUT_OCTETS });
  #output: Uint8Array[] = [];
  /** Ends the step under way. zlib does not call back when a step fails. */
  #settle: () => void = () => undefined;

  constructor() {
    this.#gunzip.on('data', (chunk: Uint8Array) => this.#output.push(chunk));
    this.#gunzip.on('error', (error) => {
      this.error ??= error;
      this.#settle();
    });
  }

  /** The data contradicts itself, rather than just to break off. */
  get damaged(): boolean {
    return this.error !== undefined && this.error.code !== 'Z_BUF_ERROR';
  }

  /** The error in words. */
  get complaint(): string | undefined {
    if (this.error === undefined) return undefined;
    return this.damaged
      ? `the gzip data is damaged (${this.error.message})`
      : 'the gzip data breaks off';
  }

  /** Settles when `piece` is unpacked or refused; `error` tells which. The piece must stay as it is until then. */
  write(piece: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#settle = resolve;
      if (this.error !== undefined) resolve();
      else this.#gunzip.write(piece, () => resolve());
    });
  }

  /** Settles when zlib has agreed that this is a proper end, or not. */
  end(): Promise<void> {
    return new Promise((resolve) => {
      this.#settle = resolve;
      // The callback of end() would come before zlib has had its last say; the end of the output comes after.
      if (this.error !== undefined || this.#gunzip.readableEnded) resolve();
      else this.#gunzip.once('end', resolve).end();
    });
  }

  /** What was unpacked since the last call. */
  take(): Uint8Array[] {
    const taken = this.#output;
    this.#output = [];
    return taken;
  }

  close(): void {
    this.#gunzip.destroy();
  }
}
