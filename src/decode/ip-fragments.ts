import { LIMITS } from '../model/limits.ts';
import type { NoticeSink } from '../model/notice.ts';
import type { PacketCursor } from '../model/packet.ts';
import { UDP } from '../model/transport-cursor.ts';
import type { Frame } from './frame.ts';
import { udpFragment } from './transport.ts';

/** The addresses stand in front of the payload, so that the cursor finds both in one buffer. */
const SOURCE_AT = 0;
const DESTINATION_AT = 16;
const PAYLOAD_AT = 32;
/** RFC 791 §3.1, RFC 8200 §4.5: no packet is longer, jumbograms are not fragmented. */
const LARGEST_PAYLOAD = 65_535;
const SMALLEST_BUFFER = 4096;
/** Finished reassemblies kept for reuse, with their buffers. */
const POOL_SIZE = 16;

/** One IP packet in the making. */
class Reassembly {
  hash = 0;
  family = 4;
  id = 0;
  /** IPv4: part of the key. IPv6: that of the fragment at offset 0, once it is there (RFC 8200 §4.5). */
  protocol = 0;
  bytes = new Uint8Array(SMALLEST_BUFFER);
  view = new DataView(this.bytes.buffer);
  /** Octets of the payload; -1 until the last fragment is there. */
  total = -1;
  /** Ranges that are there: sorted, apart from each other. */
  readonly starts: number[] = [];
  readonly ends: number[] = [];
  /** Where each fragment that brought something new began, and its packet. */
  readonly origins: { offset: number; packetNumber: number }[] = [];
  differs = false;
  seconds = 0;
  nanos = 0;
  /** The next one with the same hash. */
  chain: Reassembly | undefined = undefined;
  /** Neighbours by age. */
  older: Reassembly | undefined = undefined;
  younger: Reassembly | undefined = undefined;

  begin(frame: Frame, hash: number, id: number, protocol: number): void {
    this.hash = hash;
    this.family = frame.family;
    this.id = id;
    this.protocol = protocol;
    this.total = -1;
    this.starts.length = 0;
    this.ends.length = 0;
    this.origins.length = 0;
    this.differs = false;
    this.seconds = frame.packet.seconds;
    this.nanos = frame.packet.nanos;
    this.chain = undefined;
    const octets = addressOctets(frame.family);
    copy(frame.bytes, frame.sourceOffset, this.bytes, SOURCE_AT, octets);
    copy(frame.bytes, frame.destinationOffset, this.bytes, DESTINATION_AT, octets);
  }

  matches(frame: Frame, id: number, protocol: number): boolean {
    if (this.id !== id || this.family !== frame.family) return false;
    if (this.family === 4 && this.protocol !== protocol) return false;
    const octets = addressOctets(this.family);
    return (
      equal(frame.bytes, frame.sourceOffset, this.bytes, SOURCE_AT, octets) &&
      equal(frame.bytes, frame.destinationOffset, this.bytes, DESTINATION_AT, octets)
    );
  }

  get complete(): boolean {
    return this.starts.length === 1 && this.starts[0] === 0 && this.ends[0] === this.total;
  }

  /** Octets that are there. */
  get present(): number {
    let octets = 0;
    for (let i = 0; i < this.starts.length; i++) octets += at(this.ends, i) - at(this.starts, i);
    return octets;
  }

  /**
   * Copies what of `[start, end)` is not there yet; the first octets seen stay.
   *
   * @returns whether anything was new
   */
  insert(start: number, end: number, source: Uint8Array, sourceOffset: number): boolean {
    this.#reserve(PAYLOAD_AT + end);
    const { starts, ends } = this;
    let position = start;
    let added = false;
    for (let i = 0; i < starts.length && at(starts, i) < end; i++) {
      const rangeStart = at(starts, i);
      const rangeEnd = Math.min(at(ends, i), end);
      if (rangeEnd <= position) continue;
      if (rangeStart > position) {
        this.#fill(position, rangeStart, source, sourceOffset + position - start);
        position = rangeStart;
        added = true;
      }
      const from = sourceOffset + position - start;
      if (!equal(source, from, this.bytes, PAYLOAD_AT + position, rangeEnd - position)) {
        this.differs = true;
      }
      position = rangeEnd;
    }
    if (position < end) {
      this.#fill(position, end, source, sourceOffset + position - start);
      added = true;
    }
    if (added) this.#join(start, end);
    return added;
  }

