import { Columns } from '../bytes/columns.ts';
import { LIMITS } from '../model/limits.ts';
import type { Nanos } from '../model/time.ts';
import { advance, ahead } from './sequence.ts';

/** Octets of one slot: a full segment of an Ethernet path with room to spare. */
const SLOT_OCTETS = 2048;

/**
 * Keeps segments that arrived beyond a gap, in slots of a fixed budget, as one list per direction sorted by sequence
 * number. Octets already kept win over later copies; a copy that differs is told. Where a segment was cut by the snap
 * length, the range that ends there remembers how many octets are known to be missing behind it.
 *
 * A list is named by its first slot plus 1; 0 is the empty list. Invariant: ranges of a list never overlap.
 */
export class EarlyPool extends Columns {
  private bytes = new Uint8Array(64 * SLOT_OCTETS);
  private next = new Int32Array(64);
  private sequence = new Int32Array(64);
  private length = new Int32Array(64);
  private cut = new Int32Array(64);
  private packet = new Int32Array(64);
  private nanos = new Float64Array(64);
  /** The last `insert` met octets that differ from those kept. */
  conflict = false;
  /** The packet of those kept. */
  conflictPacket = 0;
  conflictNanos: Nanos = 0;
  /** Slots and octets that the last `insert` added. */
  added = 0;
  addedOctets = 0;

  constructor() {
    super(64);
  }

  protected override zero(): void {}

  /** Room for one more segment of this many octets? */
  hasRoom(octets: number): boolean {
    return (this.size + Math.ceil(octets / SLOT_OCTETS)) * SLOT_OCTETS <= LIMITS.tcpEarlyOctets;
  }

  /**
   * @param cut octets of the segment behind `end` that were not captured
   * @returns the list with those octets of `[start, end)` added that it does not have yet
   */
  insert(
    list: number,
    sequence: number,
    source: Uint8Array,
    start: number,
    end: number,
    cut: number,
    packet: number,
    nanos: Nanos,
  ): number {
    this.conflict = false;
    this.added = 0;
    this.addedOctets = 0;
    let head = list;
    let previous = 0;
    let at = list;
    let from = start;
    let seq = sequence;
    for (;;) {
      // Find the first kept range that ends behind `seq`.
      while (at !== 0 && ahead(this.endOf(at), seq) <= 0) {
        previous = at;
        at = this.next[at - 1] as number;
      }
      const free = at === 0 ? end - from : ahead(this.sequence[at - 1] as number, seq);
      if (from === end) {
        if (cut === 0) return head;
        // The range that has the octet due here, or ends with the one before.
        const last = at !== 0 && free <= 0 ? at : previous;
        const behind = last === 0 ? -1 : ahead(this.endOf(last), seq);
        if (behind >= 0) {
          if (cut - behind > (this.cut[last - 1] as number)) this.cut[last - 1] = cut - behind;
          return head;
        }
      } else if (free <= 0) {
        const kept = Math.min(ahead(this.endOf(at), seq), end - from);
        if (!this.equals(at, seq, source, from, kept)) {
          this.conflict = true;
          this.conflictPacket = this.packetOf(at);
          this.conflictNanos = this.nanosOf(at);
        }
        from += kept;
        seq = advance(seq, kept);
        continue;
      }
      const size = Math.min(free, end - from, SLOT_OCTETS);
      const slot = this.store(seq, source, from, size, packet, nanos);
      this.next[slot - 1] = at;
      if (previous === 0) head = slot;
      else this.next[previous - 1] = slot;
      previous = slot;
      from += size;
      seq = advance(seq, size);
    }
  }

  sequenceOf(list: number): number {
    return this.sequence[list - 1] as number;
  }

  endOf(list: number): number {
    return advance(this.sequence[list - 1] as number, this.length[list - 1] as number);
  }

  lengthOf(list: number): number {
    return this.length[list - 1] as number;
  }

  /** Octets that are known to be missing behind the range, unless another range has them. */
  cutOf(list: number): number {
    return this.cut[list - 1] as number;
  }

  packetOf(list: number): number {
    return this.packet[list - 1] as number;
  }

  nanosOf(list: number): number {
    return this.nanos[list - 1] as number;
  }

  /** Where the first range's octets are. */
  get octets(): Uint8Array {
    return this.bytes;
  }

  offsetOf(list: number): number {
    return (list - 1) * SLOT_OCTETS;
  }

  /** Gives the first range back. @returns the rest of the list */
  shift(list: number): number {
    const rest = this.next[list - 1] as number;
    this.release(list - 1);
    return rest;
  }

  private store(
    seq: number,
    source: Uint8Array,
    from: number,
    size: number,
    packet: number,
    nanos: Nanos,
  ): number {
    const row = this.take();
    this.bytes.set(source.subarray(from, from + size), row * SLOT_OCTETS);
    this.sequence[row] = seq;
    this.length[row] = size;
    this.cut[row] = 0;
    this.packet[row] = packet;
    this.nanos[row] = nanos;
    this.added++;
    this.addedOctets += size;
    return row + 1;
  }

  private equals(
    list: number,
    seq: number,
    source: Uint8Array,
    from: number,
    size: number,
  ): boolean {
    const at = this.offsetOf(list) + ahead(seq, this.sequenceOf(list));
    for (let i = 0; i < size; i++) if (this.bytes[at + i] !== source[from + i]) return false;
    return true;
  }
}
