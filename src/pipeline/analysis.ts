import { TLS_KEY_LOG } from '../capture/decryption-secrets.ts';
import { DtlsTracker } from '../connection/dtls-tracker.ts';
import { FactsRecorder } from '../connection/facts-recorder.ts';
import { Finals } from '../connection/finals.ts';
import { QuicTracker } from '../connection/quic-tracker.ts';
import { RandomIndex } from '../connection/random-index.ts';
import { ServerIndex } from '../connection/server-index.ts';
import { TlsTracker } from '../connection/tls-tracker.ts';
import { OwnerSearch } from '../connection/unsealing/owner-search.ts';
import { Vault } from '../connection/unsealing/vault.ts';
import { PacketDecoder } from '../decode/decode-packet.ts';
import type {
  Analysis,
  AnalysisOptions,
  AnalysisResult,
  AnalysisSink,
  CaptureIntake,
  CaptureTime,
} from '../model/analysis.ts';
import type { SecretsInput } from '../model/decryption.ts';
import { type ConnectionHistory, OUTCOMES, type Outcome } from '../model/history.ts';
import type { NoticeCode } from '../model/notice.ts';
import type { CaptureFacts, PacketCursor, PacketPlaces, PacketSink } from '../model/packet.ts';
import type { Neighbours, RulePage } from '../model/rule.ts';
import { type FramedSink, otherSide, type Side, type TcpConnectionView } from '../model/stream.ts';
import { formatDuration, SECOND } from '../model/time.ts';
import { type TransportCursor, type TransportSink, UDP } from '../model/transport-cursor.ts';
import { CATALOGUE } from '../rules/catalogue.ts';
import { RULE_SAMPLES } from '../rules/rule-samples.ts';
import { RuleRunner } from '../rules/run-rules.ts';
import { Datagrams } from '../tls/datagrams.ts';
import { TlsStreams } from '../tls/tls-streams.ts';
import { CarriedFlows } from '../transport/carried-flows.ts';
import { Clock } from '../transport/clock.ts';
import { FlowTable } from '../transport/flow-table.ts';
import { SecondViews } from '../transport/second-views.ts';
import { Tcp } from '../transport/tcp.ts';
import { Udp } from '../transport/udp.ts';
import { Captures } from './captures.ts';
import { NoticeBook } from './notice-book.ts';
import { hidingDatagram } from './other-datagrams.ts';
import { PassedOverBook } from './passed-over-book.ts';
import { UdpHolder } from './udp-holder.ts';
import { droppedPackets, handshakesIn, NOT_ALL_COMPARED, NOT_ALL_EVENTS } from './whole-capture.ts';

/** Every rule there is, by id. */
export const RULES: readonly RulePage[] = CATALOGUE.map(({ meta }) => ({
  ...meta,
  samples: RULE_SAMPLES[meta.id] ?? [],
}));

/** Wires the stages into one run; see `Analysis` for the order of calls. */
export function createAnalysis(sink: AnalysisSink, options: AnalysisOptions = {}): Analysis {
  return new Run(sink, options);
}

/** What works on the packets, and is not needed once there are no more. */
interface Stages {
  readonly decoder: PacketDecoder;
  readonly tcp: Tcp;
  readonly udp: Udp;
  readonly carried: CarriedFlows;
  readonly records: TlsStreams;
  readonly datagrams: Datagrams;
  readonly dtls: DtlsTracker;
  readonly tls: TlsTracker;
  readonly facts: FactsRecorder;
  readonly finals: Finals;
}

class Run implements Analysis, PacketSink, TransportSink, FramedSink {
  private readonly sink: AnalysisSink;
  private readonly options: AnalysisOptions;
  private readonly book: NoticeBook;
  private readonly passedOver: PassedOverBook;
  private readonly captures: Captures;
  private readonly clock = new Clock();
  private readonly rules: RuleRunner;
  private stages: Stages | undefined;
  private readonly quic: QuicTracker;
  private readonly index: ServerIndex;
  private readonly outcomes = Object.fromEntries(OUTCOMES.map((o) => [o, 0])) as Record<
    Outcome,
    number
  >;
  private readonly views: SecondViews | undefined;
  private vault: Vault | undefined;
  private connections = 0;
  packets = 0;

