import type { At, ConnectionHistory, Endpoint, TcpFacts } from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';
import type { Neighbours } from '../model/rule.ts';
import {
  type FlowDirectory,
  otherSide,
  type Side,
  type TcpConnectionView,
} from '../model/stream.ts';
import { dtlsFacts } from './dtls-facts.ts';
import type { DtlsTracker } from './dtls-tracker.ts';
import type { FactsRecorder } from './facts-recorder.ts';
import { History, type Placement } from './history.ts';
import type { ServerIndex } from './server-index.ts';
import type { TlsTracker } from './tls-tracker.ts';

/** Takes each connection once it is final. The history is valid until the call returns. */
export interface HistorySink {
  connection(history: ConnectionHistory, neighbours: Neighbours): void;
}

const ALONE: Neighbours = { previous: undefined, next: undefined };

/** Turns rows into histories when a connection is final, hands them on, and gives the rows back. */
export class Finals {
  private readonly facts: FactsRecorder;
  private readonly tls: TlsTracker;
  private readonly dtls: DtlsTracker;
  private readonly flows: FlowDirectory;
  private readonly index: ServerIndex;
  private readonly sink: HistorySink;
  /** UDP flows whose newest association was closed: a ring in the order of closing. */
  private readonly closed = new Int32Array(LIMITS.closedConnections);
  private head = 0;
  private count = 0;

  constructor(
    facts: FactsRecorder,
    tls: TlsTracker,
    dtls: DtlsTracker,
    flows: FlowDirectory,
    index: ServerIndex,
    sink: HistorySink,
  ) {
    this.facts = facts;
    this.tls = tls;
    this.dtls = dtls;
    this.flows = flows;
    this.index = index;
    this.sink = sink;
    dtls.onClosed = (flow) => this.flowClosed(flow);
  }

  /** @param plaintextStart first octets of a direction that is not TLS */
  tcp(view: TcpConnectionView, plaintextStart: (side: Side) => Uint8Array | undefined): void {
    const row = this.tls.rowOf(view.row);
    if (row < 0) {
      this.index.addTcp(view, undefined);
      return;
    }
    const history = new History(this.facts, row, new TcpPlacement(view, plaintextStart));
    this.emit(history, ALONE);
    this.index.addTcp(view, history);
    this.tls.forget(view.row);
    this.facts.release(row);
  }

  /** All UDP flows that are left, in the order of their first association. */
  end(): void {
    const flows = new Map<number, number>();
    const { table } = this.dtls;
    for (let d = 0; d < table.end; d++) {
      const flow = table.flow[d] as number;
      if (this.dtls.newestOf(flow) < 0 || table.ordinal[d] !== 0 || !this.isOn(flow, d)) continue;
      flows.set(flow, this.facts.table.id[table.connection[d] as number] as number);
    }
    for (const [flow] of [...flows].sort((a, b) => a[1] - b[1])) this.flowFinal(flow);
  }

  private isOn(flow: number, d: number): boolean {
    for (
      let at = this.dtls.newestOf(flow);
      at >= 0;
      at = (this.dtls.table.previous[at] as number) - 1
    )
      if (at === d) return true;
    return false;
  }

  private flowClosed(flow: number): void {
    if (this.count === this.closed.length) {
      const oldest = this.closed[this.head] as number;
      this.head = (this.head + 1) % this.closed.length;
      this.count--;
      if (oldest !== flow && this.isClosed(oldest)) this.flowFinal(oldest);
    }
    this.closed[(this.head + this.count++) % this.closed.length] = flow;
  }

  private isClosed(flow: number): boolean {
    const d = this.dtls.newestOf(flow);
    if (d < 0) return false;
    const { closePacket } = this.dtls.table;
    return closePacket[2 * d] !== 0 || closePacket[2 * d + 1] !== 0;
  }

  private flowFinal(flow: number): void {
    const { table } = this.dtls;
    const associations: number[] = [];
    for (let d = this.dtls.newestOf(flow); d >= 0; d = (table.previous[d] as number) - 1)
      associations.unshift(d);
    if (associations.length === 0) return;
    const ids = associations.map(
      (d) => this.facts.table.id[table.connection[d] as number] as number,
    );
    const histories = associations.map(
      (d) =>
        new History(
          this.facts,
          table.connection[d] as number,
          new UdpPlacement(this.dtls, this.flows, flow, d, ids),
        ),
    );
    for (let i = 0; i < histories.length; i++) {
      const history = histories[i] as History;
      this.emit(
        history,
        histories.length === 1 ? ALONE : { previous: histories[i - 1], next: histories[i + 1] },
      );
    }
    this.dtls.release(flow);
  }

  private emit(history: History, neighbours: Neighbours): void {
    const { table } = this.facts;
    const { row } = history;
    this.index.add(history, {
      packet: table.helloPacket[row] as number,
      nanos: table.helloNanos[row] as number,
      transmissions: 1 + (table.helloAgain[row] as number),
      answerPacket: table.answerPacket[row] as number,
      answerNanos: table.answerNanos[row] as number,
      octets: table.clientHelloLength[row] as number,
    });
    this.sink.connection(history, neighbours);
  }
}

class TcpPlacement implements Placement {
  readonly protocol = 'TLS' as const;
  readonly stream: number;
  readonly first: At;
  readonly last: At;
  readonly initiator: Side | undefined;
  readonly ended: boolean;
  private readonly view: TcpConnectionView;
  private readonly plaintextStart: (side: Side) => Uint8Array | undefined;

  constructor(view: TcpConnectionView, plaintextStart: (side: Side) => Uint8Array | undefined) {
    this.view = view;
    this.plaintextStart = plaintextStart;
    this.stream = view.stream;
    this.first = view.first;
    this.last = view.last;
    this.initiator = view.initiator;
    this.ended = view.isEnded;
  }

  endpoint(side: Side): Endpoint {
    return this.view.endpoint(side);
  }

  tcp(client: Side): TcpFacts {
    const facts = this.view.facts(client);
    return {
      ...facts,
      plaintextStart: {
        client: this.plaintextStart(client),
        server: this.plaintextStart(otherSide(client)),
      },
    };
  }

  dtls(): undefined {
    return undefined;
  }
}

class UdpPlacement implements Placement {
  readonly protocol = 'DTLS' as const;
  readonly stream: number;
  readonly first: At;
  readonly last: At;
  readonly initiator = undefined;
  readonly ended: boolean;
  private readonly tracker: DtlsTracker;
  private readonly flows: FlowDirectory;
  private readonly flow: number;
  private readonly association: number;
  private readonly siblings: readonly number[];

  constructor(
    tracker: DtlsTracker,
    flows: FlowDirectory,
    flow: number,
    association: number,
    siblings: readonly number[],
  ) {
    const { table } = tracker;
    this.tracker = tracker;
    this.flows = flows;
    this.flow = flow;
    this.association = association;
    this.siblings = siblings;
    this.stream = flows.stream(flow);
    this.first = {
      packet: table.firstPacket[association] as number,
      nanos: table.firstNanos[association] as number,
    };
    this.last = {
      packet: table.lastPacket[association] as number,
      nanos: table.lastNanos[association] as number,
    };
    this.ended =
      table.closePacket[2 * association] !== 0 || table.closePacket[2 * association + 1] !== 0;
  }

  endpoint(side: Side): Endpoint {
    return this.flows.endpoint(this.flow, side);
  }

  tcp(): undefined {
    return undefined;
  }

  dtls(client: Side) {
    return dtlsFacts(this.tracker, this.association, client, this.siblings);
  }
}
