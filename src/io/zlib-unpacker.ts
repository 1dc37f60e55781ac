import zlib from 'node:zlib';
import { LIMITS } from '../model/limits.ts';

/** What zlib's streams have in common here. */
interface ZlibStream extends NodeJS.ReadWriteStream {
  /** Octets taken in: those of a frame, where more follows. */
  readonly bytesWritten: number;
  readonly readableEnded: boolean;
  destroy(): void;
}

/** Kinds of compressed data that the runtime itself unpacks. */
export type ZlibKind = 'gzip' | 'zstd';

/** Memory that zlib unpacks into; its default of 16 KiB costs a quarter of the speed. */
const OUTPUT_OCTETS = 1024 * 1024;

/** The part of node:zlib that releases before 22.15 lack. */
interface ZstdOfZlib {
  createZstdDecompress?(options: object): ZlibStream;
}

const { createZstdDecompress } = zlib as ZstdOfZlib;
const ZSTD_D_WINDOW_LOG_MAX = 100;
/** A frame with one raw block, its last (RFC 8878 §3.1.1): what it holds are the octets at its end. */
const SMALL_FRAME_CONTENT = 4;
const SMALL_FRAME = Buffer.from('28b52ffd' + '2004' + '210000' + 'c3a55a3c', 'hex');

/** Whether this runtime unpacks the kind. */
export function hasZlib(kind: ZlibKind): boolean {
  return kind === 'gzip' || createZstdDecompress !== undefined;
}

function open(kind: ZlibKind): ZlibStream {
  const chunkSize = OUTPUT_OCTETS;
  if (kind === 'gzip') return zlib.createGunzip({ chunkSize });
  if (createZstdDecompress === undefined) throw new Error('this runtime has no zstd');
  const params = { [ZSTD_D_WINDOW_LOG_MAX]: Math.log2(LIMITS.unpackWindowOctets) };
  return createZstdDecompress({ chunkSize, params });
}

/**
 * A stream of zlib's, one step at a time: no queue of its own, nothing lost between a step's output and its error.
 *
 * gzip members that follow each other are one stream to zlib. Of zstd it reads one frame and drops in silence what else
 * the piece held, so each further frame gets a stream of its own.
 */
export class ZlibUnpacker {
  /** What zlib said when it gave up. */
  error: (Error & { readonly code?: string }) | undefined;
  readonly #kind: ZlibKind;
  #stream: ZlibStream;
  #output: Uint8Array[] = [];
  /** Ends the step under way. zlib does not call back when a step fails. */
  #settle: () => void = () => undefined;

  constructor(kind: ZlibKind) {
    this.#kind = kind;
    this.#stream = this.#begin();
  }

  /** The data contradicts itself, rather than just to break off. */
  get damaged(): boolean {
    return this.error !== undefined && this.error.code !== 'Z_BUF_ERROR';
  }

  /**
   * The error in words.
   *
   * @param octets of the packed data up to where it breaks off or is damaged
   */
  complaint(octets: number): string | undefined {
    if (this.error === undefined) return undefined;
    return this.damaged
      ? `the ${this.#kind} data is damaged, which shows at octet ${octets} (${this.error.message})`
      : `the ${this.#kind} data breaks off after ${octets} octets`;
  }

  /** Settles when `piece` is unpacked or refused; `error` tells which. The piece must stay as it is until then. */
  async write(piece: Uint8Array): Promise<void> {
    let rest = piece;
    for (;;) {
      const stream = this.#stream;
      const before = stream.bytesWritten;
      await this.#step(rest);
      const taken = stream.bytesWritten - before;
      // gzip takes zeros behind the last member without counting them.
      if (this.error !== undefined || this.#kind === 'gzip' || taken === rest.length) return;
      rest = rest.subarray(taken);
      this.#stream = this.#begin();
    }
  }

  /** Settles when zlib has agreed that this is a proper end, or not. */
  async end(): Promise<void> {
    if (this.#kind === 'zstd' && (await this.#isWithinFrame())) {
      this.error = Object.assign(new Error('unexpected end of file'), { code: 'Z_BUF_ERROR' });
      return;
    }
    await new Promise<void>((resolve) => {
      this.#settle = resolve;
      // The callback of end() would come before zlib has had its last say; the end of the output comes after.
      if (this.error !== undefined || this.#stream.readableEnded) resolve();
      else this.#stream.once('end', resolve).end();
    });
  }

  /** What was unpacked since the last call. */
  take(): Uint8Array[] {
    const taken = this.#output;
    this.#output = [];
    return taken;
  }

  close(): void {
    this.#stream.destroy();
  }

  /**
   * Does the frame under way miss octets? Releases 22 take any end for a proper one. So another frame is put behind: within
   * one that misses octets it is taken for these, or for damage, and is not unpacked.
   */
  async #isWithinFrame(): Promise<boolean> {
    if (this.error !== undefined || this.#stream.bytesWritten === 0) return false;
    const ready = this.#output.length;
    await this.#step(SMALL_FRAME);
    const more = Buffer.concat(this.#output.splice(ready));
    return this.error !== undefined || !more.equals(SMALL_FRAME.subarray(-SMALL_FRAME_CONTENT));
  }

  #begin(): ZlibStream {
    const stream = open(this.#kind);
    stream.on('data', (chunk: Uint8Array) => this.#output.push(chunk));
    stream.on('error', (error: Error) => {
      this.error ??= error;
      this.#settle();
    });
    return stream;
  }

  #step(piece: Uint8Array): Promise<void> {
    return new Promise((resolve) => {
      this.#settle = resolve;
      if (this.error !== undefined) resolve();
      else this.#stream.write(piece, () => resolve());
    });
  }
}
