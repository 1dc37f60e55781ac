import { Grouped } from '../bytes/grouped.ts';
import { ip4Text } from '../bytes/ip-text.ts';
import type {
  CaptureIndex,
  ConnectionSummary,
  LateCloseFact,
  ServerConnections,
  ServerFacts,
  SharedRandomFact,
  SharedSessionFact,
  UnusedUpgradeFact,
} from '../model/capture-index.ts';
import { isTls13 } from '../model/code-points/versions.ts';
import type { MisplacedRecord } from '../model/decryption.ts';
import {
  type At,
  type ConnectionHistory,
  type Endpoint,
  OUTCOMES,
  STAGES,
} from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';
import type { SoundOddityCount } from '../model/sound-oddities.ts';
import {
  type FlowDirectory,
  otherSide,
  type Side,
  type TcpConnectionView,
} from '../model/stream.ts';
import type { UpgradeFact } from '../model/upgrade.ts';
import { type Accepted, AcceptedConnections } from './accepted-connections.ts';
import { HelloKinds } from './hello-kinds.ts';
import { KeptRows } from './kept-rows.ts';
import { KnownServer, type ServerSource } from './known-server.ts';
import { Offers } from './offers.ts';
import { openingOf } from './openings.ts';
import type { OtherViews } from './other-views.ts';
import type { RandomIndex } from './random-index.ts';
import { RowList } from './row-list.ts';
import { serverClose } from './server-close.ts';
import { type Remembered, ServerEvents } from './server-events.ts';
import { type Server, ServerRows } from './server-rows.ts';
import type { SessionIndex } from './session-index.ts';
import { endpointOf, SharedTexts, textOf } from './shared-texts.ts';
import { type RowNumbers, SummaryRows } from './summary-rows.ts';

/**
 * The rows that are kept of connections that are over, and what the capture shows about each server. Rows are columns of
 * numbers; a `ConnectionSummary` is built when a rule asks for it.
 *
 * Kept are the last rows, those of connections that went wrong or that a finding names, and of each server that something
 * went wrong with some of those that went well; of any other server at least one.
 */
export class ServerIndex implements CaptureIndex {
  connectionCount = 0;
  lastNanos = 0;
  droppedPackets: number | undefined;
  severalPoints = false;
  readonly lateCloses: LateCloseFact[] = [];
  readonly unusedUpgrades: UnusedUpgradeFact[] = [];
  unusedUpgradesOmitted = 0;
  /** Servers have more closes than are kept. */
  hasOmitted = false;
  private randoms: RandomIndex | undefined;
  private sessions: SessionIndex | undefined;
  private readonly views: OtherViews;
  /** What both had found at the end. */
  private ended: {
    readonly randoms: readonly SharedRandomFact[];
    readonly sessions: readonly SharedSessionFact[];
    readonly comparedUntil: number;
  } = { randoms: [], sessions: [], comparedUntil: Number.POSITIVE_INFINITY };
  private readonly flows: { readonly tcp: FlowDirectory; readonly udp: FlowDirectory };
  private readonly texts = new SharedTexts();
  /** A row has the number of its server. */
  private readonly all: ServerRows;
  private readonly events = new ServerEvents();
  private readonly source: ServerSource = {
    list: ({ events }, kind) => this.events.list(events, kind),
    omitted: ({ events }, kind) => this.events.omitted(events, kind),
    acceptedLast: (server) => this.acceptedBy(server),
    summariesOf: (server) => this.summariesOf(server),
  };
  /** What rules looked at last, by the number of the server. */
  private readonly known = new Map<number, ServerFacts>();
  private readonly rows = new SummaryRows();
  private readonly kept: KeptRows;
  private readonly accepted = new AcceptedConnections(LIMITS.acceptedConnections);
  private acceptedByServer: Grouped | undefined;
  /** Connections named by a finding before they were over. */
  private readonly awaited = new Set<number>();
  /** Places of rows by server: made when a rule looks. */
  private placesByServer: Grouped | undefined;
  /** What rules looked at last, by the number of the server. */
  private readonly summaries = new Map<number, ServerConnections>();
  private summariesKept = 0;
  private readonly hellos = new HelloKinds();
  /** Rare, by id. */
  private readonly suites = new Map<number, readonly number[]>();

  private readonly offers: Offers;

