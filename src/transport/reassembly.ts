/**
 * The octets of each TCP direction in order.
 *
 * In order is the normal case and costs two comparisons. What comes early is kept by `EarlyPool` until the gap fills. A
 * gap is given up when it cannot fill any more: the direction holds too much beyond it, the peer acknowledged octets
 * beyond it some time ago, or the connection or the capture ends. Then a `gap` is told and the kept octets follow, each
 * with the packet that carried it. Octets are delivered once, the first copy wins.
 *
 *      delivered         gap        early ranges
 *   ───────────────┤            ├──────┤   ├────┤
 *            nextSequence                          furthest
 */
import { LIMITS } from '../model/limits.ts';
import type { NoticeCode, NoticeSink } from '../model/notice.ts';
import type { Side, StreamSink } from '../model/stream.ts';
import type { TransportCursor } from '../model/transport-cursor.ts';
import { EarlyPool } from './early-pool.ts';
import { isAcknowledged, isOverdue, unfilledGap, unseenEnd } from './gaps.ts';
import { Resent } from './resent.ts';
import { SentOctets } from './sent-octets.ts';
import { advance, ahead } from './sequence.ts';
import {
  EARLY,
  EARLY_OCTETS,
  EARLY_RANGES,
  FIN_NANOS,
  FIN_PACKET,
  FLAGS,
  FURTHEST,
  GAP_SINCE,
  HALF,
  ID,
  LAST_DATA_NANOS,
  LAST_DATA_PACKET,
  LOST_OCTETS,
  NEXT_SEQUENCE,
  OCTETS,
  rowOf,
  SENDER,
  STRAY_AFTER,
  STRAY_END,
  sideOf,
  type TcpTable,
} from './tcp-table.ts';
import type { TcpView } from './tcp-view.ts';

export class Reassembly {
  private readonly pool = new EarlyPool();
  private readonly sentOctets = new SentOctets();
  readonly resent: Resent;
  private readonly table: TcpTable;
  private readonly view: TcpView;
  private readonly sink: StreamSink;
  private readonly notices: NoticeSink;

  constructor(table: TcpTable, view: TcpView, sink: StreamSink, notices: NoticeSink) {
    this.table = table;
    this.view = view;
    this.sink = sink;
    this.notices = notices;
    this.resent = new Resent(table, view, this.sentOctets, notices);
  }

  /** Octets of `chunk` stay where they are until `endChunk`. */
  beginChunk(chunk: Uint8Array): void {
    this.sentOctets.beginChunk(chunk);
  }

  endChunk(): void {
    this.sentOctets.endChunk();
  }

  // What the sink does with octets adds no connection, so the arrays of the table stay where they are meanwhile.

  /**
   * The short way for payload: whole, the octets that are due, with nothing kept beyond a gap.
   *
   * @param side of the direction, told for the sink's sake
   */
  next(place: number, side: Side, t: TransportCursor, packet: number, nanos: number): void {
    const { words, numbers } = this.table;
    const length = t.payloadLength;
    const end = advance(t.sequence, length);
    words[place + LAST_DATA_PACKET] = packet;
    numbers[(place >> 1) + LAST_DATA_NANOS] = nanos;
    numbers[(place >> 1) + OCTETS] = (numbers[(place >> 1) + OCTETS] as number) + length;
    words[place + NEXT_SEQUENCE] = end;
    if (ahead(end, words[place + FURTHEST] as number) > 0) this.advanced(place, t.sequence, end);
    const start = t.payloadOffset;
    this.sentOctets.remember(
      words[place + SENDER] as number,
      t.sequence,
      t.bytes,
      start,
      length,
      packet,
      nanos,
      t.ipId,
    );
    const id = words[place + ID] as number;
    this.sink.octets(id, side, t.bytes, start, start + length, packet, nanos);
  }

