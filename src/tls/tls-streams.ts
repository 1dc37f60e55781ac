import { LIMITS } from '../model/limits.ts';
import type { NoticeSink } from '../model/notice.ts';
import type { TlsSink } from '../model/record.ts';
import { type FramedSink, otherSide, type Side } from '../model/stream.ts';
import { DatagramFrames } from './datagram-frames.ts';
import { PlainTalks, type Upgrade } from './plain-talks.ts';
import { Ssl2Records } from './record-ssl2.ts';
import { EMPTY, RecordFraming } from './record-tls.ts';
import { TDS } from './tds-packets.ts';
import {
  CARRIER,
  FRAMED,
  GIVEN_UP,
  PLAIN,
  SEARCHING,
  SKIPPED,
  SSL2,
  SSL2_FORM,
  UNDECIDED,
  UNKNOWN,
  WRAPPED,
} from './tls-halves.ts';
import { HELLO_FROM, START, TlsStarts } from './tls-starts.ts';

/**
 * Octets of TCP directions: looks for TLS in them, and for what may stand in front of it or around it.
 *
 *      unknown ──ClientHello, ServerHello, consistent headers──▶ framed ──implausible header, gap──▶ searching
 *         │  ▲                                                     ▲                                   │
 *         └──┘ every segment start is a chance (STARTTLS, proxies) └───────next plausible header───────┘
 *
 * From there on the octets are records, see `RecordFraming`.
 */
export class TlsStreams extends RecordFraming {
  private readonly starts = new TlsStarts();
  private readonly talks = new PlainTalks();
  private readonly ssl2Records = new Ssl2Records();
  private readonly frames: DatagramFrames | undefined;

  /** @param framed takes the datagrams of connections that carry such; they are not looked for without */
  constructor(sink: TlsSink, notices: NoticeSink, framed?: FramedSink) {
    super(sink, notices);
    this.frames = framed && new DatagramFrames(framed);
  }

  octets(
    row: number,
    side: Side,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
    nanos: number,
  ): void {
    const half = this.seatOf(row) * 2 + side;
    if (this.mode[half] === FRAMED) this.frame(row, side, half, bytes, start, end, packet, nanos);
    else if (this.mode[half] === UNKNOWN)
      this.unknown(row, side, half, bytes, start, end, packet, nanos);
    else if (this.mode[half] === SEARCHING) {
      const at = this.search(half, bytes, start, end, packet);
      if (at >= 0) this.frame(row, side, half, bytes, at, end, packet, nanos);
    } else if (this.mode[half] === SSL2) this.ssl2Octets(row, side, bytes, start, end);
    else if (this.mode[half] === WRAPPED)
      this.unwrap(row, side, half, bytes, start, end, packet, nanos);
    else if (this.mode[half] === CARRIER)
      this.carried(row, side, half, bytes, start, end, packet, nanos);
  }

  gap(row: number, side: Side, length: number, packet: number, nanos: number): void {
    const half = this.seatOf(row) * 2 + side;
    if (this.mode[half] === UNKNOWN) {
      this.starts.gap(half);
      if (this.talks.size > 0) this.talks.lost(row);
      // A direction of which nothing was recognised is missing something all the same, once the connection is TLS.
      if (this.mode[half ^ 1] === FRAMED)
        this.sink.lostOctets(row, side, length, false, packet, nanos);
      else this.lostBefore[half] = Math.min((this.lostBefore[half] as number) + length, MOST_LOST);
    }
    if (this.mode[half] === SEARCHING) this.searches.gap(half);
    if (this.mode[half] === CARRIER && !this.frames?.gap(row * 2 + side, length))
      this.mode[half] = UNKNOWN;
    if (this.mode[half] === WRAPPED) {
      this.lose(half, EMPTY, true);
      this.sink.lostOctets(row, side, length, false, packet, nanos);
      return;
    }
    if (this.mode[half] === SSL2) {
      this.mode[half] = GIVEN_UP;
      this.sink.lostOctets(row, side, length, false, packet, nanos);
    }
    if (this.mode[half] === FRAMED) this.frameGap(row, side, half, length, packet, nanos);
  }

