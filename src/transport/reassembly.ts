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
import { advance, ahead } from './sequence.ts';
import { HALF, type TcpTable } from './tcp-table.ts';
import type { TcpView } from './tcp-view.ts';

export class Reassembly {
  private readonly pool = new EarlyPool();
  private readonly table: TcpTable;
  private readonly view: TcpView;
  private readonly sink: StreamSink;
  private readonly notices: NoticeSink;

  constructor(table: TcpTable, view: TcpView, sink: StreamSink, notices: NoticeSink) {
    this.table = table;
    this.view = view;
    this.sink = sink;
    this.notices = notices;
  }

  /**
   * A segment with payload. `sequence` is the number of its first octet. The length on the wire counts for sequence
   * numbers; what a snap length cut off is missing like lost octets.
   */
  payload(
    row: number,
    side: Side,
    sequence: number,
    t: TransportCursor,
    packet: number,
    nanos: number,
  ): void {
    const table = this.table;
    const half = row * 2 + side;
    const wire = t.wirePayloadLength;
    const end = advance(sequence, wire);
    const skew = ahead(sequence, table.nextSequence[half] as number);
    if (skew !== 0) {
      // A keep-alive repeats an octet that was sent long ago, often not even with its value (RFC 9293 §3.8.4).
      if (skew === -1 && wire === 1) return;
      if (skew > LIMITS.tcpWindowOctets || skew < -LIMITS.tcpWindowOctets) {
        this.far(row, side, half, sequence, end, t, packet, nanos);
        return;
      }
    }
    this.sent(half, end, packet, nanos);
    if (skew > 0) this.early(row, side, half, sequence, t, packet, nanos);
    else if (-skew < wire) this.inOrder(row, side, half, -skew, end, t, packet, nanos);
    else table.retransmissions[half] = (table.retransmissions[half] as number) + 1;
  }

  /** Nothing more will come: gives up every gap of the direction. */
  finish(row: number, side: Side, packet: number, nanos: number): void {
    const half = row * 2 + side;
    const table = this.table;
    while (table.early[half] !== 0) this.giveUpGap(row, side, half, packet, nanos);
    if (((table.flags[half] as number) & HALF.fin) === 0) return;
    const length = ahead(table.furthest[half] as number, table.nextSequence[half] as number);
    if (length > 0)
      this.skip(
        row,
        side,
        half,
        length,
        table.finPacket[half] as number,
        table.finNanos[half] as number,
      );
  }

  private sent(half: number, end: number, packet: number, nanos: number): void {
    const table = this.table;
    table.lastDataPacket[half] = packet;
    table.lastDataNanos[half] = nanos;
    if (ahead(end, table.furthest[half] as number) > 0) {
      table.furthest[half] = end;
      table.flags[half] = (table.flags[half] as number) | HALF.unacknowledged;
    }
  }

  /** The segment begins `known` octets before the next octet due, and ends behind it. */
  private inOrder(
    row: number,
    side: Side,
    half: number,
    known: number,
    end: number,
    t: TransportCursor,
    packet: number,
    nanos: number,
  ): void {
    const list = this.table.early[half] as number;
    const start = t.payloadOffset + known;
    const captured = t.payloadLength > known ? t.payloadLength - known : 0;
    const wire = t.wirePayloadLength - known;
    if (list === 0) {
      this.deliver(row, side, half, t.bytes, start, captured, wire, packet, nanos);
      return;
    }
    if (ahead(end, this.pool.sequenceOf(list)) <= 0)
      this.deliver(row, side, half, t.bytes, start, captured, wire, packet, nanos);
    // The early octets were there first.
    else {
      const due = this.table.nextSequence[half] as number;
      this.keep(row, half, due, t.bytes, start, captured, wire, packet, nanos);
    }
    this.drain(row, side, half);
  }

  /**
   * A segment beyond any window is a stray (of an older connection, or damage), unless the next segment goes on where it
   * ended: then the capture lost more than a window, and how much is known but for multiples of 2^32.
   */
  private far(
    row: number,
    side: Side,
    half: number,
    sequence: number,
    end: number,
    t: TransportCursor,
    packet: number,
    nanos: number,
  ): void {
    const table = this.table;
    const last = table.lastDataPacket[half] as number;
    if (table.strayAfter[half] !== last + 1 || table.strayEnd[half] !== sequence) {
      table.strayAfter[half] = last + 1;
      table.strayEnd[half] = end;
      return;
    }
    this.finish(row, side, packet, nanos);
    const length = ahead(sequence, table.nextSequence[half] as number) >>> 0;
    this.skip(row, side, half, length, packet, nanos);
    table.furthest[half] = sequence;
    this.sent(half, end, packet, nanos);
    this.inOrder(row, side, half, 0, end, t, packet, nanos);
  }

  /** In order: `captured` of `wire` octets are there. */
  private deliver(
    row: number,
    side: Side,
    half: number,
    bytes: Uint8Array,
    start: number,
    captured: number,
    wire: number,
    packet: number,
    nanos: number,
  ): void {
    const table = this.table;
    table.nextSequence[half] = advance(table.nextSequence[half] as number, wire);
    table.octets[half] = (table.octets[half] as number) + captured;
    if (captured > 0) this.sink.octets(row, side, bytes, start, start + captured, packet, nanos);
    if (captured < wire) this.lost(row, side, half, wire - captured, packet, nanos);
  }

  private lost(
    row: number,
    side: Side,
    half: number,
    length: number,
    packet: number,
    nanos: number,
  ): void {
    this.table.lostOctets[half] = (this.table.lostOctets[half] as number) + length;
    this.sink.gap(row, side, length, packet, nanos);
  }