  constructor(
    randoms: RandomIndex,
    sessions: SessionIndex,
    flows: { readonly tcp: FlowDirectory; readonly udp: FlowDirectory },
    offers = new Offers(),
    limits?: { recent: number; elders: number },
  ) {
    this.kept = new KeptRows(
      this.rows.pages,
      (place) => this.isKept(place),
      (place) => this.gone(place),
      limits,
    );
    randoms.onShared = (id) => this.keep(id);
    sessions.onShared = (id) => this.keep(id);
    this.randoms = randoms;
    this.views = randoms.views;
    this.sessions = sessions;
    this.flows = flows;
    this.all = new ServerRows(flows);
    this.offers = offers;
  }

  /** Connections whose rows were given up. */
  get connectionsForgotten(): number {
    return this.kept.forgotten;
  }

  /** A finding names this connection, which may not be over: its row is kept. */
  keep(id: number): void {
    const place = this.kept.placeOf(id);
    if (place >= 0) this.rows.mark(place, NAMED);
    else if (this.awaited.size < LIMITS.connectionsKept) this.awaited.add(id);
  }

  misplaced: readonly MisplacedRecord[] = [];
  oddities: readonly SoundOddityCount[] = [];

  get sharedRandoms(): readonly SharedRandomFact[] {
    return this.randoms?.facts() ?? this.ended.randoms;
  }

  /** Other connections that show the same handshake, captured where addresses are others: those known by now. */
  otherViews(id: number): readonly number[] {
    return this.views.of(id, (other) => this.summary(other));
  }

  get randomsComparedUntil(): number {
    return this.randoms?.comparedUntil ?? this.ended.comparedUntil;
  }

  get sharedSessions(): readonly SharedSessionFact[] {
    return this.sessions?.shared() ?? this.ended.sessions;
  }

  /** All connections are over: what finds more of the same is let go. */
  end(): void {
    this.ended = {
      randoms: this.sharedRandoms,
      sessions: this.sharedSessions,
      comparedUntil: this.randomsComparedUntil,
    };
    this.randoms = undefined;
    this.sessions = undefined;
    for (const flows of Object.values(this.flows)) flows.close?.();
  }

  /** A connection is final: what of it must be known at the end. */
  add(history: ConnectionHistory, hello: RowNumbers): void {
    const { id } = history;
    if (id > this.connectionCount) this.connectionCount = id;
    const server = this.all.of(tableOf(history), hello.flow, otherSide(hello.clientSide));
    if (history.outcome !== 'no-handshake' || hasRecords(history)) server.speaksTls = true;
    const unanswered = hello.packet !== 0 && hello.answerPacket === 0;
    const failed = history.outcome === 'failed' || history.outcome === 'aborted';
    if (failed) server.failures++;
    if (failed || hello.transmissions > 1 || unanswered) server.remarkable = true;

    server.last = id;
    this.known.delete(server.number);
    const at = this.kept.add(id);
    if (this.placesByServer !== undefined) this.forgetLooks();
    // Healthy servers, and nearly all are, need nothing to be compared with.
    const isCompared = history.outcome !== 'established' || server.failures > 0;
    const compared = (isCompared && this.comparedHello(history, server)) || NOT_COMPARED;
    const flows = this.flows[tableOf(history)];
    const flags =
      (this.awaited.delete(id) ? NAMED : 0) |
      (flows.isOverTcp(hello.flow) ? OVER_TCP : 0) |
      compared.flags |
      (OUTCOMES.indexOf(history.outcome) << OUTCOME_BIT) |
      (STAGES.indexOf(history.stage) << STAGE_BIT) |
      (history.protocol === 'DTLS' ? 2 : 0) |
      (history.resumed === undefined ? 0 : history.resumed ? 12 : 4);
    this.rows.write(at, server.number, flags, history, hello, {
      name: this.texts.take(history.serverName),
      alpn: this.texts.take(history.alpn),
      hello: compared.hello,
      client: this.endOf(flows, hello.flow, hello.clientSide),
      server: server.isOthers ? this.endOf(flows, hello.flow, otherSide(hello.clientSide)) : 0,
      fatalAlert: history.outcome === 'established' ? undefined : fatalAlertOf(history),
    });
    if (hello.answeredClose !== undefined) this.addLateClose(history, server, hello.answeredClose);
  }

  /** What the endpoint of a connection is found by when its flow is forgotten: twice its key, or twice a text plus 1. */
  private endOf(flows: FlowDirectory, flow: number, side: Side): number {
    const key = flows.endpointKey(flow, side);
    if (typeof key === 'number') return 2 * key;
    return 2 * this.texts.take(textOf(flows.endpoint(flow, side))) + 1;
  }

