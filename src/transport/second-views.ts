import { readI32, readU16 } from '../bytes/scalars.ts';
import { LIMITS } from '../model/limits.ts';
import type { CaptureNotice } from '../model/notice.ts';
import { formatDuration, MILLISECOND, type Nanos, SECOND } from '../model/time.ts';
import { TCP, type TransportCursor, type TransportSink } from '../model/transport-cursor.ts';

/** Octets of the payload that have to be the same; more than a snap length for headers leaves would tell views apart. */
const PAYLOAD_OCTETS = 32;
/** Clocks that differ by less cannot be told from the time that packets take between two points. */
const OFFSET = 10 * MILLISECOND;

/** Packets that two captures have to have in common before it is said: a single one may be chance. */
const COMMON = 4;

/** Whose packets are being analysed: a file, or a rotated set. */
export interface Points {
  readonly point: number;
}

/** More points than a run can have. */
const POINTS = 2 ** 26;

/** What one point saw of another's packets. */
interface Pair {
  packets: number;
  /** The least and the most time by which it saw them later. */
  least: Nanos;
  most: Nanos;
}

/**
 * Leaves out what another capture has shown already: the same packet, seen at a second point of its way. Their times need
 * not overlap, since clocks differ. Each packet counts as often as the capture that saw it most often has it, so what was
 * really sent twice stays. The same are packets between the same endpoints with the same IP identification, TCP numbers and beginning of the
 * payload; what routers change is not looked at, nor are checksums, which network cards fill in late.
 *
 * Whoever sees a packet first tells it. So order is kept whatever the clocks of the points say: a packet and its answer
 * are both taken when they were first seen.
 */
export class SecondViews implements TransportSink {
  private readonly next: Required<TransportSink>;
  private readonly points: Points;
  private readonly tell: (point: number, notice: CaptureNotice) => void;
  /** The packets seen last, in a ring, in chains by what they are. An entry for each point that saw one. */
  private readonly chains = new Int32Array(LIMITS.secondViewPackets);
  private readonly nextInChain = new Int32Array(LIMITS.secondViewPackets);
  private readonly prints = new Int32Array(2 * LIMITS.secondViewPackets);
  private readonly seenBy = new Int32Array(LIMITS.secondViewPackets);
  private readonly times = new Int32Array(LIMITS.secondViewPackets);
  private readonly moments = new Float64Array(LIMITS.secondViewPackets);
  /** Packets come from the wire: without a seed a capture could be crafted to collide. */
  private readonly seed = (Math.random() * 0x7fffffff) | 0;
  private count = 0;
  private low = 0;
  private high = 0;
  /** By the point begun later, times `POINTS`, and the other. */
  private readonly pairs = new Map<number, Pair>();

  /** @param tell takes notices, each about a point */
  constructor(
    next: Required<TransportSink>,
    points: Points,
    tell: (point: number, notice: CaptureNotice) => void,
  ) {
    this.next = next;
    this.points = points;
    this.tell = tell;
  }

  /** Were packets seen at more than one point? */
  get hasCommon(): boolean {
    return this.pairs.size > 0;
  }

  tcp(cursor: TransportCursor): void {
    if (!this.isKnown(cursor)) this.next.tcp(cursor);
  }

  udp(cursor: TransportCursor): void {
    if (!this.isKnown(cursor)) this.next.udp(cursor);
  }

  /** Both views of a datagram may go into one reassembly: what is left of them then says nothing. */
  udpFragment(): void {}
  udpJoined(): void {}

  icmpUnreachable(cursor: TransportCursor): void {
    this.next.icmpUnreachable(cursor);
  }

  icmpQuote(cursor: TransportCursor): void {
    this.next.icmpQuote(cursor);
  }

  /** Gives notice of what was left out. */
  end(): void {
    for (const [key, { packets, least, most }] of this.pairs) {
      if (packets < COMMON) continue;
      const differ = least > OFFSET || most < -OFFSET;
      const offset = formatDuration(Math.abs(least + most) / 2);
      this.tell(Math.floor(key / POINTS), {
        code: 'captured-at-two-points',
        packetNumber: 0,
        offset: -1,
        needed: packets,
        available: 0,
        detail: differ
          ? `its clock is ${offset} ${least > 0 ? 'ahead' : 'behind'}, so times across the two mislead`
          : '',
      });
    }
  }

