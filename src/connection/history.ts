import { readI32 } from '../bytes/scalars.ts';
import type { AuthoritiesFact, CertificateFact } from '../model/certificate.ts';
import { isGrease } from '../model/code-points/grease.ts';
import { SSL_2_0, TLS_1_3, tlsEquivalent } from '../model/code-points/versions.ts';
import type { DecryptionFacts } from '../model/decryption.ts';
import type { DtlsFacts } from '../model/dtls-facts.ts';
import type { BlindSpot } from '../model/finding.ts';
import type {
  AlertFact,
  At,
  ClientFlightFact,
  CompactHistory,
  ConnectionHistory,
  CookieFact,
  EchOutcome,
  Endpoint,
  FingerprintFacts,
  MessageFact,
  MessageVisitor,
  OddityFact,
  Outcome,
  PerRole,
  ProtectedFacts,
  RecordCounts,
  RecordFact,
  ResumptionFacts,
  Role,
  Stage,
  StrayFact,
} from '../model/history.ts';
import type { ClientHello, ServerHello } from '../model/message.ts';
import type { SignatureCheck } from '../model/signature.ts';
import type { Side } from '../model/stream.ts';
import type { TcpFacts } from '../model/tcp-facts.ts';
import { SECOND } from '../model/time.ts';
import type { InnerTlsFact, UpgradeFact } from '../model/upgrade.ts';
import { decodeClientHello } from '../tls/codec/client-hello.ts';
import { HelloScan } from '../tls/codec/hello-scan.ts';
import { decodeServerHello } from '../tls/codec/server-hello.ts';
import { textOf } from '../tls/codec/text.ts';
import { clearMessages } from './clear-messages.ts';
import { RECORD_KINDS, SEEN } from './connection-table.ts';
import type { FactsRecorder } from './facts-recorder.ts';
import { alertsOf, messagesOf, odditiesOf, straysOf, visitMessages } from './history-events.ts';
import { outcomeOf, stageOf } from './outcome.ts';
import { flightShape } from './record-sizes.ts';
import { resumptionOf } from './resumption.ts';
import { askedAuthorities, shownCertificates } from './shown-certificates.ts';
import type { HandshakeMessages } from './unsealing/handshake-messages.ts';
import { Tally } from './unsealing/tally.ts';
import { verifySignatures } from './verify-signatures.ts';
import { verifySignatures13 } from './verify-signatures13.ts';

/** Where a connection lies on its transport, settled by whoever builds the history. */
export interface Placement {
  readonly protocol: 'TLS' | 'DTLS';
  /** What `stream` counts: TCP carries DTLS too, in frames. */
  readonly transport: 'tcp' | 'udp';
  readonly stream: number;
  readonly first: At;
  readonly last: At;
  /** Who is the client where no hello tells; undefined for "not known, the higher port". */
  readonly initiator: Side | undefined;
  /** Was anything captured that this side sent? */
  heard(side: Side): boolean;
  /** Epoch and number of the last protected record (DTLS; 0 otherwise). */
  lastEpoch(side: Side): number;
  lastSequence(side: Side): number;
  /** Packets of it are not in the capture, as far as TCP tells. */
  readonly isHoled: boolean;
  /** FIN or RST, or closing alerts, were captured. */
  readonly ended: boolean;
  /**
   * How an ordinary connection ended, as a number up to 3; 0 where the ending is worth a look (a reset, a FIN before any
   * closing alert of its sender, a late answer).
   */
  ordinaryClosing(client: Side): number;
  readonly flow: number;
  /** As in `TcpConnectionView`; 0 over UDP. */
  endPacket(side: Side): number;
  /** The last payload of a side. */
  lastFrom(side: Side): At | undefined;
  /** Of TCP; 0 for unknown. */
  readonly segmentSize: number;
  /** Both sides sent a record last that may be a closing alert. */
  readonly isClosedByBoth: boolean;
  /** TCP: a RST, and such a record of either side. */
  readonly isResetAfterClose: boolean;
  /** DTLS: the server asked for a cookie; and something of the association was sent twice, or is noted otherwise. */
  readonly isVerified: boolean;
  readonly isRemarked: boolean;
  /** DTLS: the client's closing alert, if it came behind the server's, and how much later. */
  answeredClose(client: Side): { readonly packet: number; readonly lateNanos: number } | undefined;
  endpoint(side: Side): Endpoint;
  address(side: Side): string;
  port(side: Side): number;
  tcp(client: Side): TcpFacts | undefined;
  dtls(client: Side): DtlsFacts | undefined;
  upgrade(client: Side): UpgradeFact | undefined;
}

