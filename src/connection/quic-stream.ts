import { grown } from '../bytes/columns.ts';
import { readU24 } from '../bytes/scalars.ts';
import { LIMITS } from '../model/limits.ts';

const MESSAGE_HEADER = 4;
const FIRST_OCTETS = 2048;

/**
 * The beginning of one CRYPTO stream, put together from frames in any order, some of them sent twice (RFC 9000 §7.5), until
 * its first handshake message is whole. The first copy of an octet stays.
 */
export class QuicStream {
  private octets = new Uint8Array(0);
  /** Ranges that are there: start and end, ascending, none touching another. */
  private readonly ranges: number[] = [];

  /** Takes `bytes[start, end)`, which belong at `offset`. What lies beyond the limits is left out. */
  add(offset: number, bytes: Uint8Array, start: number, end: number): void {
    const to = Math.min(offset + end - start, LIMITS.quicHelloOctets);
    if (to <= offset) return;
    if (to > this.octets.length)
      this.octets = grown(
        this.octets,
        Math.min(LIMITS.quicHelloOctets, Math.max(FIRST_OCTETS, 2 * to)),
      );
    const before = this.octets.slice(offset, to);
    this.octets.set(bytes.subarray(start, start + to - offset), offset);
    for (let i = 0; i + 1 < this.ranges.length; i += 2) {
      const from = Math.max(this.ranges[i] as number, offset);
      const until = Math.min(this.ranges[i + 1] as number, to);
      if (from < until) this.octets.set(before.subarray(from - offset, until - offset), from);
    }
    this.cover(offset, to);
  }

  /** The body of the first message once it is whole and of this type; `null` if it is of another. */
  message(type: number): Uint8Array | undefined | null {
    const whole = this.ranges[0] === 0 ? (this.ranges[1] as number) : 0;
    if (whole === 0) return undefined;
    if (this.octets[0] !== type) return null;
    if (whole < MESSAGE_HEADER) return undefined;
    const end = MESSAGE_HEADER + readU24(this.octets, 1);
    if (end > LIMITS.quicHelloOctets) return null;
    return whole < end ? undefined : this.octets.subarray(MESSAGE_HEADER, end);
  }

  private cover(from: number, to: number): void {
    const { ranges } = this;
    let start = from;
    let end = to;
    let at = 0;
    while (at < ranges.length && (ranges[at + 1] as number) < from) at += 2;
    let behind = at;
    while (behind < ranges.length && (ranges[behind] as number) <= to) {
      start = Math.min(start, ranges[behind] as number);
      end = Math.max(end, ranges[behind + 1] as number);
      behind += 2;
    }
    ranges.splice(at, behind - at, start, end);
    // More pieces than any client makes: what lies furthest back is forgotten.
    if (ranges.length > 2 * LIMITS.quicPieces) ranges.length = 2 * LIMITS.quicPieces;
  }
}