  /**
   * A segment with payload. `sequence` is the number of its first octet. The length on the wire counts for sequence
   * numbers; what a snap length cut off is missing like lost octets.
   */
  payload(
    place: number,
    sequence: number,
    t: TransportCursor,
    packet: number,
    nanos: number,
  ): void {
    const { words } = this.table;
    const wire = t.wirePayloadLength;
    const end = advance(sequence, wire);
    const skew = ahead(sequence, words[place + NEXT_SEQUENCE] as number);
    if (skew !== 0) {
      // A keep-alive repeats an octet that was sent long ago, often not even with its value (RFC 9293 §3.8.4).
      if (skew === -1 && wire === 1) return;
      if (skew > 0 && wire === 1 && isAcknowledged(this.table, place, end)) return;
      if (skew > LIMITS.tcpWindowOctets || skew < -LIMITS.tcpWindowOctets) {
        this.far(place, sequence, end, t, packet, nanos);
        return;
      }
    }
    if (skew < 0 && this.resent.isSamePacket(place, sequence, t, packet, nanos)) return;
    this.sent(place, sequence, end, packet, nanos);
    if (skew > 0) this.early(place, sequence, t, packet, nanos);
    else if (-skew < wire) this.inOrder(place, -skew, end, t, packet, nanos);
    else this.resent.repeated(place, sequence, wire, packet, nanos);
  }

  /** Nothing more will come: gives up every gap of the direction. */
  finish(place: number, packet: number, nanos: number): void {
    const { words, numbers } = this.table;
    if (
      words[place + EARLY] !== 0 &&
      ((words[place + FLAGS] as number) & HALF.gapAcknowledged) === 0
    )
      this.view.remarksOf(rowOf(place)).unfilled[sideOf(place)] = unfilledGap(
        this.table,
        this.pool,
        place,
      );
    while (words[place + EARLY] !== 0) this.giveUpGap(place, packet, nanos);
    if (((words[place + FLAGS] as number) & HALF.fin) === 0) {
      const unseen = unseenEnd(this.table, place);
      if (unseen > 0) this.skip(place, unseen, packet, nanos);
      return;
    }
    const length = ahead(words[place + FURTHEST] as number, words[place + NEXT_SEQUENCE] as number);
    if (length > 0)
      this.skip(
        place,
        length,
        words[place + FIN_PACKET] as number,
        numbers[(place >> 1) + FIN_NANOS] as number,
      );
  }

  private sent(place: number, sequence: number, end: number, packet: number, nanos: number): void {
    const { words, numbers } = this.table;
    words[place + LAST_DATA_PACKET] = packet;
    numbers[(place >> 1) + LAST_DATA_NANOS] = nanos;
    if (ahead(end, words[place + FURTHEST] as number) > 0) this.advanced(place, sequence, end);
  }

  /** A segment under `sequence` has octets up to `end` that the direction had not sent before. */
  private advanced(place: number, sequence: number, end: number): void {
    const { words } = this.table;
    const flags = words[place + FLAGS] as number;
    const furthest = words[place + FURTHEST] as number;
    words[place + FURTHEST] = end;
    words[place + FLAGS] = flags | HALF.unacknowledged;
    if ((flags & HALF.acknowledged) !== 0)
      this.table.noteLate(place, ahead(sequence, furthest) > 0 ? sequence : furthest);
  }

  /** The segment begins `known` octets before the next octet due, and ends behind it. */
  private inOrder(
    place: number,
    known: number,
    end: number,
    t: TransportCursor,
    packet: number,
    nanos: number,
  ): void {
    const { words } = this.table;
    const list = words[place + EARLY] as number;
    const start = t.payloadOffset + known;
    const captured = t.payloadLength > known ? t.payloadLength - known : 0;
    const wire = t.wirePayloadLength - known;
    if (list === 0) {
      this.deliver(place, t.bytes, start, captured, wire, packet, nanos, t.ipId);
      return;
    }
    if (ahead(end, this.pool.sequenceOf(list)) <= 0)
      this.deliver(place, t.bytes, start, captured, wire, packet, nanos, t.ipId);
    // The early octets were there first.
    else {
      const due = words[place + NEXT_SEQUENCE] as number;
      this.keep(place, due, t.bytes, start, captured, wire, packet, nanos);
    }
    this.drain(place);
  }

