/**
 * TCP connections: which packet belongs to which incarnation, how each began and ended.
 *
 * A flow (5-tuple) hosts connections one after the other; a SYN that cannot belong to the present one begins the next
 * (RFC 9293 §3.10.7.4 would drop or challenge it in a live connection; what matters here is the numbering that Wireshark
 * gives, so that every number in a report can be typed into it).
 *
 * The octets of each direction go through `Reassembly`.
 */

import { LIMITS } from '../model/limits.ts';
import type { NoticeSink } from '../model/notice.ts';
import type { Side, StreamSink } from '../model/stream.ts';
import type { TransportCursor } from '../model/transport-cursor.ts';
import type { Clock } from './clock.ts';
import { ClosedQueue } from './closed-queue.ts';
import { FlowState } from './flow-state.ts';
import type { FlowTable } from './flow-table.ts';
import { Reassembly } from './reassembly.ts';
import { advance, ahead } from './sequence.ts';
import { afterSocks, SOCKS, SOCKS_PORT } from './socks.ts';
import {
  ACK_NANOS,
  ACK_PACKET,
  EARLY,
  EARLY_OCTETS,
  FIN_NANOS,
  FIN_PACKET,
  FLAGS,
  FURTHEST,
  HALF,
  halfOf,
  LAST_DATA_PACKET,
  LAST_NANOS,
  LAST_PACKET,
  NEXT_SEQUENCE,
  peerOf,
  placeOf,
  RST_AHEAD,
  RST_NANOS,
  RST_PACKET,
  RST_WINDOW,
  rowOf,
  STATE,
  TcpTable,
} from './tcp-table.ts';
import { TcpView } from './tcp-view.ts';

const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;

/** What must be known of a direction before its payload goes the short way. */
const SETTLED = HALF.based | HALF.started | HALF.noSocks;

export class Tcp {
  readonly table = new TcpTable();
  readonly view: TcpView;
  /** Streams so far: Wireshark's next `tcp.stream`. */
  streams = 0;
  private readonly flows: FlowTable;
  private readonly clock: Clock;
  private readonly sink: StreamSink;
  private readonly reassembly: Reassembly;
  private readonly perFlow = new FlowState();
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

  /** Payload that lies in `chunk` stays where it is until `endChunk`. */
  beginChunk(chunk: Uint8Array): void {
    this.reassembly.beginChunk(chunk);
  }

  endChunk(): void {
    this.reassembly.endChunk();
  }

  segment(t: TransportCursor): void {
    const found = this.flows.find(t);
    const side = (found & 1) as Side;
    const flow = found >> 1;
    const nanos = this.clock.nanos(t.packet);
    const packet = t.packet.packetNumber;
    this.perFlow.reserve(flow);
    const row = (this.perFlow.row[flow] as number) - 1;
    if (row < 0 || !this.ordinary(row, side, t, packet, nanos))
      this.extraordinary(flow, side, t, packet, nanos);
  }

  /**
   * The short way, for what nearly every segment is: of a connection under way, without SYN, FIN and RST, its payload
   * whole and the next that is due, with nothing kept beyond a gap. Answers false, having changed nothing, for the rest.
   */
  private ordinary(
    row: number,
    side: Side,
    t: TransportCursor,
    packet: number,
    nanos: number,
  ): boolean {
    const { words, numbers } = this.table;
    const place = placeOf(row, side);
    const peer = peerOf(place);
    const length = t.wirePayloadLength;
    const settled = length === 0 ? HALF.based : SETTLED;
    if (
      (t.flags & (SYN | FIN | RST)) !== 0 ||
      ((words[place + FLAGS] as number) & settled) !== settled ||
      ((words[place + EARLY] as number) | (words[peer + EARLY] as number)) !== 0 ||
      (length > 0 && (t.sequence !== words[place + NEXT_SEQUENCE] || length !== t.payloadLength))
    )
      return false;
    words[place + LAST_PACKET] = packet;
    numbers[(place >> 1) + LAST_NANOS] = nanos;
    if ((t.flags & ACK) !== 0) this.acknowledged(peer, t.acknowledgement, packet, nanos);
    if (length > 0) this.reassembly.next(row, side, t, packet, nanos);
    return true;
  }

