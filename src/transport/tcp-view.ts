import type { At, Endpoint, Role } from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';
import { otherSide, type Side, type TcpConnectionView } from '../model/stream.ts';
import type { TcpFacts } from '../model/tcp-facts.ts';
import { FlowOrder } from './flow-order.ts';
import type { FlowTable } from './flow-table.ts';
import { type Challenge, type FormerOfSides, Remarks } from './remarks.ts';
import { Repeats } from './repeats.ts';
import { ahead } from './sequence.ts';
import {
  ACK_NANOS,
  ACK_PACKET,
  FIN_NANOS,
  FIN_PACKET,
  FLAGS,
  FURTHEST,
  HALF,
  halfOf,
  ID,
  LAST_DATA_NANOS,
  LAST_DATA_PACKET,
  LAST_NANOS,
  LAST_PACKET,
  LOST_OCTETS,
  OCTETS,
  placeOf,
  RETRANSMISSIONS,
  RST_NANOS,
  RST_PACKET,
  type TcpTable,
} from './tcp-table.ts';

const NOTHING = new Remarks();

/** Speaks about one row of the TCP table at a time; nothing is built before it is asked for. */
export class TcpView implements TcpConnectionView {
  /** The row in the table; for others a connection has another number. */
  private at = 0;
  private readonly table: TcpTable;
  private readonly flows: FlowTable;
  readonly repeats = new Repeats();
  readonly order = new FlowOrder();
  /** Rare, so kept beside the columns. */
  private readonly remarks = new Map<number, Remarks>();

  constructor(table: TcpTable, flows: FlowTable) {
    this.table = table;
    this.flows = flows;
  }

  select(row: number): this {
    this.at = row;
    return this;
  }

  /**
   * To be added to. Where too many connections have some, those of a further one are not kept, and nobody is accused on its
   * flow: what was to be remarked may be what excuses somebody.
   */
  remarksOf(row: number): Remarks {
    const known = this.remarks.get(row);
    if (known !== undefined) return known;
    const remarks = new Remarks();
    if (this.remarks.size < LIMITS.remarkedConnections) this.remarks.set(row, remarks);
    else this.doubt(this.table.flow[row] as number);
    return remarks;
  }

  private doubt(flow: number): void {
    this.order.reused(flow);
    this.order.cameAgain(flow);
  }

  known(row: number): Remarks | undefined {
    return this.remarks.size > 0 ? this.remarks.get(row) : undefined;
  }

  forget(row: number): void {
    this.remarks.delete(row);
    if (this.repeats.size === 0) return;
    for (const side of [0, 1]) this.repeats.forget(halfOf(placeOf(row, side)));
  }

  /** Is anything kept of it beside the columns? */
  isNoted(row: number): boolean {
    if (this.known(row) !== undefined) return true;
    const { repeats } = this;
    if (repeats.size === 0) return false;
    return [0, 1].some((side) => repeats.of(halfOf(placeOf(row, side))) !== undefined);
  }

  get row(): number {
    return this.word(0, ID);
  }

  get flow(): number {
    return this.table.flow[this.at] as number;
  }

  get stream(): number {
    return this.table.stream[this.at] as number;
  }

  endpoint(side: Side): Endpoint {
    return this.flows.endpoint(this.flow, side);
  }

  address(side: Side): string {
    return this.flows.address(this.flow, side);
  }

  port(side: Side): number {
    return this.flows.port(this.flow, side);
  }

  get first(): At {
    return {
      packet: this.table.firstPacket[this.at] as number,
      nanos: this.table.firstNanos[this.at] as number,
    };
  }

  get last(): At {
    const { table, at } = this;
    return {
      packet: table.words[table.lastPlace(at) + LAST_PACKET] as number,
      nanos: table.lastNanos(at),
    };
  }

  get initiator(): Side | undefined {
    const initiator = this.table.initiator[this.at] as number;
    return initiator === 0 ? undefined : ((initiator - 1) as Side);
  }

  get syn(): At | undefined {
    return at(this.table.synPacket, this.table.synNanos, this.at);
  }

  get lastSyn(): At | undefined {
    return at(this.table.lastSynPacket, this.table.lastSynNanos, this.at);
  }

  get synTransmissions(): number {
    return this.table.synCount[this.at] as number;
  }

