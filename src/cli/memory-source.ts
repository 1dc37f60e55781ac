import { compressionOf } from '../io/compression.ts';
import type { CaptureSource } from '../io/open-capture.ts';
import { unpackChunks } from '../io/unpack.ts';
import type { Compression } from '../model/packet.ts';

/** Octets in memory as a capture to be read. */
export class MemorySource implements CaptureSource {
  readonly compression: Compression | null;
  readonly size: number;
  octetsRead = 0;
  damaged: string | undefined;
  readonly #octets: Uint8Array;
  readonly #signal: AbortSignal | undefined;

  constructor(octets: Uint8Array, signal?: AbortSignal) {
    this.#octets = octets;
    this.#signal = signal;
    this.size = octets.length;
    this.compression = compressionOf(octets, true) ?? null;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    const { compression } = this;
    this.octetsRead = this.size;
    if (this.size === 0) return;
    if (compression === null) yield this.#octets;
    else {
      const options = { compression, name: 'the capture in memory', signal: this.#signal };
      this.damaged = yield* unpackChunks(once(this.#octets), options);
    }
  }
}

async function* once(octets: Uint8Array): AsyncGenerator<Uint8Array> {
  yield octets;
}