  private endpointAt(end: number): Endpoint {
    if (end % 2 === 1) return endpointOf(this.texts.at((end - 1) / 2) ?? '');
    const key = end / 2;
    return { address: ip4Text(Math.floor(key / 0x10000)), port: key % 0x10000 };
  }

  /** What rules looked at is no longer all there is. */
  private forgetLooks(): void {
    this.placesByServer = undefined;
    this.summaries.clear();
    this.summariesKept = 0;
  }

  /** Is a row to be kept beyond the last ones? */
  private isKept(place: number): boolean {
    const bits = this.rows.flags(place);
    if ((bits & NAMED) !== 0 || ((bits >> OUTCOME_BIT) & 7) !== ESTABLISHED) return true;
    const server = this.all.at(this.rows.owner(place));
    if (server === undefined) return false;
    const isWanted = server.remarkable
      ? server.elders < LIMITS.successesKept
      : // So that it is known that somebody reached this server.
        server.elders === 0 && server.last === this.kept.idAt(place);
    if (!isWanted) return false;
    server.elders++;
    this.rows.mark(place, ELDER);
    return true;
  }

  private gone(place: number): void {
    const id = this.kept.idAt(place);
    const server = this.all.at(this.rows.owner(place));
    if (server !== undefined && (this.rows.flags(place) & ELDER) !== 0) server.elders--;
    const { name, alpn, client, server: end } = this.rows.read(place);
    this.texts.release(name);
    this.texts.release(alpn);
    for (const one of [client, end]) if (one % 2 === 1) this.texts.release((one - 1) / 2);
    this.rows.release(place);
    this.suites.delete(id);
  }

  /** Facts of a TCP connection, with TLS or without: who opened, refused, closed. `history` where it has TLS. */
  addTcp(view: TcpConnectionView, history: ConnectionHistory | undefined): void {
    const { initiator, synAck } = view;
    if (initiator === undefined) return;
    const serverSide = otherSide(initiator);
    // Nearly all connections have nothing that is worth a closer look.
    if (view.isRemarkable || view.isReset) this.addOpening(view, initiator, history?.id ?? 0);
    if (synAck === undefined) {
      this.addRefusal(view, initiator, serverSide);
      return;
    }
    const server = this.all.of('tcp', view.flow, serverSide);
    this.acceptedByServer = undefined;
    const former = this.accepted.add(server.number, synAck.packet, synAck.nanos, view.endNanos);
    if (former !== undefined) this.keepAccepted(former);
    const close = view.isEnded ? serverClose(view, serverSide, history) : undefined;
    if (close === undefined) return;
    if (!this.remember(server, 'closes', close)) {
      server.completeUntil = Math.min(server.completeUntil, close.nanos);
      this.hasOmitted = true;
    }
  }

  /** Only of a server that something happened to is it asked later what it accepted. */
  private keepAccepted(one: Accepted): void {
    const server = this.all.at(one.server);
    if (server === undefined) return;
    if (server.events === 0 || !this.events.add(server.events, 'accepted', one))
      server.forgottenUntil = Math.max(server.forgottenUntil, one.endNanos);
  }

  /** @returns false where the server has too many of them: then it is counted only */
  private remember<Kind extends keyof Remembered>(
    server: Server,
    kind: Kind,
    item: Remembered[Kind],
  ): boolean {
    if (server.events === 0) server.events = this.events.begin();
    server.remarkable = true;
    this.known.delete(server.number);
    return this.events.add(server.events, kind, item);
  }

  /** Somebody asked for TLS on a TCP connection that has none. */
  addUnusedUpgrade(view: TcpConnectionView, client: Side, upgrade: UpgradeFact): void {
    if (this.unusedUpgrades.length >= LIMITS.eventsPerServer) {
      this.unusedUpgradesOmitted++;
      return;
    }
    this.unusedUpgrades.push({
      client: view.endpoint(client),
      server: view.endpoint(otherSide(client)),
      stream: view.stream,
      upgrade,
    });
  }

  private addOpening(view: TcpConnectionView, client: Side, connection: number): void {
    const opening = openingOf(view, client, connection);
    if (opening === undefined) return;
    this.remember(this.all.of('tcp', view.flow, otherSide(client)), 'openings', opening);
  }

