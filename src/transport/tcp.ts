/**
 * TCP connections: which packet belongs to which incarnation, and the octets of each direction in order.
 *
 * A flow (5-tuple) hosts connections one after the other; a SYN that cannot belong to the present one begins the next
 * (RFC 9293 §3.10.7.4 would drop or challenge it in a live connection; what matters here is the numbering that Wireshark
 * gives, so that every number in a report can be typed into it).
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

import { grown } from '../bytes/columns.ts';
import { LIMITS } from '../model/limits.ts';
import type { NoticeSink } from '../model/notice.ts';
import type { Side, StreamSink } from '../model/stream.ts';
import type { TransportCursor } from '../model/transport-cursor.ts';
import type { Clock } from './clock.ts';
import { EarlyPool } from './early-pool.ts';
import type { FlowTable } from './flow-table.ts';
import { advance, ahead } from './sequence.ts';
import { HALF, TcpTable } from './tcp-table.ts';
import { TcpView } from './tcp-view.ts';

const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;

const SOCKS_PORT = 1080;
/** What a SOCKS connection waits for (RFC 1928 §3, RFC 1929 §2; version 4 begins with the request). */
const SOCKS = { start: 0, method: 1, password: 2, request: 3, reply: 4, data: 5, over: 6 } as const;
const SOCKS_PASSWORD_METHOD = 2;

export class Tcp {
  readonly table = new TcpTable();
  readonly view: TcpView;
  /** Streams so far: Wireshark's next `tcp.stream`. */
  streams = 0;
  private readonly pool = new EarlyPool();
  private readonly flows: FlowTable;
  private readonly clock: Clock;
  private readonly sink: StreamSink;
  private readonly notices: NoticeSink;
  /** Per flow: present row plus 1, stream number, incarnation, initial sequence numbers, flags. */
  private flowRow = new Int32Array(512);
  private flowStream = new Int32Array(512);
  private flowCount = new Int32Array(512);
  private flowBase = new Int32Array(1024);
  /** Bit n: the initial sequence number of side n is known. */
  private flowState = new Uint8Array(512);
  /** Closed rows in the order in which they closed: a ring. */
  private readonly closed = new Int32Array(LIMITS.closedConnections);
  private readonly closedSerial = new Int32Array(LIMITS.closedConnections);
  private closedHead = 0;
  private closedCount = 0;
  private serial = 0;

  constructor(flows: FlowTable, clock: Clock, sink: StreamSink, notices: NoticeSink) {
    this.flows = flows;
    this.clock = clock;
    this.sink = sink;
    this.notices = notices;
    this.view = new TcpView(this.table, flows);
  }

  segment(t: TransportCursor): void {
    const found = this.flows.find(t);
    const side = (found & 1) as Side;
    const flow = found >> 1;
    const nanos = this.clock.nanos(t.packet);
    const packet = t.packet.packetNumber;
    const flags = t.flags;
    const row = this.connectionOf(flow, side, t, packet, nanos);
    const table = this.table;
    const half = row * 2 + side;
    const peer = half ^ 1;
    table.lastPacket[row] = packet;
    table.lastNanos[row] = nanos;

    let sequence = t.sequence;
    if ((flags & SYN) !== 0) {
      this.synSeen(row, side, flags, packet, nanos);
      sequence = advance(sequence, 1);
      // SYN-ACKs with different numbers (SYN cookies, middleboxes): the last one before data counts.
      if (table.octets[half] === 0 && table.early[half] === 0) table.nextSequence[half] = sequence;
    }
    // The wire length counts for sequence numbers; what a snap length cut off is missing like lost octets.
    const length = t.wirePayloadLength;
    // A direction that began before the capture starts with its first payload: a bare ACK may already be ahead of it.
    if (
      ((table.flags[half] as number) & HALF.started) === 0 &&
      ((flags & SYN) !== 0 || (length > 0 && (flags & RST) === 0))
    ) {
      table.flags[half] =
        (table.flags[half] as number) | HALF.started | ((flags & SYN) === 0 ? HALF.midStream : 0);
      table.nextSequence[half] = sequence;
      table.furthest[half] = sequence;
    }
    if ((flags & ACK) !== 0) this.acknowledged(peer, t.acknowledgement, packet, nanos);
    if (length > 0 && (flags & RST) === 0)
      this.payload(row, side, half, sequence, t, packet, nanos);
    if ((flags & (FIN | RST)) !== 0)
      this.closing(row, half, flags, sequence, t.window, packet, nanos);
  }

