import type {
  AuthoritiesFact,
  CertificateFact,
  MalformedCertificate,
} from '../model/certificate.ts';
import { SSL_2_0, TLS_1_3, tlsEquivalent } from '../model/code-points/versions.ts';
import type { DecryptionFacts } from '../model/decryption.ts';
import { type DtlsFacts, lacksNumbers } from '../model/dtls-facts.ts';
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
  HeartbeatFact,
  MessageFact,
  MessageVisitor,
  OddityFact,
  Outcome,
  PerRole,
  ProtectedFacts,
  RecordCounts,
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
import { blindSpotsOf } from './blind-spots.ts';
import { RECORD_KINDS, SEEN } from './connection-table.ts';
import type { FactsRecorder } from './facts-recorder.ts';
import { heartbeatsOf } from './heartbeats.ts';
import { fingerprintsOf, foreignCookieOf, helloOctets, versionsIn } from './hello-facts.ts';
import { alertsOf, messagesOf, odditiesOf, straysOf, visitMessages } from './history-events.ts';
import { keptMessagesOf } from './kept-messages.ts';
import { missingRecords } from './missing-records.ts';
import { ordinaryClass } from './ordinary-class.ts';
import { outcomeOf, stageOf } from './outcome.ts';
import type { Placement } from './placement.ts';
import {
  changeCipherSpecOf,
  clientFlightOf,
  protectedRecordsOf,
  recordsOf,
} from './record-facts.ts';
import { resumptionOf } from './resumption.ts';
import {
  askedAuthorities,
  malformedCertificates,
  shownCertificates,
} from './shown-certificates.ts';
import type { HandshakeMessages } from './unsealing/handshake-messages.ts';
import { Tally } from './unsealing/tally.ts';
import { verifySignatures } from './verify-signatures.ts';
import { verifySignatures13 } from './verify-signatures13.ts';

const scan = new HelloScan();
/** The alert of a client whose encrypted ClientHello was rejected. RFC 9849 §6.1.6. */
const ECH_REQUIRED = 121;

/**
 * The facts of one row as a history. What is cheap is settled at once; lists and decoded messages are built when they
 * are asked for. Valid until the row is released. As long as `ConnectionHistory` is: a getter for each of its facts.
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
  readonly missingRecords: PerRole<number> | undefined;
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
      mayLack: () => placement.protocol === 'DTLS' && this.mayLackRecords(),
      isInOrder: () =>
        placement.protocol === 'TLS' &&
        !placement.isOrderUnknown &&
        !placement.isHoled &&
        !has(SEEN.lostOctets),
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
    const hasTimes = facts.hasTimes();
    this.missingRecords = missingRecords(this, !has(SEEN.startMissing));
    this.blindSpots = blindSpotsOf(this, table, row, placement, hasTimes);
    this.ordinary =
      this.outcome === 'established' && hasTimes && !facts.mayBeOpened(row)
        ? ordinaryClass(this, facts, row, this.clientSide, placement)
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
    const hello = helloOctets(this.facts, this.row, 'client');
    return hello && decodeClientHello(hello, this.protocol === 'DTLS').message;
  }

  get curve(): number | undefined {
    return this.facts.table.curve[this.row] || undefined;
  }

  get serverHello(): ServerHello | undefined {
    const hello = helloOctets(this.facts, this.row, 'server');
    return hello && decodeServerHello(hello).message;
  }

  get fingerprints(): FingerprintFacts {
    return fingerprintsOf(this.facts, this.row, this.protocol === 'DTLS', this.moment());
  }

  get resumption(): ResumptionFacts | undefined {
    return resumptionOf(this.facts, this.row, this.protocol === 'DTLS');
  }

  get foreignCookie(): CookieFact | undefined {
    return foreignCookieOf(this.facts, this.row, this.protocol === 'DTLS', this.id);
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

  get heartbeats(): readonly HeartbeatFact[] {
    const { facts, row } = this;
    const others = facts.table.records;
    const at = 2 * row * RECORD_KINDS + RECORD_KINDS - 1;
    if (others[at] === 0 && others[at + RECORD_KINDS] === 0) return [];
    return heartbeatsOf(facts, row, this.clientSide);
  }

  get strays(): readonly StrayFact[] {
    this.strayList ??= straysOf(this.facts, this.row, this.clientSide);
    return this.strayList;
  }

  get records(): PerRole<RecordCounts> {
    return recordsOf(this.facts.table, this.row, this.clientSide);
  }

  get changeCipherSpec(): PerRole<At | undefined> {
    return changeCipherSpecOf(this.facts.table, this.row, this.clientSide);
  }

  get clientFlight(): ClientFlightFact | undefined {
    return clientFlightOf(this.facts.table, this.row, this.clientSide);
  }

  get protectedRecords(): PerRole<ProtectedFacts> {
    const { facts, row, clientSide, placement } = this;
    this.protectedFacts ??= protectedRecordsOf(facts.table, row, clientSide, placement);
    return this.protectedFacts;
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
    const { hasTimes, setBackSeconds } = this.facts;
    const doubt = hasTimes() ? setBackSeconds() : Number.POSITIVE_INFINITY;
    return shownCertificates(this.keptMessages(), this.serverName, { now, doubt });
  }

  get malformedCertificates(): PerRole<MalformedCertificate | undefined> {
    return malformedCertificates(this.keptMessages());
  }

  get clientAuthorities(): AuthoritiesFact | undefined {
    const { version } = this;
    return version === undefined ? undefined : askedAuthorities(this.keptMessages(), version);
  }

  private keptMessages(): HandshakeMessages | undefined {
    return keptMessagesOf(this.facts, this.row, this.clientSide, this.protocol === 'DTLS');
  }

  private verifySignatures(): SignatureCheck[] {
    const opened = this.facts.unsealed.get(this.row)?.transcript13;
    const finished = this.decryption?.finished;
    if (opened !== undefined && finished !== undefined)
      return verifySignatures13(this, opened, finished);
    const messages = this.keptMessages();
    if (messages === undefined) return [];
    return verifySignatures(this, messages, () => this.facts.randoms.around(this.id));
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

  /** DTLS: one side was not heard, data show that more of it came through than was captured, or numbers have no record. */
  private mayLackRecords(): boolean {
    const { placement, dtls } = this;
    const { client, server } = this.records;
    if (!placement.heard(0) || !placement.heard(1)) return true;
    if (client.applicationData + server.applicationData > 0) return true;
    const { epochs } = dtls ?? {};
    return epochs !== undefined && [...epochs.client, ...epochs.server].some(lacksNumbers);
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

  private get protectedCount(): number {
    const { protectedCount } = this.facts.table;
    return (protectedCount[2 * this.row] as number) + (protectedCount[2 * this.row + 1] as number);
  }
}

function text(octets: Uint8Array, offset: number, length: number): string {
  return textOf(octets, offset, offset + length);
}