  /**
   * A segment beyond any window is a stray (of an older connection, or damage), unless the next segment goes on where it
   * ended: then the capture lost more than a window, and how much is known but for multiples of 2^32.
   */
  private far(
    place: number,
    sequence: number,
    end: number,
    t: TransportCursor,
    packet: number,
    nanos: number,
  ): void {
    const { words } = this.table;
    const last = words[place + LAST_DATA_PACKET] as number;
    if (words[place + STRAY_AFTER] !== last + 1 || words[place + STRAY_END] !== sequence) {
      words[place + STRAY_AFTER] = last + 1;
      words[place + STRAY_END] = end;
      return;
    }
    this.finish(place, packet, nanos);
    const length = ahead(sequence, words[place + NEXT_SEQUENCE] as number) >>> 0;
    this.skip(place, length, packet, nanos);
    words[place + FURTHEST] = sequence;
    this.sent(place, sequence, end, packet, nanos);
    this.inOrder(place, 0, end, t, packet, nanos);
  }

  /** In order: `captured` of `wire` octets are there. */
  private deliver(
    place: number,
    bytes: Uint8Array,
    start: number,
    captured: number,
    wire: number,
    packet: number,
    nanos: number,
    ipId: number,
  ): void {
    const { words, numbers } = this.table;
    const sequence = words[place + NEXT_SEQUENCE] as number;
    words[place + NEXT_SEQUENCE] = advance(sequence, wire);
    numbers[(place >> 1) + OCTETS] = (numbers[(place >> 1) + OCTETS] as number) + captured;
    if (captured > 0) {
      this.sentOctets.remember(
        words[place + SENDER] as number,
        sequence,
        bytes,
        start,
        captured,
        packet,
        nanos,
        ipId,
      );
      const id = words[place + ID] as number;
      this.sink.octets(id, sideOf(place), bytes, start, start + captured, packet, nanos);
    }
    if (captured < wire) this.lost(place, HALF.cut, wire - captured, packet, nanos);
  }

  /** @param why `HALF.cut` or `HALF.holed` */
  private lost(place: number, why: number, length: number, packet: number, nanos: number): void {
    const { words, numbers } = this.table;
    words[place + FLAGS] = (words[place + FLAGS] as number) | why;
    numbers[(place >> 1) + LOST_OCTETS] = (numbers[(place >> 1) + LOST_OCTETS] as number) + length;
    this.sink.gap(words[place + ID] as number, sideOf(place), length, packet, nanos);
  }

  private early(
    place: number,
    sequence: number,
    t: TransportCursor,
    packet: number,
    nanos: number,
  ): void {
    const { words, numbers } = this.table;
    const captured = t.payloadLength;
    const wire = t.wirePayloadLength;
    if (!this.pool.hasRoom(captured)) {
      this.notice('tcp-early-limit', captured, packet);
      this.giveUpBefore(place, sequence, packet, nanos);
      const known = ahead(words[place + NEXT_SEQUENCE] as number, sequence);
      if (known < wire) this.inOrder(place, known, advance(sequence, wire), t, packet, nanos);
      return;
    }
    if (words[place + EARLY] === 0) numbers[(place >> 1) + GAP_SINCE] = nanos;
    this.keep(place, sequence, t.bytes, t.payloadOffset, captured, wire, packet, nanos);
    while (words[place + EARLY] !== 0 && isOverdue(this.table, place, nanos))
      this.giveUpGap(place, packet, nanos);
  }

