import type { At, ConnectionHistory, Endpoint, Role } from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';
import type { Neighbours } from '../model/rule.ts';
import {
  type FlowDirectory,
  otherSide,
  type Side,
  type TcpConnectionView,
} from '../model/stream.ts';
import type { TcpFacts } from '../model/tcp-facts.ts';
import type { Nanos } from '../model/time.ts';
import type { SaidFact, UpgradeFact } from '../model/upgrade.ts';
import type { Upgrade } from '../tls/plain-talks.ts';
import { SEEN } from './connection-table.ts';
import type { Association } from './dtls-association.ts';
import { AssociationFacts } from './dtls-facts.ts';
import type { DtlsTracker } from './dtls-tracker.ts';
import type { FactsRecorder } from './facts-recorder.ts';
import { History, type Placement } from './history.ts';
import { OddityTally } from './oddity-tally.ts';
import type { ServerIndex } from './server-index.ts';
import type { TlsTracker } from './tls-tracker.ts';

/** What the record stage knows of octets that were no TLS. */
export interface PlainParts {
  /** First octets of a direction that was never recognised. */
  plaintextStart(row: number, side: Side): Uint8Array | undefined;
  upgrade(row: number): Upgrade | undefined;
}

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
  readonly oddities: OddityTally;
  /** UDP flows whose newest association was closed: a ring in the order of closing. */
  private readonly closed = new Int32Array(LIMITS.closedConnections);
  private head = 0;
  private count = 0;
  /** The flow that is looked at next for having been silent too long. */
  private hand = 0;

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
    this.oddities = new OddityTally(facts.table);
    dtls.onClosed = (flow) => this.flowClosed(flow);
    dtls.associations.onCrowded = (flow) => this.makeRoom(flow);
  }

  tcp(view: TcpConnectionView, plain: PlainParts): void {
    const row = this.tls.rowOf(view.row);
    if (row < 0) {
      const upgrade = plain.upgrade(view.row);
      if (upgrade?.asker !== undefined)
        this.index.addUnusedUpgrade(view, upgrade.asker, upgradeFact(upgrade, upgrade.asker));
      this.index.addTcp(view, undefined);
      return;
    }
    if (view.isCut) this.facts.table.set(row, SEEN.cutPackets);
    const history = new History(
      this.facts,
      row,
      new TcpPlacement(view, plain, (side) => this.facts.saidGoodbye(row, side)),
    );
    this.emit(history, ALONE);
    this.index.addTcp(view, history);
    this.tls.forget(view.row);
    this.facts.release(row);
  }

  /** All UDP flows that are left, in the order of their first association. */
  end(): void {
    const flows: { flow: number; id: number }[] = [];
    for (const newest of this.dtls.associations.open()) {
      let first = newest;
      while (first.previous !== undefined) first = first.previous;
      flows.push({ flow: newest.flow, id: this.facts.table.id[first.row] as number });
    }
    flows.sort((a, b) => a.id - b.id);
    for (const { flow } of flows) this.flowFinal(flow);
  }

  /** A second of capture time has begun: flows of which nothing more is expected become final. */
  second(nanos: Nanos): void {
    const { associations } = this.dtls;
    // A round a minute, whatever the number of flows.
    const most = Math.max(LIMITS.flowsLookedAt, associations.flows >> 6);
    for (let n = Math.min(most, associations.flows); n > 0; n--) {
      const flow = this.nextFlow();
      const newest = associations.newestOf(flow);
      // Thousands of associations of one 5-tuple are not all looked at each second.
      if (newest === undefined || nanos - newest.last.nanos <= LIMITS.closedNanos) continue;
      const idle = nanos - lastOn(newest);
      if (idle > (isOver(newest) ? LIMITS.closedNanos : LIMITS.idleNanos)) this.flowFinal(flow);
    }
  }

  /** Of the next flows, the one that was silent longest. */
  private makeRoom(but: number): void {
    let found = -1;
    let earliest = Number.POSITIVE_INFINITY;
    for (
      let left = LIMITS.flowsLookedAt, n = this.dtls.associations.flows;
      left > 0 && n > 0;
      n--
    ) {
      const flow = this.nextFlow();
      const newest = this.dtls.associations.newestOf(flow);
      if (newest === undefined || flow === but) continue;
      left--;
      if (newest.last.nanos >= earliest) continue;
      const last = lastOn(newest);
      if (last >= earliest) continue;
      earliest = last;
      found = flow;
    }
    if (found >= 0) this.flowFinal(found);
  }

  private nextFlow(): number {
    if (this.hand >= this.dtls.associations.flows) this.hand = 0;
    return this.hand++;
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
    const newest = this.dtls.associations.newestOf(flow);
    return newest !== undefined && isClosed(newest);
  }

  private flowFinal(flow: number): void {
    const newest = this.dtls.associations.newestOf(flow);
    if (newest === undefined) return;
    if (newest.previous === undefined) {
      this.emit(this.historyOf(newest, [this.facts.table.id[newest.row] as number]), ALONE);
    } else {
      const associations: Association[] = [];
      for (let a: Association | undefined = newest; a !== undefined; a = a.previous)
        associations.push(a);
      associations.reverse();
      const ids = associations.map((a) => this.facts.table.id[a.row] as number);
      const histories = associations.map((a) => this.historyOf(a, ids));
      histories.forEach((history, i) => {
        this.emit(history, { previous: histories[i - 1], next: histories[i + 1] });
      });
    }
    this.dtls.release(flow, isOver(newest));
  }

  private historyOf(a: Association, siblings: readonly number[]): History {
    this.facts.takeAssociation(a);
    return new History(this.facts, a.row, new UdpPlacement(this.dtls, this.flows, a, siblings));
  }

  private emit(history: History, neighbours: Neighbours): void {
    const { table } = this.facts;
    const { row, clientSide, placement } = history;
    const unsealed = this.facts.unsealed.get(row);
    if (unsealed !== undefined) this.facts.owners?.add(history, unsealed);
    this.index.add(history, {
      flow: placement.flow,
      clientSide,
      packet: table.helloPacket[row] as number,
      nanos: table.helloNanos[row] as number,
      transmissions: 1 + (table.helloAgain[row] as number),
      answerPacket: table.answerPacket[row] as number,
      answerNanos: table.answerNanos[row] as number,
      octets: table.clientHelloLength[row] as number,
      offer: history.offer,
      lastFromClient: placement.lastFrom(clientSide) ?? NEVER,
      lastFromServer: placement.lastFrom(otherSide(clientSide)) ?? NEVER,
      answeredClose: placement.answeredClose(clientSide),
      segmentSize: placement.segmentSize,
    });
    this.oddities.add(history);
    this.sink.connection(history, neighbours);
  }
}