const scan = new HelloScan();
/** The alert of a client whose encrypted ClientHello was rejected. RFC 9849 §6.1.6. */
const ECH_REQUIRED = 121;

/** Flags that no ordinary connection has, and those that every one has. */
const UNUSUAL =
  SEEN.unusual |
  SEEN.lostOctets |
  SEEN.lostBoundaries |
  SEEN.cutPackets |
  SEEN.startMissing |
  SEEN.messagesOmitted |
  SEEN.notAnalysed |
  SEEN.fatalFromClient |
  SEEN.fatalFromServer |
  SEEN.closeAlertInClear;
const COMPLETE = SEEN.clientHello | SEEN.serverHello | SEEN.clientFinished | SEEN.serverFinished;

/**
 * The facts of one row as a history. What is cheap is settled at once; lists and decoded messages are built when they
 * are asked for. Valid until the row is released.
 */
export class History implements ConnectionHistory, CompactHistory {
  readonly id: number;
  readonly protocol: 'TLS' | 'DTLS';
  readonly transport: 'tcp' | 'udp';
  readonly stream: number;
  readonly rolesFrom: ConnectionHistory['rolesFrom'];
  readonly firstPacket: number;
  readonly lastPacket: number;
  readonly startNanos: number;
  readonly endNanos: number;
  readonly versionsOffered: readonly number[];
  /** Number among `Offers`; 0 for none. */
  readonly offer: number = 0;
  readonly version: number | undefined;
  readonly cipherSuite: number | undefined;
  readonly serverName: string | undefined;
  readonly alpn: string | undefined;
  readonly resumed: boolean | undefined;
  readonly extendedMasterSecret: boolean | undefined;
  readonly encryptThenMac: boolean | undefined;
  readonly outcome: Outcome;
  readonly stage: Stage;
  readonly bothDirections: boolean;
  readonly blindSpots: readonly BlindSpot[];
  readonly ordinary: number;
  readonly clientSide: Side;
  readonly row: number;
  private readonly facts: FactsRecorder;
  readonly placement: Placement;
  private readonly hasClientRandom: boolean = false;
  private readonly hasServerRandom: boolean = false;
  private messageList: MessageFact[] | undefined;
  private oddityList: OddityFact[] | undefined;
  private strayList: readonly StrayFact[] | undefined;
  private alertList: AlertFact[] | undefined;
  private protectedFacts: PerRole<ProtectedFacts> | undefined;
  private tcpFacts: TcpFacts | undefined;
  private dtlsFacts: DtlsFacts | undefined;
  private decryptionFacts: DecryptionFacts | undefined;
  private signatureList: readonly SignatureCheck[] | undefined;

