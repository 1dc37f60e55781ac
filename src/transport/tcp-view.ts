import type { At, Endpoint, TcpFacts } from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';
import { otherSide, type Side, type TcpConnectionView } from '../model/stream.ts';
import type { FlowTable } from './flow-table.ts';
import { HALF, type TcpTable } from './tcp-table.ts';

/** Speaks about one row of the TCP table at a time; nothing is built before it is asked for. */
export class TcpView implements TcpConnectionView {
  row = 0;
  private readonly table: TcpTable;
  private readonly flows: FlowTable;
  /** Rare, so kept beside the columns: packets whose octets differ from an earlier copy. */
  private readonly conflicts = new Map<number, At[]>();

  constructor(table: TcpTable, flows: FlowTable) {
    this.table = table;
    this.flows = flows;
  }

  select(row: number): this {
    this.row = row;
    return this;
  }

  addConflict(row: number, packet: number, nanos: number): void {
    const list = this.conflicts.get(row) ?? [];
    if (list.length < LIMITS.anomaliesPerConnection) list.push({ packet, nanos });
    this.conflicts.set(row, list);
  }

  forget(row: number): void {
    this.conflicts.delete(row);
  }

  get flow(): number {
    return this.table.flow[this.row] as number;
  }

  get stream(): number {
    return this.table.stream[this.row] as number;
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
      packet: this.table.firstPacket[this.row] as number,
      nanos: this.table.firstNanos[this.row] as number,
    };
  }

  get last(): At {
    return {
      packet: this.table.lastPacket[this.row] as number,
      nanos: this.table.lastNanos[this.row] as number,
    };
  }

  get initiator(): Side | undefined {
    const initiator = this.table.initiator[this.row] as number;
    return initiator === 0 ? undefined : ((initiator - 1) as Side);
  }

  get syn(): At | undefined {
    return at(this.table.synPacket, this.table.synNanos, this.row);
  }

  get lastSyn(): At | undefined {
    return at(this.table.lastSynPacket, this.table.lastSynNanos, this.row);
  }

  get synTransmissions(): number {
    return this.table.synCount[this.row] as number;
  }

  get synAck(): At | undefined {
    return at(this.table.synAckPacket, this.table.synAckNanos, this.row);
  }

  endPacket(side: Side): number {
    const half = this.row * 2 + side;
    const fin = this.table.finPacket[half] as number;
    const rst = this.table.rstPacket[half] as number;
    return rst !== 0 && (fin === 0 || rst < fin) ? -rst : fin;
  }

  fin(side: Side): At | undefined {
    return at(this.table.finPacket, this.table.finNanos, this.row * 2 + side);
  }

  rst(side: Side): At | undefined {
    return at(this.table.rstPacket, this.table.rstNanos, this.row * 2 + side);
  }

  octets(side: Side): number {
    return this.table.octets[this.row * 2 + side] as number;
  }

  lostOctets(side: Side): number {
    return this.table.lostOctets[this.row * 2 + side] as number;
  }

  lastData(side: Side): At | undefined {
    return at(this.table.lastDataPacket, this.table.lastDataNanos, this.row * 2 + side);
  }

  lastDataAcknowledged(side: Side): At | undefined {
    const half = this.row * 2 + side;
    if (((this.table.flags[half] as number) & HALF.unacknowledged) !== 0) return undefined;
    return at(this.table.ackPacket, this.table.ackNanos, half);
  }

  isHeard(side: Side): boolean {
    const half = this.row * 2 + side;
    const ended = HALF.fin | HALF.rst;
    return (
      (this.table.octets[half] as number) > 0 || ((this.table.flags[half] as number) & ended) !== 0
    );
  }

  get isEnded(): boolean {
    const half = this.row * 2;
    return (
      (((this.table.flags[half] as number) | (this.table.flags[half + 1] as number)) &
        (HALF.fin | HALF.rst)) !==
      0
    );
  }

  get endNanos(): number {
    const { finPacket, finNanos, rstPacket, rstNanos } = this.table;
    let end = Number.POSITIVE_INFINITY;
    for (let half = this.row * 2; half < this.row * 2 + 2; half++) {
      if (finPacket[half] !== 0) end = Math.min(end, finNanos[half] as number);
      if (rstPacket[half] !== 0) end = Math.min(end, rstNanos[half] as number);
    }
    return end;
  }

  get isReset(): boolean {
    const half = this.row * 2;
    return (
      (((this.table.flags[half] as number) | (this.table.flags[half + 1] as number)) & HALF.rst) !==
      0
    );
  }

  get firstFinSide(): Side | undefined {
    const a = this.table.finPacket[this.row * 2] as number;
    const b = this.table.finPacket[this.row * 2 + 1] as number;
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
      incarnation: this.table.incarnation[this.row] as number,
      fin: both((side) => this.fin(side)),
      rst: both((side) => this.reset(side)),
      octets: both((side) => this.octets(side)),
      lostOctets: both((side) => this.lostOctets(side)),
      lastData: both((side) => this.lastData(side)),
      lastDataAcknowledged: both((side) => this.lastDataAcknowledged(side)),
      retransmissions: both((side) => this.table.retransmissions[this.row * 2 + side] as number),
      conflicts: this.conflicts.get(this.row) ?? [],
      plaintextStart: { client: undefined, server: undefined },
      smallestRoundTrip:
        asked && synAck && synAck.nanos > asked.nanos ? synAck.nanos - asked.nanos : undefined,
    };
  }

  private reset(side: Side) {
    const when = this.rst(side);
    if (when === undefined) return undefined;
    const half = this.row * 2 + side;
    const withAck = ((this.table.flags[half] as number) & HALF.rstWithAck) !== 0;
    const ahead = this.table.rstAhead[half] as number;
    const started = ((this.table.flags[half] as number) & HALF.started) !== 0;
    // The FIN takes a number of its own.
    const fin = ((this.table.flags[half] as number) & HALF.fin) !== 0 ? 1 : 0;
    const missingOctets =
      started && ahead >= 0 && ahead <= LIMITS.tcpWindowOctets
        ? Math.max(0, ahead - fin)
        : undefined;
    return { ...when, withAck, window: this.table.rstWindow[half] as number, missingOctets };
  }
}

function at(packets: Int32Array, nanos: Float64Array, index: number): At | undefined {
  const packet = packets[index] as number;
  return packet === 0 ? undefined : { packet, nanos: nanos[index] as number };
}