  constructor(sink: AnalysisSink, options: AnalysisOptions) {
    const several = options.several === true;
    const book = new NoticeBook(several);
    this.book = book;
    this.passedOver = new PassedOverBook(book);
    this.sink = sink;
    this.options = options;
    this.captures = new Captures(this, book, options, ({ type, octets }) => {
      if (type === TLS_KEY_LOG) this.embeddedSecrets(octets);
    });
    this.rules = new RuleRunner({
      rules: CATALOGUE,
      selected: options.rules,
      several,
      isAcrossStep: (packets) => this.captures.isAcrossStep(packets),
      finding: (finding) => sink.finding(finding),
      held: (connections) => {
        for (const id of connections) this.index.keep(id);
      },
      otherViews: (id) => this.index.otherViews(id),
      hasTimes: () => this.hasTimes,
      fault: sink.fault && ((fault) => sink.fault?.(fault)),
      notices: book,
    });
    if (options.mayOverlap)
      this.views = new SecondViews(this, this.captures, (index, notice) =>
        book.about(index, notice),
      );
    const decoder = new PacketDecoder(this.views ?? this, book, this.passedOver);
    const facts = new FactsRecorder();
    const randoms = new RandomIndex();
    const tls = new TlsTracker(facts, randoms, book);
    const records = new TlsStreams(tls, book, this);
    const tcpFlows = new FlowTable();
    const tcp = new Tcp(tcpFlows, this.clock, this, book);
    const udp = new Udp(this.clock, this);
    const { flows } = udp;
    const carried = new CarriedFlows(tcp, tcpFlows, flows);
    const dtls = new DtlsTracker(facts, randoms, flows, book);
    this.quic = new QuicTracker(flows);
    const datagrams = new Datagrams(dtls, this.quic, flows, this.passedOver, book);
    this.index = new ServerIndex(
      randoms,
      facts.sessions,
      { tcp: tcpFlows, udp: flows },
      facts.offers,
    );
    const finals = new Finals(facts, tls, dtls, flows, this.index, this);
    flows.heldBy(new UdpHolder(dtls, datagrams, this.quic), 'UDP', book);
    facts.epochSeconds = () => this.clock.epochSeconds;
    this.stages = { decoder, tcp, udp, carried, records, datagrams, dtls, tls, facts, finals };
    facts.setBackSeconds = () => this.clock.setBackSeconds;
    facts.hasTimes = () => this.hasTimes;
    this.clock.onSetBack = (packet, seconds) => this.setBack(packet, seconds);
    this.clock.onSecond = (nanos) => {
      this.stages?.tcp.second(nanos);
      this.stages?.finals.second(nanos);
    };
    if (options.secrets !== undefined) this.unseal(new Vault(options.secrets));
  }

  get epochSeconds(): number {
    return this.clock.epochSeconds;
  }

  get places(): PacketPlaces {
    return this.book.places;
  }

  hostName(address: string): string | undefined {
    for (const { hostNames } of this.captures.facts) {
      const name = hostNames.size > 0 ? hostNames.get(address)?.[0] : undefined;
      if (name !== undefined) return name;
    }
    return undefined;
  }

  beginCapture(
    path: string,
    compression: CaptureFacts['compression'],
    continues?: CaptureFacts,
  ): CaptureIntake {
    return this.captures.begin(path, compression, continues);
  }

  holdAfter(time: CaptureTime | undefined): void {
    this.captures.holdAfter(time);
  }

  proceed(): void {
    this.captures.proceed();
  }