  private extraordinary(
    flow: number,
    side: Side,
    t: TransportCursor,
    packet: number,
    nanos: number,
  ): void {
    const flags = t.flags;
    const row = this.connectionOf(flow, side, t, packet, nanos);
    const { words, numbers } = this.table;
    const place = placeOf(row, side);
    words[place + LAST_PACKET] = packet;
    numbers[(place >> 1) + LAST_NANOS] = nanos;
    words[place + FLAGS] = (words[place + FLAGS] as number) | HALF.based;

    let sequence = t.sequence;
    if ((flags & SYN) !== 0) {
      this.synSeen(row, side, flags, packet, nanos);
      sequence = advance(sequence, 1);
    }
    if ((flags & RST) !== 0) {
      this.reset(row, place, sequence, t, packet, nanos);
      return;
    }
    // Data on a SYN is rare, a wrong length is not: what was not captured of it shows by the gap that the next one leaves.
    const length = (flags & SYN) !== 0 ? t.payloadLength : t.wirePayloadLength;
    if (
      (flags & SYN) !== 0 ||
      (length > 0 && ((words[place + FLAGS] as number) & HALF.started) === 0)
    )
      this.starting(place, sequence);
    if ((flags & ACK) !== 0) this.acknowledged(peerOf(place), t.acknowledgement, packet, nanos);
    if (length > 0) {
      if (
        ((words[place + FLAGS] as number) & HALF.noSocks) === 0 &&
        sequence === words[place + NEXT_SEQUENCE]
      )
        this.socks(row, place, t);
      this.reassembly.payload(place, sequence, t, packet, nanos);
    }
    if ((flags & FIN) !== 0) this.finished(row, place, sequence, packet, nanos);
  }

  /** An ICMP error quotes a segment: Wireshark numbers its connection, seen before or not. */
  quoted(t: TransportCursor): void {
    const flow = this.flows.find(t) >> 1;
    this.perFlow.reserve(flow);
    if (this.perFlow.count[flow] !== 0) return;
    this.perFlow.count[flow] = 1;
    this.perFlow.stream[flow] = this.streams++;
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
    const row = (this.perFlow.row[flow] as number) - 1;
    const state = this.perFlow.known[flow] as number;
    const isSyn = (t.flags & (SYN | ACK)) === SYN;
    const base = 2 * flow + side;
    let fresh = (this.perFlow.count[flow] as number) === 0;
    if (isSyn && (state & (1 << side)) !== 0 && this.perFlow.base[base] !== t.sequence) {
      // Port numbers reused: the SYN is not a retransmission of the one that began this connection.
      if (row >= 0) this.close(row);
      this.perFlow.known[flow] = 0;
      fresh = true;
    }
    if (fresh) {
      this.perFlow.stream[flow] = this.streams++;
      this.perFlow.count[flow] = (this.perFlow.count[flow] as number) + 1;
    }
    const now = this.perFlow.known[flow] as number;
    let next = now;
    if ((now & (1 << side)) === 0) {
      this.perFlow.base[base] = (t.flags & SYN) !== 0 ? t.sequence : advance(t.sequence, -1);
      next |= 1 << side;
    }
    if (next !== now) this.perFlow.known[flow] = next;
    return row < 0 || fresh ? this.begin(flow, packet, nanos) : row;
  }