  private early(
    row: number,
    side: Side,
    half: number,
    sequence: number,
    t: TransportCursor,
    packet: number,
    nanos: number,
  ): void {
    const table = this.table;
    const captured = t.payloadLength;
    const wire = t.wirePayloadLength;
    if (!this.pool.hasRoom(captured)) {
      this.notice('tcp-early-limit', captured, packet);
      this.giveUpBefore(row, side, half, sequence, packet, nanos);
      const known = ahead(table.nextSequence[half] as number, sequence);
      if (known < wire)
        this.inOrder(row, side, half, known, advance(sequence, wire), t, packet, nanos);
      return;
    }
    if (table.early[half] === 0) table.gapSince[half] = nanos;
    this.keep(row, half, sequence, t.bytes, t.payloadOffset, captured, wire, packet, nanos);
    while (table.early[half] !== 0 && this.isOverdue(half, nanos))
      this.giveUpGap(row, side, half, packet, nanos);
  }

  /** Puts `captured` of `wire` octets into the list of the direction. */
  private keep(
    row: number,
    half: number,
    sequence: number,
    bytes: Uint8Array,
    start: number,
    captured: number,
    wire: number,
    packet: number,
    nanos: number,
  ): void {
    const { table, pool } = this;
    table.early[half] = pool.insert(
      table.early[half] as number,
      sequence,
      bytes,
      start,
      start + captured,
      wire - captured,
      packet,
      nanos,
    );
    table.earlyRanges[half] = (table.earlyRanges[half] as number) + pool.added;
    table.earlyOctets[half] = (table.earlyOctets[half] as number) + pool.addedOctets;
    if (pool.added === 0) table.retransmissions[half] = (table.retransmissions[half] as number) + 1;
    if (!pool.conflict) return;
    this.notice('tcp-overlap-differs', 0, packet);
    this.view.addConflict(row, packet, nanos);
  }

  private isOverdue(half: number, nanos: number): boolean {
    const table = this.table;
    const ranges = table.earlyRanges[half] as number;
    return (
      (table.earlyOctets[half] as number) > LIMITS.tcpEarlyOctetsPerHalf ||
      ranges > LIMITS.tcpEarlyRangesPerHalf ||
      (((table.flags[half] as number) & HALF.gapAcknowledged) !== 0 &&
        (ranges > LIMITS.tcpEarlyRangesAcknowledged ||
          nanos - (table.gapSince[half] as number) > LIMITS.tcpGapAcknowledgedNanos))
    );
  }

  /** Delivers early ranges as far as they continue the stream without a gap. */
  private drain(row: number, side: Side, half: number): void {
    const { table, pool } = this;
    let list = table.early[half] as number;
    let cutEnd = table.nextSequence[half] as number;
    while (list !== 0) {
      const skew = ahead(pool.sequenceOf(list), table.nextSequence[half] as number);
      if (skew > 0) break;
      const length = pool.lengthOf(list);
      const packet = pool.packetOf(list);
      const nanos = pool.nanosOf(list);
      if (-skew < length) {
        const start = pool.offsetOf(list) - skew;
        const left = length + skew;
        this.deliver(row, side, half, pool.octets, start, left, left, packet, nanos);
      }
      table.earlyOctets[half] = (table.earlyOctets[half] as number) - length;
      table.earlyRanges[half] = (table.earlyRanges[half] as number) - 1;
      // What the snap length cut off need not be waited for.
      const missing = advance(pool.endOf(list), pool.cutOf(list));
      if (ahead(missing, cutEnd) > 0) cutEnd = missing;
      list = pool.shift(list);
      const due = table.nextSequence[half] as number;
      let hole = ahead(cutEnd, due);
      if (list !== 0) hole = Math.min(hole, ahead(pool.sequenceOf(list), due));
      if (hole > 0) {
        table.nextSequence[half] = advance(due, hole);
        this.lost(row, side, half, hole, packet, nanos);
      }
    }
    table.early[half] = list;
    // What was acknowledged was the gap that is gone.
    table.flags[half] = (table.flags[half] as number) & ~HALF.gapAcknowledged;
    if (list !== 0) table.gapSince[half] = pool.nanosOf(list);
  }

  /** The first gap of the direction will not fill. */
  private giveUpGap(row: number, side: Side, half: number, packet: number, nanos: number): void {
    const first = this.pool.sequenceOf(this.table.early[half] as number);
    const length = ahead(first, this.table.nextSequence[half] as number);
    if (length > 0) this.skip(row, side, half, length, packet, nanos);
    this.drain(row, side, half);
  }

  /** Gives up every gap before `sequence`, also the one that ends there. */
  private giveUpBefore(
    row: number,
    side: Side,
    half: number,
    sequence: number,
    packet: number,
    nanos: number,
  ): void {
    const { table, pool } = this;
    for (;;) {
      const list = table.early[half] as number;
      if (list === 0 || ahead(pool.sequenceOf(list), sequence) >= 0) break;
      this.giveUpGap(row, side, half, packet, nanos);
    }
    const length = ahead(sequence, table.nextSequence[half] as number);
    if (length > 0) this.skip(row, side, half, length, packet, nanos);
  }

  private skip(
    row: number,
    side: Side,
    half: number,
    length: number,
    packet: number,
    nanos: number,
  ): void {
    const table = this.table;
    table.nextSequence[half] = advance(table.nextSequence[half] as number, length);
    this.notice('tcp-gap', length, packet);
    this.lost(row, side, half, length, packet, nanos);
  }

  private notice(code: NoticeCode, needed: number, packetNumber: number): void {
    this.notices.notice({ code, packetNumber, offset: -1, needed, available: 0 });
  }
}