  /** An ICMP error quotes a segment: Wireshark numbers its connection, seen before or not. */
  quoted(t: TransportCursor): void {
    const flow = this.flows.find(t) >> 1;
    if (flow >= this.flowRow.length) this.growFlows(flow);
    if (this.flowCount[flow] !== 0) return;
    this.flowCount[flow] = 1;
    this.flowStream[flow] = this.streams++;
  }

  /** Everything that is still open becomes final. */
  end(): void {
    // Rows in the order of their connections, so that short captures report by number.
    const rows: number[] = [];
    for (let row = 0; row < this.table.end; row++)
      if ((this.table.state[row] as number) < 2) rows.push(row);
    rows.sort((a, b) => (this.table.serial[a] as number) - (this.table.serial[b] as number));
    for (const row of rows) this.finish(row);
  }

  private connectionOf(
    flow: number,
    side: Side,
    t: TransportCursor,
    packet: number,
    nanos: number,
  ): number {
    if (flow >= this.flowRow.length) this.growFlows(flow);
    const row = (this.flowRow[flow] as number) - 1;
    const state = this.flowState[flow] as number;
    const isSyn = (t.flags & (SYN | ACK)) === SYN;
    const base = 2 * flow + side;
    let fresh = (this.flowCount[flow] as number) === 0;
    if (isSyn && (state & (1 << side)) !== 0 && this.flowBase[base] !== t.sequence) {
      // Port numbers reused: the SYN is not a retransmission of the one that began this connection.
      if (row >= 0) this.close(row);
      this.flowState[flow] = 0;
      fresh = true;
    }
    if (fresh) {
      this.flowStream[flow] = this.streams++;
      this.flowCount[flow] = (this.flowCount[flow] as number) + 1;
    }
    const now = this.flowState[flow] as number;
    let next = now;
    if ((now & (1 << side)) === 0) {
      this.flowBase[base] = (t.flags & SYN) !== 0 ? t.sequence : advance(t.sequence, -1);
      next |= 1 << side;
    }
    if (next !== now) this.flowState[flow] = next;
    return row < 0 || fresh ? this.begin(flow, packet, nanos) : row;
  }

  private begin(flow: number, packet: number, nanos: number): number {
    const table = this.table;
    const row = table.take();
    table.flow[row] = flow;
    table.stream[row] = this.flowStream[flow] as number;
    table.incarnation[row] = (this.flowCount[flow] as number) - 1;
    table.firstPacket[row] = packet;
    table.firstNanos[row] = nanos;
    table.state[row] = 0;
    table.serial[row] = ++this.serial;
    this.flowRow[flow] = row + 1;
    if (this.closedCount > 0) this.expire(nanos);
    return row;
  }

  private synSeen(row: number, side: Side, flags: number, packet: number, nanos: number): void {
    const table = this.table;
    if ((flags & ACK) !== 0) {
      if (table.initiator[row] === 0) table.initiator[row] = 2 - side;
      if (table.synAckPacket[row] === 0) {
        table.synAckPacket[row] = packet;
        table.synAckNanos[row] = nanos;
      }
      return;
    }
    if (table.initiator[row] === 0) table.initiator[row] = side + 1;
    if (table.synCount[row] === 0) {
      table.synPacket[row] = packet;
      table.synNanos[row] = nanos;
    }
    table.synCount[row] = (table.synCount[row] as number) + 1;
    table.lastSynPacket[row] = packet;
    table.lastSynNanos[row] = nanos;
  }

  /** `acknowledgement` of the other side about what `half` sent. */
  private acknowledged(half: number, acknowledgement: number, packet: number, nanos: number): void {
    const table = this.table;
    const flags = table.flags[half] as number;
    if (
      (flags & HALF.unacknowledged) !== 0 &&
      ahead(acknowledgement, table.furthest[half] as number) >= 0
    ) {
      table.flags[half] = flags & ~HALF.unacknowledged;
      table.ackPacket[half] = packet;
      table.ackNanos[half] = nanos;
    }
    if (table.early[half] !== 0 && ahead(acknowledgement, table.nextSequence[half] as number) > 0)
      table.flags[half] = (table.flags[half] as number) | HALF.gapAcknowledged;
  }