  /** Puts `captured` of `wire` octets into the list of the direction. */
  private keep(
    place: number,
    sequence: number,
    bytes: Uint8Array,
    start: number,
    captured: number,
    wire: number,
    packet: number,
    nanos: number,
  ): void {
    const { pool } = this;
    const { words } = this.table;
    words[place + EARLY] = pool.insert(
      words[place + EARLY] as number,
      sequence,
      bytes,
      start,
      start + captured,
      wire - captured,
      packet,
      nanos,
    );
    words[place + EARLY_RANGES] = (words[place + EARLY_RANGES] as number) + pool.added;
    words[place + EARLY_OCTETS] = (words[place + EARLY_OCTETS] as number) + pool.addedOctets;
    if (pool.added === 0) this.resent.repeated(place, sequence, wire, packet, nanos);
    if (!pool.conflict) return;
    const earlier = { packet: pool.conflictPacket, nanos: pool.conflictNanos };
    this.resent.conflict(place, { packet, nanos, earlier });
  }

  /** Delivers early ranges as far as they continue the stream without a gap. */
  private drain(place: number): void {
    const { pool } = this;
    const { words, numbers } = this.table;
    let list = words[place + EARLY] as number;
    let cutEnd = words[place + NEXT_SEQUENCE] as number;
    while (list !== 0) {
      const skew = ahead(pool.sequenceOf(list), words[place + NEXT_SEQUENCE] as number);
      if (skew > 0) break;
      const length = pool.lengthOf(list);
      const packet = pool.packetOf(list);
      const nanos = pool.nanosOf(list);
      if (-skew < length) {
        const start = pool.offsetOf(list) - skew;
        const left = length + skew;
        this.deliver(place, pool.octets, start, left, left, packet, nanos, 0);
      }
      words[place + EARLY_OCTETS] = (words[place + EARLY_OCTETS] as number) - length;
      words[place + EARLY_RANGES] = (words[place + EARLY_RANGES] as number) - 1;
      // What the snap length cut off need not be waited for.
      const missing = advance(pool.endOf(list), pool.cutOf(list));
      if (ahead(missing, cutEnd) > 0) cutEnd = missing;
      list = pool.shift(list);
      const due = words[place + NEXT_SEQUENCE] as number;
      let hole = ahead(cutEnd, due);
      if (list !== 0) hole = Math.min(hole, ahead(pool.sequenceOf(list), due));
      if (hole > 0) {
        words[place + NEXT_SEQUENCE] = advance(due, hole);
        this.lost(place, HALF.cut, hole, packet, nanos);
      }
    }
    words[place + EARLY] = list;
    // What was acknowledged was the gap that is gone.
    words[place + FLAGS] = (words[place + FLAGS] as number) & ~HALF.gapAcknowledged;
    if (list !== 0) numbers[(place >> 1) + GAP_SINCE] = pool.nanosOf(list);
  }

  /** The first gap of the direction will not fill. */
  private giveUpGap(place: number, packet: number, nanos: number): void {
    const { words } = this.table;
    const first = this.pool.sequenceOf(words[place + EARLY] as number);
    const length = ahead(first, words[place + NEXT_SEQUENCE] as number);
    if (length > 0) this.skip(place, length, packet, nanos);
    this.drain(place);
  }

  /** Gives up every gap before `sequence`, also the one that ends there. */
  private giveUpBefore(place: number, sequence: number, packet: number, nanos: number): void {
    const { pool } = this;
    const { words } = this.table;
    for (;;) {
      const list = words[place + EARLY] as number;
      if (list === 0 || ahead(pool.sequenceOf(list), sequence) >= 0) break;
      this.giveUpGap(place, packet, nanos);
    }
    const length = ahead(sequence, words[place + NEXT_SEQUENCE] as number);
    if (length > 0) this.skip(place, length, packet, nanos);
  }

  private skip(place: number, length: number, packet: number, nanos: number): void {
    const { words } = this.table;
    words[place + NEXT_SEQUENCE] = advance(words[place + NEXT_SEQUENCE] as number, length);
    this.notice('tcp-gap', length, packet);
    this.lost(place, HALF.holed, length, packet, nanos);
  }

  private notice(code: NoticeCode, needed: number, packetNumber: number): void {
    this.notices.notice({ code, packetNumber, offset: -1, needed, available: 0 });
  }
}
