/**
 * Whole TLS and DTLS conversations as a network would carry them. What is protected is random octets of the right
 * length. Everything follows from the given numbers, so that two calls give the same octets.
 */
import {
  type ClientHelloSpec,
  clientHello,
  concat,
  dtlsFragment,
  dtlsRecord,
  dtlsRecordWithId,
  type ExtensionSpec,
  ext,
  filled,
  handshakeMessage,
  helloVerifyRequest,
  type Octets,
  serverHello,
  tlsRecord,
  u8,
  u16,
  uint,
  vector,
} from './hello-builder.ts';
import { otherPeer, type Peer, UdpFlow } from './network.ts';
import {
  Cipherlike,
  GCM,
  GCM_13,
  isPskOnly,
  isStaticRsa,
  nonceOf,
  sealedLength,
  usesExplicitNonce,
} from './protection.ts';

const CCS = 20;
const ALERT = 21;
const HANDSHAKE = 22;
const DATA = 23;

// --------------------------------------------------------------------------------------------------- bodies

const certificate = (octets: number, cipher: Cipherlike): Octets =>
  vector(3, vector(3, cipher.octets(octets)));

/** ECDHE over P-256, signed with RSA and SHA-256. RFC 8422 §5.4. */
const serverKeyExchange = (cipher: Cipherlike): Octets =>
  concat(u8(3), u16(23), vector(1, cipher.octets(65)), u16(0x0804), vector(2, cipher.octets(256)));

function clientKeyExchange(suite: number, cipher: Cipherlike): Octets {
  if (isPskOnly(suite)) return vector(2, cipher.octets(8));
  return isStaticRsa(suite) ? vector(2, cipher.octets(256)) : vector(1, cipher.octets(65));
}

// --------------------------------------------------------------------------------------------------- TLS

export interface TlsSpec {
  /** Wire value; 0x0304 for TLS 1.3. TLS 1.2 unless given. */
  readonly version?: number;
  readonly suite?: number;
  /** TLS ≤ 1.2: the server takes up an old session. TLS 1.3: it takes a PSK. */
  readonly resumed?: boolean;
  /** TLS 1.3: the server asks for another key share first. */
  readonly retry?: boolean;
  /** TLS 1.3, with `resumed`: the client sends data before the server answered. */
  readonly earlyData?: boolean;
  readonly clientCertificate?: boolean;
  readonly extendedMasterSecret?: boolean;
  readonly encryptThenMac?: boolean;
  /** TLS 1.3: one record for the server's protected messages, or one for each. */
  readonly coalesced?: boolean;
  readonly serverName?: string;
  /** Randoms, certificates and ciphertext follow from it. */
  readonly seed?: number;
}

/** A record of a handshake, what it carries, and who sends it. */
export interface TlsStep {
  readonly from: Peer;
  readonly name: string;
  readonly record: Octets;
}

/** Writes the records of one TLS connection. */
export class TlsWriter {
  readonly version: number;
  readonly suite: number;
  readonly clientRandom: Octets;
  readonly serverRandom: Octets;
  private readonly spec: TlsSpec;
  private readonly cipher: Cipherlike;
  private readonly sessionId: Octets;

  constructor(spec: TlsSpec = {}) {
    this.spec = spec;
    this.version = spec.version ?? 0x0303;
    this.suite = spec.suite ?? (this.is13 ? GCM_13 : GCM);
    this.cipher = new Cipherlike(spec.seed ?? 1);
    this.clientRandom = this.cipher.octets(32);
    this.serverRandom = this.cipher.octets(32);
    this.sessionId = this.cipher.octets(32);
  }

  get is13(): boolean {
    return this.version === 0x0304;
  }

  /** All records of the handshake in the order in which they are sent. */
  handshake(): TlsStep[] {
    if (this.is13) return this.spec.earlyData ? this.handshakeEarly() : this.handshake13();
    return this.spec.resumed ? this.resumption() : this.handshake12();
  }

  /** A protected record of type application_data with that many octets in it. */
  data(from: Peer, octets: number): TlsStep {
    return this.sealed(from, `${from}_data`, DATA, octets);
  }

  /** A protected alert; in TLS 1.3 it is told from data by its length only. */
  sealedAlert(from: Peer): TlsStep {
    return this.sealed(from, `${from}_alert`, this.is13 ? DATA : ALERT, 2);
  }

  alert(from: Peer, level: number, description: number): TlsStep {
    const record = tlsRecord(ALERT, this.recordVersion, Uint8Array.of(level, description));
    return { from, name: `${from}_clear_alert`, record };
  }

  private get recordVersion(): number {
    return this.is13 ? 0x0303 : this.version;
  }