  constructor(facts: FactsRecorder, row: number, placement: Placement) {
    const { table } = facts;
    const has = (bit: number) => table.has(row, bit);
    this.facts = facts;
    this.row = row;
    this.placement = placement;
    this.id = table.id[row] as number;
    this.protocol = placement.protocol;
    this.transport = placement.transport;
    this.stream = placement.stream;
    this.firstPacket = placement.first.packet;
    this.startNanos = placement.first.nanos;
    this.lastPacket = placement.last.packet;
    this.endNanos = placement.last.nanos;

    const known = table.clientSide[row] as number;
    if (known !== 2) {
      this.clientSide = known as Side;
      this.rolesFrom = has(SEEN.clientHello) ? 'client_hello' : 'server_hello';
    } else if (placement.initiator !== undefined) {
      this.clientSide = placement.initiator;
      this.rolesFrom = 'syn';
    } else {
      this.clientSide = placement.port(0) < placement.port(1) ? 1 : 0;
      this.rolesFrom = 'port-order';
    }

    const version = table.version[row] as number;
    this.version = version === 0 ? undefined : version;
    this.cipherSuite = table.suite[row] === 0 ? undefined : (table.suite[row] as number) - 1;
    const tls13 = has(SEEN.tls13);
    this.versionsOffered = [];
    const { slab } = facts.hellos;
    const helloHandle = table.clientHello[row] as number;
    if (helloHandle !== 0) {
      const bytes = slab.bytesOf(helloHandle);
      const from = slab.offsetOf(helloHandle);
      const length = table.clientHelloLength[row] as number;
      scan.scanClientHello(bytes, from, from + length, this.protocol === 'DTLS');
      this.hasClientRandom = length >= 34;
      this.versionsOffered = versionsIn(bytes, scan);
      if (scan.ok && this.protocol === 'TLS')
        this.offer = facts.offers.numberOf(
          bytes,
          scan.suitesOffset + scan.suitesLength,
          from + length,
          scan.highestVersion,
        );
      if (scan.serverNameLength > 0)
        this.serverName = text(bytes, scan.serverNameOffset, scan.serverNameLength);
    }
    // Its ClientHello offers nothing else, or the server knows nothing else.
    if (version === SSL_2_0 && helloHandle === 0) this.versionsOffered = [SSL_2_0];
    const answerHandle = table.serverHello[row] as number;
    if (answerHandle !== 0) {
      const bytes = slab.bytesOf(answerHandle);
      const from = slab.offsetOf(answerHandle);
      const length = table.serverHelloLength[row] as number;
      this.hasServerRandom = length >= 34;
      scan.scanServerHello(bytes, from, from + length);
      if (scan.alpnLength > 0) this.alpn = text(bytes, scan.alpnOffset, scan.alpnLength);
    }
    this.stage = stageOf(table, row);
    this.outcome = outcomeOf(table, row, this.stage, {
      ended: placement.ended,
      client: Math.abs(placement.endPacket(this.clientSide)),
      server: Math.abs(placement.endPacket((1 - this.clientSide) as Side)),
      fatalAlert: this.fatalAlertPacket(),
    });
    if (has(SEEN.serverHello)) {
      if (tls13) this.resumed = has(SEEN.pskSelected);
      else {
        this.extendedMasterSecret = has(SEEN.extendedMaster);
        this.encryptThenMac = has(SEEN.encryptThenMac);
        const full = has(SEEN.serverHelloDone) || has(SEEN.certificateFromServer);
        // Without the server's certificate the ChangeCipherSpec follows the ServerHello at once (RFC 5246 §7.3, figure 2).
        const serverChanged = table.ccsPacket[row * 2 + 1 - this.clientSide] !== 0;
        this.resumed = full ? false : has(SEEN.sessionIdEchoed) || serverChanged ? true : undefined;
      }
    }
    this.bothDirections = placement.heard(0) && placement.heard(1);
    this.blindSpots = this.findBlindSpots(table.flags[row] as number);
    this.ordinary =
      this.outcome === 'established' && !facts.mayBeOpened(row)
        ? this.ordinaryClass(table.flags[row] as number)
        : 0;
  }

  get client(): Endpoint {
    return this.placement.endpoint(this.clientSide);
  }

  get server(): Endpoint {
    return this.placement.endpoint((1 - this.clientSide) as Side);
  }

  address(role: Role): string {
    return this.placement.address(this.sideOf(role));
  }

  port(role: Role): number {
    return this.placement.port(this.sideOf(role));
  }

  recordCount(role: Role, kind: number): number {
    const half = this.row * 2 + this.sideOf(role);
    return this.facts.table.records[half * RECORD_KINDS + kind] as number;
  }