  get synAck(): At | undefined {
    return at(this.table.synAckPacket, this.table.synAckNanos, this.at);
  }

  endPacket(side: Side): number {
    const fin = this.word(side, FIN_PACKET);
    const rst = this.word(side, RST_PACKET);
    return rst !== 0 && (fin === 0 || rst < fin) ? -rst : fin;
  }

  fin(side: Side): At | undefined {
    return this.moment(side, FIN_PACKET, FIN_NANOS);
  }

  rst(side: Side): At | undefined {
    return this.moment(side, RST_PACKET, RST_NANOS);
  }

  octets(side: Side): number {
    return this.number(side, OCTETS);
  }

  lostOctets(side: Side): number {
    return this.number(side, LOST_OCTETS);
  }

  lastData(side: Side): At | undefined {
    return this.moment(side, LAST_DATA_PACKET, LAST_DATA_NANOS);
  }

  lastDataAcknowledged(side: Side): At | undefined {
    if (this.has(side, HALF.unacknowledged)) return undefined;
    return this.moment(side, ACK_PACKET, ACK_NANOS);
  }

  isHeard(side: Side): boolean {
    return this.octets(side) > 0 || this.has(side, HALF.fin | HALF.rst);
  }

  get segmentSize(): number {
    const asked = this.half(0, this.table.synSegment);
    const peer = this.half(1, this.table.synSegment);
    return asked === 0 || peer === 0 ? 0 : Math.min(asked, peer);
  }

  get isEnded(): boolean {
    return this.has(0, HALF.fin | HALF.rst) || this.has(1, HALF.fin | HALF.rst);
  }

  get endNanos(): number {
    return Math.min(this.endNanosOf(0), this.endNanosOf(1));
  }

  get isRemarkable(): boolean {
    return this.remarks.size > 0 && this.remarks.has(this.at);
  }

  get former(): FormerOfSides | undefined {
    return this.remarks.get(this.at)?.former;
  }

  refuses(side: Side): boolean {
    if (!this.has(side, HALF.rst) || this.has(side, HALF.started)) return false;
    return (
      this.has(side, HALF.rstWithAck) && this.table.atReset[halfOf(placeOf(this.at, side))] === 0
    );
  }

  get challenge(): Challenge | undefined {
    return this.remarks.get(this.at)?.challenge;
  }

  get isOrderUnknown(): boolean {
    return this.order.isUnknown(this.flow) || this.known(this.at)?.beganEarlier === true;
  }

  get isBehindAnswer(): boolean {
    return this.has(0, HALF.late) || this.has(1, HALF.late);
  }

  get isReset(): boolean {
    return this.has(0, HALF.rst) || this.has(1, HALF.rst);
  }

  get isCut(): boolean {
    return this.has(0, HALF.cut) || this.has(1, HALF.cut);
  }

  get isHoled(): boolean {
    return this.has(0, HALF.holed) || this.has(1, HALF.holed);
  }

  get firstFinSide(): Side | undefined {
    const a = this.word(0, FIN_PACKET);
    const b = this.word(1, FIN_PACKET);
    if (a === 0 && b === 0) return undefined;
    return b === 0 || (a !== 0 && a < b) ? 0 : 1;
  }

  facts(client: Side): TcpFacts {
    const server = otherSide(client);
    const { syn, lastSyn, synAck } = this;
    // A SYN-ACK answers the last SYN before it, or an earlier one.
    const asked = lastSyn && synAck && lastSyn.packet < synAck.packet ? lastSyn : syn;
    const both = <T>(of: (side: Side) => T) => ({ client: of(client), server: of(server) });
    return {
      syn,
      synAck,
      isOrderUnknown: this.isOrderUnknown,
      isBehindAnswer: this.isBehindAnswer,
      incarnation: this.table.incarnation[this.at] as number,
      fin: both((side) => this.fin(side)),
      rst: both((side) => this.reset(side)),
      octets: both((side) => this.octets(side)),
      lostOctets: both((side) => this.lostOctets(side)),
      lastData: both((side) => this.lastData(side)),
      lastDataAcknowledged: both((side) => this.lastDataAcknowledged(side)),
      retransmissions: both((side) => this.word(side, RETRANSMISSIONS)),
      repeated: both((side) => this.repeated(side)),
      lastSeen: both((side) => this.moment(side, LAST_PACKET, LAST_NANOS)),
      synHopLimit: both((side) =>
        this.has(side, HALF.hopsDiffer)
          ? undefined
          : this.half(side, this.table.synHopLimit) || undefined,
      ),
      octetsAfterPeerFin: both((side) => this.octetsAfterPeerFin(side)),
      ...this.remarkable(client),
      plaintextStart: { client: undefined, server: undefined },
      smallestRoundTrip:
        asked && synAck && synAck.nanos > asked.nanos ? synAck.nanos - asked.nanos : undefined,
    };
  }