  /** First octets of a direction that was never recognised, at most 64; undefined if it was, or sent nothing. */
  plaintextStart(row: number, side: Side): Uint8Array | undefined {
    const seat = this.seatIfAny(row);
    return seat < 0 ? undefined : this.starts.firstOctets(seat * 2 + side);
  }

  /** How the connection came to TLS, or was asked to; undefined where it began with TLS, or has nothing to do with it. */
  upgrade(row: number): Upgrade | undefined {
    return this.talks.size > 0 ? this.talks.upgrade(row) : undefined;
  }

  /** Nothing was heard of the connection for a while: its seat is for others, if nothing is under way. */
  quiet(row: number): void {
    const seat = this.seatIfAny(row);
    if (seat < 0) return;
    for (let half = seat * 2; half < seat * 2 + 2; half++) {
      if (this.starts.has(half) || this.tds.has(half) || !this.handshake.isBetween(half)) return;
    }
    if (!this.leaveForNow(row, seat)) return;
    for (let half = seat * 2; half < seat * 2 + 2; half++) this.handshake.forget(half);
  }

  /** Forgets the connection, so that its row can serve another. */
  forget(row: number): void {
    this.talks.forget(row);
    const seat = this.seatIfAny(row);
    this.leave(row);
    if (seat < 0) return;
    for (let side = 0; side < 2; side++) {
      const half = seat * 2 + side;
      this.starts.forget(half);
      this.searches.end(half);
      this.handshake.forget(half);
      this.bodies?.drop(half);
      this.ssl2Hellos.drop(half);
      this.ssl2Records.forget(half);
      this.tds.forget(half);
      this.frames?.forget(row * 2 + side);
    }
  }

  // ------------------------------------------------------------------------------------------------ unknown

  private unknown(
    row: number,
    side: Side,
    half: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
    nanos: number,
  ): void {
    const { starts, sink } = this;
    const peer = this.mode[half ^ 1];
    const peerFramed = peer === FRAMED || peer === WRAPPED;
    const found = starts.look(half, bytes, start, end, packet, nanos, peerFramed);
    for (const piece of starts.refuted)
      this.hear(row, side, half, piece.bytes, 0, piece.bytes.length, piece.packet, piece.nanos);
    if (found === START.nothing && this.frames?.begins(row * 2 + side, bytes, start, end)) {
      starts.forget(half);
      this.mode[half] = CARRIER;
      this.carried(row, side, half, bytes, start, end, packet, nanos);
      return;
    }
    if (found === START.nothing) {
      const heard = starts.isWaiting ? starts.at : end;
      if (heard > start) this.hear(row, side, half, bytes, start, heard, packet, nanos);
      return;
    }
    if (found === START.ssl2Answer) {
      this.mode[half] = SSL2;
      this.mode[half ^ 1] = SSL2;
      sink.ssl2Hello(row, side, true, starts.helloLength, EMPTY, packet, nanos);
      for (const piece of starts.kept)
        this.octets(row, side, piece.bytes, 0, piece.bytes.length, piece.packet, piece.nanos);
      this.octets(row, side, bytes, starts.at, end, packet, nanos);
      return;
    }
    const { kept, at } = starts;
    // A header of another protocol may stand in front.
    if (at > start && found !== START.recordEnd)
      this.hear(row, side, half, bytes, start, at, packet, nanos);
    if (this.talks.size > 0) {
      const { helloFrom } = starts;
      const isClients = helloFrom === HELLO_FROM.client;
      const client = isClients ? side : otherSide(side);
      const withHello = found !== START.recordEnd && helloFrom !== HELLO_FROM.nobody;
      this.talks.begins(row, withHello ? client : undefined);
    }
    this.mode[half] = FRAMED;
    sink.recognised(row, side, packet, nanos);
    this.tellLostBefore(row, packet, nanos);
    if (found === START.records) {
      // Without a hello in front it may be anywhere in the conversation: the first message will tell.
      this.protection[half] = starts.helloFrom === HELLO_FROM.nobody ? UNDECIDED : PLAIN;
    } else if (found === START.wrapped) {
      this.protection[half] = PLAIN;
      this.mode[half] = WRAPPED;
      this.tds.begin(half);
    } else if (found === START.ssl2Hello) {
      // What follows a client's may be TLS.
      this.length[half] = starts.helloLength;
      this.left[half] = starts.helloLength;
      this.trouble[half] = SSL2_FORM;
      this.reading[half] = SKIPPED;
    } else {
      const { record } = starts;
      this.protection[half] = UNDECIDED;
      this.contentType[half] = record.type;
      this.version[half] = record.version;
      this.length[half] = record.length;
      this.firstPacket[half] = record.packet;
      this.tell(row, side, half, false, EMPTY, 0, 0, packet, nanos);
    }
    for (const piece of kept)
      this.octets(row, side, piece.bytes, 0, piece.bytes.length, piece.packet, piece.nanos);
    if (at < end) this.octets(row, side, bytes, at, end, packet, nanos);
  }