const NEVER: At = { packet: 0, nanos: 0 };

class TcpPlacement implements Placement {
  readonly protocol = 'TLS' as const;
  readonly transport = 'tcp' as const;
  readonly stream: number;
  readonly first: At;
  readonly last: At;
  readonly initiator: Side | undefined;
  readonly ended: boolean;
  private readonly view: TcpConnectionView;
  private readonly plain: PlainParts;
  private readonly upgraded: Upgrade | undefined;
  private readonly saidGoodbye: (side: Side) => boolean;

  /** @param saidGoodbye did this side send a record that may be a closing alert last? */
  constructor(view: TcpConnectionView, plain: PlainParts, saidGoodbye: (side: Side) => boolean) {
    this.saidGoodbye = saidGoodbye;
    this.view = view;
    this.plain = plain;
    this.upgraded = plain.upgrade(view.row);
    this.stream = view.stream;
    this.first = view.first;
    this.last = view.last;
    this.initiator = view.initiator;
    this.ended = view.isEnded;
  }

  endpoint(side: Side): Endpoint {
    return this.view.endpoint(side);
  }

  address(side: Side): string {
    return this.view.address(side);
  }

  port(side: Side): number {
    return this.view.port(side);
  }

  /** 1 still open; 2 closed by FINs, the first of them behind a record that may be a closing alert. */
  ordinaryClosing(): number {
    const { view } = this;
    // Rules look at how TLS began.
    if (view.isRemarkable || this.upgraded !== undefined) return 0;
    if (!view.isEnded) return 1;
    if (view.isReset) return 0;
    const first = view.firstFinSide;
    return first !== undefined && this.saidGoodbye(first) ? 2 : 0;
  }

  readonly isVerified = false;
  readonly isRemarked = false;

  get isClosedByBoth(): boolean {
    return this.saidGoodbye(0) && this.saidGoodbye(1);
  }

  get isResetAfterClose(): boolean {
    return this.view.isReset && (this.saidGoodbye(0) || this.saidGoodbye(1));
  }

  get flow(): number {
    return this.view.flow;
  }

  get isHoled(): boolean {
    return this.view.isHoled;
  }

  heard(side: Side): boolean {
    return this.view.isHeard(side);
  }

  lastEpoch(): number {
    return 0;
  }

  lastSequence(): number {
    return 0;
  }

  endPacket(side: Side): number {
    return this.view.endPacket(side);
  }

  get segmentSize(): number {
    return this.view.segmentSize;
  }

  lastFrom(side: Side): At | undefined {
    return this.view.lastData(side);
  }

  answeredClose(): undefined {
    return undefined;
  }

  tcp(client: Side): TcpFacts {
    const facts = this.view.facts(client);
    return {
      ...facts,
      plaintextStart: {
        client: this.plain.plaintextStart(this.view.row, client),
        server: this.plain.plaintextStart(this.view.row, otherSide(client)),
      },
    };
  }

  dtls(): undefined {
    return undefined;
  }

  upgrade(client: Side): UpgradeFact | undefined {
    return this.upgraded && upgradeFact(this.upgraded, client);
  }
}

