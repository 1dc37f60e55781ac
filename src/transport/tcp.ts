/**
 * TCP connections: which packet belongs to which incarnation, how each began and ended.
 *
 * A flow (5-tuple) hosts connections one after the other; a SYN that cannot belong to the present one begins the next
 * (RFC 9293 §3.10.7.4 would drop or challenge it in a live connection; what matters here is the numbering that Wireshark
 * gives, so that every number in a report can be typed into it).
 *
 * The octets of each direction go through `Reassembly`.
 */

import { grown } from '../bytes/columns.ts';
import { LIMITS } from '../model/limits.ts';
import type { NoticeSink } from '../model/notice.ts';
import type { Side, StreamSink } from '../model/stream.ts';
import type { TransportCursor } from '../model/transport-cursor.ts';
import type { Clock } from './clock.ts';
import { ClosedQueue } from './closed-queue.ts';
import type { FlowTable } from './flow-table.ts';
import { Reassembly } from './reassembly.ts';
import { advance, ahead } from './sequence.ts';
import { afterSocks, SOCKS, SOCKS_PORT } from './socks.ts';
import { HALF, STATE, TcpTable } from './tcp-table.ts';
import { TcpView } from './tcp-view.ts';

const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;

export class Tcp {
  readonly table = new TcpTable();
  readonly view: TcpView;
  /** Streams so far: Wireshark's next `tcp.stream`. */
  streams = 0;
  private readonly flows: FlowTable;
  private readonly clock: Clock;
  private readonly sink: StreamSink;
  private readonly reassembly: Reassembly;
  /** Per flow: present row plus 1, stream number, incarnation, initial sequence numbers, flags. */
  private flowRow = new Int32Array(512);
  private flowStream = new Int32Array(512);
  private flowCount = new Int32Array(512);
  private flowBase = new Int32Array(1024);
  /** Bit n: the initial sequence number of side n is known. */
  private flowState = new Uint8Array(512);
  private readonly closed = new ClosedQueue();
  /** The row that is looked at next for having been idle too long. */
  private hand = 0;
  private serial = 0;