  get compact(): CompactHistory {
    return this;
  }

  get clientRandom(): Uint8Array | undefined {
    return this.random('client');
  }

  get serverRandom(): Uint8Array | undefined {
    return this.random('server');
  }

  randomOctets(role: Role): Uint8Array {
    const { table, hellos } = this.facts;
    const handles = role === 'client' ? table.clientHello : table.serverHello;
    return hellos.slab.bytesOf(handles[this.row] as number);
  }

  randomAt(role: Role): number {
    if (!(role === 'client' ? this.hasClientRandom : this.hasServerRandom)) return -1;
    const { table, hellos } = this.facts;
    const handles = role === 'client' ? table.clientHello : table.serverHello;
    // The random follows the version (RFC 5246 §7.4.1.2).
    return hellos.slab.offsetOf(handles[this.row] as number) + 2;
  }

  endPacket(role: Role): number {
    return this.placement.endPacket(this.sideOf(role));
  }

  visitMessages(visitor: MessageVisitor): void {
    visitMessages(this.facts, this.row, this.clientSide, visitor);
  }

  get ech(): EchOutcome | undefined {
    const { table } = this.facts;
    if (!table.has(this.row, SEEN.offersEncryptedHello)) return undefined;
    const { decryption, version } = this;
    if (decryption?.isInnerHello) return 'accepted';
    // Only TLS 1.3 can accept one (RFC 9849 §6.1.5); what opens under the random on the wire was keyed by the outer hello.
    if (version !== undefined && tlsEquivalent(version) < TLS_1_3) return 'rejected';
    const opened = decryption?.perRole.server.authenticated ?? 0;
    const isRefused = this.alerts.some(
      ({ from, description }) => from === 'client' && description === ECH_REQUIRED,
    );
    return opened > 0 || isRefused ? 'rejected' : 'offered';
  }

  get clientHello(): ClientHello | undefined {
    const hello = this.clientHelloOctets();
    return hello && decodeClientHello(hello, this.protocol === 'DTLS').message;
  }

  get curve(): number | undefined {
    return this.facts.table.curve[this.row] || undefined;
  }

  get serverHello(): ServerHello | undefined {
    const hello = this.serverHelloOctets();
    return hello && decodeServerHello(hello).message;
  }

  get fingerprints(): FingerprintFacts {
    const { fingerprints } = this.facts;
    const [client, server] = [this.clientHelloOctets(), this.serverHelloOctets()];
    const isDtls = this.protocol === 'DTLS';
    const hasTime = (hello: Uint8Array) => isTimeAt(hello, this.moment());
    const ofClient = client && fingerprints.client(client, isDtls, undefined, hasTime(client));
    const ofServer =
      server &&
      fingerprints.server(server, {
        offersPointFormats: ofClient?.offersPointFormats ?? false,
        isResumed: this.facts.table.has(this.row, SEEN.sessionIdEchoed),
        hasTime: hasTime(server),
      });
    return {
      ja3: ofClient?.ja3,
      ja3s: ofServer?.ja3s,
      ja4: ofClient?.ja4,
      stacks: { client: ofClient?.stack, server: ofServer?.stack },
    };
  }

  get resumption(): ResumptionFacts | undefined {
    return resumptionOf(this.facts, this.row, this.protocol === 'DTLS');
  }

  get foreignCookie(): CookieFact | undefined {
    const hello = this.clientHelloOctets();
    if (hello === undefined) return undefined;
    const { cookies } = this.facts;
    scan.scanClientHello(hello, 0, hello.length, this.protocol === 'DTLS');
    const origin =
      cookies.originOf(hello, scan.cookieOffset, scan.cookieLength, this.id) ??
      cookies.originOf(hello, scan.retryCookieOffset, scan.retryCookieLength, this.id);
    if (origin === undefined) return undefined;
    return {
      ...origin,
      by: scan.cookieLength > 0 ? 'hello_verify_request' : 'hello_retry_request',
    };
  }

