import { PAGE_ROWS, RowPages } from '../bytes/row-pages.ts';
import type { MisplacedRecord } from '../model/decryption.ts';
import {
  type At,
  type CaptureIndex,
  type ConnectionHistory,
  type ConnectionSummary,
  type Endpoint,
  type LateCloseFact,
  OUTCOMES,
  type RefusalFact,
  type ServerCloseFact,
  type ServerFacts,
  type SharedRandomFact,
  type SharedSessionFact,
  STAGES,
  type UnusedUpgradeFact,
} from '../model/history.ts';
import type { OpeningFact } from '../model/incarnation.ts';
import { LIMITS } from '../model/limits.ts';
import type { SoundOddityCount } from '../model/sound-oddities.ts';
import {
  type FlowDirectory,
  otherSide,
  type Side,
  type TcpConnectionView,
} from '../model/stream.ts';
import type { UpgradeFact } from '../model/upgrade.ts';
import { HelloKinds } from './hello-kinds.ts';
import { isTls13 } from './history.ts';
import { Offers } from './offers.ts';
import { openingOf } from './openings.ts';
import type { RandomIndex } from './random-index.ts';
import { mayBeAlert13 } from './record-sizes.ts';
import type { SessionIndex } from './session-index.ts';

/** What is kept of a server endpoint. */
interface Server {
  /** Place in the list of servers, plus 1. */
  readonly number: number;
  readonly transport: 'tcp' | 'udp';
  /** A flow that it is an end of, and which. */
  readonly flow: number;
  readonly side: Side;
  speaksTls: boolean;
  /** Something failed, closed unexpectedly or was refused: worth a rule's attention. */
  remarkable: boolean;
  /** Its connections that failed or were aborted. */
  failures: number;
  /** Its connections whose hellos are kept in short. */
  compared: number;
  facts: ServerFacts | undefined;
  /** Ids of its first and last connection, 0 for none; each row has the one after it. */
  first: number;
  last: number;
  /** Most servers have none of these. */
  closes: ServerCloseFact[] | undefined;
  refusals: RefusalFact[] | undefined;
  openings: OpeningFact[] | undefined;
  /** SYN-ACKs: packet, moment, and when that connection ended; three numbers each. */
  accepted: number[] | undefined;
}

/**
 * The row that is kept of every connection until the end, and what the capture shows about each server. Rows are columns
 * of numbers; a `ConnectionSummary` is built when a rule asks for it.
 */
export class ServerIndex implements CaptureIndex {
  connectionCount = 0;
  lastNanos = 0;
  droppedPackets: number | undefined;
  severalPoints = false;
  readonly lateCloses: LateCloseFact[] = [];
  readonly unusedUpgrades: UnusedUpgradeFact[] = [];
  private readonly randoms: RandomIndex;
  private readonly sessions: SessionIndex;
  private readonly flows: { readonly tcp: FlowDirectory; readonly udp: FlowDirectory };
  private readonly known = {
    tcp: new Map<number | string, Server>(),
    udp: new Map<number | string, Server>(),
  };
  private readonly names: (string | undefined)[] = [];
  private readonly alpns: (string | undefined)[] = [];
  /** All servers, in the order of their appearance; a row has its place plus 1. */
  private readonly owners: Server[] = [];
  private readonly rows = new RowPages(INTS, TIMES);
  /** The server's next connection, by connection: kept also where the row is not. */
  private readonly following = new RowPages(1, 0);
  /** Connections whose rows were given up, the first ones. */
  forgotten = 0;
  /** Stand for all servers beyond the limit; no rule sees them. */
  private readonly others: { tcp?: Server; udp?: Server } = {};
  /** What rules looked at last. */
  private readonly summaries = new Map<Server, readonly ConnectionSummary[]>();
  private summariesKept = 0;
  /** Rare parts by id. */
  private readonly fatals = new Map<number, NonNullable<ConnectionSummary['fatalAlert']>>();
  private readonly hellos = new HelloKinds();
  private readonly suites = new Map<number, readonly number[]>();

  private readonly offers: Offers;