  end(): AnalysisResult {
    const streams = this.endStages();
    this.passedOver.end(this.captures.facts);
    const repeated = handshakesIn(this.index.sharedRandoms);
    if (repeated > 0) this.ofWhole('seen-on-both-sides', repeated);
    if (this.index.connectionsForgotten > 0) this.book.notice(NOT_ALL_COMPARED);
    if (this.index.hasOmitted) this.book.notice(NOT_ALL_EVENTS);
    if (this.connections > 0 && !this.hasTimes) this.ofWhole('no-times', 0);
    this.rules.capture(this.index);
    return {
      captures: this.captures.facts,
      notices: this.book.notices,
      noticesOmitted: this.book.omitted,
      epochSeconds: this.clock.epochSeconds,
      packets: this.captures.facts.reduce((sum, { frames }) => sum + frames, 0),
      flows: streams.tcp + streams.udp,
      tcpStreams: streams.tcp,
      connections: this.connections,
      outcomes: this.outcomes,
      coverage: this.rules.coverage(),
      findingsOmitted: this.rules.findingsOmitted,
      faultsOmitted: this.rules.faultsOmitted,
      omittedAlike: this.rules.omittedAlike,
      secrets: this.vault?.result(),
      quic: this.quic.result(),
      oddities: this.index.oddities,
      internalErrors: this.rules.internalErrors,
    };
  }

  /**
   * There are no more packets. Lets go of all that worked on them, so that rules over the whole capture and the findings
   * need no room beside it. @returns streams that were numbered
   */
  private endStages(): { readonly tcp: number; readonly udp: number } {
    const { stages, index } = this;
    if (stages === undefined) return { tcp: 0, udp: 0 };
    const { tcp, udp, facts, finals } = stages;
    stages.decoder.end();
    this.views?.end();
    stages.tls.end();
    tcp.end();
    finals.end();
    index.lastNanos = this.clock.latest;
    index.droppedPackets = droppedPackets(this.captures.facts);
    index.severalPoints = this.views?.hasCommon ?? false;
    index.oddities = finals.oddities.list();
    index.misplaced = facts.owners?.search() ?? [];
    index.end();
    this.stages = undefined;
    return { tcp: tcp.streams, udp: udp.streams };
  }

  /** Between two files the reader of the second tells. */
  private setBack(packetNumber: number, seconds: number): void {
    const { places } = this.book;
    if (places.captureOf(packetNumber) !== places.captureOf(packetNumber - 1)) return;
    const detail = `by about ${formatDuration(seconds * SECOND)}`;
    this.book.notice({
      code: 'clock-set-back',
      packetNumber,
      offset: -1,
      needed: 0,
      available: 0,
      detail,
    });
  }

  /** One packet alone has no need of more than one time. */
  private get hasTimes(): boolean {
    return this.packets < 2 || !this.clock.standsStill;
  }

  /** A notice about the capture as a whole. */
  private ofWhole(code: NoticeCode, needed: number): void {
    this.book.notice({ code, packetNumber: 0, offset: -1, needed, available: 0 });
  }

  /** There are secrets: from now on records are kept whole and opened. */
  private unseal(vault: Vault): void {
    this.vault = vault;
    if (this.stages === undefined) return;
    const { facts, records, tls, dtls } = this.stages;
    facts.owners = new OwnerSearch();
    records.keepBodies();
    tls.unseal(vault, (row) => records.dropBodies(row));
    dtls.unseal(vault);
  }

  /** Secrets that the capture carries are used without asking. */
  private embeddedSecrets(octets: Uint8Array): void {
    if (this.options.secrets?.hasEmbedded) return;
    if (this.vault === undefined) this.unseal(new Vault(NO_SECRETS));
    this.vault?.keyLog.add(octets);
  }

  // ---------------------------------------------------------------- the stages' sinks, in the order of the pipeline

  beginChunk(chunk: Uint8Array): void {
    this.stages?.tcp.beginChunk(chunk);
  }