  get messages(): readonly MessageFact[] {
    this.messageList ??= messagesOf(this.facts, this.row, this.clientSide);
    return this.messageList;
  }

  get alerts(): readonly AlertFact[] {
    this.alertList ??= alertsOf(this.facts, this.row, this.clientSide);
    return this.alertList;
  }

  get oddities(): readonly OddityFact[] {
    this.oddityList ??= odditiesOf(this.facts, this.row, this.clientSide);
    return this.oddityList;
  }

  get strays(): readonly StrayFact[] {
    this.strayList ??= straysOf(this.facts, this.row, this.clientSide);
    return this.strayList;
  }

  get records(): PerRole<RecordCounts> {
    return this.both((side) => {
      const at = (this.row * 2 + side) * RECORD_KINDS;
      const { records } = this.facts.table;
      return {
        changeCipherSpec: records[at] as number,
        alert: records[at + 1] as number,
        handshake: records[at + 2] as number,
        applicationData: records[at + 3] as number,
        other: records[at + 4] as number,
      };
    });
  }

  get changeCipherSpec(): PerRole<At | undefined> {
    const { table } = this.facts;
    return this.both((side) => at(table.ccsPacket, table.ccsNanos, this.row * 2 + side));
  }

  get protectedRecords(): PerRole<ProtectedFacts> {
    this.protectedFacts ??= this.readProtected();
    return this.protectedFacts;
  }

  get clientFlight(): ClientFlightFact | undefined {
    const { table } = this.facts;
    const records = table.clientFlight[this.row] as number;
    const half = this.row * 2 + this.clientSide;
    const when = at(table.firstPacket, table.firstNanos, half);
    if (records === 0 || when === undefined) return undefined;
    const shape = flightShape(
      (table.firstRecord[half] as number) & 0xffff,
      records,
      (table.suite[this.row] as number) - 1,
    );
    return shape && { ...when, shape, records };
  }

  private readProtected(): PerRole<ProtectedFacts> {
    const { table } = this.facts;
    return this.both((side) => {
      const half = this.row * 2 + side;
      const from: Role = side === this.clientSide ? 'client' : 'server';
      const fact = (
        packets: Int32Array,
        nanos: Float64Array,
        records: Int32Array,
      ): RecordFact | undefined => {
        const when = at(packets, nanos, half);
        if (when === undefined) return undefined;
        const record = records[half] as number;
        // To spread it here would take longer than all the rest of a history.
        return {
          packet: when.packet,
          nanos: when.nanos,
          from,
          contentType: record >>> 16,
          length: record & 0xffff,
          epoch: this.placement.lastEpoch(side),
          sequence: packets === table.lastPacket ? this.placement.lastSequence(side) : 0,
        };
      };
      return {
        count: table.protectedCount[half] as number,
        first: fact(table.firstPacket, table.firstNanos, table.firstRecord),
        last: fact(table.lastPacket, table.lastNanos, table.lastRecord),
        lastData: fact(table.dataPacket, table.dataNanos, table.dataRecord),
      };
    });
  }

  get decryption(): DecryptionFacts | undefined {
    if (this.facts.owners === undefined) return undefined;
    this.decryptionFacts ??=
      this.facts.unsealed.get(this.row)?.tally.facts(this.protectedCount) ?? new Tally().facts();
    return this.decryptionFacts;
  }

  get signatures(): readonly SignatureCheck[] {
    this.signatureList ??= this.verifySignatures();
    return this.signatureList;
  }

  /** Seconds since 1970 when it began. */
  private moment(): number {
    return this.facts.epochSeconds() + this.startNanos / SECOND;
  }

  get certificates(): PerRole<readonly CertificateFact[]> {
    const now = this.moment();
    return shownCertificates(this.clearMessages(), this.serverName, now);
  }

  get clientAuthorities(): AuthoritiesFact | undefined {
    const { version } = this;
    return version === undefined ? undefined : askedAuthorities(this.clearMessages(), version);
  }

