/**
 * An append-only store for octets that must outlive the buffer they arrived in. A handle is one integer, so that a
 * column of numbers can stand for hundreds of thousands of messages without an object for each.
 *
 * An item lies in one chunk. A handle is `chunk · 2^20 + offset`, which stays below 2^31 for the first 2 GiB. No handle
 * is 0: that number is free to mean "nothing".
 */
export class Arena {
  readonly #chunks: Uint8Array[] = [];
  #current = new Uint8Array(0);
  #currentBase = 0;
  /** Next free octet of the current chunk. */
  #top = 0;
  #octets = 0;

  /** Octets reserved so far, used or not. */
  get octets(): number {
    return this.#octets;
  }

  /** Copies `bytes[start, end)` and returns its handle. The caller remembers the length. */
  detach(bytes: Uint8Array, start: number, end: number): number {
    const length = end - start;
    if (length <= 0) return NOTHING_DETACHED;
    if (length > OWN_CHUNK_OCTETS) return this.#detachAlone(bytes.subarray(start, end));
    if (this.#top + length > this.#current.length) this.#beginChunk();
    const at = this.#top;
    copy(bytes, start, end, this.#current, at);
    this.#top = at + length;
    return this.#currentBase + at;
  }

  /** The octets behind a handle, sharing memory with the arena. Nobody writes to them. */
  view(handle: number, length: number): Uint8Array {
    const chunk = this.#chunks[Math.floor(handle / CHUNK_OCTETS)];
    if (chunk === undefined) return NO_OCTETS;
    const at = handle % CHUNK_OCTETS;
    return chunk.subarray(at, at + length);
  }

  #beginChunk(): void {
    this.#current = new Uint8Array(CHUNK_OCTETS);
    this.#currentBase = this.#chunks.length * CHUNK_OCTETS;
    this.#top = this.#chunks.length === 0 ? FIRST_HANDLE : 0;
    this.#chunks.push(this.#current);
    this.#octets += CHUNK_OCTETS;
  }

  /** A large item gets a chunk of its own size; the current chunk goes on being filled. */
  #detachAlone(octets: Uint8Array): number {
    if (this.#chunks.length === 0) this.#beginChunk();
    const handle = this.#chunks.length * CHUNK_OCTETS;
    this.#chunks.push(octets.slice());
    this.#octets += octets.length;
    return handle;
  }
}

/** `subarray` costs an object, which is worth it only where the block copy gains more than that. */
function copy(from: Uint8Array, start: number, end: number, to: Uint8Array, at: number): void {
  if (end - start > LOOP_OCTETS) {
    to.set(from.subarray(start, end), at);
    return;
  }
  for (let i = start, o = at; i < end; i++, o++) to[o] = from[i] as number;
}

const CHUNK_OCTETS = 1 << 20;
/** Bounds what is left unused at the end of a chunk to an eighth of it. */
const OWN_CHUNK_OCTETS = CHUNK_OCTETS >> 3;
const FIRST_HANDLE = 1;
/** Stands for every empty item. */
const NOTHING_DETACHED = FIRST_HANDLE;
const LOOP_OCTETS = 64;
const NO_OCTETS = new Uint8Array(0);