  /** Enters `[start, end)` in the list of ranges, as one with those that it touches. */
  #join(start: number, end: number): void {
    const { starts, ends } = this;
    let first = 0;
    while (first < starts.length && at(ends, first) < start) first++;
    let after = first;
    while (after < starts.length && at(starts, after) <= end) after++;
    const joined = after - first;
    const joinedStart = joined === 0 ? start : Math.min(start, at(starts, first));
    const joinedEnd = joined === 0 ? end : Math.max(end, at(ends, after - 1));
    starts.splice(first, joined, joinedStart);
    ends.splice(first, joined, joinedEnd);
  }

  #fill(start: number, end: number, source: Uint8Array, sourceOffset: number): void {
    this.bytes.set(source.subarray(sourceOffset, sourceOffset + end - start), PAYLOAD_AT + start);
  }

  #reserve(octets: number): void {
    if (octets <= this.bytes.length) return;
    let size = this.bytes.length;
    while (size < octets) size *= 2;
    const bytes = new Uint8Array(size);
    bytes.set(this.bytes);
    this.bytes = bytes;
    this.view = new DataView(bytes.buffer);
  }
}

/**
 * Puts IP packets together from their fragments (RFC 791 §3.2, RFC 8200 §4.5), in any order, within bounds. Of octets that
 * come twice the first ones stay; if they differ that is a notice, since it is how filters are evaded (RFC 5722).
 */
export class IpFragments {
  readonly #notices: NoticeSink;
  /** First of each chain of reassemblies with the same hash. */
  readonly #byHash = new Map<number, Reassembly>();
  #count = 0;
  #oldest: Reassembly | undefined = undefined;
  #youngest: Reassembly | undefined = undefined;
  readonly #pool: Reassembly[] = [];
  /** Completed by the current packet; the frame may still stand on its buffer. */
  readonly #spent: Reassembly[] = [];
  #spentBy = 0;

  constructor(notices: NoticeSink) {
    this.#notices = notices;
  }

  /**
   * Takes the fragment that the frame stands on. When the packet is whole, the frame is moved onto it.
   *
   * @param offset of the fragment in the packet's payload
   * @param more whether the More Fragments flag is set
   * @returns the protocol (next header) of what the frame now stands on, -1 if there is nothing to go on with
   */
  add(frame: Frame, id: number, protocol: number, offset: number, more: boolean): number {
    const { packet } = frame;
    if (packet.packetNumber !== this.#spentBy) this.#recycle();
    this.#expire(packet);

    const octets = frame.end - frame.offset;
    if (frame.end < frame.wireEnd) {
      // Cut off, so it can never become whole; what there is of the first one still tells the ports.
      if (offset === 0) {
        frame.firstFragment = true;
        return protocol;
      }
      frame.short(frame.wireEnd - frame.offset);
      return -1;
    }
    if (octets === 0 || offset + octets > LARGEST_PAYLOAD) {
      frame.malformed(offset + octets, LARGEST_PAYLOAD);
      return -1;
    }

    const reassembly = this.#find(frame, id, protocol);
    if (offset === 0 && frame.family === 6) reassembly.protocol = protocol;
    if (!more && reassembly.total < 0) reassembly.total = offset + octets;
    if (reassembly.total >= 0 && offset + octets > reassembly.total) {
      frame.malformed(offset + octets, reassembly.total);
      return -1;
    }
    const differed = reassembly.differs;
    const isNew = reassembly.insert(offset, offset + octets, frame.bytes, frame.offset);
    if (isNew) {
      reassembly.origins.push({ offset, packetNumber: packet.packetNumber });
    }
    if (reassembly.differs && !differed) {
      this.#notice('ip-fragments-overlap', packet.packetNumber, octets, octets);
    }
    if (reassembly.complete) return this.#deliver(frame, reassembly);
    if (offset === 0 && protocol === UDP && isNew) udpFragment(frame);
    if (reassembly.origins.length >= LIMITS.ipFragments) {
      this.#notice(
        'ip-fragments-limit',
        packet.packetNumber,
        LIMITS.ipFragments,
        reassembly.present,
      );
      this.#drop(reassembly);
    }
    return -1;
  }

  /** Gives up what is still in pieces. */
  end(): void {
    while (this.#oldest !== undefined) this.#giveUp(this.#oldest, 'ip-fragments-incomplete');
    this.#recycle();
  }

  #deliver(frame: Frame, reassembly: Reassembly): number {
    this.#unlink(reassembly);
    this.#spent.push(reassembly);
    this.#spentBy = frame.packet.packetNumber;
    frame.bytes = reassembly.bytes;
    frame.view = reassembly.view;
    frame.sourceOffset = SOURCE_AT;
    frame.destinationOffset = DESTINATION_AT;
    frame.offset = PAYLOAD_AT;
    frame.end = PAYLOAD_AT + reassembly.total;
    frame.wireEnd = frame.end;
    frame.bounded = true;
    const origins = reassembly.origins.sort((a, b) => a.offset - b.offset);
    frame.fragmentPackets = Int32Array.from(origins, (origin) => origin.packetNumber);
    return reassembly.protocol;
  }

