import type { At } from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';
import type { Nanos } from '../model/time.ts';
import { ahead } from './sequence.ts';

/**
 * The numbers of a segment: whose it is, its sequence number, how many octets of it are kept, where they lay, and the
 * identification of its IP packet.
 */
const WORDS = 5;
const SENDER = 0;
const SEQUENCE = 1;
const LENGTH = 2;
const SOURCE = 3;
const IP_ID = 4;

/**
 * The octets that were delivered last, over all connections, to compare with what is sent again. They stand in a ring,
 * and so do the segments that they came in. What lies in the present chunk of the capture is copied only when the chunk
 * is done with, and by then most of it is too old: a place in the ring is all that it had.
 */
export class SentOctets {
  /** What stays as it is until `endChunk`. */
  private chunk: Uint8Array | undefined;
  /** The first segment that may still lie there. */
  private unsettled = 0;
  private readonly octets = new Uint8Array(LIMITS.tcpSentOctets);
  private readonly words = new Int32Array(WORDS * LIMITS.tcpSentSegments);
  private readonly packets = new Int32Array(LIMITS.tcpSentSegments);
  private readonly moments = new Float64Array(LIMITS.tcpSentSegments);
  /** Where a segment begins, counted in all octets that ever stood in the ring. */
  private readonly begins = new Float64Array(LIMITS.tcpSentSegments);
  private segments = 0;
  private end = 0;

  /** Octets of `chunk` stay where they are until `endChunk`. */
  beginChunk(chunk: Uint8Array): void {
    this.chunk = chunk;
  }

  endChunk(): void {
    this.settle();
    this.chunk = undefined;
  }

  /** @param sender names one direction of one connection, for good */
  remember(
    sender: number,
    sequence: number,
    from: Uint8Array,
    start: number,
    length: number,
    packet: number,
    nanos: Nanos,
    ipId: number,
  ): void {
    const { octets, words } = this;
    if (length > octets.length) return;
    let at = this.end % octets.length;
    if (at + length > octets.length) {
      this.end += octets.length - at;
      at = 0;
    }
    const isThere = from === this.chunk;
    if (!isThere) octets.set(from.subarray(start, start + length), at);
    const place = this.segments++ % LIMITS.tcpSentSegments;
    words[place * WORDS + SENDER] = sender;
    words[place * WORDS + SEQUENCE] = sequence;
    words[place * WORDS + LENGTH] = length;
    words[place * WORDS + SOURCE] = isThere ? start : -1;
    words[place * WORDS + IP_ID] = ipId;
    this.packets[place] = packet;
    this.moments[place] = nanos;
    this.begins[place] = this.end;
    this.end += length;
  }

  /**
   * Is this segment a packet that is kept: captured twice, and not sent twice? A sender gives each IPv4 packet an
   * identification of its own (RFC 791 §3.2), or 0 to all that are never fragmented (RFC 6864 §4.1).
   *
   * @returns that packet
   */
  samePacket(sender: number, sequence: number, length: number, ipId: number): At | undefined {
    const { words } = this;
    const oldest = Math.max(0, this.segments - LIMITS.tcpSentSegments);
    for (let n = this.segments - 1; n >= oldest && ipId !== 0; n--) {
      const place = n % LIMITS.tcpSentSegments;
      if (
        words[place * WORDS + SENDER] === sender &&
        words[place * WORDS + SEQUENCE] === sequence &&
        words[place * WORDS + LENGTH] === length &&
        words[place * WORDS + IP_ID] === ipId
      )
        return { packet: this.packets[place] as number, nanos: this.moments[place] as number };
    }
    return undefined;
  }

  /** @returns the packet that had other octets in the place of these, as far as they are still kept */
  otherwise(
    sender: number,
    sequence: number,
    from: Uint8Array,
    start: number,
    length: number,
  ): At | undefined {
    this.settle();
    const { octets, words } = this;
    const oldest = Math.max(0, this.segments - LIMITS.tcpSentSegments);
    for (let n = this.segments - 1; n >= oldest; n--) {
      const place = n % LIMITS.tcpSentSegments;
      const begin = this.begins[place] as number;
      if (begin < this.end - octets.length) return undefined;
      if (words[place * WORDS + SENDER] !== sender) continue;
      const skew = ahead(sequence, words[place * WORDS + SEQUENCE] as number);
      const kept = words[place * WORDS + LENGTH] as number;
      const at = (begin % octets.length) + skew;
      for (let i = Math.max(0, -skew); i < length && i < kept - skew; i++) {
        if (octets[at + i] !== from[start + i])
          return { packet: this.packets[place] as number, nanos: this.moments[place] as number };
      }
    }
    return undefined;
  }

  /** @returns the packet that had the first of these octets, if all of them are still kept and the same */
  same(
    sender: number,
    sequence: number,
    from: Uint8Array,
    start: number,
    length: number,
  ): At | undefined {
    this.settle();
    const { octets, words } = this;
    const oldest = Math.max(0, this.segments - LIMITS.tcpSentSegments);
    let left = length;
    let first: At | undefined;
    for (let n = this.segments - 1; n >= oldest && left > 0; n--) {
      const place = n % LIMITS.tcpSentSegments;
      const begin = this.begins[place] as number;
      if (begin < this.end - octets.length) break;
      if (words[place * WORDS + SENDER] !== sender) continue;
      const skew = ahead(sequence, words[place * WORDS + SEQUENCE] as number);
      const kept = words[place * WORDS + LENGTH] as number;
      const at = (begin % octets.length) + skew;
      for (let i = Math.max(0, -skew); i < length && i < kept - skew; i++) {
        if (octets[at + i] !== from[start + i]) return undefined;
        left--;
        first = { packet: this.packets[place] as number, nanos: this.moments[place] as number };
      }
    }
    return left === 0 ? first : undefined;
  }

  /** Copies what is still kept and lies in the chunk. */
  private settle(): void {
    const { chunk, octets, words } = this;
    const oldest = Math.max(this.unsettled, this.segments - LIMITS.tcpSentSegments);
    for (let n = oldest; chunk !== undefined && n < this.segments; n++) {
      const place = n % LIMITS.tcpSentSegments;
      const begin = this.begins[place] as number;
      const source = words[place * WORDS + SOURCE] as number;
      if (source < 0 || begin < this.end - octets.length) continue;
      const length = words[place * WORDS + LENGTH] as number;
      octets.set(chunk.subarray(source, source + length), begin % octets.length);
    }
    this.unsettled = this.segments;
  }
}

/** Is the time between two captures of one packet what a second tap makes? */
export const isAtOnce = (nanos: Nanos, other: Nanos): boolean =>
  Math.abs(nanos - other) < LIMITS.duplicateCaptureNanos;
