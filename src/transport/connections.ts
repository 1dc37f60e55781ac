/**
 * TCP connections from their first packet until nothing more is expected of them.
 *
 *     ┌──────────────── packet ─────────────────┐
 *     ▼                                         │
 *   awake ──silent while many others speak──▶ asleep ──LIMITS.idleNanos──▶ final
 *     └──FIN, RST──▶ closed ──LIMITS.closedNanos, or too many────────────▶
 *
 * One that is awake has a row in `TcpTable`, one that is asleep lies packed in `Sleepers`. The rooms behind know a
 * connection by one number (an id here, a row there) until it is final, and do not notice.
 */
import { Columns } from '../bytes/columns.ts';
import { LIMITS } from '../model/limits.ts';
import type { StreamSink } from '../model/stream.ts';
import { ClosedQueue } from './closed-queue.ts';
import { HOLD } from './flow-holder.ts';
import { FlowState } from './flow-state.ts';
import type { Reassembly } from './reassembly.ts';
import { Sleepers } from './sleepers.ts';
import {
  EARLY,
  ID,
  LAST_PACKET,
  peerOf,
  placeOf,
  SENDER,
  STATE,
  type TcpTable,
} from './tcp-table.ts';
import type { TcpView } from './tcp-view.ts';

class Ids extends Columns {
  /** The row plus 1; `~flow` of one that is asleep; 0 for none. */
  where = new Int32Array(512);

  constructor() {
    super(512);
  }
}

export class Connections {
  readonly perFlow = new FlowState();
  private readonly table: TcpTable;
  private readonly view: TcpView;
  private readonly reassembly: Reassembly;
  private readonly sink: StreamSink;
  private readonly closed = new ClosedQueue();
  private readonly sleepers: Sleepers;
  private readonly ids = new Ids();
  /** The id that is looked at next for having been idle too long; the row, for being quiet. */
  private hand = 0;
  private turn = 0;
  private serial = 0;

  constructor(table: TcpTable, view: TcpView, reassembly: Reassembly, sink: StreamSink) {
    this.table = table;
    this.view = view;
    this.reassembly = reassembly;
    this.sink = sink;
    this.sleepers = new Sleepers(table);
  }

  /** The flow and the stream of a connection that is awake. */
  placeOf(id: number): { readonly flow: number; readonly stream: number } {
    const row = (this.ids.where[id] as number) - 1;
    const { flow, stream } = this.table;
    return { flow: flow[row] as number, stream: stream[row] as number };
  }

  /** Wakes the present connection of a flow, which is not awake. @returns its row; -1 if there is none */
  wake(flow: number, packet: number): number {
    // Here, as nobody is in the midst of anything.
    this.settle(packet);
    return (this.perFlow.row[flow] as number) < 0 ? this.rouse(flow) : -1;
  }

  /** A connection begins on a flow. @returns its row */
  begin(flow: number, packet: number, nanos: number): number {
    const { table, perFlow, ids } = this;
    this.sweep(nanos);
    if (!this.closed.isEmpty) this.expire(nanos);
    const row = table.take();
    const stream = perFlow.stream(flow);
    table.flow[row] = flow;
    table.stream[row] = stream;
    table.incarnation[row] = perFlow.hosted(flow) - 1;
    table.firstPacket[row] = packet;
    table.firstNanos[row] = nanos;
    table.serial[row] = ++this.serial;
    const id = ids.take();
    ids.where[id] = row + 1;
    for (let side = 0; side < 2; side++) {
      const place = placeOf(row, side);
      table.words[place + ID] = id;
      table.words[place + SENDER] = 2 * stream + side;
    }
    perFlow.row[flow] = row + 1;
    return row;
  }

  /** The connection is over, but its last packets may still come: it is final only later. */
  close(row: number): void {
    if (this.table.state[row] !== STATE.open) return;
    this.table.state[row] = STATE.closed;
    if (this.closed.isFull) this.finish(this.closed.shift());
    this.closed.add(row);
  }

  /** @returns what is lost when a flow is forgotten, one of `HOLD` */
  holds(flow: number): number {
    const { table, perFlow } = this;
    const row = (perFlow.row[flow] as number) - 1;
    if (row < 0) return row < -1 && perFlow.hadData(flow) ? HOLD.something : HOLD.nothing;
    return table.state[row] === STATE.open && table.hasData(row) ? HOLD.something : HOLD.nothing;
  }

  /** What is left on a flow becomes final, and its number may be that of another. */
  forget(flow: number): void {
    const { perFlow, table, closed, view } = this;
    for (let present = perFlow.row[flow] as number; present !== 0; ) {
      const row = present > 0 ? present - 1 : this.rouse(flow);
      if (table.state[row] === STATE.closed) closed.remove(row);
      this.finish(row);
      present = perFlow.row[flow] as number;
    }
    perFlow.forget(flow);
    view.order.forget(flow);
  }

  /** What seemed to close the connection did not: it goes on. */
  reopen(row: number): void {
    if (this.table.state[row] !== STATE.closed) return;
    this.table.state[row] = STATE.open;
    this.closed.remove(row);
  }