  constructor(
    randoms: RandomIndex,
    sessions: SessionIndex,
    flows: { readonly tcp: FlowDirectory; readonly udp: FlowDirectory },
    offers = new Offers(),
  ) {
    this.randoms = randoms;
    this.sessions = sessions;
    this.flows = flows;
    this.offers = offers;
  }

  misplaced: readonly MisplacedRecord[] = [];
  oddities: readonly SoundOddityCount[] = [];

  get sharedRandoms(): readonly SharedRandomFact[] {
    return this.randoms.facts();
  }

  get sharedSessions(): readonly SharedSessionFact[] {
    return this.sessions.shared();
  }

  /** A connection is final: what of it must be known at the end. */
  add(history: ConnectionHistory, hello: RowNumbers): void {
    const id = history.id;
    const at = id - 1;
    const { rows } = this;
    rows.reserve(at);
    if (id > this.connectionCount) this.connectionCount = id;
    this.forget(this.connectionCount - LIMITS.connectionsKept);
    const server = this.serverOf(history.transport, hello.flow, otherSide(hello.clientSide));
    server.speaksTls = true;
    const unanswered = hello.packet !== 0 && hello.answerPacket === 0;
    const failed = history.outcome === 'failed' || history.outcome === 'aborted';
    if (failed) server.failures++;
    if (failed || hello.transmissions > 1 || unanswered) server.remarkable = true;

    const ints = rows.intsOf(at);
    const times = rows.floatsOf(at);
    // It began so long ago that its row was given up while it was open.
    if (ints === undefined || times === undefined) return;
    this.names[at] = history.serverName;
    this.link(server, id);
    const i = rows.intsAt(at);
    const t = rows.floatsAt(at);
    ints[i] =
      1 |
      (hello.clientSide << 6) |
      (OUTCOMES.indexOf(history.outcome) << OUTCOME_BIT) |
      (STAGES.indexOf(history.stage) << STAGE_BIT) |
      (history.protocol === 'DTLS' ? 2 : 0) |
      (history.resumed === undefined ? 0 : history.resumed ? 12 : 4);
    ints[i + 1] = history.stream;
    ints[i + 11] = hello.flow;
    ints[i + 2] = server.number;
    ints[i + 3] = history.version ?? 0;
    ints[i + 4] = (history.cipherSuite ?? -1) + 1;
    ints[i + 5] = history.firstPacket;
    times[t] = history.startNanos;
    ints[i + 6] = history.lastPacket;
    times[t + 1] = history.endNanos;
    ints[i + 7] = hello.packet;
    times[t + 2] = hello.nanos;
    ints[i + 8] = hello.transmissions;
    ints[i + 9] = hello.answerPacket;
    times[t + 3] = hello.answerNanos;
    ints[i + 10] = hello.octets;
    ints[i + 12] = hello.lastFromClient.packet;
    times[t + 4] = hello.lastFromClient.nanos;
    ints[i + 13] = hello.lastFromServer.packet;
    ints[i + 14] = hello.offer;
    times[t + 5] = hello.lastFromServer.nanos;
    ints[i + 15] = 0;
    if (history.outcome !== 'established') this.addFailure(history);
    // Healthy servers, and nearly all are, need nothing to be compared with.
    if (history.outcome !== 'established' || server.failures > 0)
      this.addHello(history, server, ints, i);
    this.alpns[at] = history.alpn;
    if (hello.answeredClose !== undefined) this.addLateClose(history, server, hello.answeredClose);
  }

  /** Gives up the rows of the first connections, a page at a time. */
  private forget(count: number): void {
    while (this.forgotten + PAGE_ROWS <= count) {
      this.rows.drop(this.forgotten);
      for (let left = PAGE_ROWS; left > 0; left--) {
        const at = this.forgotten++;
        this.names[at] = undefined;
        this.alpns[at] = undefined;
        this.fatals.delete(at + 1);
        this.suites.delete(at + 1);
      }
    }
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
    const server = this.serverOf('tcp', view.flow, serverSide);
    server.accepted ??= [];
    if (server.accepted.length < 3 * LIMITS.eventsPerServer)
      server.accepted.push(synAck.packet, synAck.nanos, view.endNanos);
    const close = view.isEnded ? serverClose(view, serverSide, history) : undefined;
    if (close === undefined) return;
    server.closes ??= [];
    if (server.closes.length < LIMITS.eventsPerServer) server.closes.push(close);
    server.remarkable = true;
  }