  /** Nothing but SYNs, refused or not answered at all. */
  private addRefusal(view: TcpConnectionView, initiator: Side, serverSide: Side): void {
    const { syn } = view;
    if (
      syn === undefined ||
      view.challenge !== undefined ||
      view.octets(0) + view.octets(1) > 0 ||
      view.rst(initiator) !== undefined
    )
      return;
    const reset = view.rst(serverSide);
    // A RST with a number of its own ends what a SYN-ACK had opened that the capture lacks.
    if (reset !== undefined && !view.refuses(serverSide)) return;
    this.remember(this.all.of('tcp', view.flow, serverSide), 'refusals', {
      client: view.endpoint(initiator),
      stream: view.stream,
      syn,
      transmissions: view.synTransmissions,
      reset,
      last: view.lastSyn ?? syn,
    });
  }

  summary(id: number): ConnectionSummary | undefined {
    const place = this.kept.placeOf(id);
    return place < 0 ? undefined : this.summaryAt(id, place);
  }

  private summaryAt(id: number, at: number): ConnectionSummary | undefined {
    const server = this.all.at(this.rows.owner(at));
    if (server === undefined) return undefined;
    const row = this.rows.read(at);
    const maybe = (when: At) => (when.packet === 0 ? undefined : when);
    const bits = this.rows.flags(at);
    return {
      id,
      protocol: (bits & 2) !== 0 ? 'DTLS' : 'TLS',
      transport: (bits & OVER_TCP) !== 0 ? 'tcp' : server.transport,
      stream: row.stream,
      client: this.endpointAt(row.client),
      server: row.server === 0 ? this.all.endpoint(server) : this.endpointAt(row.server),
      outcome: OUTCOMES[(bits >> OUTCOME_BIT) & 7] ?? 'incomplete',
      stage: STAGES[(bits >> STAGE_BIT) & 7] ?? 'none',
      version: row.version,
      cipherSuite: row.cipherSuite,
      resumed: (bits & 4) === 0 ? undefined : (bits & 8) !== 0,
      serverName: this.texts.at(row.name),
      start: row.start,
      end: row.end,
      hello: maybe(row.clientHello),
      helloTransmissions: row.helloTransmissions,
      answered: maybe(row.answer),
      helloOctets: row.helloOctets,
      segmentSize: row.segmentSize || undefined,
      offer: this.offers.of(row.offer),
      fatalAlert: row.fatalAlert,
      lastFromClient: maybe(row.lastFromClient),
      lastFromServer: maybe(row.lastFromServer),
      alpn: this.texts.at(row.alpn),
      group: row.hello & 0xffff || undefined,
      ...this.hellos.at(row.hello >>> 16),
      resumptionOffered: (bits & 16) === 0 ? undefined : (bits & 32) !== 0,
      offeredSuites: this.suites.get(id),
    };
  }

  server(transport: 'tcp' | 'udp', endpoint: Endpoint): ServerFacts | undefined {
    const server = this.all.find(transport, endpoint);
    return server && this.factsOf(server);
  }

  *servers(): Iterable<ServerFacts> {
    for (const server of this.all.remarkable()) yield this.factsOf(server);
  }

  private factsOf(server: Server): ServerFacts {
    let facts = this.known.get(server.number);
    if (facts === undefined) {
      facts = new KnownServer(server, this.all.endpoint(server), this.source);
      // Rules look at one server after the other, and keep by its facts what they worked out of them.
      if (this.known.size >= LIMITS.serversLookedAt) this.known.clear();
      this.known.set(server.number, facts);
    }
    return facts;
  }

  private acceptedBy(server: Server): readonly Accepted[] {
    const { accepted } = this;
    this.acceptedByServer ??= this.byServer(accepted.size, (at) => accepted.serverAt(at));
    return Array.from(this.acceptedByServer.of(server.number), (at) => accepted.at(at));
  }

  /** Of servers that something happened to. */
  private byServer(end: number, serverOf: (at: number) => number): Grouped {
    return new Grouped(this.all.size + 1, end, (at) => {
      const number = serverOf(at);
      return this.all.isRemarkable(number) ? number : -1;
    });
  }

  /** In order of time. Built only if a rule looks, and kept for the next look as long as there are not too many. */
  private summariesOf(server: Server): ServerConnections {
    const kept = this.summaries.get(server.number);
    if (kept !== undefined) return kept;
    const found = this.readSummaries(server);
    // Of what is built when somebody comes to it, a number each is at hand.
    this.summariesKept += Math.min(found.length, LIMITS.summariesKept);
    if (this.summariesKept > LIMITS.summariesKept) {
      this.summaries.clear();
      this.summariesKept = Math.min(found.length, LIMITS.summariesKept);
    }
    this.summaries.set(server.number, found);
    return found;
  }