  constructor(flows: FlowTable, clock: Clock, sink: StreamSink, notices: NoticeSink) {
    this.flows = flows;
    this.clock = clock;
    this.sink = sink;
    this.view = new TcpView(this.table, flows);
    this.reassembly = new Reassembly(this.table, this.view, sink, notices);
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
    table.lastPacket[row] = packet;
    table.lastNanos[row] = nanos;

    let sequence = t.sequence;
    if ((flags & SYN) !== 0) {
      this.synSeen(row, side, flags, packet, nanos);
      sequence = advance(sequence, 1);
    }
    if ((flags & RST) !== 0) {
      this.reset(row, half, sequence, t, packet, nanos);
      return;
    }
    const length = t.wirePayloadLength;
    if ((flags & SYN) !== 0 || (length > 0 && ((table.flags[half] as number) & HALF.started) === 0))
      this.starting(half, sequence);
    if ((flags & ACK) !== 0) this.acknowledged(half ^ 1, t.acknowledgement, packet, nanos);
    if (length > 0) {
      if (table.socks[row] !== SOCKS.over && sequence === table.nextSequence[half])
        this.socks(row, t);
      this.reassembly.payload(row, side, sequence, t, packet, nanos);
    }
    if ((flags & FIN) !== 0) this.finished(row, half, sequence, packet, nanos);
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
      if (this.table.state[row] !== STATE.final) rows.push(row);
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
    this.sweep(nanos);
    if (this.closed.size > 0) this.expire(nanos);
    const row = table.take();
    table.flow[row] = flow;
    table.stream[row] = this.flowStream[flow] as number;
    table.incarnation[row] = (this.flowCount[flow] as number) - 1;
    table.firstPacket[row] = packet;
    table.firstNanos[row] = nanos;
    table.serial[row] = ++this.serial;
    this.flowRow[flow] = row + 1;
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

  /** A SYN, or the first payload of a direction that began before the capture: a bare ACK may already be ahead of it. */
  private starting(half: number, sequence: number): void {
    const table = this.table;
    // SYN-ACKs with different numbers (SYN cookies, middleboxes): the last one before data counts.
    if (table.lastDataPacket[half] !== 0) return;
    table.flags[half] = (table.flags[half] as number) | HALF.started;
    table.nextSequence[half] = sequence;
    table.furthest[half] = sequence;
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

  /**
   * Wireshark gives what a SOCKS server relays a stream number of its own, so the numbers behind it move on by one when
   * the first octets pass after the server's consent.
   */
  private socks(row: number, t: TransportCursor): void {
    const { socks } = this.table;
    const toServer = t.destinationPort === SOCKS_PORT;
    if (!toServer && t.sourcePort !== SOCKS_PORT) {
      socks[row] = SOCKS.over;
      return;
    }
    const { bytes, payloadOffset: at, payloadLength: length } = t;
    const state = socks[row] as number;
    if (state === SOCKS.data) this.streams++;
    const first = length > 0 ? (bytes[at] as number) : 0;
    const second = length > 1 ? (bytes[at + 1] as number) : 0;
    socks[row] = afterSocks(state, toServer, first, second);
  }

  private finished(row: number, half: number, sequence: number, packet: number, nanos: number) {
    const table = this.table;
    const seen = table.flags[half] as number;
    if ((seen & HALF.fin) === 0) {
      if (!this.isNear(half, sequence)) return;
      table.flags[half] = seen | HALF.fin;
      table.finPacket[half] = packet;
      table.finNanos[half] = nanos;
      // Its number counts octets that the capture may lack.
      if ((seen & HALF.started) !== 0 && ahead(sequence, table.furthest[half] as number) > 0)
        table.furthest[half] = sequence;
    }
    if (((table.flags[half ^ 1] as number) & HALF.fin) !== 0) this.close(row);
  }

  /**
   * A RST that its receiver would not have taken either is no end (RFC 9293 §3.10.7.4, RFC 5961 §3.2): a late answer to
   * an older connection on these endpoints, or forged.
   */
  private reset(
    row: number,
    half: number,
    sequence: number,
    t: TransportCursor,
    packet: number,
    nanos: number,
  ): void {
    const table = this.table;
    const seen = table.flags[half] as number;
    const withAck = (t.flags & ACK) !== 0;
    // Who has sent nothing so far refuses a SYN: only what it acknowledges can tell (RFC 9293 §3.10.7.3).
    if (!this.isNear(half, sequence)) return;
    if ((seen & HALF.started) === 0 && withAck && !this.isNear(half ^ 1, t.acknowledgement)) return;
    if (withAck) this.acknowledged(half ^ 1, t.acknowledgement, packet, nanos);
    if ((seen & HALF.rst) === 0) {
      table.flags[half] = seen | HALF.rst | (withAck ? HALF.rstWithAck : 0);
      table.rstPacket[half] = packet;
      table.rstNanos[half] = nanos;
      table.rstWindow[half] = t.window;
      const distance = ahead(sequence, table.nextSequence[half] as number);
      table.rstAhead[half] =
        distance > 0 ? Math.max(0, distance - (table.earlyOctets[half] as number)) : distance;
    }
    this.close(row);
  }

  /** Could the direction be at this number? True where nothing is known of it. */
  private isNear(half: number, sequence: number): boolean {
    if (((this.table.flags[half] as number) & HALF.started) === 0) return true;
    const distance = ahead(sequence, this.table.nextSequence[half] as number);
    return distance <= LIMITS.tcpWindowOctets && distance >= -LIMITS.tcpWindowOctets;
  }

  /** The connection is over, but its last packets may still come: it is final only later. */
  private close(row: number): void {
    if (this.table.state[row] !== STATE.open) return;
    this.table.state[row] = STATE.closed;
    if (this.closed.isFull) this.finish(this.closed.shift());
    this.closed.add(row);
  }

  private expire(nanos: number): void {
    const { closed, table } = this;
    while (
      closed.size > 0 &&
      nanos - (table.lastNanos[closed.oldest] as number) >= LIMITS.closedNanos
    )
      this.finish(closed.shift());
  }

  /** Looks at two rows for each that is taken, so that every row is looked at before the table has doubled. */
  private sweep(nanos: number): void {
    const { table } = this;
    for (let i = 0; i < 2 && table.end > 0; i++) {
      if (this.hand >= table.end) this.hand = 0;
      const row = this.hand++;
      if (
        table.state[row] === STATE.open &&
        nanos - (table.lastNanos[row] as number) > LIMITS.idleNanos
      )
        this.finish(row);
    }
  }

  private finish(row: number): void {
    const table = this.table;
    const packet = table.lastPacket[row] as number;
    const nanos = table.lastNanos[row] as number;
    this.reassembly.finish(row, 0, packet, nanos);
    this.reassembly.finish(row, 1, packet, nanos);
    this.view.select(row);
    this.sink.final(this.view);
    this.view.forget(row);
    table.state[row] = STATE.final;
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