  /** Somebody asked for TLS on a TCP connection that has none. */
  addUnusedUpgrade(view: TcpConnectionView, client: Side, upgrade: UpgradeFact): void {
    if (this.unusedUpgrades.length >= LIMITS.eventsPerServer) return;
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
    const server = this.serverOf('tcp', view.flow, otherSide(client));
    server.openings ??= [];
    if (server.openings.length < LIMITS.eventsPerServer) server.openings.push(opening);
    server.remarkable = true;
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
    const server = this.serverOf('tcp', view.flow, serverSide);
    server.refusals ??= [];
    if (server.refusals.length >= LIMITS.eventsPerServer) return;
    server.refusals.push({
      client: view.endpoint(initiator),
      stream: view.stream,
      syn,
      transmissions: view.synTransmissions,
      reset,
      last: view.lastSyn ?? syn,
    });
    server.remarkable = true;
  }

  summary(id: number): ConnectionSummary | undefined {
    const at = id - 1;
    const { rows } = this;
    const ints = at < 0 ? undefined : rows.intsOf(at);
    const times = rows.floatsOf(at);
    if (ints === undefined || times === undefined) return undefined;
    const i = rows.intsAt(at);
    const t = rows.floatsAt(at);
    const server = this.owners[(ints[i + 2] as number) - 1];
    if (server === undefined) return undefined;
    const when = (k: number, n: number) => ({
      packet: ints[i + k] as number,
      nanos: times[t + n] as number,
    });
    const maybe = (k: number, n: number) => (ints[i + k] === 0 ? undefined : when(k, n));
    const bits = ints[i] as number;
    const version = ints[i + 3] as number;
    return {
      id,
      protocol: (bits & 2) !== 0 ? 'DTLS' : 'TLS',
      stream: ints[i + 1] as number,
      client: this.flows[server.transport].endpoint(
        ints[i + 11] as number,
        (((ints[i] as number) >> 6) & 1) as Side,
      ),
      server: this.flows[server.transport].endpoint(
        ints[i + 11] as number,
        otherSide(((bits >> 6) & 1) as Side),
      ),
      outcome: OUTCOMES[(bits >> OUTCOME_BIT) & 7] ?? 'incomplete',
      stage: STAGES[(bits >> STAGE_BIT) & 7] ?? 'none',
      version: version === 0 ? undefined : version,
      cipherSuite: ints[i + 4] === 0 ? undefined : (ints[i + 4] as number) - 1,
      resumed: (bits & 4) === 0 ? undefined : (bits & 8) !== 0,
      serverName: this.names[at],
      start: when(5, 0),
      end: when(6, 1),
      hello: maybe(7, 2),
      helloTransmissions: ints[i + 8] as number,
      answered: maybe(9, 3),
      helloOctets: ints[i + 10] as number,
      offer: this.offers.of(ints[i + 14] as number),
      fatalAlert: this.fatals.get(id),
      lastFromClient: maybe(12, 4),
      lastFromServer: maybe(13, 5),
      alpn: this.alpns[at],
      group: (ints[i + 15] as number) & 0xffff || undefined,
      ...this.hellos.at((ints[i + 15] as number) >>> 16),
      resumptionOffered: (bits & 16) === 0 ? undefined : (bits & 32) !== 0,
      offeredSuites: this.suites.get(id),
    };
  }

  server(transport: 'tcp' | 'udp', endpoint: Endpoint): ServerFacts | undefined {
    const server = this.known[transport].get(keyOf(endpoint));
    return server?.remarkable ? this.factsOf(server) : undefined;
  }

  *servers(): Iterable<ServerFacts> {
    for (const known of [this.known.tcp, this.known.udp])
      for (const server of known.values()) if (server.remarkable) yield this.factsOf(server);
  }

