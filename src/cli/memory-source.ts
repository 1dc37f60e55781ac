import { gunzipStream } from '../io/gunzip.ts';
import type { CaptureSource } from '../io/open-capture.ts';

/** Octets in memory as a capture to be read. */
export class MemorySource implements CaptureSource {
  readonly compression: 'gzip' | null;
  readonly size: number;
  octetsRead = 0;
  damaged: string | undefined;
  readonly #octets: Uint8Array;

  constructor(octets: Uint8Array) {
    this.#octets = octets;
    this.size = octets.length;
    this.compression = octets[0] === 0x1f && octets[1] === 0x8b ? 'gzip' : null;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<Uint8Array> {
    this.octetsRead = this.size;
    if (this.size === 0) return;
    if (this.compression === null) yield this.#octets;
    else this.damaged = yield* gunzipStream(once(this.#octets));
  }
}

async function* once(octets: Uint8Array): AsyncGenerator<Uint8Array> {
  yield octets;
}