  private begin(flow: number, packet: number, nanos: number): number {
    const table = this.table;
    this.sweep(nanos);
    if (this.closed.size > 0) this.expire(nanos);
    const row = table.take();
    table.flow[row] = flow;
    table.stream[row] = this.perFlow.stream[flow] as number;
    table.incarnation[row] = (this.perFlow.count[flow] as number) - 1;
    table.firstPacket[row] = packet;
    table.firstNanos[row] = nanos;
    table.serial[row] = ++this.serial;
    this.perFlow.row[flow] = row + 1;
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
  private starting(place: number, sequence: number): void {
    const { words } = this.table;
    // SYN-ACKs with different numbers (SYN cookies, middleboxes): the last one before data counts.
    if (words[place + LAST_DATA_PACKET] !== 0) return;
    const first = this.firstDue(place, sequence);
    words[place + FLAGS] = (words[place + FLAGS] as number) | HALF.started;
    words[place + NEXT_SEQUENCE] = first;
    words[place + FURTHEST] = first;
  }

  /**
   * Where a direction begins whose first captured segment has this number. If its SYN is not in the capture but that of
   * the peer is, the first acknowledgement tells whether octets are missing before it.
   */
  private firstDue(place: number, sequence: number): number {
    const { words, acknowledged, initiator } = this.table;
    if (((words[place + FLAGS] as number) & HALF.acknowledged) === 0) return sequence;
    if (initiator[rowOf(place)] === 0) return sequence;
    const due = acknowledged[halfOf(place)] as number;
    const missing = ahead(sequence, due);
    return missing > 0 && missing <= LIMITS.tcpWindowOctets ? due : sequence;
  }

  /** `acknowledgement` of the other side about what the direction sent. */
  private acknowledged(
    place: number,
    acknowledgement: number,
    packet: number,
    nanos: number,
  ): void {
    const { words, numbers } = this.table;
    const flags = words[place + FLAGS] as number;
    const beyond = ahead(acknowledgement, words[place + FURTHEST] as number);
    if ((flags & HALF.unacknowledged) !== 0 && beyond >= 0) {
      words[place + FLAGS] = flags & ~HALF.unacknowledged;
      words[place + ACK_PACKET] = packet;
      numbers[(place >> 1) + ACK_NANOS] = nanos;
    }
    if (beyond > 0 || (flags & HALF.started) === 0) this.unseen(place, acknowledgement, beyond);
    if (
      words[place + EARLY] !== 0 &&
      ahead(acknowledgement, words[place + NEXT_SEQUENCE] as number) > 0
    )
      words[place + FLAGS] = (words[place + FLAGS] as number) | HALF.gapAcknowledged;
  }

  /** What the peer acknowledges and the capture does not have (so far): where a direction begins, and where it ends. */
  private unseen(place: number, acknowledgement: number, beyond: number): void {
    const { words, acknowledged } = this.table;
    const flags = words[place + FLAGS] as number;
    const half = halfOf(place);
    const known = (flags & HALF.acknowledged) !== 0;
    if ((flags & HALF.started) === 0 ? known : beyond > LIMITS.tcpWindowOctets) return;
    if (known && ahead(acknowledgement, acknowledged[half] as number) <= 0) return;
    acknowledged[half] = acknowledgement;
    words[place + FLAGS] = (words[place + FLAGS] as number) | HALF.acknowledged;
  }

  /**
   * Wireshark gives what a SOCKS server relays a stream number of its own, so the numbers behind it move on by one when
   * the first octets pass after the server's consent.
   */
  private socks(row: number, place: number, t: TransportCursor): void {
    const { words, socks } = this.table;
    const toServer = t.destinationPort === SOCKS_PORT;
    if (socks[row] === SOCKS.over || (!toServer && t.sourcePort !== SOCKS_PORT)) {
      socks[row] = SOCKS.over;
      words[place + FLAGS] = (words[place + FLAGS] as number) | HALF.noSocks;
      return;
    }
    const { bytes, payloadOffset: at, payloadLength: length } = t;
    const state = socks[row] as number;
    if (state === SOCKS.data) this.streams++;
    const first = length > 0 ? (bytes[at] as number) : 0;
    const second = length > 1 ? (bytes[at + 1] as number) : 0;
    socks[row] = afterSocks(state, toServer, first, second);
  }

  private finished(row: number, place: number, sequence: number, packet: number, nanos: number) {
    const { words, numbers } = this.table;
    const seen = words[place + FLAGS] as number;
    if ((seen & HALF.fin) === 0) {
      if (!this.isNear(place, sequence)) return;
      words[place + FLAGS] = seen | HALF.fin;
      words[place + FIN_PACKET] = packet;
      numbers[(place >> 1) + FIN_NANOS] = nanos;
      // Its number counts octets that the capture may lack.
      if ((seen & HALF.started) !== 0 && ahead(sequence, words[place + FURTHEST] as number) > 0)
        words[place + FURTHEST] = sequence;
    }
    if (((words[peerOf(place) + FLAGS] as number) & HALF.fin) !== 0) this.close(row);
  }

  /**
   * A RST that its receiver would not have taken either is no end (RFC 9293 §3.10.7.4, RFC 5961 §3.2): a late answer to
   * an older connection on these endpoints, or forged.
   */
  private reset(
    row: number,
    place: number,
    sequence: number,
    t: TransportCursor,
    packet: number,
    nanos: number,
  ): void {
    const { words, numbers } = this.table;
    const seen = words[place + FLAGS] as number;
    const withAck = (t.flags & ACK) !== 0;
    // Who has sent nothing so far refuses a SYN: only what it acknowledges can tell (RFC 9293 §3.10.7.3).
    if (!this.isNear(place, sequence)) return;
    if ((seen & HALF.started) === 0 && withAck && !this.isNear(peerOf(place), t.acknowledgement))
      return;
    if (withAck) this.acknowledged(peerOf(place), t.acknowledgement, packet, nanos);
    if ((seen & HALF.rst) === 0) {
      words[place + FLAGS] = seen | HALF.rst | (withAck ? HALF.rstWithAck : 0);
      words[place + RST_PACKET] = packet;
      numbers[(place >> 1) + RST_NANOS] = nanos;
      words[place + RST_WINDOW] = t.window;
      const distance = ahead(sequence, words[place + NEXT_SEQUENCE] as number);
      words[place + RST_AHEAD] =
        distance > 0 ? Math.max(0, distance - (words[place + EARLY_OCTETS] as number)) : distance;
    }
    this.close(row);
  }

  /** Could the direction be at this number? True where nothing is known of it. */
  private isNear(place: number, sequence: number): boolean {
    const { words } = this.table;
    if (((words[place + FLAGS] as number) & HALF.started) === 0) return true;
    const distance = ahead(sequence, words[place + NEXT_SEQUENCE] as number);
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
    while (closed.size > 0 && nanos - table.lastNanos(closed.oldest) >= LIMITS.closedNanos)
      this.finish(closed.shift());
  }

  /** Looks at two rows for each that is taken, so that every row is looked at before the table has doubled. */
  private sweep(nanos: number): void {
    const { table } = this;
    for (let i = 0; i < 2 && table.end > 0; i++) {
      if (this.hand >= table.end) this.hand = 0;
      const row = this.hand++;
      if (table.state[row] === STATE.open && nanos - table.lastNanos(row) > LIMITS.idleNanos)
        this.finish(row);
    }
  }

  private finish(row: number): void {
    const table = this.table;
    const packet = table.words[table.lastPlace(row) + LAST_PACKET] as number;
    const nanos = table.lastNanos(row);
    this.reassembly.finish(placeOf(row, 0), packet, nanos);
    this.reassembly.finish(placeOf(row, 1), packet, nanos);
    this.view.select(row);
    this.sink.final(this.view);
    this.view.forget(row);
    table.state[row] = STATE.final;
    const flow = table.flow[row] as number;
    if (this.perFlow.row[flow] === row + 1) this.perFlow.row[flow] = 0;
    table.release(row);
  }
}