  private remarkable(client: Side) {
    const remarks = this.remarks.get(this.at) ?? NOTHING;
    const { conflicts, former, challenge, oldSegments, urgent, ignoredReset, unfilled } = remarks;
    const roleOf = (side: Side): Role => (side === client ? 'client' : 'server');
    const both = (of: readonly [At | undefined, At | undefined]) => ({
      client: of[client],
      server: of[otherSide(client)],
    });
    return {
      conflicts,
      former: former && {
        ...former,
        closedFirst: former.closedFirst === undefined ? undefined : roleOf(former.closedFirst),
      },
      challenge: challenge && {
        packet: challenge.packet,
        nanos: challenge.nanos,
        from: roleOf(challenge.side),
        isBeyond: challenge.isBeyond,
        reset: challenge.reset,
      },
      oldSegments: oldSegments.map(({ side, ...rest }) => ({ ...rest, from: roleOf(side) })),
      urgent: both(urgent),
      ignoredReset: both(ignoredReset),
      unfilled: { client: unfilled[client], server: unfilled[otherSide(client)] },
    };
  }

  /** What the direction repeats to the last, and its peer has not acknowledged. */
  private repeated(side: Side) {
    const found = this.repeats.of(halfOf(placeOf(this.at, side)));
    if (found === undefined || !this.has(side, HALF.unacknowledged)) return undefined;
    return found.last.packet === this.word(side, LAST_DATA_PACKET) ? found : undefined;
  }

  private octetsAfterPeerFin(side: Side): number {
    if (!this.has(otherSide(side), HALF.fin) || !this.has(side, HALF.started)) return 0;
    const { table } = this;
    const at = this.half(side, table.atPeerFin);
    return Math.max(0, ahead(this.word(side, FURTHEST), at));
  }

  private reset(side: Side) {
    const when = this.rst(side);
    if (when === undefined) return undefined;
    const withAck = this.has(side, HALF.rstWithAck);
    const ahead = this.half(side, this.table.rstAhead);
    // The FIN takes a number of its own.
    const fin = this.has(side, HALF.fin) ? 1 : 0;
    const missingOctets =
      this.has(side, HALF.started) && ahead >= 0 && ahead <= LIMITS.tcpWindowOctets
        ? Math.max(0, ahead - fin)
        : undefined;
    const hopLimit = this.half(side, this.table.rstHopLimit);
    return {
      ...when,
      withAck,
      window: this.half(side, this.table.rstWindow),
      hopLimit,
      missingOctets,
    };
  }

  private endNanosOf(side: Side): number {
    return Math.min(
      this.word(side, FIN_PACKET) === 0 ? Number.POSITIVE_INFINITY : this.number(side, FIN_NANOS),
      this.word(side, RST_PACKET) === 0 ? Number.POSITIVE_INFINITY : this.number(side, RST_NANOS),
    );
  }

  private half(side: Side, column: Int32Array | Uint16Array | Uint8Array): number {
    return column[halfOf(placeOf(this.at, side))] as number;
  }

  private has(side: Side, bits: number): boolean {
    return (this.word(side, FLAGS) & bits) !== 0;
  }

  private word(side: Side, what: number): number {
    return this.table.words[placeOf(this.at, side) + what] as number;
  }

  private number(side: Side, what: number): number {
    return this.table.numbers[(placeOf(this.at, side) >> 1) + what] as number;
  }

  private moment(side: Side, packet: number, nanos: number): At | undefined {
    const number = this.word(side, packet);
    return number === 0 ? undefined : { packet: number, nanos: this.number(side, nanos) };
  }
}

function at(packets: Int32Array, nanos: Float64Array, index: number): At | undefined {
  const packet = packets[index] as number;
  return packet === 0 ? undefined : { packet, nanos: nanos[index] as number };
}
