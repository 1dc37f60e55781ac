import type { At, ConnectionHistory } from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';
import type { Neighbours } from '../model/rule.ts';
import { type FlowDirectory, otherSide, type TcpConnectionView } from '../model/stream.ts';
import type { Nanos } from '../model/time.ts';
import { SEEN } from './connection-table.ts';
import type { Association } from './dtls-association.ts';
import type { DtlsTracker } from './dtls-tracker.ts';
import { FIRST_DATA_EPOCH } from './dtls13-epochs.ts';
import type { FactsRecorder } from './facts-recorder.ts';
import { History } from './history.ts';
import { missedTls } from './missed-tls.ts';
import { OddityTally } from './oddity-tally.ts';
import type { ServerIndex } from './server-index.ts';
import { type PlainParts, TcpPlacement, upgradeFact } from './tcp-placement.ts';
import type { TlsTracker } from './tls-tracker.ts';
import { isClosed, UdpPlacement } from './udp-placement.ts';

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
    dtls.associations.onCrowded = () => this.makeRoom();
  }

  tcp(view: TcpConnectionView, plain: PlainParts): void {
    let row = this.tls.rowOf(view.row);
    if (row < 0 && missedTls(view, plain)) {
      this.tls.recognised(view.row, 0, view.last.packet, view.last.nanos);
      row = this.tls.rowOf(view.row);
    }
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
      flows.push({ flow: newest.flow, id: first.id });
    }
    this.dtls.associations.end();
    flows.sort((a, b) => a.id - b.id);
    for (const { flow } of flows) this.flowFinal(flow);
  }

  /** A second of capture time has begun: flows of which nothing more is expected become final. */
  second(nanos: Nanos): void {
    const { associations } = this.dtls;
    // A round a minute, whatever the number of flows.
    const { size } = associations.openFlows;
    const most = Math.max(LIMITS.flowsLookedAt, size >> 5);
    for (let n = Math.min(most, size); n > 0; n--) {
      const newest = this.nextOpen();
      // Thousands of associations of one 5-tuple are not all looked at each second.
      if (newest === undefined || nanos - newest.last.nanos <= LIMITS.closedNanos) continue;
      const idle = nanos - lastOn(newest);
      const patience = this.patienceWith(newest);
      if (idle > patience) this.flowFinal(newest.flow);
      else if (patience === LIMITS.idleNanos) this.dtls.silent(newest);
    }
  }

  /** How long after the last record of a flow another one may come. */
  private patienceWith(newest: Association): Nanos {
    if (newest.isPacked) return LIMITS.idleNanos;
    if (isOver(newest)) return LIMITS.closedNanos;
    for (let a: Association | undefined = newest; a !== undefined; a = a.previous)
      if (!this.isHandshake(a)) return LIMITS.idleNanos;
    return LIMITS.handshakeNanos;
  }

  /** A handshake that is not complete, and nothing behind it. */
  private isHandshake({ row, sides }: Association): boolean {
    const { table } = this.facts;
    if (!table.has(row, SEEN.clientHello)) return false;
    if (table.has(row, SEEN.clientFinished) && table.has(row, SEEN.serverFinished)) return false;
    return sides.every((half) => half.applicationData === 0 && half.epoch < FIRST_DATA_EPOCH);
  }

  /** Of the next flows, the one that was silent longest. */
  private makeRoom(): void {
    let found = -1;
    let earliest = Number.POSITIVE_INFINITY;
    for (let n = LIMITS.flowsLookedAt; n > 0; n--) {
      const newest = this.nextOpen();
      if (newest === undefined || newest.last.nanos >= earliest) continue;
      const last = lastOn(newest);
      if (last >= earliest) continue;
      earliest = last;
      found = newest.flow;
    }
    if (found >= 0) this.flowFinal(found);
  }

  /** Goes round the flows that have associations. */
  private nextOpen(): Association | undefined {
    const { openFlows } = this.dtls.associations;
    if (this.hand >= openFlows.size) this.hand = 0;
    return openFlows.size === 0
      ? undefined
      : this.dtls.associations.newestOf(openFlows.at(this.hand++));
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
      this.emit(this.historyOf(newest, [newest.id]), ALONE);
    } else {
      const associations: Association[] = [];
      for (let a: Association | undefined = newest; a !== undefined; a = a.previous)
        associations.push(a);
      associations.reverse();
      const ids = associations.map(({ id }) => id);
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