  private factsOf(server: Server): ServerFacts {
    server.facts ??= this.makeFacts(server);
    return server.facts;
  }

  private makeFacts(server: Server): ServerFacts {
    const summaries = () => this.summariesOf(server);
    const byTime = (a: { nanos: number }, b: { nanos: number }) => a.nanos - b.nanos;
    return {
      endpoint: this.flows[server.transport].endpoint(server.flow, server.side),
      transport: server.transport,
      speaksTls: server.speaksTls,
      failures: server.failures,
      closes: [...(server.closes ?? [])].sort(byTime),
      refusals: [...(server.refusals ?? [])].sort((a, b) => a.syn.nanos - b.syn.nanos),
      openings: [...(server.openings ?? [])].sort((a, b) => a.syn.nanos - b.syn.nanos),
      accepted: acceptedBy(server).sort(byTime),
      openAt: (nanos) => openAt(server, nanos),
      get connections() {
        return summaries();
      },
    };
  }

  private link(server: Server, id: number): void {
    const { following } = this;
    following.reserve(id - 1);
    if (server.last === 0) server.first = id;
    else {
      const before = server.last - 1;
      (following.intsOf(before) as Int32Array)[following.intsAt(before)] = id;
    }
    server.last = id;
  }

  /** In order of time. Built only if a rule looks, and kept for the next look as long as there are not too many. */
  private summariesOf(server: Server): readonly ConnectionSummary[] {
    const kept = this.summaries.get(server);
    if (kept !== undefined) return kept;
    const found = this.readSummaries(server);
    this.summariesKept += found.length;
    if (this.summariesKept > LIMITS.summariesKept) {
      this.summaries.clear();
      this.summariesKept = found.length;
    }
    this.summaries.set(server, found);
    return found;
  }

  private readSummaries(server: Server): ConnectionSummary[] {
    const found: ConnectionSummary[] = [];
    for (let id = server.first; id !== 0; ) {
      const summary = this.summary(id);
      if (summary !== undefined) found.push(summary);
      const at = id - 1;
      id = this.following.intsOf(at)?.[this.following.intsAt(at)] ?? 0;
    }
    return found.sort((a, b) => a.start.nanos - b.start.nanos || a.id - b.id);
  }

  private addFailure(history: ConnectionHistory): void {
    const fatal = history.alerts.findLast((a) => !a.encrypted && a.level === 2);
    if (fatal !== undefined) {
      const { description = 0, from, packet } = fatal;
      this.fatals.set(history.id, { description, from, packet });
    }
  }

