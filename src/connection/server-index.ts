import { grown } from '../bytes/columns.ts';
import { isGrease } from '../model/code-points/grease.ts';
import {
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
  STAGES,
} from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';
import { otherSide, type Side, type TcpConnectionView } from '../model/stream.ts';
import { isTls13 } from './history.ts';
import type { RandomIndex } from './random-index.ts';

/** What is kept of a server endpoint. */
interface Server {
  readonly endpoint: Endpoint;
  readonly transport: 'tcp' | 'udp';
  speaksTls: boolean;
  /** Something failed, closed unexpectedly or was refused: worth a rule's attention. */
  remarkable: boolean;
  connections: Int32Array;
  count: number;
  closes: ServerCloseFact[];
  refusals: RefusalFact[];
  accepted: { packet: number; nanos: number }[];
  /** Opening and closing moments of its TCP connections, for `openAt`. */
  opened: number[];
  ended: number[];
}

/**
 * The row that is kept of every connection until the end, and what the capture shows about each server. Rows are columns
 * of numbers; a `ConnectionSummary` is built when a rule asks for it.
 */
export class ServerIndex implements CaptureIndex {
  connectionCount = 0;
  lastNanos = 0;
  readonly lateCloses: LateCloseFact[] = [];
  private readonly randoms: RandomIndex;
  private readonly servers_ = new Map<string, Server>();
  private readonly names: (string | undefined)[] = [];
  private readonly clients: Endpoint[] = [];
  private readonly owners: Server[] = [];
  private ints = new Int32Array(512 * INTS);
  private times = new Float64Array(512 * TIMES);
  /** Rare parts by id. */
  private readonly alpn = new Map<number, string>();
  private readonly groups = new Map<number, number>();
  private readonly suites = new Map<number, readonly number[]>();

  constructor(randoms: RandomIndex) {
    this.randoms = randoms;
  }

  get sharedRandoms(): readonly SharedRandomFact[] {
    return this.randoms.facts();
  }

  /** @param reused the history's hello octets are about to be released: take what is needed now */
  add(history: ConnectionHistory, hello: HelloNumbers): void {
    const id = history.id;
    const at = id - 1;
    if ((at + 1) * INTS > this.ints.length) {
      const rows = Math.max(id, Math.ceil((this.ints.length / INTS) * 1.5));
      this.ints = grown(this.ints, rows * INTS);
      this.times = grown(this.times, rows * TIMES);
    }
    if (id > this.connectionCount) this.connectionCount = id;
    const server = this.server(history.server, history.transport);
    server.speaksTls = true;
    this.owners[at] = server;
    this.clients[at] = history.client;
    this.names[at] = history.serverName;
    if (server.count === server.connections.length)
      server.connections = grown(server.connections, server.connections.length * 2);
    server.connections[server.count++] = id;
    const unanswered = hello.packet !== 0 && hello.answerPacket === 0;
    if (
      history.outcome === 'failed' ||
      history.outcome === 'aborted' ||
      hello.transmissions > 1 ||
      unanswered
    )
      server.remarkable = true;

    const { ints, times } = this;
    const i = at * INTS;
    const t = at * TIMES;
    ints[i] =
      1 |
      (history.protocol === 'DTLS' ? 2 : 0) |
      (history.resumed === undefined ? 0 : history.resumed ? 12 : 4);
    ints[i + 1] = history.stream;
    ints[i + 2] = OUTCOMES.indexOf(history.outcome) | (STAGES.indexOf(history.stage) << 8);
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
    if (history.outcome !== 'established') this.addFailure(history, i, t);
    if (history.alpn !== undefined) this.alpn.set(id, history.alpn);
    this.addLateClose(history, server);
  }