  private isKnown(cursor: TransportCursor): boolean {
    const { point } = this.points;
    this.print(cursor);
    const { low, high, chains, nextInChain, prints, seenBy, times } = this;
    const chain = (low >>> 0) % chains.length;
    let own = -1;
    let other = -1;
    for (let at = chains[chain] as number; at !== 0; at = nextInChain[at - 1] as number) {
      const entry = at - 1;
      if (prints[2 * entry] !== low || prints[2 * entry + 1] !== high) continue;
      if (seenBy[entry] === point) own = entry;
      else if (other < 0 || (times[entry] as number) > (times[other] as number)) other = entry;
    }
    const { packet } = cursor;
    const moment = packet.seconds * SECOND + packet.nanos;
    if (own < 0) own = this.add(chain, point);
    times[own] = (times[own] as number) + 1;
    this.moments[own] = moment;
    if (other < 0 || (times[own] as number) > (times[other] as number)) return false;
    this.compared(seenBy[other] as number, moment - (this.moments[other] as number));
    return true;
  }

  /** @param later by how much the present point saw a packet later than the other one, each by its own clock */
  private compared(other: number, later: Nanos): void {
    const { point } = this.points;
    // Told of the one that was begun later.
    const ahead = point > other ? later : -later;
    const key = Math.max(point, other) * POINTS + Math.min(point, other);
    const pair = this.pairs.get(key) ?? { packets: 0, least: ahead, most: ahead };
    this.pairs.set(key, pair);
    pair.packets++;
    pair.least = Math.min(pair.least, ahead);
    pair.most = Math.max(pair.most, ahead);
  }

  /** Puts what a packet is into `low` and `high`. */
  private print(t: TransportCursor): void {
    const { bytes } = t;
    let low = this.seed ^ t.protocol ^ (t.ipId << 8);
    let high = t.wirePayloadLength;
    const words = t.family === 6 ? 4 : 1;
    for (let i = 0; i < words; i++) {
      low = mix(low, readI32(bytes, t.sourceOffset + 4 * i));
      high = mix(high, readI32(bytes, t.destinationOffset + 4 * i));
    }
    low = mix(low, t.sourcePort);
    high = mix(high, t.destinationPort);
    if (t.protocol === TCP) {
      low = mix(low, t.sequence);
      high = mix(high, t.acknowledgement);
      low = mix(low, t.flags);
    }
    const length = Math.min(t.payloadLength, PAYLOAD_OCTETS);
    for (let i = 0; i + 1 < length; i += 2) {
      const two = readU16(bytes, t.payloadOffset + i);
      if ((i & 2) === 0) low = mix(low, two);
      else high = mix(high, two);
    }
    this.low = mix(low, high);
    this.high = mix(high, this.low);
  }

  private add(chain: number, point: number): number {
    const { chains, nextInChain, prints } = this;
    const entry = this.count % chains.length;
    if (this.count >= chains.length) this.forget(entry);
    this.count++;
    prints[2 * entry] = this.low;
    prints[2 * entry + 1] = this.high;
    this.seenBy[entry] = point;
    this.times[entry] = 0;
    nextInChain[entry] = chains[chain] as number;
    chains[chain] = entry + 1;
    return entry;
  }

  private forget(entry: number): void {
    const { chains, nextInChain, prints } = this;
    const chain = ((prints[2 * entry] as number) >>> 0) % chains.length;
    let before = 0;
    let at = chains[chain] as number;
    while (at !== entry + 1) {
      before = at;
      at = nextInChain[at - 1] as number;
    }
    if (before === 0) chains[chain] = nextInChain[entry] as number;
    else nextInChain[before - 1] = nextInChain[entry] as number;
  }
}

function mix(hash: number, value: number): number {
  const h = Math.imul(hash ^ value, 0x9e3779b1);
  return (h ^ (h >>> 15)) | 0;
}
