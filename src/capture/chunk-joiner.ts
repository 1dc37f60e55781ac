/** Reads a file as a sequence of units (packet records, blocks) that tell their own length. */
export interface UnitReader {
  /**
   * Octets that the unit at the position last returned by `read` takes, as far as its header tells: the header itself
   * as long as that is incomplete. Always more than were there.
   */
  readonly needed: number;

  /**
   * Takes every whole unit of `bytes[start, end)`.
   *
   * @param base octet of the file that `bytes[0]` is
   * @returns where the first unfinished unit begins; beyond `end` to have the octets up to there skipped unread;
   *   Infinity to be given nothing more
   */
  read(bytes: Uint8Array, view: DataView, start: number, end: number, base: number): number;

  /**
   * The file is over; `bytes[0, end)` is what was left unfinished.
   *
   * @param missing octets that were to be skipped and never came
   */
  finish(bytes: Uint8Array, view: DataView, end: number, base: number, missing: number): void;
}

const FIRST_CAPACITY = 64 * 1024;

/**
 * Hands chunks to a unit reader in place and puts together only those units that straddle chunks. Its buffer grows with
 * what arrived, not with what a length field promises.
 */
export class ChunkJoiner {
  readonly #reader: UnitReader;
  /** The beginning of an unfinished unit. */
  #carry = new Uint8Array(FIRST_CAPACITY);
  #carryView = new DataView(this.#carry.buffer);
  #carried = 0;
  /** Octets still to skip; Infinity once the reader wants nothing more. */
  #skip = 0;
  /** Octets of the file that went through. */
  #position = 0;

  constructor(reader: UnitReader) {
    this.#reader = reader;
  }

  /** @param chunk the next octets of the file; not kept after the call */
  push(chunk: Uint8Array): void {
    const base = this.#position;
    const end = chunk.length;
    this.#position += end;
    let at = this.#skipFrom(0, end);
    while (this.#carried > 0) {
      const taken = this.#append(chunk, at);
      at += taken;
      if (this.#carried < this.#reader.needed) return;
      this.#readCarry(base + at);
      at = this.#skipFrom(at, end);
    }
    if (at >= end) return;
    const view = new DataView(chunk.buffer, chunk.byteOffset, end);
    const next = this.#reader.read(chunk, view, at, end, base);
    if (next >= end) this.#skip = next - end;
    else this.#keep(chunk.subarray(next));
  }

  /** Tells the reader that nothing follows. */
  end(): void {
    const base = this.#position - this.#carried;
    this.#reader.finish(this.#carry, this.#carryView, this.#carried, base, this.#skip);
  }

  #skipFrom(at: number, end: number): number {
    const skipped = Math.min(this.#skip, end - at);
    this.#skip -= skipped;
    return at + skipped;
  }

  /** Adds to the carry what its unit still needs, or all there is. */
  #append(chunk: Uint8Array, at: number): number {
    const taken = Math.min(this.#reader.needed - this.#carried, chunk.length - at);
    this.#keep(chunk.subarray(at, at + taken));
    return taken;
  }

  /** @param carryEnd octet of the file right behind the carry */
  #readCarry(carryEnd: number): void {
    const end = this.#carried;
    const next = this.#reader.read(this.#carry, this.#carryView, 0, end, carryEnd - end);
    if (next >= end) {
      this.#carried = 0;
      this.#skip = next - end;
    } else {
      this.#carry.copyWithin(0, next, end);
      this.#carried = end - next;
    }
  }

  #keep(octets: Uint8Array): void {
    const length = this.#carried + octets.length;
    if (length > this.#carry.length) {
      const larger = new Uint8Array(Math.max(length, this.#carry.length * 2));
      larger.set(this.#carry.subarray(0, this.#carried));
      this.#carry = larger;
      this.#carryView = new DataView(larger.buffer);
    }
    this.#carry.set(octets, this.#carried);
    this.#carried = length;
  }
}