  private message(from: Peer, name: string, type: number, body: Octets): TlsStep {
    const version = name === 'client_hello' ? Math.min(this.version, 0x0301) : this.recordVersion;
    return { from, name, record: tlsRecord(HANDSHAKE, version, handshakeMessage(type, body)) };
  }

  private ccs(from: Peer): TlsStep {
    return { from, name: `${from}_ccs`, record: tlsRecord(CCS, this.recordVersion, u8(1)) };
  }

  sealed(from: Peer, name: string, type: number, octets: number): TlsStep {
    const length = sealedLength(this.suite, this.is13 ? octets + 1 : octets, {
      implicitIv: this.version <= 0x0301,
      encryptThenMac: this.spec.encryptThenMac === true,
    });
    return { from, name, record: tlsRecord(type, this.recordVersion, this.cipher.octets(length)) };
  }

  private finished(from: Peer): TlsStep {
    return this.sealed(from, `${from}_finished`, HANDSHAKE, this.version === 0x0300 ? 40 : 16);
  }

  private handshake12(): TlsStep[] {
    const { cipher, suite, spec } = this;
    const keyExchange = isStaticRsa(suite)
      ? []
      : [this.message('server', 'server_key_exchange', 12, serverKeyExchange(cipher))];
    const request = spec.clientCertificate
      ? [
          this.message(
            'server',
            'certificate_request',
            13,
            concat(vector(1, u8(1)), vector(2, u16(0x0401)), vector(2)),
          ),
        ]
      : [];
    const own = spec.clientCertificate
      ? this.message('client', 'client_certificate', 11, certificate(700, cipher))
      : undefined;
    const verify = spec.clientCertificate
      ? this.message(
          'client',
          'certificate_verify',
          15,
          concat(u16(0x0401), vector(2, cipher.octets(256))),
        )
      : undefined;
    return [
      this.clientHello(),
      this.serverHello(),
      this.message('server', 'certificate', 11, certificate(900, cipher)),
      ...keyExchange,
      ...request,
      this.message('server', 'server_hello_done', 14, new Uint8Array(0)),
      ...(own ? [own] : []),
      this.message('client', 'client_key_exchange', 16, clientKeyExchange(suite, cipher)),
      ...(verify ? [verify] : []),
      this.ccs('client'),
      this.finished('client'),
      this.ccs('server'),
      this.finished('server'),
    ];
  }

  private resumption(): TlsStep[] {
    return [
      this.clientHello(),
      this.serverHello(),
      this.ccs('server'),
      this.finished('server'),
      this.ccs('client'),
      this.finished('client'),
    ];
  }

  private handshake13(): TlsStep[] {
    const { retry = false } = this.spec;
    return [
      this.clientHello(retry ? { group: 29 } : {}),
      ...(retry
        ? [
            this.helloRetryRequest(),
            this.ccs('server'),
            this.ccs('client'),
            this.clientHello({ group: 23, again: true }),
          ]
        : []),
      this.serverHello(),
      ...(retry ? [] : [this.ccs('server')]),
      ...this.serverFlight13(),
      ...(retry ? [] : [this.ccs('client')]),
      ...(this.spec.clientCertificate
        ? [
            this.sealed('client', 'client_certificate', DATA, 700),
            this.sealed('client', 'certificate_verify', DATA, 264),
          ]
        : []),
      this.sealed('client', 'client_finished', DATA, 36),
      this.sealed('server', 'new_session_ticket', DATA, 234),
    ];
  }

  private handshakeEarly(): TlsStep[] {
    return [
      this.clientHello(),
      this.ccs('client'),
      this.sealed('client', 'early_data', DATA, 120),
      this.serverHello(),
      this.ccs('server'),
      ...this.serverFlight13(),
      this.sealed('client', 'end_of_early_data', DATA, 4),
      this.sealed('client', 'client_finished', DATA, 36),
      this.sealed('server', 'new_session_ticket', DATA, 234),
    ];
  }

  private serverFlight13(): TlsStep[] {
    const { resumed = false, clientCertificate = false, coalesced = true } = this.spec;
    const messages: [string, number][] = [['encrypted_extensions', 10]];
    if (clientCertificate) messages.push(['certificate_request', 40]);
    if (!resumed) messages.push(['certificate', 900], ['certificate_verify', 264]);
    messages.push(['server_finished', 36]);
    if (!coalesced) return messages.map(([name, size]) => this.sealed('server', name, DATA, size));
    const octets = messages.reduce((sum, [, size]) => sum + size, 0);
    return [this.sealed('server', 'server_flight', DATA, octets)];
  }