class UdpPlacement implements Placement {
  readonly segmentSize = 0;
  readonly protocol = 'DTLS' as const;
  readonly transport: 'tcp' | 'udp';
  readonly stream: number;
  readonly first: At;
  readonly last: At;
  readonly initiator = undefined;
  readonly isHoled = false;
  readonly ended: boolean;
  private readonly tracker: DtlsTracker;
  private readonly flows: FlowDirectory;
  private readonly association: Association;
  private readonly siblings: readonly number[];

  constructor(
    tracker: DtlsTracker,
    flows: FlowDirectory,
    association: Association,
    siblings: readonly number[],
  ) {
    this.tracker = tracker;
    this.flows = flows;
    this.association = association;
    this.siblings = siblings;
    this.stream = flows.streamOf(association.flow);
    this.transport = flows.isOverTcp(association.flow) ? 'tcp' : 'udp';
    this.first = { packet: association.firstPacket, nanos: association.firstNanos };
    this.last = association.last;
    this.ended = isClosed(association);
  }

  endpoint(side: Side): Endpoint {
    return this.flows.endpoint(this.association.flow, side);
  }

  address(side: Side): string {
    return this.flows.address(this.association.flow, side);
  }

  port(side: Side): number {
    return this.flows.port(this.association.flow, side);
  }

  /** 1 open or closed by one side, 2 by both without delay; alone on its 5-tuple and without anything noted. */
  ordinaryClosing(): number {
    const { association } = this;
    if (this.siblings.length > 1 || this.tracker.anomalies.find(association) !== undefined)
      return 0;
    if (association.ids !== undefined || association.continues !== undefined) return 0;
    const [a, b] = association.sides;
    if (a.closePacket === 0 || b.closePacket === 0) return 1;
    return Math.abs(a.closeNanos - b.closeNanos) <= LIMITS.promptAnswerNanos ? 2 : 0;
  }

  readonly isResetAfterClose = false;

  get isClosedByBoth(): boolean {
    const [a, b] = this.association.sides;
    return a.closePacket !== 0 && b.closePacket !== 0;
  }

  get isVerified(): boolean {
    return this.association.cookie !== 0;
  }

  get isRemarked(): boolean {
    const { anomalies, flights } = this.tracker;
    return anomalies.find(this.association) !== undefined || flights.has(this.association);
  }

  get flow(): number {
    return this.association.flow;
  }

  heard(side: Side): boolean {
    const half = this.association.sides[side];
    return half.clearCount > 0 || half.protectedCount > 0 || half.others > 0;
  }

  lastEpoch(side: Side): number {
    return this.association.sides[side].epoch;
  }

  lastSequence(side: Side): number {
    return this.association.sides[side].lastSequence;
  }

  endPacket(): number {
    return 0;
  }

  lastFrom(side: Side): At | undefined {
    const half = this.association.sides[side];
    if (half.protectedCount > 0) return { packet: half.lastPacket, nanos: half.lastNanos };
    return half.clearCount > 0
      ? { packet: half.clearLastPacket, nanos: half.clearLastNanos }
      : undefined;
  }

  answeredClose(client: Side): { packet: number; lateNanos: number } | undefined {
    const mine = this.association.sides[client];
    const theirs = this.association.sides[otherSide(client)];
    if (mine.closePacket === 0 || theirs.closePacket === 0 || mine.closeNanos < theirs.closeNanos)
      return undefined;
    return { packet: mine.closePacket, lateNanos: mine.closeNanos - theirs.closeNanos };
  }

  tcp(): undefined {
    return undefined;
  }

  upgrade(): undefined {
    return undefined;
  }

  dtls(client: Side): AssociationFacts {
    return new AssociationFacts(this.tracker, this.flows, this.association, client, this.siblings);
  }
}

/** Both sides of every association of the flow have closed: none of them has anything more to say. */
function isOver(newest: Association): boolean {
  for (let a: Association | undefined = newest; a !== undefined; a = a.previous)
    if (a.sides[0].closePacket === 0 || a.sides[1].closePacket === 0) return false;
  return true;
}

/** When a flow had its last record, of whichever of its associations. */
function lastOn(newest: Association): Nanos {
  let last = newest.last.nanos;
  for (let a = newest.previous; a !== undefined; a = a.previous)
    last = Math.max(last, a.last.nanos);
  return last;
}

function isClosed({ sides: [a, b] }: Association): boolean {
  return a.closePacket !== 0 || b.closePacket !== 0;
}

function upgradeFact(upgrade: Upgrade, client: Side): UpgradeFact {
  const { asker, request, answer, pipelined, instead, ...rest } = upgrade;
  const roleOf = (side: Side): Role => (side === client ? 'client' : 'server');
  const said = (one: Upgrade['instead']): SaidFact | undefined =>
    one && { packet: one.packet, nanos: one.nanos, from: roleOf(one.side), line: one.line };
  const answered = said(answer);
  return {
    ...rest,
    request: request && { packet: request.packet, nanos: request.nanos },
    answer: answered && { ...answered, agreed: answer?.agreed },
    pipelined: said(pipelined),
    instead: said(instead),
  };
}