  /** Facts of a TCP connection, with TLS or without: who opened, refused, closed. `history` where it has TLS. */
  addTcp(view: TcpConnectionView, history: ConnectionHistory | undefined): void {
    const initiator = view.initiator;
    if (initiator === undefined) return;
    const serverSide = otherSide(initiator);
    const { syn, synAck } = view;
    const reset = view.rst(serverSide);
    if (synAck === undefined) {
      // Without TLS on any side: nothing but SYNs, answered by RST or not at all.
      if (
        syn === undefined ||
        view.octets(0) + view.octets(1) > 0 ||
        view.rst(initiator) !== undefined
      )
        return;
      const server = this.server(view.endpoint(serverSide), 'tcp');
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
      return;
    }
    const server = this.server(view.endpoint(serverSide), 'tcp');
    if (server.accepted.length < LIMITS.eventsPerServer) server.accepted.push(synAck);
    server.opened.push(synAck.nanos);
    const ends = [view.fin(0), view.fin(1), view.rst(0), view.rst(1)].flatMap((end) =>
      end ? [end.nanos] : [],
    );
    server.ended.push(ends.length === 0 ? Number.POSITIVE_INFINITY : Math.min(...ends));
    const close = serverClose(view, serverSide, history);
    if (close === undefined) return;
    if (server.closes.length < LIMITS.eventsPerServer) server.closes.push(close);
    server.remarkable = true;
  }

  summary(id: number): ConnectionSummary | undefined {
    const at = id - 1;
    const i = at * INTS;
    const { ints, times } = this;
    const server = this.owners[at];
    const client = this.clients[at];
    if (server === undefined || client === undefined) return undefined;
    const t = at * TIMES;
    const when = (k: number, n: number) => ({
      packet: ints[i + k] as number,
      nanos: times[t + n] as number,
    });
    const maybe = (k: number, n: number) => (ints[i + k] === 0 ? undefined : when(k, n));
    const bits = ints[i] as number;
    const fatal = ints[i + 11] as number;
    const version = ints[i + 3] as number;
    return {
      id,
      protocol: (bits & 2) !== 0 ? 'DTLS' : 'TLS',
      stream: ints[i + 1] as number,
      client,
      server: server.endpoint,
      outcome: OUTCOMES[(ints[i + 2] as number) & 0xff] ?? 'incomplete',
      stage: STAGES[(ints[i + 2] as number) >> 8] ?? 'none',
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
      fatalAlert:
        fatal === 0
          ? undefined
          : {
              description: (fatal & 0xff) as number,
              from: (fatal & 0x200) !== 0 ? 'client' : 'server',
              packet: ints[i + 12] as number,
            },
      lastFromClient: maybe(13, 4),
      lastFromServer: maybe(14, 5),
      alpn: this.alpn.get(id),
      group: this.groups.get(id),
      resumptionOffered: (bits & 16) === 0 ? undefined : (bits & 32) !== 0,
      offeredSuites: this.suites.get(id),
    };
  }

  *servers(): Iterable<ServerFacts> {
    for (const server of this.servers_.values()) if (server.remarkable) yield this.factsOf(server);
  }

  private factsOf(server: Server): ServerFacts {
    let connections: ConnectionSummary[] | undefined;
    const summary = (id: number) => this.summary(id);
    const byTime = (a: { nanos: number }, b: { nanos: number }) => a.nanos - b.nanos;
    return {
      endpoint: server.endpoint,
      transport: server.transport,
      speaksTls: server.speaksTls,
      closes: [...server.closes].sort(byTime),
      refusals: [...server.refusals].sort((a, b) => a.syn.nanos - b.syn.nanos),
      accepted: [...server.accepted].sort(byTime),
      openAt: (nanos) =>
        server.opened.reduce(
          (n, opened, k) => n + (opened <= nanos && (server.ended[k] as number) > nanos ? 1 : 0),
          0,
        ),
      get connections() {
        // Built once, and only if a rule looks.
        connections ??= [...server.connections.subarray(0, server.count)]
          .flatMap((id) => summary(id) ?? [])
          .sort((a, b) => a.start.nanos - b.start.nanos || a.id - b.id);
        return connections;
      },
    };
  }