  private payload(
    row: number,
    side: Side,
    half: number,
    sequence: number,
    t: TransportCursor,
    packet: number,
    nanos: number,
  ): void {
    const table = this.table;
    const wire = t.wirePayloadLength;
    const captured = t.payloadLength;
    const end = advance(sequence, wire);
    table.lastDataPacket[half] = packet;
    table.lastDataNanos[half] = nanos;
    if (table.socks[row] !== SOCKS.over) this.socks(row, t);
    if (ahead(end, table.furthest[half] as number) > 0) {
      table.furthest[half] = end;
      table.flags[half] = (table.flags[half] as number) | HALF.unacknowledged;
    }
    const start = t.payloadOffset;
    const skew = ahead(sequence, table.nextSequence[half] as number);
    if (skew === 0) {
      this.deliver(row, side, half, t.bytes, start, captured, wire, packet, nanos);
    } else if (skew < 0) {
      if (-skew >= wire) {
        table.retransmissions[half] = (table.retransmissions[half] as number) + 1;
        return;
      }
      this.deliver(
        row,
        side,
        half,
        t.bytes,
        start - skew,
        Math.max(0, captured + skew),
        wire + skew,
        packet,
        nanos,
      );
    } else {
      this.early(row, side, half, sequence, t, packet, nanos);
      return;
    }
    if (table.early[half] !== 0) this.drain(row, side, half);
  }

  /**
   * Wireshark gives what a SOCKS server relays a stream number of its own, so the numbers behind it move on by one when
   * the first octets pass after the server's consent. Only on port 1080, where Wireshark looks for SOCKS.
   */
  private socks(row: number, t: TransportCursor): void {
    const { table } = this;
    const toServer = t.destinationPort === SOCKS_PORT;
    if (!toServer && t.sourcePort !== SOCKS_PORT) {
      table.socks[row] = SOCKS.over;
      return;
    }
    const at = (n: number) => (t.payloadLength > n ? (t.bytes[t.payloadOffset + n] as number) : 0);
    switch (table.socks[row]) {
      case SOCKS.start:
        table.socks[row] = !toServer
          ? SOCKS.over
          : at(0) === 5
            ? SOCKS.method
            : at(0) === 4
              ? SOCKS.reply
              : SOCKS.over;
        break;
      case SOCKS.method:
        if (!toServer)
          table.socks[row] = at(1) === SOCKS_PASSWORD_METHOD ? SOCKS.password : SOCKS.request;
        break;
      case SOCKS.password:
        if (!toServer) table.socks[row] = SOCKS.request;
        break;
      case SOCKS.request:
        if (toServer) table.socks[row] = SOCKS.reply;
        break;
      case SOCKS.reply:
        if (!toServer) table.socks[row] = SOCKS.data;
        break;
      case SOCKS.data:
        this.streams++;
        table.socks[row] = SOCKS.over;
        break;
    }
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
    const pool = this.pool;
    // A segment far outside any window is no part of this stream (a stray of an older incarnation, or damage).
    if (ahead(sequence, table.nextSequence[half] as number) > LIMITS.tcpWindowOctets) return;
    const captured = t.payloadLength;
    if (table.early[half] === 0) table.gapSince[half] = nanos;
    if (!pool.hasRoom(captured)) {
      this.notices.notice({
        code: 'tcp-early-limit',
        packetNumber: packet,
        offset: -1,
        needed: captured,
        available: 0,
      });
      this.giveUpGap(row, side, half, packet, nanos);
      this.payload(row, side, half, sequence, t, packet, nanos);
      return;
    }
    table.early[half] = pool.insert(
      table.early[half] as number,
      sequence,
      t.bytes,
      t.payloadOffset,
      t.payloadOffset + captured,
      packet,
      nanos,
    );
    table.earlyRanges[half] = (table.earlyRanges[half] as number) + pool.added;
    table.earlyOctets[half] = (table.earlyOctets[half] as number) + pool.addedOctets;
    if (pool.conflict) this.conflict(row, half, packet, nanos);
    if (pool.added === 0) table.retransmissions[half] = (table.retransmissions[half] as number) + 1;
    const acknowledged = ((table.flags[half] as number) & HALF.gapAcknowledged) !== 0;
    if (
      (table.earlyOctets[half] as number) > LIMITS.tcpEarlyOctetsPerHalf ||
      (table.earlyRanges[half] as number) > LIMITS.tcpEarlyRangesPerHalf ||
      (acknowledged &&
        ((table.earlyRanges[half] as number) > LIMITS.tcpEarlyRangesAcknowledged ||
          nanos - (table.gapSince[half] as number) > LIMITS.tcpGapAcknowledgedNanos))
    )
      this.giveUpGap(row, side, half, packet, nanos);
  }