  private clientHello({ group = 29, again = false } = {}): TlsStep {
    const { spec, version, suite } = this;
    const extensions: ExtensionSpec[] = [];
    if (spec.serverName !== undefined) extensions.push(ext.serverName(spec.serverName));
    if (spec.extendedMasterSecret) extensions.push(ext.extendedMasterSecret());
    if (spec.encryptThenMac) extensions.push(ext.encryptThenMac());
    if (this.is13) {
      extensions.push(
        ext.supportedGroups([29, 23]),
        ext.signatureAlgorithms([0x0804, 0x0403]),
        ext.supportedVersions([0x0304, 0x0303]),
        ext.keyShares([group], group === 23 ? 65 : 32),
      );
      if (spec.earlyData && !again) extensions.push(ext.earlyData());
      if (spec.resumed) {
        const identity = concat(vector(2, filled(32, 0x11)), uint(0, 4));
        const binders = vector(1, filled(32, 0x22));
        extensions.push(ext.pskModes([1]), {
          type: 41,
          data: concat(vector(2, identity), vector(2, binders)),
        });
      }
    }
    const hello: ClientHelloSpec = {
      version: Math.min(version, 0x0303),
      random: this.clientRandom,
      sessionId: this.is13 || spec.resumed ? this.sessionId : new Uint8Array(0),
      cipherSuites: this.is13 ? [suite, GCM] : [suite, 0x00ff],
      extensions: version < 0x0301 ? undefined : extensions,
    };
    return this.message('client', again ? 'client_hello_2' : 'client_hello', 1, clientHello(hello));
  }

  private helloRetryRequest(): TlsStep {
    // SHA-256 of "HelloRetryRequest", RFC 8446 §4.1.3.
    const random = Uint8Array.from(
      'cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c'.match(/../g) ?? [],
      (pair) => Number.parseInt(pair, 16),
    );
    const extensions = [ext.selectedVersion(0x0304), ext.keyShareRequest(23)];
    return this.message(
      'server',
      'hello_retry_request',
      2,
      serverHello({ random, sessionId: this.sessionId, cipherSuite: this.suite, extensions }),
    );
  }

  private serverHello(): TlsStep {
    const { spec, version, suite } = this;
    const extensions: ExtensionSpec[] = [];
    if (this.is13) {
      extensions.push(ext.selectedVersion(0x0304), ext.keyShare(spec.retry ? 23 : 29, 32));
      if (spec.resumed) extensions.push(ext.selectedPsk(0));
    } else {
      if (spec.extendedMasterSecret) extensions.push(ext.extendedMasterSecret());
      if (spec.encryptThenMac) extensions.push(ext.encryptThenMac());
    }
    return this.message(
      'server',
      'server_hello',
      2,
      serverHello({
        version: Math.min(version, 0x0303),
        random: this.serverRandom,
        sessionId: this.is13 || spec.resumed ? this.sessionId : this.cipher.octets(32),
        cipherSuite: suite,
        extensions: version < 0x0301 ? undefined : extensions,
      }),
    );
  }
}

// --------------------------------------------------------------------------------------------------- DTLS

/** Where a direction's explicit nonces come from: counted up from a start, epoch and sequence number, or random. */
export type Nonces = bigint | 'sequence' | 'random';

export interface DtlsSpec {
  /** Wire value of the ServerHello; DTLS 1.2 unless given. */
  readonly version?: number;
  readonly suite?: number;
  /** The server asks for a cookie first; true unless told otherwise. */
  readonly verify?: boolean;
  readonly resumed?: boolean;
  readonly encryptThenMac?: boolean;
  readonly extendedMasterSecret?: boolean;
  readonly nonces?: Readonly<Record<Peer, Nonces>>;
  /** Octets of a message in one fragment; whole messages unless given. */
  readonly fragmentOctets?: number;
  /** Each record in a datagram of its own, or flights in as few as possible. */
  readonly coalesced?: boolean;
  /** The connection id that each wants to receive, where both hellos have the extension; under 54 unless given. */
  readonly ids?: Readonly<Record<Peer, Octets>>;
  readonly idExtension?: number;
  readonly seed?: number;
}

interface RecordOptions {
  readonly epoch?: number;
  /** The next one of this direction and epoch unless given. */
  readonly sequence?: number;
  /** The connection id of the record; the one that the receiver wants unless given. */
  readonly id?: Octets;
}

