/**
 * TCP connections: which packet belongs to which incarnation, how each began and ended.
 *
 * A flow (5-tuple) hosts connections one after the other. A SYN that cannot belong to the present one asks for the next,
 * which gets a number then, as in Wireshark, so that every number in a report can be typed into it. Whether it comes
 * about is for the other host to say: `Incarnations` tells whose the segments are meanwhile. The octets of each direction
 * go through `Reassembly`.
 */

import type { At } from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';
import type { NoticeCode, NoticeSink } from '../model/notice.ts';
import type { Side, StreamSink } from '../model/stream.ts';
import type { TransportCursor } from '../model/transport-cursor.ts';
import { Beginnings } from './beginnings.ts';
import type { Clock } from './clock.ts';
import { Connections } from './connections.ts';
import { Endings } from './endings.ts';
import type { FlowState } from './flow-state.ts';
import type { FlowTable } from './flow-table.ts';
import { Incarnations } from './incarnations.ts';
import { Reassembly } from './reassembly.ts';
import { advance, ahead } from './sequence.ts';
import { afterSocks, SOCKS, SOCKS_PORT } from './socks.ts';
import {
  ACK_NANOS,
  ACK_PACKET,
  EARLY,
  FLAGS,
  FURTHEST,
  HALF,
  halfOf,
  LAST_NANOS,
  LAST_PACKET,
  NEXT_SEQUENCE,
  peerOf,
  placeOf,
  STATE,
  TcpTable,
} from './tcp-table.ts';
import { TcpView } from './tcp-view.ts';

const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;
const URG = 32;

/** What must be known of a direction before its payload goes the short way. */
const SETTLED = HALF.certain | HALF.started | HALF.noSocks;

export class Tcp {
  readonly table = new TcpTable();
  readonly view: TcpView;
  /** Streams so far: Wireshark's next `tcp.stream`. */
  streams = 0;
  private readonly flows: FlowTable;
  private readonly clock: Clock;
  private readonly reassembly: Reassembly;
  private readonly incarnations: Incarnations;
  private readonly endings: Endings;
  private readonly notices: NoticeSink;
  private readonly connections: Connections;
  private readonly perFlow: FlowState;
  private readonly beginnings: Beginnings;

  constructor(flows: FlowTable, clock: Clock, sink: StreamSink, notices: NoticeSink) {
    this.flows = flows;
    this.clock = clock;
    this.view = new TcpView(this.table, flows);
    this.notices = notices;
    this.reassembly = new Reassembly(this.table, this.view, sink, notices);
    this.endings = new Endings(this.table, this.view);
    this.connections = new Connections(this.table, this.view, this.reassembly, sink);
    this.perFlow = this.connections.perFlow;
    this.beginnings = new Beginnings(this.table, this.view, notices);
    this.incarnations = new Incarnations(this.table, this.view, this.reassembly);
    flows.heldBy(this.connections, 'TCP', notices);
  }

  /** Payload that lies in `chunk` stays where it is until `endChunk`. */
  beginChunk(chunk: Uint8Array): void {
    this.reassembly.beginChunk(chunk);
  }

  endChunk(): void {
    this.reassembly.endChunk();
  }

  /** The flow and the stream of a connection that has octets right now. */
  placeOf(row: number): { readonly flow: number; readonly stream: number } {
    return this.connections.placeOf(row);
  }

  segment(t: TransportCursor): void {
    const found = this.flows.find(t);
    const side = (found & 1) as Side;
    const flow = found >> 1;
    const nanos = this.clock.nanos(t.packet);
    const packet = t.packet.packetNumber;
    this.perFlow.reserve(flow);
    let row = (this.perFlow.row[flow] as number) - 1;
    if (row < 0) row = this.connections.wake(flow, packet);
    if (row < 0 || !this.ordinary(row, side, t, packet, nanos))
      this.extraordinary(flow, side, t, packet, nanos);
  }