  private verifySignatures(): SignatureCheck[] {
    const opened = this.facts.unsealed.get(this.row)?.transcript13;
    const finished = this.decryption?.finished;
    if (opened !== undefined && finished !== undefined)
      return verifySignatures13(this, opened, finished);
    const messages = this.clearMessages();
    if (messages === undefined) return [];
    return verifySignatures(this, messages, () => this.facts.randoms.around(this.id));
  }

  /** Messages that were kept of a handshake that was not completed; undefined without those of the server. */
  private clearMessages(): HandshakeMessages | undefined {
    const { facts, row, clientSide } = this;
    const { clear, hellos, table } = facts;
    const hello = (handle: number, length: number) =>
      handle === 0 ? undefined : hellos.slab.view(handle, length);
    const client = {
      hello: hello(table.clientHello[row] as number, table.clientHelloLength[row] as number),
      octets: clear.of(2 * row + clientSide),
    };
    const server = {
      hello: hello(table.serverHello[row] as number, table.serverHelloLength[row] as number),
      octets: clear.of(2 * row + 1 - clientSide),
    };
    if (server.octets === undefined) return undefined;
    return clearMessages({ client, server }, this.protocol === 'DTLS');
  }

  get tcp(): TcpFacts | undefined {
    if (this.protocol !== 'TLS') return undefined;
    this.tcpFacts ??= this.placement.tcp(this.clientSide);
    return this.tcpFacts;
  }

  get upgrade(): UpgradeFact | undefined {
    return this.placement.upgrade(this.clientSide);
  }

  get innerTls(): InnerTlsFact | undefined {
    return this.facts.innerTls.of(this.row);
  }

  get dtls(): DtlsFacts | undefined {
    if (this.protocol !== 'DTLS') return undefined;
    this.dtlsFacts ??= this.placement.dtls(this.clientSide);
    return this.dtlsFacts;
  }

  private fatalAlertPacket(): number {
    if (
      !this.facts.table.has(this.row, SEEN.fatalFromClient) &&
      !this.facts.table.has(this.row, SEEN.fatalFromServer)
    )
      return 0;
    return (
      this.alerts.find(({ level, description }) => level === 2 && description !== 0)?.packet ?? 0
    );
  }

  private random(role: Role): Uint8Array | undefined {
    const at = this.randomAt(role);
    return at < 0 ? undefined : this.randomOctets(role).subarray(at, at + 32);
  }

  private sideOf(role: Role): Side {
    return (role === 'client' ? this.clientSide : 1 - this.clientSide) as Side;
  }

  private both<T>(of: (side: Side) => T): PerRole<T> {
    const client = of(this.clientSide);
    return { client, server: of((1 - this.clientSide) as Side) };
  }

  /** See `ConnectionHistory.ordinary`; two versions, suites and ways of closing never share a class. */
  private ordinaryClass(flags: number): number {
    if ((flags & UNUSUAL) !== 0 || (flags & COMPLETE) !== COMPLETE || !this.bothDirections)
      return 0;
    if (this.facts.alertInsteadOfAnswer(this.row, this.clientSide)) return 0;
    const closing = this.placement.ordinaryClosing(this.clientSide);
    if (closing === 0) return 0;
    const resumed = this.resumed === undefined ? 0 : this.resumed ? 2 : 1;
    const negotiated =
      (this.extendedMasterSecret ? 1 : 0) |
      (this.encryptThenMac ? 2 : 0) |
      (resumed << 2) |
      ((flags & SEEN.helloRetry) !== 0 ? 16 : 0) |
      ((flags & SEEN.earlyData) !== 0 ? 32 : 0) |
      (this.blindSpots.length << 6) |
      ((this.facts.table.helloCount[this.row] as number) > 1 ? 512 : 0);
    const offer = (flags & SEEN.offersSession) !== 0 ? 0x10000 : 0;
    const suite = (offer + (this.version ?? 0)) * 0x10000 + (this.cipherSuite ?? 0);
    return (suite * 0x400 + negotiated) * 4 + closing;
  }