/** Writes one DTLS association onto a flow. Flights can be sent again: record numbers go on, message numbers do not. */
export class Association {
  /** Where it sends: another one after `moveTo`. */
  flow: UdpFlow;
  readonly version: number;
  readonly suite: number;
  readonly clientRandom: Octets;
  readonly serverRandom: Octets;
  readonly cookie: Octets;
  /** Next record number by direction and epoch. */
  readonly next: Record<Peer, number[]> = { client: [0, 0], server: [0, 0] };
  private readonly spec: DtlsSpec;
  private readonly cipher: Cipherlike;
  private readonly sessionId: Octets;
  private readonly keys: Octets;
  private readonly chain: Octets;
  private readonly exchange: Octets;

  constructor(flow: UdpFlow = new UdpFlow(), spec: DtlsSpec = {}) {
    this.flow = flow;
    this.spec = spec;
    this.version = spec.version ?? 0xfefd;
    this.suite = spec.suite ?? GCM;
    this.cipher = new Cipherlike(spec.seed ?? 1);
    this.clientRandom = this.cipher.octets(32);
    this.serverRandom = this.cipher.octets(32);
    this.cookie = this.cipher.octets(20);
    this.sessionId = this.cipher.octets(32);
    // The same octets in every transmission.
    this.chain = certificate(900, this.cipher);
    this.keys = serverKeyExchange(this.cipher);
    this.exchange = clientKeyExchange(this.suite, this.cipher);
  }

  get verifies(): boolean {
    return this.spec.verify !== false;
  }

  // ---------------------------------------------------------------- records

  record(
    from: Peer,
    type: number,
    body: Octets,
    { epoch = 0, sequence }: RecordOptions = {},
  ): Octets {
    return dtlsRecord(type, this.version, epoch, sequence ?? this.number(from, epoch), body);
  }

  /** A protected record with `content` octets in it. */
  sealed(from: Peer, type: number, content: number, options: RecordOptions = {}): Octets {
    const { epoch = 1, sequence = this.number(from, epoch) } = options;
    const id = options.id ?? this.spec.ids?.[otherPeer(from)] ?? new Uint8Array(0);
    const encryptThenMac = this.spec.encryptThenMac === true;
    const inner = content + (id.length > 0 ? 1 : 0);
    const length = sealedLength(this.suite, inner, { encryptThenMac });
    const nonce = usesExplicitNonce(this.suite)
      ? this.nonce(from, epoch, sequence)
      : new Uint8Array(0);
    const body = this.cipher.behind(nonce, length);
    if (id.length > 0) return dtlsRecordWithId(this.version, epoch, sequence, id, body);
    return this.record(from, type, body, { epoch, sequence });
  }

  /** A handshake message as records, in fragments if the association cuts that small. */
  message(
    from: Peer,
    type: number,
    messageSequence: number,
    body: Octets,
    fragmentOctets = this.spec.fragmentOctets ?? Math.max(1, body.length),
  ): Octets[] {
    const records: Octets[] = [];
    for (let at = 0; at === 0 || at < body.length; at += fragmentOctets) {
      const size = Math.min(fragmentOctets, body.length - at);
      records.push(
        this.record(from, HANDSHAKE, dtlsFragment(type, messageSequence, body, at, size)),
      );
    }
    return records;
  }

  alert(from: Peer, level: number, description: number, options: RecordOptions = {}): Octets {
    return this.record(from, ALERT, Uint8Array.of(level, description), options);
  }

  sealedAlert(from: Peer, options: RecordOptions = {}): Octets {
    return this.sealed(from, ALERT, 2, options);
  }

  // ---------------------------------------------------------------- messages

  clientHello(given: { cookie?: Octets; random?: Octets; again?: boolean } = {}): Octets[] {
    const { spec } = this;
    const { cookie = new Uint8Array(0), random = this.clientRandom, again = false } = given;
    const extensions: ExtensionSpec[] = [ext.supportedGroups([23])];
    if (spec.encryptThenMac) extensions.push(ext.encryptThenMac());
    if (spec.extendedMasterSecret) extensions.push(ext.extendedMasterSecret());
    if (spec.ids !== undefined) extensions.push(this.idExtension(spec.ids.client));
    const body = clientHello({
      version: this.version,
      random,
      sessionId: spec.resumed ? this.sessionId : new Uint8Array(0),
      cookie,
      cipherSuites: [this.suite, 0x00ff],
      extensions,
    });
    return this.message('client', 1, again ? 1 : 0, body);
  }

  helloVerifyRequest(cookie = this.cookie): Octets[] {
    return this.message('server', 3, 0, helloVerifyRequest(0xfeff, cookie));
  }