  /**
   * The short way, for what nearly every segment is: of a connection under way, without SYN, FIN, RST and URG, its payload
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
    const settled = length === 0 ? HALF.certain : SETTLED;
    if (
      (t.flags & (SYN | FIN | RST | URG)) !== 0 ||
      ((words[place + FLAGS] as number) & settled) !== settled ||
      ((words[place + EARLY] as number) | (words[peer + EARLY] as number)) !== 0 ||
      (length > 0 && (t.sequence !== words[place + NEXT_SEQUENCE] || length !== t.payloadLength))
    )
      return false;
    words[place + LAST_PACKET] = packet;
    numbers[(place >> 1) + LAST_NANOS] = nanos;
    if ((t.flags & ACK) !== 0) this.acknowledged(peer, t.acknowledgement, packet, nanos);
    if (length > 0) this.reassembly.next(place, side, t, packet, nanos);
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
    const row = this.ownerOf(flow, side, t, packet, nanos);
    if (row < 0) return;
    const former = (this.table.former[row] as number) - 1;
    const { words, numbers } = this.table;
    const place = placeOf(row, side);
    if ((flags & SYN) !== 0) this.incarnations.lookForCopy(row, side, t);
    words[place + LAST_PACKET] = packet;
    numbers[(place >> 1) + LAST_NANOS] = nanos;
    if (former < 0 && this.table.asking[row] === 0 && !this.endings.isReset(place))
      this.table.trust(place);

    let sequence = t.sequence;
    if ((flags & SYN) !== 0) {
      this.beginnings.synSeen(row, side, t, packet, nanos);
      sequence = advance(sequence, 1);
    }
    if ((flags & RST) !== 0) {
      if (!this.endings.reset(place, sequence, t, packet, nanos)) return;
      if ((flags & ACK) !== 0) this.acknowledged(peerOf(place), t.acknowledgement, packet, nanos);
      this.connections.close(row);
      return;
    }
    // Data on a SYN is rare, a wrong length is not: what was not captured of it shows by the gap that the next one leaves.
    const length = (flags & SYN) !== 0 ? t.payloadLength : t.wirePayloadLength;
    // The number of a FIN that is the first of its direction tells what the capture lacks before it.
    if (
      (flags & SYN) !== 0 ||
      ((length > 0 || (flags & FIN) !== 0) &&
        ((words[place + FLAGS] as number) & HALF.started) === 0)
    )
      this.beginnings.starting(place, sequence, (flags & SYN) !== 0);
    if (length > 0 && former >= 0 && this.isOld(row, former, side, t)) return;
    if ((flags & ACK) !== 0) {
      if (this.endings.isReset(place) && this.endings.outlives(place, t.acknowledgement))
        this.connections.reopen(row);
      this.acknowledged(peerOf(place), t.acknowledgement, packet, nanos);
    }
    if ((flags & URG) !== 0 && length > 0) this.urgent(row, side, packet, nanos);
    if (length > 0) {
      if (
        ((words[place + FLAGS] as number) & HALF.noSocks) === 0 &&
        sequence === words[place + NEXT_SEQUENCE]
      )
        this.socks(row, place, t);
      this.reassembly.payload(place, sequence, t, packet, nanos);
    }
    if ((flags & FIN) !== 0 && this.endings.finished(place, sequence, t, packet, nanos))
      this.connections.close(row);
  }

  /** An ICMP error quotes a segment: Wireshark numbers its connection, seen before or not. */
  quoted(t: TransportCursor): void {
    const flow = this.flows.find(t) >> 1;
    this.perFlow.reserve(flow);
    if (this.perFlow.hosted(flow) === 0) this.perFlow.host(flow, this.streams++);
  }

  /** A second of capture time has begun. */
  second(nanos: number): void {
    this.connections.second(nanos);
  }

  /** Everything that is still open becomes final. */
  end(): void {
    this.connections.end();
  }

  /** @returns the connection that the segment is of; -1 for one that was before the capture */
  private ownerOf(
    flow: number,
    side: Side,
    t: TransportCursor,
    packet: number,
    nanos: number,
  ): number {
    const row = this.presentOf(flow, side, t, packet, nanos);
    const former = (this.table.former[row] as number) - 1;
    if (this.table.asking[row] !== 0) return this.whileAsking(row, former, side, t);
    const isEnd = t.wirePayloadLength === 0 && (t.flags & (FIN | RST)) !== 0;
    return isEnd && former >= 0 && this.incarnations.isOfFormer(row, former, side, t)
      ? former
      : row;
  }