  /** Delivers early ranges as far as they continue the stream without a gap. */
  private drain(row: number, side: Side, half: number): void {
    const table = this.table;
    const pool = this.pool;
    let list = table.early[half] as number;
    while (list !== 0) {
      const skew = ahead(pool.sequenceOf(list), table.nextSequence[half] as number);
      if (skew > 0) break;
      const length = pool.lengthOf(list);
      if (-skew < length) {
        const start = pool.offsetOf(list) - skew;
        this.deliver(
          row,
          side,
          half,
          pool.octets,
          start,
          length + skew,
          length + skew,
          pool.packetOf(list),
          pool.nanosOf(list),
        );
      }
      table.earlyOctets[half] = (table.earlyOctets[half] as number) - length;
      table.earlyRanges[half] = (table.earlyRanges[half] as number) - 1;
      list = pool.shift(list);
    }
    table.early[half] = list;
    if (list === 0) table.flags[half] = (table.flags[half] as number) & ~HALF.gapAcknowledged;
    else table.gapSince[half] = pool.nanosOf(list);
  }

  private giveUpGap(row: number, side: Side, half: number, packet: number, nanos: number): void {
    const list = this.table.early[half] as number;
    if (list === 0) return;
    const length = ahead(this.pool.sequenceOf(list), this.table.nextSequence[half] as number);
    this.table.nextSequence[half] = this.pool.sequenceOf(list);
    if (length > 0) {
      this.notices.notice({
        code: 'tcp-gap',
        packetNumber: packet,
        offset: -1,
        needed: length,
        available: 0,
      });
      this.lost(row, side, half, length, packet, nanos);
    }
    this.drain(row, side, half);
  }

  private conflict(row: number, half: number, packet: number, nanos: number): void {
    this.notices.notice({
      code: 'tcp-overlap-differs',
      packetNumber: packet,
      offset: -1,
      needed: 0,
      available: 0,
    });
    this.view.addConflict(row, half, packet, nanos);
  }

  private closing(
    row: number,
    half: number,
    flags: number,
    sequence: number,
    window: number,
    packet: number,
    nanos: number,
  ): void {
    const table = this.table;
    const seen = table.flags[half] as number;
    if ((flags & RST) !== 0) {
      if ((seen & HALF.rst) === 0) {
        table.flags[half] = seen | HALF.rst | ((flags & ACK) !== 0 ? HALF.rstWithAck : 0);
        table.rstPacket[half] = packet;
        table.rstNanos[half] = nanos;
        table.rstWindow[half] = window;
        table.rstAhead[half] = ahead(sequence, table.nextSequence[half] as number);
      }
      this.close(row);
      return;
    }
    if ((seen & HALF.fin) === 0) {
      table.flags[half] = seen | HALF.fin;
      table.finPacket[half] = packet;
      table.finNanos[half] = nanos;
    }
    if (((table.flags[half ^ 1] as number) & HALF.fin) !== 0) this.close(row);
  }

  /** The connection is over, but its last packets may still come: it is final only later. */
  private close(row: number): void {
    if (this.table.state[row] !== 0) return;
    this.table.state[row] = 1;
    if (this.closedCount === this.closed.length) this.finishOldest();
    const at = (this.closedHead + this.closedCount++) % this.closed.length;
    this.closed[at] = row;
    this.closedSerial[at] = this.table.serial[row] as number;
  }

  private expire(nanos: number): void {
    while (this.closedCount > 0) {
      const row = this.closed[this.closedHead] as number;
      if (nanos - (this.table.lastNanos[row] as number) < LIMITS.closedNanos) return;
      this.finishOldest();
    }
  }

  private finishOldest(): void {
    const row = this.closed[this.closedHead] as number;
    const serial = this.closedSerial[this.closedHead] as number;
    this.closedHead = (this.closedHead + 1) % this.closed.length;
    this.closedCount--;
    if (this.table.serial[row] === serial && this.table.state[row] === 1) this.finish(row);
  }

  private finish(row: number): void {
    const table = this.table;
    for (let side = 0; side < 2; side++) {
      const half = row * 2 + side;
      while (table.early[half] !== 0)
        this.giveUpGap(
          row,
          side as Side,
          half,
          table.lastPacket[row] as number,
          table.lastNanos[row] as number,
        );
    }
    this.view.select(row);
    this.sink.final(this.view);
    this.view.forget(row);
    table.state[row] = 2;
    const flow = table.flow[row] as number;
    if (this.flowRow[flow] === row + 1) this.flowRow[flow] = 0;
    table.release(row);
  }

  private growFlows(flow: number): void {
    const length = Math.max(flow + 1, Math.ceil(this.flowRow.length * 1.5));
    this.flowRow = grown(this.flowRow, length);
    this.flowStream = grown(this.flowStream, length);
    this.flowCount = grown(this.flowCount, length);
    this.flowBase = grown(this.flowBase, length * 2);
    this.flowState = grown(this.flowState, length);
  }
}