  private carried(
    row: number,
    side: Side,
    half: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
    nanos: number,
  ): void {
    const lost = this.frames?.take(row * 2 + side, bytes, start, end, packet, nanos) ?? start;
    if (lost < 0) return;
    this.mode[half] = UNKNOWN;
    // Another protocol may follow, such as what a relay's connection is bound to (RFC 6062).
    if (lost === start) this.unknown(row, side, half, bytes, start, end, packet, nanos);
  }

  /** Takes the headers of TDS out of the way, until records follow without. */
  private unwrap(
    row: number,
    side: Side,
    half: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
    nanos: number,
  ): void {
    const { tds } = this;
    for (let at = start; at < end; at = tds.end) {
      const between = this.left[half] === 0 && this.headerHave[half] === 0;
      const slice = tds.next(half, bytes, at, end, between);
      if (slice === TDS.header) continue;
      if (slice === TDS.other) {
        // Only the login is protected, and it is over: what follows is TDS in the clear.
        this.mode[half] = GIVEN_UP;
        return;
      }
      this.mode[half] = FRAMED;
      const to = slice === TDS.records ? end : tds.end;
      this.frame(row, side, half, bytes, at, to, packet, nanos);
      if (slice === TDS.records) return;
      if (this.mode[half] !== FRAMED) {
        // Whoever lost the boundaries looks for them in the stream as it is.
        if (tds.end < end) this.octets(row, side, bytes, tds.end, end, packet, nanos);
        return;
      }
      this.mode[half] = WRAPPED;
    }
  }

  private ssl2Octets(row: number, side: Side, bytes: Uint8Array, start: number, end: number): void {
    const half = this.seatOf(row) * 2 + side;
    this.ssl2Records.octets(half, bytes, start, end, (length, head) =>
      this.sink.ssl2Record(row, side, length, head),
    );
  }

  /** What is no TLS may be a request for it, or the answer. */
  private hear(
    row: number,
    side: Side,
    half: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
    nanos: number,
  ): void {
    const before = this.plain[half] as number;
    if (before > LIMITS.plainTalkOctets) return;
    this.plain[half] = before + end - start;
    this.talks.said(row, side, bytes, start, end, packet, nanos);
  }

  /** What was missing before the connection was known to be TLS. */
  private tellLostBefore(row: number, packet: number, nanos: number): void {
    const seat = this.seatOf(row);
    for (let half = seat * 2; half < seat * 2 + 2; half++) {
      const length = this.lostBefore[half] as number;
      if (length === 0) continue;
      this.lostBefore[half] = 0;
      this.sink.lostOctets(row, (half & 1) as Side, length, false, packet, nanos);
    }
  }
}

/** The column counts no further. */
const MOST_LOST = 0x7fffffff;