  /** The connection that is numbered last on the flow, which this segment may begin. */
  private presentOf(
    flow: number,
    side: Side,
    t: TransportCursor,
    packet: number,
    nanos: number,
  ): number {
    const { perFlow } = this;
    let row = (perFlow.row[flow] as number) - 1;
    let former = 0;
    const isSyn = (t.flags & (SYN | ACK)) === SYN;
    let fresh = perFlow.hosted(flow) === 0;
    if (isSyn && perFlow.hasBase(flow, side) && perFlow.base(flow, side) !== t.sequence) {
      // Port numbers reused: the SYN is not a retransmission of the one that began this connection.
      former = row < 0 ? 0 : this.setAside(row);
      row = -1;
      perFlow.forgetBases(flow);
      this.view.order.reused(flow);
      fresh = true;
    }
    if (fresh) perFlow.host(flow, this.streams++);
    if (!perFlow.hasBase(flow, side)) {
      const isBegin = (t.flags & SYN) !== 0;
      perFlow.setBase(flow, side, isBegin ? t.sequence : advance(t.sequence, -1));
    }
    if (row >= 0) return row;
    const serial = former > 0 ? (this.table.serial[former - 1] as number) : 0;
    row = this.connections.begin(flow, packet, nanos);
    if (isSyn) this.table.asking[row] = 1;
    // What is over may have become final meanwhile, and its row that of another.
    const { state } = this.table;
    if (
      serial > 0 &&
      this.table.serial[former - 1] === serial &&
      state[former - 1] !== STATE.final
    ) {
      this.table.former[row] = former;
      this.view.remarksOf(row).former = this.incarnations.formerFacts(former - 1, side, t.sequence);
    }
    return row;
  }

  /**
   * The next connection is asked for. @returns the row plus 1 of the one that lives until then: what was asked for in
   * vain is over
   */
  private setAside(row: number): number {
    const { former, asking } = this.table;
    const before = former[row] as number;
    if (before > 0 && asking[row] !== 0) {
      this.connections.close(row);
      return before;
    }
    if (before > 0) former[before - 1] = 0;
    this.table.doubt(row);
    return row + 1;
  }

  /** Nothing but a SYN was seen of the connection in `row`, and the other host may speak of one before it. */
  private whileAsking(row: number, former: number, side: Side, t: TransportCursor): number {
    if ((t.flags & (SYN | ACK)) === SYN) return row;
    const initiator = (this.table.initiator[row] as number) - 1;
    const remarks = this.view.known(row);
    const isRst = (t.flags & RST) !== 0;
    if (side === initiator && isRst && t.sequence === remarks?.challenge?.acknowledgement) {
      remarks.challenge.reset ??= this.momentOf(t);
      return former;
    }
    const owner = this.incarnations.ownerWhileAsking(row, former, side, t);
    if (isRst) return owner < 0 ? row : owner;
    if (owner === row) this.confirm(row, former, initiator);
    else if (side !== initiator && t.wirePayloadLength === 0 && (t.flags & (SYN | FIN)) === 0)
      this.view.remarksOf(row).challenge ??= {
        ...this.momentOf(t),
        side,
        acknowledgement: t.acknowledgement,
        isBeyond: former >= 0 && this.incarnations.isBeyond(former, side, t),
        reset: undefined,
      };
    return owner;
  }

  /** The SYN was answered, or its sender goes on as if it had been: what was there before is over. */
  private confirm(row: number, former: number, initiator: number): void {
    this.table.asking[row] = 0;
    if (former >= 0) this.connections.close(former);
    else if (initiator >= 0) this.table.trust(placeOf(row, initiator));
  }

  /** A segment of the connection before; answers true if its octets are none of this one. */
  private isOld(row: number, former: number, side: Side, t: TransportCursor): boolean {
    const found = this.incarnations.oldSegment(row, former, side, t);
    if (found === undefined) return false;
    const segment = { ...this.momentOf(t), side, length: t.wirePayloadLength, ...found };
    if (this.view.remarksOf(row).addOldSegment(segment))
      this.view.order.cameAgain(this.table.flow[row] as number);
    return !found.taken;
  }

  private momentOf({ packet }: TransportCursor): At {
    return { packet: packet.packetNumber, nanos: this.clock.nanos(packet) };
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

  /** Taken as part of the stream, as RFC 6093 §3 asks for. TLS never uses it. */
  private urgent(row: number, side: Side, packet: number, nanos: number): void {
    const { urgent } = this.view.remarksOf(row);
    if (urgent[side] !== undefined) return;
    urgent[side] = { packet, nanos };
    this.notice('tcp-urgent', packet);
  }

  private notice(code: NoticeCode, packetNumber: number): void {
    this.notices.notice({ code, packetNumber, offset: -1, needed: 0, available: 0 });
  }
}