  /** A second of capture time has begun: connections of which nothing more is expected become final. */
  second(nanos: number): void {
    this.expire(nanos);
    // A round a minute, whatever the number of connections.
    for (let n = Math.max(LIMITS.flowsLookedAt, this.ids.end >> 5); n > 0; n -= 2)
      this.sweep(nanos);
  }

  /** Everything that is still open becomes final. */
  end(): void {
    const { ids, perFlow, sleepers, table } = this;
    // In the order of the connections, so that short captures report by number.
    const order = new Float64Array(ids.size);
    let count = 0;
    for (let id = 0; id < ids.end; id++) {
      const where = ids.where[id] as number;
      if (where === 0) continue;
      const serial =
        where > 0
          ? (table.serial[where - 1] as number)
          : sleepers.serial(-(perFlow.row[~where] as number));
      order[count++] = serial * ids.end + id;
    }
    perFlow.end();
    sleepers.end();
    for (const key of order.sort()) this.finish(this.rowOf(key % ids.end));
  }

  private rowOf(id: number): number {
    const where = this.ids.where[id] as number;
    return where > 0 ? where - 1 : this.rouse(~where);
  }

  private expire(nanos: number): void {
    const { closed, table } = this;
    while (!closed.isEmpty && nanos - table.lastNanos(closed.oldest) >= LIMITS.closedNanos)
      this.finish(closed.shift());
  }

  /** Looks at two connections for each that begins, so that every one is looked at before they are twice as many. */
  private sweep(nanos: number): void {
    const { ids } = this;
    for (let i = 0; i < 2 && ids.end > 0; i++) {
      if (this.hand >= ids.end) this.hand = 0;
      const id = this.hand++;
      if (this.isIdle(ids.where[id] as number, nanos)) this.finish(this.rowOf(id));
    }
  }

  private isIdle(where: number, nanos: number): boolean {
    const { table } = this;
    if (where > 0 && table.state[where - 1] !== STATE.open) return false;
    const last =
      where > 0
        ? table.lastNanos(where - 1)
        : this.sleepers.lastNanos(-(this.perFlow.row[~where] as number));
    return where !== 0 && nanos - last > LIMITS.idleNanos;
  }

  private finish(row: number): void {
    const { table } = this;
    const packet = table.words[table.lastPlace(row) + LAST_PACKET] as number;
    const nanos = table.lastNanos(row);
    this.reassembly.finish(placeOf(row, 0), packet, nanos);
    this.reassembly.finish(placeOf(row, 1), packet, nanos);
    this.view.select(row);
    this.sink.final(this.view);
    this.view.forget(row);
    this.unlink(table.flow[row] as number, row);
    const id = table.words[placeOf(row, 0) + ID] as number;
    this.ids.where[id] = 0;
    this.ids.release(id);
    this.free(row);
  }

  /** The flow goes on with the connection before, if it still lives. */
  private unlink(flow: number, row: number): void {
    const { former } = this.table;
    const present = this.perFlow.row[flow] as number;
    if (present === row + 1) {
      this.perFlow.row[flow] = former[row] as number;
      return;
    }
    // One that is asleep has none before it.
    for (let later = present; later > 0; later = former[later - 1] as number)
      if (former[later - 1] === row + 1) former[later - 1] = 0;
  }

  private free(row: number): void {
    this.table.state[row] = STATE.final;
    this.table.release(row);
  }

  // ------------------------------------------------------------------------------------------------ sleep

  /** Where many are awake, looks at some for each that begins or wakes. */
  private settle(packet: number): void {
    const { table } = this;
    let left: number = LIMITS.rowsLookedAt;
    while (left-- > 0 && table.size > LIMITS.unpackedConnections) {
      if (this.turn >= table.end) this.turn = 0;
      const row = this.turn++;
      if (this.isQuiet(row, packet)) this.sleep(row);
    }
  }

  /** Nothing was heard of it for long, and nothing else knows it by its row. */
  private isQuiet(row: number, packet: number): boolean {
    const { words, state, former, flow } = this.table;
    const place = placeOf(row, 0);
    const peer = peerOf(place);
    const since = packet - LIMITS.silentPackets;
    return (
      (words[place + LAST_PACKET] as number) < since &&
      (words[peer + LAST_PACKET] as number) < since &&
      state[row] === STATE.open &&
      ((words[place + EARLY] as number) | (words[peer + EARLY] as number)) === 0 &&
      former[row] === 0 &&
      this.perFlow.row[flow[row] as number] === row + 1 &&
      !this.view.isNoted(row)
    );
  }

  private sleep(row: number): void {
    const handle = this.sleepers.put(row);
    if (handle === 0) return;
    const { table } = this;
    const flow = table.flow[row] as number;
    this.perFlow.sleeps(flow, handle, table.hasData(row));
    const id = table.words[placeOf(row, 0) + ID] as number;
    this.ids.where[id] = ~flow;
    this.free(row);
    this.sink.quiet?.(id);
  }

  private rouse(flow: number): number {
    const { table, perFlow } = this;
    const row = table.take();
    this.sleepers.take(-(perFlow.row[flow] as number), row);
    this.ids.where[table.words[placeOf(row, 0) + ID] as number] = row + 1;
    perFlow.row[flow] = row + 1;
    return row;
  }
}