  private get protectedCount(): number {
    const { protectedCount } = this.facts.table;
    return (protectedCount[2 * this.row] as number) + (protectedCount[2 * this.row + 1] as number);
  }

  /** What keeps protected records from being read. */
  private unopened(): BlindSpot[] {
    const { decryption } = this;
    if (decryption === undefined) return ['no-secrets'];
    const { authenticated, failed, obstacle } = decryption;
    if (obstacle === 'cipher-unsupported') return ['cipher-unsupported'];
    return authenticated + failed > 0 && obstacle === undefined ? [] : ['no-secrets'];
  }

  private clientHelloOctets(): Uint8Array | undefined {
    const { table, hellos } = this.facts;
    const handle = table.clientHello[this.row] as number;
    if (handle === 0) return undefined;
    return hellos.slab.view(handle, table.clientHelloLength[this.row] as number);
  }

  private serverHelloOctets(): Uint8Array | undefined {
    const { table, hellos } = this.facts;
    const handle = table.serverHello[this.row] as number;
    if (handle === 0) return undefined;
    return hellos.slab.view(handle, table.serverHelloLength[this.row] as number);
  }

  private findBlindSpots(flags: number): BlindSpot[] {
    const spots: BlindSpot[] = [];
    // Whose SYN was captured has its start here, also where no hello follows, unless octets are missing.
    const begun = this.placement.initiator !== undefined && (flags & SEEN.lostOctets) === 0;
    if ((flags & SEEN.clientHello) === 0 && !begun) spots.push('start-not-captured');
    if (!this.bothDirections) spots.push('one-direction');
    const isCut = (flags & SEEN.cutPackets) !== 0;
    if ((flags & SEEN.lostOctets) !== 0 && (this.placement.isHoled || !isCut))
      spots.push('lost-bytes');
    if (isCut) spots.push('cut-packets');
    if ((flags & SEEN.notAnalysed) !== 0) spots.push('cipher-unsupported');
    if ((flags & SEEN.messagesOmitted) !== 0) spots.push('too-many-messages');
    if (
      this.facts.table.protectedCount[2 * this.row] !== 0 ||
      this.facts.table.protectedCount[2 * this.row + 1] !== 0
    )
      spots.push(...this.unopened());
    return spots;
  }
}

function versionsIn(hello: Uint8Array, s: HelloScan): number[] {
  if (s.supportedVersionsLength === 0) return s.legacyVersion === 0 ? [] : [s.legacyVersion];
  const versions: number[] = [];
  for (let i = 0; i + 1 < s.supportedVersionsLength; i += 2) {
    const at = s.supportedVersionsOffset + i;
    const version = ((hello[at] as number) << 8) | (hello[at + 1] as number);
    if (!isGrease(version)) versions.push(version);
  }
  return versions;
}

/** Does the random of this hello begin with the time, give or take the faults of clocks? RFC 5246 §7.4.1.2. */
function isTimeAt(hello: Uint8Array, moment: number): boolean {
  if (hello.length < AFTER_RANDOM) return false;
  return Math.abs((readI32(hello, 2) >>> 0) - moment) < HALF_A_DAY;
}

/** A random that is none of the time lies within this of it once in fifty thousand. */
const HALF_A_DAY = 12 * 3600;
const AFTER_RANDOM = 34;

function text(octets: Uint8Array, offset: number, length: number): string {
  return textOf(octets, offset, offset + length);
}

function at(packets: Int32Array, nanos: Float64Array, index: number): At | undefined {
  const packet = packets[index] as number;
  return packet === 0 ? undefined : { packet, nanos: nanos[index] as number };
}

/** TLS 1.3 or DTLS 1.3, drafts included. */
export function isTls13(version: number | undefined): boolean {
  return version !== undefined && tlsEquivalent(version) === TLS_1_3;
}