  private readSummaries(server: Server): ServerConnections {
    const { kept, rows } = this;
    this.placesByServer ??= this.byServer(kept.end, (place) =>
      kept.idAt(place) === 0 ? 0 : rows.owner(place),
    );
    const places = Int32Array.from(this.placesByServer.of(server.number));
    if (places.length > LIMITS.summariesKept) return this.rowList(places);
    const found: ConnectionSummary[] = [];
    for (const place of places) {
      const summary = this.summaryAt(kept.idAt(place), place);
      if (summary !== undefined) found.push(summary);
    }
    return found.sort((a, b) => a.start.nanos - b.start.nanos || a.id - b.id);
  }

  /** The same without the summaries. */
  private rowList(places: Int32Array): RowList {
    const { kept, rows } = this;
    const starts = Float64Array.from(places, (place) => rows.read(place).start.nanos);
    const idAt = (n: number) => kept.idAt(places[n] as number);
    const order = Int32Array.from(places, (_, n) => n).sort(
      (a, b) => (starts[a] as number) - (starts[b] as number) || idAt(a) - idAt(b),
    );
    return new RowList(
      order.map((n) => places[n] as number),
      (place) => this.summaryAt(kept.idAt(place), place),
    );
  }

  /** What the hellos say that connections with a server may differ in. */
  private comparedHello(history: ConnectionHistory, server: Server): Compared | undefined {
    if (history.outcome === 'established' && server.compared++ >= LIMITS.hellosCompared)
      return undefined;
    const { clientHello } = history;
    if (clientHello === undefined) return undefined;
    const ticket = clientHello.extensions.some(
      (e) => (e.type === 35 && e.data.length > 0) || e.type === 41,
    );
    const offers13 = clientHello.versions.some(isTls13);
    const offered = ticket || (!offers13 && clientHello.sessionId.length > 0);
    const group = history.serverHello?.keyShareGroup ?? history.curve ?? 0;
    if (history.cipherSuite === undefined && this.suites.size < LIMITS.offersListed)
      this.suites.set(history.id, this.hellos.listed(clientHello.cipherSuites));
    return {
      flags: 16 | (offered ? 32 : 0),
      hello: (this.hellos.placeOf(history.fingerprints) << 16) | group,
    };
  }

  private addLateClose(
    history: ConnectionHistory,
    server: Server,
    close: { packet: number; lateNanos: number },
  ): void {
    if (close.lateNanos > LIMITS.promptAnswerNanos) server.remarkable = true;
    if (this.lateCloses.length >= LIMITS.findingsPerRule) return;
    this.lateCloses.push({ connection: history.id, server: history.server, ...close });
  }
}

/** Flags of a row, and its fingerprints' number beside the group of the key exchange. */
interface Compared {
  readonly flags: number;
  readonly hello: number;
}

const NOT_COMPARED: Compared = { flags: 0, hello: 0 };

/** Bits: 1 DTLS, 2 and 3 resumed, 4 and 5 resumption offered. */
const OVER_TCP = 1 << 6;
const OUTCOME_BIT = 8;
const STAGE_BIT = 11;
const ESTABLISHED = OUTCOMES.indexOf('established');
/** A finding names it; it counts among those of its server that went well and are kept. */
const NAMED = 1 << 14;
const ELDER = 1 << 15;

function fatalAlertOf({ alerts }: ConnectionHistory): ConnectionSummary['fatalAlert'] {
  const fatal = alerts.findLast((a) => !a.encrypted && a.level === 2);
  if (fatal === undefined) return undefined;
  const { description = 0, from, packet } = fatal;
  return { description, from, packet };
}

/** Which flows a connection has its own among: datagrams that TCP carries are among those of UDP. */
function tableOf({ protocol }: ConnectionHistory): 'tcp' | 'udp' {
  return protocol === 'DTLS' ? 'udp' : 'tcp';
}

/** One that was only expected to be TLS has none. */
const hasRecords = ({ records: { client, server } }: ConnectionHistory): boolean =>
  [client, server].some(
    (of) => of.handshake + of.alert + of.applicationData + of.changeCipherSpec > 0,
  );