  /** What the hellos say that connections with a server may differ in. */
  private addHello(history: ConnectionHistory, server: Server, ints: Int32Array, i: number): void {
    if (history.outcome === 'established' && server.compared++ >= LIMITS.hellosCompared) return;
    const { clientHello } = history;
    if (clientHello === undefined) return;
    const ticket = clientHello.extensions.some(
      (e) => (e.type === 35 && e.data.length > 0) || e.type === 41,
    );
    const offers13 = clientHello.versions.some(isTls13);
    const offered = ticket || (!offers13 && clientHello.sessionId.length > 0);
    ints[i] = (ints[i] as number) | 16 | (offered ? 32 : 0);
    const group = history.serverHello?.keyShareGroup ?? 0;
    ints[i + 15] = (this.hellos.placeOf(history.fingerprints) << 16) | group;
    if (history.cipherSuite === undefined)
      this.suites.set(history.id, this.hellos.listed(clientHello.cipherSuites));
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

  private serverOf(transport: 'tcp' | 'udp', flow: number, side: Side): Server {
    const key = this.flows[transport].endpointKey(flow, side);
    const known = this.known[transport];
    const isFull = known.size === LIMITS.serverEndpoints;
    let server = known.get(key) ?? (isFull ? this.others[transport] : undefined);
    if (server === undefined) {
      server = {
        number: this.owners.length + 1,
        transport,
        flow,
        side,
        speaksTls: false,
        remarkable: false,
        failures: 0,
        compared: 0,
        facts: undefined,
        first: 0,
        last: 0,
        closes: undefined,
        refusals: undefined,
        openings: undefined,
        accepted: undefined,
      };
      this.owners.push(server);
      if (isFull) this.others[transport] = server;
      else known.set(key, server);
    }
    return server;
  }
}

/** Numbers of a connection's row that its history does not tell. */
export interface RowNumbers {
  readonly flow: number;
  readonly clientSide: Side;
  /** The first ClientHello, its transmissions and octets, and the server's answer. */
  readonly packet: number;
  readonly nanos: number;
  readonly transmissions: number;
  readonly answerPacket: number;
  readonly answerNanos: number;
  readonly octets: number;
  /** Number among `Offers`. */
  readonly offer: number;
  /** The last payload of each. */
  readonly lastFromClient: At;
  readonly lastFromServer: At;
  /** DTLS: the client's closing alert behind the server's. */
  readonly answeredClose: { readonly packet: number; readonly lateNanos: number } | undefined;
}

/** The first integer of a row: bit 0 in use, 1 DTLS, 2 and 3 resumed, 4 and 5 resumption offered, 6 the client's side. */
const OUTCOME_BIT = 8;
const STAGE_BIT = 11;
const INTS = 16;
const TIMES = 6;

/** The server's end of a connection that it closed or reset first, without having said so in TLS. */
function serverClose(
  view: TcpConnectionView,
  serverSide: Side,
  history: ConnectionHistory | undefined,
): ServerCloseFact | undefined {
  const clientSide = otherSide(serverSide);
  const fin = view.fin(serverSide);
  const rst = view.rst(serverSide);
  const end = fin !== undefined && (rst === undefined || fin.packet < rst.packet) ? fin : rst;
  if (end === undefined) return undefined;
  const clientEnd = [view.fin(clientSide), view.rst(clientSide)].some(
    (e) => e !== undefined && e.packet < end.packet,
  );
  if (clientEnd) return undefined;
  const saidSo =
    history?.alerts.some((a) => a.from === 'server' && a.packet <= end.packet) ||
    // TLS 1.3 alerts look like data: a last record of alert size counts as one.
    (isTls13(history?.version) && mayBeAlert13(history?.protectedRecords.server.last?.length ?? 0));
  if (saidSo) return undefined;
  const facts = view.isHoled || end === rst ? view.facts(clientSide) : undefined;
  const missing = (facts?.lostOctets.server ?? 0) + (facts?.rst.server?.missingOctets ?? 0);
  // What is missing may be its close_notify.
  if (missing > 0) return undefined;
  const lastFromClient = view.lastData(clientSide);
  const lastFromServer = view.lastData(serverSide);
  return {
    packet: end.packet,
    nanos: end.nanos,
    kind: end === fin ? 'fin' : 'rst',
    connection: history?.id ?? 0,
    stream: view.stream,
    // How far it was is not known where octets of the client are missing.
    stage: (facts?.lostOctets.client ?? 0) > 0 ? 'none' : (history?.stage ?? 'none'),
    lastFromClient,
    acknowledged: view.lastDataAcknowledged(clientSide) !== undefined,
    answeredSince:
      lastFromClient !== undefined &&
      lastFromServer !== undefined &&
      lastFromServer.packet > lastFromClient.packet,
  };
}

function acceptedBy({ accepted = [] }: Server): At[] {
  const list: At[] = [];
  for (let i = 0; i < accepted.length; i += 3)
    list.push({ packet: accepted[i] as number, nanos: accepted[i + 1] as number });
  return list;
}

/** Connections that a SYN-ACK had opened and no FIN or RST had ended. */
function openAt({ accepted = [] }: Server, nanos: number): number {
  let open = 0;
  for (let i = 0; i < accepted.length; i += 3)
    if ((accepted[i + 1] as number) <= nanos && (accepted[i + 2] as number) > nanos) open++;
  return open;
}

/** The key that `FlowDirectory.endpointKey` gives for the same endpoint. */
function keyOf({ address, port }: Endpoint): number | string {
  if (address.includes(':')) return `${address} ${port}`;
  return (
    address.split('.').reduce((number, octet) => number * 256 + Number(octet), 0) * 0x10000 + port
  );
}