  endChunk(): void {
    this.stages?.tcp.endChunk();
  }

  packet(cursor: PacketCursor): void {
    this.packets = cursor.packetNumber;
    this.stages?.decoder.packet(cursor);
  }

  tcp(cursor: TransportCursor): void {
    this.stages?.tcp.segment(cursor);
  }

  udp(cursor: TransportCursor): void {
    this.stages?.udp.datagram(cursor);
  }

  udpJoined(cursor: TransportCursor): void {
    this.stages?.udp.joined(cursor);
  }

  udpFragment(cursor: TransportCursor): void {
    this.stages?.udp.fragment(cursor);
  }

  icmpUnreachable(cursor: TransportCursor): void {
    if (cursor.protocol === UDP && isPortUnreachable(cursor))
      this.stages?.udp.portUnreachable(cursor);
    else this.icmpQuote(cursor);
  }

  icmpQuote(cursor: TransportCursor): void {
    if (cursor.protocol === UDP) this.stages?.udp.quoted(cursor);
    else this.stages?.tcp.quoted(cursor);
  }

  octets(
    row: number,
    side: Side,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
    nanos: number,
  ): void {
    this.stages?.records.octets(row, side, bytes, start, end, packet, nanos);
  }

  gap(row: number, side: Side, length: number, packet: number, nanos: number): void {
    this.stages?.records.gap(row, side, length, packet, nanos);
  }

  quiet(row: number): void {
    this.stages?.records.quiet(row);
  }

  final(view: TcpConnectionView): void {
    const { stages } = this;
    if (stages === undefined) return;
    stages.finals.tcp(view, stages.records);
    stages.records.forget(view.row);
    stages.carried.forget(view.row);
  }

  framed(
    row: number,
    side: Side,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
    nanos: number,
  ): void {
    const { stages } = this;
    const flow = stages?.carried.of(row) ?? -1;
    if (flow < 0) return;
    stages?.datagrams.datagram(flow, side, bytes, start, end, end - start, packet, nanos, 0);
  }

  datagram(
    flow: number,
    side: Side,
    bytes: Uint8Array,
    start: number,
    end: number,
    wireLength: number,
    packet: number,
    nanos: number,
    ipId: number,
  ): void {
    const { stages } = this;
    if (stages === undefined) return;
    if (stages.datagrams.datagram(flow, side, bytes, start, end, wireLength, packet, nanos, ipId))
      return;
    const { flows } = stages.udp;
    const port = flows.port(flow, 0);
    const hides = hidingDatagram(bytes, start, end, wireLength, port, flows.port(flow, 1));
    if (hides !== 0) this.passedOver.passedOver(hides, packet);
  }

  firstFragment(flow: number, side: Side, wireLength: number, packet: number, nanos: number): void {
    this.stages?.dtls.firstFragment(flow, side, wireLength, packet, nanos);
  }

  wasFragmented(
    flow: number,
    side: Side,
    first: number,
    wireLength: number,
    packet: number,
    nanos: number,
  ): void {
    this.stages?.dtls.wasFragmented(flow, side, first, wireLength, packet, nanos);
  }

  portUnreachable(flow: number, sender: Side, packet: number, nanos: number): void {
    this.stages?.dtls.unreachable(flow, otherSide(sender), packet, nanos);
  }

  connection(history: ConnectionHistory, neighbours: Neighbours): void {
    this.connections++;
    this.outcomes[history.outcome]++;
    this.sink.connection(history);
    this.rules.connection(history, neighbours);
  }
}

const NO_SECRETS: SecretsInput = { keyLogs: [], rsaKeys: [], psks: [] };

/** RFC 792 code 3 of type 3, RFC 4443 §3.1 code 4 of type 1. */
function isPortUnreachable({ family, icmpCode }: TransportCursor): boolean {
  return icmpCode === (family === 4 ? 3 : 4);
}