  private addFailure(history: ConnectionHistory, i: number, t: number): void {
    const { ints, times } = this;
    const fatal = history.alerts.findLast((a) => !a.encrypted && a.level === 2);
    if (fatal !== undefined) {
      ints[i + 11] = 0x100 | (fatal.from === 'client' ? 0x200 : 0) | (fatal.description ?? 0);
      ints[i + 12] = fatal.packet;
    }
    let k = 13;
    for (const role of ['client', 'server'] as const) {
      const message = history.messages.findLast((m) => m.from === role);
      const data = history.tcp?.lastData[role];
      const last =
        data !== undefined && (message === undefined || data.nanos > message.nanos)
          ? data
          : message;
      if (last !== undefined) {
        ints[i + k] = last.packet;
        times[t + k - 9] = last.nanos;
      }
      k++;
    }
    const { clientHello } = history;
    if (clientHello === undefined) return;
    const ticket = clientHello.extensions.some(
      (e) => (e.type === 35 && e.data.length > 0) || e.type === 41,
    );
    const offers13 = clientHello.versions.some(isTls13);
    const offered = ticket || (!offers13 && clientHello.sessionId.length > 0);
    ints[i] = (ints[i] as number) | 16 | (offered ? 32 : 0);
    const group = history.serverHello?.keyShareGroup;
    if (group !== undefined) this.groups.set(history.id, group);
    if (history.cipherSuite === undefined)
      this.suites.set(
        history.id,
        clientHello.cipherSuites.filter((s) => !isGrease(s) && s !== 0x00ff && s !== 0x5600),
      );
  }

  private addLateClose(history: ConnectionHistory, server: Server): void {
    if (history.protocol !== 'DTLS' || this.lateCloses.length >= LIMITS.findingsPerRule) return;
    const close = history.dtls?.probableClose;
    if (
      close?.server === undefined ||
      close.client === undefined ||
      close.client.nanos < close.server.nanos
    )
      return;
    if (close.client.nanos - close.server.nanos > LIMITS.promptAnswerNanos)
      server.remarkable = true;
    this.lateCloses.push({
      connection: history.id,
      server: history.server,
      packet: close.client.packet,
      lateNanos: close.client.nanos - close.server.nanos,
    });
  }

  private server(endpoint: Endpoint, transport: 'tcp' | 'udp'): Server {
    const key = `${transport}${endpoint.address} ${endpoint.port}`;
    let server = this.servers_.get(key);
    if (server === undefined) {
      server = {
        endpoint,
        transport,
        speaksTls: false,
        remarkable: false,
        connections: new Int32Array(4),
        count: 0,
        closes: [],
        refusals: [],
        accepted: [],
        opened: [],
        ended: [],
      };
      if (this.servers_.size < LIMITS.serverEndpoints) this.servers_.set(key, server);
    }
    return server;
  }
}

/** Numbers about the hello that a history does not tell. */
export interface HelloNumbers {
  readonly packet: number;
  readonly nanos: number;
  readonly transmissions: number;
  readonly answerPacket: number;
  readonly answerNanos: number;
  readonly octets: number;
}

const INTS = 15;
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
    (isTls13(history?.version) && history?.protectedRecords.server.last?.length === 19);
  if (saidSo) return undefined;
  const lastFromClient = view.lastData(clientSide);
  const lastFromServer = view.lastData(serverSide);
  return {
    packet: end.packet,
    nanos: end.nanos,
    kind: end === fin ? 'fin' : 'rst',
    connection: history?.id ?? 0,
    stream: view.stream,
    stage: history?.stage ?? 'none',
    lastFromClient,
    acknowledged: view.lastDataAcknowledged(clientSide) !== undefined,
    answeredSince:
      lastFromClient !== undefined &&
      lastFromServer !== undefined &&
      lastFromServer.packet > lastFromClient.packet,
  };
}
