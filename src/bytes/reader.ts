import { readU16, readU24, readU32, readU48 } from './scalars.ts';

/** A field that wanted more octets than its window had. */
export interface Shortfall {
  /** Name of the field as the RFC gives it; `cookie.length` for the length in front of a vector. */
  readonly field: string;
  /** Where the field begins, from the start of the buffer. */
  readonly offset: number;
  readonly needed: number;
  readonly available: number;
}

/**
 * Reads fields in order out of a window of a buffer, and never throws.
 *
 * A read past the window yields 0 or nothing, stops this reader and notes one `Shortfall`; later reads yield the same
 * in silence. So a codec reads like the structure in the RFC, without a branch for short input, and its caller learns
 * from the list what was missing. Damage ends with the vector it is in: a stopped window does not stop its parent.
 */
export class ByteReader {
  /** Shared by all windows of one message, in the order of reading. */
  readonly shortfalls: Shortfall[];
  readonly #bytes: Uint8Array;
  readonly #end: number;
  #offset: number;
  #stopped = false;

  /** `start` and `end` are brought inside the buffer. */
  constructor(bytes: Uint8Array, start = 0, end = bytes.length, shortfalls: Shortfall[] = []) {
    this.#bytes = bytes;
    this.#end = Math.min(Math.max(end, 0), bytes.length);
    this.#offset = Math.min(Math.max(start, 0), this.#end);
    this.shortfalls = shortfalls;
  }

  /** Octets not yet read; 0 once stopped. */
  get remaining(): number {
    return this.#stopped ? 0 : this.#end - this.#offset;
  }

  /** A read went past the window. What that read gave is no value from the wire. */
  get stopped(): boolean {
    return this.#stopped;
  }

  /** Where the next field begins, from the start of the buffer. */
  get offset(): number {
    return this.#offset;
  }

  u8(field: string): number {
    const at = this.#take(field, 1);
    return at < 0 ? 0 : (this.#bytes[at] as number);
  }

  u16(field: string): number {
    const at = this.#take(field, 2);
    return at < 0 ? 0 : readU16(this.#bytes, at);
  }

  u24(field: string): number {
    const at = this.#take(field, 3);
    return at < 0 ? 0 : readU24(this.#bytes, at);
  }

  u32(field: string): number {
    const at = this.#take(field, 4);
    return at < 0 ? 0 : readU32(this.#bytes, at);
  }

  u48(field: string): number {
    const at = this.#take(field, 6);
    return at < 0 ? 0 : readU48(this.#bytes, at);
  }

  /** The next `length` octets, sharing memory with the buffer; none if they are not all there. */
  view(field: string, length: number): Uint8Array {
    const at = this.#take(field, length);
    return at < 0 || length === 0 ? NO_OCTETS : this.#bytes.subarray(at, at + length);
  }

  /** A reader over the next `length` octets; one that is stopped already if they are not all there. */
  window(field: string, length: number): ByteReader {
    const at = this.#take(field, length);
    const inner = new ByteReader(this.#bytes, at, at < 0 ? 0 : at + length, this.shortfalls);
    inner.#stopped = at < 0;
    return inner;
  }

  /** A reader over octets of the buffer that were kept before; it shares the list. */
  again(start: number, end: number): ByteReader {
    return new ByteReader(this.#bytes, start, end, this.shortfalls);
  }

  /** Everything that is left of the window; never a shortfall. */
  rest(): Uint8Array {
    const at = this.#offset;
    if (this.remaining === 0) return NO_OCTETS;
    this.#offset = this.#end;
    return this.#bytes.subarray(at, this.#end);
  }

  /** Offset of the next `length` octets, which are then read; -1 if they are not all there. */
  #take(field: string, length: number): number {
    if (this.#stopped) return -1;
    const at = this.#offset;
    const available = this.#end - at;
    if (length > available) {
      this.#stopped = true;
      this.shortfalls.push({ field, offset: at, needed: length, available });
      return -1;
    }
    this.#offset = at + length;
    return at;
  }
}

const NO_OCTETS = new Uint8Array(0);