  #find(frame: Frame, id: number, protocol: number): Reassembly {
    const hash = hashOf(frame, id);
    const first = this.#byHash.get(hash);
    for (let entry = first; entry !== undefined; entry = entry.chain) {
      if (entry.matches(frame, id, protocol)) return entry;
    }
    if (this.#count === LIMITS.ipReassemblies && this.#oldest !== undefined) {
      this.#giveUp(this.#oldest, 'ip-fragments-limit');
    }
    const entry = this.#pool.pop() ?? new Reassembly();
    entry.begin(frame, hash, id, protocol);
    // Looked up again: the one that gave way may have been the first of this chain.
    entry.chain = this.#byHash.get(hash);
    this.#byHash.set(hash, entry);
    entry.older = this.#youngest;
    entry.younger = undefined;
    if (this.#youngest === undefined) this.#oldest = entry;
    else this.#youngest.younger = entry;
    this.#youngest = entry;
    this.#count++;
    return entry;
  }

  /** Capture time rules, not the number of packets: identifications come round (RFC 6864 §4). */
  #expire({ seconds, nanos }: PacketCursor): void {
    for (let entry = this.#oldest; entry !== undefined; entry = this.#oldest) {
      const age = (seconds - entry.seconds) * 1e9 + (nanos - entry.nanos);
      if (age <= LIMITS.ipReassemblyNanos) return;
      this.#giveUp(entry, 'ip-fragments-incomplete');
    }
  }

  #giveUp(entry: Reassembly, code: 'ip-fragments-incomplete' | 'ip-fragments-limit'): void {
    this.#notice(
      code,
      entry.origins[0]?.packetNumber ?? 0,
      Math.max(entry.total, 0),
      entry.present,
    );
    this.#drop(entry);
  }

  #drop(entry: Reassembly): void {
    this.#unlink(entry);
    this.#retire(entry);
  }

  #retire(entry: Reassembly): void {
    if (this.#pool.length < POOL_SIZE) this.#pool.push(entry);
  }

  #recycle(): void {
    for (let entry = this.#spent.pop(); entry !== undefined; entry = this.#spent.pop()) {
      this.#retire(entry);
    }
  }

  #unlink(entry: Reassembly): void {
    const first = this.#byHash.get(entry.hash);
    if (first === entry) {
      if (entry.chain === undefined) this.#byHash.delete(entry.hash);
      else this.#byHash.set(entry.hash, entry.chain);
    } else {
      let before = first;
      while (before !== undefined && before.chain !== entry) before = before.chain;
      if (before !== undefined) before.chain = entry.chain;
    }
    if (entry.older === undefined) this.#oldest = entry.younger;
    else entry.older.younger = entry.younger;
    if (entry.younger === undefined) this.#youngest = entry.older;
    else entry.younger.older = entry.older;
    entry.chain = undefined;
    entry.older = undefined;
    entry.younger = undefined;
    this.#count--;
  }

  #notice(
    code: 'ip-fragments-incomplete' | 'ip-fragments-overlap' | 'ip-fragments-limit',
    packetNumber: number,
    needed: number,
    available: number,
  ): void {
    this.#notices.notice({ code, packetNumber, offset: -1, needed, available });
  }
}

function addressOctets(family: number): number {
  return family === 4 ? 4 : 16;
}

function hashOf(frame: Frame, id: number): number {
  const { view, sourceOffset, destinationOffset } = frame;
  let hash = Math.imul(id ^ frame.family, 0x9e37_79b1);
  for (let i = 0; i < addressOctets(frame.family); i += 4) {
    hash = Math.imul(hash ^ view.getInt32(sourceOffset + i), 0x85eb_ca6b);
    hash = Math.imul((hash ^ (hash >>> 15)) + view.getInt32(destinationOffset + i), 0xc2b2_ae35);
  }
  return hash ^ (hash >>> 16);
}

function copy(from: Uint8Array, start: number, to: Uint8Array, at: number, octets: number): void {
  for (let i = 0; i < octets; i++) to[at + i] = from[start + i] ?? 0;
}

function equal(
  a: Uint8Array,
  startA: number,
  b: Uint8Array,
  startB: number,
  octets: number,
): boolean {
  for (let i = 0; i < octets; i++) {
    if (a[startA + i] !== b[startB + i]) return false;
  }
  return true;
}

/** An element that is known to be there. */
function at(list: readonly number[], index: number): number {
  return list[index] ?? 0;
}