  serverHello(): Octets[] {
    const { spec } = this;
    const extensions: ExtensionSpec[] = [];
    if (spec.encryptThenMac) extensions.push(ext.encryptThenMac());
    if (spec.extendedMasterSecret) extensions.push(ext.extendedMasterSecret());
    if (spec.ids !== undefined) extensions.push(this.idExtension(spec.ids.server));
    const body = serverHello({
      version: this.version,
      random: this.serverRandom,
      sessionId: spec.resumed ? this.sessionId : new Uint8Array(0),
      cipherSuite: this.suite,
      extensions,
    });
    return this.message('server', 2, this.serverFirst, body);
  }

  /** ServerHello to ServerHelloDone; of a resumption ServerHello, ChangeCipherSpec, Finished. */
  serverFlight(): Octets[] {
    if (this.spec.resumed) return [...this.serverHello(), ...this.finish('server')];
    const first = this.serverFirst;
    const hello = this.serverHello();
    const certificates = isPskOnly(this.suite)
      ? []
      : [
          ...this.message('server', 11, first + 1, this.chain),
          ...this.message('server', 12, first + 2, this.keys),
        ];
    const last = first + (isPskOnly(this.suite) ? 1 : 3);
    return [...hello, ...certificates, ...this.message('server', 14, last, new Uint8Array(0))];
  }

  /** ClientKeyExchange, ChangeCipherSpec, Finished; of a resumption without the first. */
  clientFlight(): Octets[] {
    const exchange = this.spec.resumed
      ? []
      : this.message('client', 16, this.verifies ? 2 : 1, this.exchange);
    return [...exchange, ...this.finish('client')];
  }

  /** ChangeCipherSpec and Finished. */
  finish(from: Peer): Octets[] {
    return [this.record(from, CCS, u8(1)), this.sealed(from, HANDSHAKE, 24)];
  }

  // ---------------------------------------------------------------- flights on the wire

  send(from: Peer, records: readonly Octets[]): this {
    if (this.spec.coalesced === false) {
      for (const record of records) this.flow.datagram(from, record);
      return this;
    }
    let datagram: Octets[] = [];
    let octets = 0;
    for (const record of records) {
      if (octets + record.length > 1400 && octets > 0) {
        this.flow.datagram(from, ...datagram);
        datagram = [];
        octets = 0;
      }
      datagram.push(record);
      octets += record.length;
    }
    this.flow.datagram(from, ...datagram);
    return this;
  }

  /** The whole handshake, each flight once. */
  handshake(): this {
    for (const [from, flight] of this.flights()) this.send(from, flight());
    return this;
  }

  /** The flights of the handshake, to be sent one by one, or again. */
  flights(): [Peer, () => Octets[]][] {
    const { cookie, spec } = this;
    const hello: [Peer, () => Octets[]][] = this.verifies
      ? [
          ['client', () => this.clientHello()],
          ['server', () => this.helloVerifyRequest()],
          ['client', () => this.clientHello({ cookie, again: true })],
        ]
      : [['client', () => this.clientHello()]];
    return spec.resumed
      ? [...hello, ['server', () => this.serverFlight()], ['client', () => this.clientFlight()]]
      : [
          ...hello,
          ['server', () => this.serverFlight()],
          ['client', () => this.clientFlight()],
          ['server', () => this.finish('server')],
        ];
  }

  data(from: Peer, octets = 40): this {
    return this.send(from, [this.sealed(from, DATA, octets)]);
  }

  /** A closing alert. */
  close(from: Peer, options: RecordOptions = {}): this {
    return this.send(from, [this.sealedAlert(from, options)]);
  }

  /** Both close, the second in answer to the first. */
  closeBoth(first: Peer): this {
    return this.close(first).close(otherPeer(first));
  }

  /** What it sends from now on goes over another 5-tuple. */
  moveTo(flow: UdpFlow): this {
    flow.nanos = Math.max(flow.nanos, this.flow.nanos);
    this.flow = flow;
    return this;
  }

  private idExtension(id: Octets): ExtensionSpec {
    return { ...ext.connectionId(id), type: this.spec.idExtension ?? 54 };
  }

  /** From now on a direction uses this epoch; its numbers begin anew. */
  private number(from: Peer, epoch: number): number {
    const numbers = this.next[from];
    const number = numbers[epoch] ?? 0;
    numbers[epoch] = number + 1;
    return number;
  }

  private get serverFirst(): number {
    return this.verifies ? 1 : 0;
  }

  private nonce(from: Peer, epoch: number, sequence: number): Octets {
    const nonces = this.spec.nonces?.[from] ?? 'sequence';
    if (nonces === 'random') return this.cipher.octets(8);
    if (nonces === 'sequence') return concat(u16(epoch), uint(sequence, 6));
    return nonceOf(nonces + BigInt(sequence));
  }
}
