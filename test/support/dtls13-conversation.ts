/**
 * Whole associations of DTLS 1.3 as RFC 9147 has them, with true keys, Finished and ACKs; made for tests, shares no code with
 * `src`. The key exchange is left out: secrets follow from a number, like everything else.
 */
import * as node from 'node:crypto';
import {
  clientHello,
  concat,
  dtlsFragment,
  dtlsRecord,
  type ExtensionSpec,
  ext,
  handshakeMessage,
  type Octets,
  serverHello,
  u16,
  uint,
  vector,
} from './hello-builder.ts';
import { otherPeer, type Peer, UdpFlow } from './network.ts';
import { Cipherlike } from './protection.ts';
import {
  expandLabel,
  type HeaderForm,
  sealUnified,
  type UnifiedKeys,
  type UnifiedSlip,
  unifiedKeys,
} from './unified-sealer.ts';

const ALERT = 21;
const HANDSHAKE = 22;
const DATA = 23;
const ACK = 26;
const FINISHED = 20;
const DTLS_1_2 = 0xfefd;
const DTLS_1_3 = 0xfefc;
const DRAFT_43 = 0x7f2b;

export interface Dtls13Spec {
  readonly suite?: number;
  /** The server asks for its cookie first. */
  readonly retry?: boolean;
  /** The client sends data in epoch 1 behind its ClientHello. */
  readonly earlyData?: boolean;
  /** The id that each side wants to receive. */
  readonly cids?: Readonly<Record<Peer, Octets>>;
  readonly header?: HeaderForm;
  /** Octets of a message in one fragment. */
  readonly fragmentOctets?: number;
  /** What a side gets wrong in all its protected records. */
  readonly slips?: Partial<Record<Peer, UnifiedSlip>>;
  /** The label prefix of a side's keys. */
  readonly prefixes?: Partial<Record<Peer, string>>;
  /** As NSS 3.87 has draft 43: another number of version, the epoch in nonces, headers of 12 octets in the transcript. */
  readonly draft?: boolean;
  readonly seed?: number;
}

/** A record and where it stands. */
export interface SealedAt {
  readonly octets: Octets;
  readonly epoch: number;
  readonly sequence: number;
}

/** Writes one association onto a flow. */
export class Dtls13Association {
  readonly flow: UdpFlow;
  readonly suite: number;
  readonly clientRandom: Octets;
  readonly serverRandom: Octets;
  /** Next record number by direction and epoch; next message. */
  readonly next: Record<Peer, Map<number, number>> = { client: new Map(), server: new Map() };
  private readonly spec: Dtls13Spec;
  private readonly hash: string;
  private readonly cipher: Cipherlike;
  private readonly secrets: Record<Peer, Octets[]>;
  private readonly messages: Record<Peer, number> = { client: 0, server: 0 };
  private transcript: Octets[] = [];

  constructor(flow: UdpFlow = new UdpFlow(), spec: Dtls13Spec = {}) {
    this.flow = flow;
    this.spec = spec;
    this.suite = spec.suite ?? 0x1301;
    this.hash = this.suite === 0x1302 ? 'sha384' : 'sha256';
    this.cipher = new Cipherlike(spec.seed ?? 1);
    this.clientRandom = this.cipher.octets(32);
    this.serverRandom = this.cipher.octets(32);
    const octets = node.createHash(this.hash).digest().length;
    // By epoch: none, early, handshake, first of data.
    const secrets = () => [0, 1, 2, 3].map(() => this.cipher.octets(octets));
    this.secrets = { client: secrets(), server: secrets() };
  }

  /** As a key log has them. */
  get keyLog(): Octets {
    const hex = (octets: Octets) => Buffer.from(octets).toString('hex');
    const lines = [
      ['CLIENT_EARLY_TRAFFIC_SECRET', this.secret('client', 1)],
      ['CLIENT_HANDSHAKE_TRAFFIC_SECRET', this.secret('client', 2)],
      ['SERVER_HANDSHAKE_TRAFFIC_SECRET', this.secret('server', 2)],
      ['CLIENT_TRAFFIC_SECRET_0', this.secret('client', 3)],
      ['SERVER_TRAFFIC_SECRET_0', this.secret('server', 3)],
    ] as const;
    const text = lines
      .filter(([label]) => this.spec.earlyData || label !== 'CLIENT_EARLY_TRAFFIC_SECRET')
      .map(([label, secret]) => `${label} ${hex(this.clientRandom)} ${hex(secret)}\n`);
    return new TextEncoder().encode(text.join(''));
  }

  private get version(): number {
    return this.spec.draft ? DRAFT_43 : DTLS_1_3;
  }

  // ---------------------------------------------------------------- records

  keys(from: Peer, epoch: number): UnifiedKeys {
    return unifiedKeys(this.suite, this.secret(from, epoch), this.spec.prefixes?.[from]);
  }

  /** A protected record with the next number of its epoch. */
  sealed(
    from: Peer,
    epoch: number,
    type: number,
    content: Octets,
    more: { slip?: UnifiedSlip; keys?: UnifiedKeys; sequence?: number; header?: HeaderForm } = {},
  ): SealedAt {
    const sequence = more.sequence ?? this.number(from, epoch);
    const epochInNonce = this.spec.draft === true;
    const slip = more.slip ?? this.spec.slips?.[from] ?? { epochInNonce };
    const cid = this.spec.cids?.[otherPeer(from)];
    const form = { ...(cid && { cid }), ...this.spec.header, ...more.header };
    const keys = more.keys ?? this.keys(from, epoch);
    const { octets } = sealUnified(this.suite, keys, epoch, sequence, type, content, form, slip);
    return { octets, epoch, sequence };
  }

  /** A message in the clear or protected, in as many records as it has fragments. */
  message(from: Peer, epoch: number, type: number, body: Octets): SealedAt[] {
    const number = this.messages[from]++;
    if (epoch < 3)
      this.transcript.push(
        this.spec.draft
          ? dtlsFragment(type, number, body, 0, body.length)
          : handshakeMessage(type, body),
      );
    const size = this.spec.fragmentOctets ?? Math.max(1, body.length);
    const records: SealedAt[] = [];
    for (let at = 0; at === 0 || at < body.length; at += size) {
      const length = Math.min(size, body.length - at);
      const fragment = dtlsFragment(type, number, body, at, length);
      records.push(
        epoch === 0
          ? this.plain(from, HANDSHAKE, fragment)
          : this.sealed(from, epoch, HANDSHAKE, fragment),
      );
    }
    return records;
  }

  plain(from: Peer, type: number, body: Octets): SealedAt {
    const sequence = this.number(from, 0);
    return { octets: dtlsRecord(type, DTLS_1_2, 0, sequence, body), epoch: 0, sequence };
  }

  ack(from: Peer, epoch: number, ...records: readonly SealedAt[]): SealedAt {
    const list = records.map((r) =>
      this.spec.draft
        ? concat(uint(r.epoch, 2), uint(r.sequence, 6))
        : concat(uint(r.epoch, 8), uint(r.sequence, 8)),
    );
    const body = vector(2, ...list);
    return epoch === 0 ? this.plain(from, ACK, body) : this.sealed(from, epoch, ACK, body);
  }

  alert(from: Peer, epoch: number, level: number, description: number): SealedAt {
    const body = Uint8Array.of(level, description);
    return epoch === 0 ? this.plain(from, ALERT, body) : this.sealed(from, epoch, ALERT, body);
  }

  // ---------------------------------------------------------------- messages

  clientHello(cookie?: Octets): SealedAt[] {
    const { spec } = this;
    const extensions: ExtensionSpec[] = [
      ext.supportedVersions([this.version]),
      ext.supportedGroups([29]),
      ext.signatureAlgorithms([0x0403]),
      ext.keyShares([29]),
      ...(spec.cids === undefined ? [] : [ext.connectionId(spec.cids.client)]),
      ...(cookie === undefined ? [] : [{ type: 44, data: vector(2, cookie) }]),
      ...(spec.earlyData && cookie === undefined ? [ext.earlyData()] : []),
    ];
    const hello = {
      version: DTLS_1_2,
      random: this.clientRandom,
      sessionId: new Uint8Array(0),
      cookie: new Uint8Array(0),
      cipherSuites: [this.suite],
      extensions,
    };
    return this.message('client', 0, 1, clientHello(hello));
  }

  helloRetryRequest(): SealedAt[] {
    const random = node.createHash('sha256').update('HelloRetryRequest').digest();
    const first = concat(...this.transcript);
    const hashed = node.createHash(this.hash).update(first).digest();
    this.transcript = [concat(Uint8Array.of(254, 0, 0, hashed.length), hashed)];
    const cookie = { type: 44, data: vector(2, this.cipher.octets(24)) };
    return this.hello(random, [ext.selectedVersion(this.version), cookie]);
  }

  serverHello(): SealedAt[] {
    const { cids } = this.spec;
    return this.hello(this.serverRandom, [
      ext.selectedVersion(this.version),
      ext.keyShare(29),
      ...(cids === undefined ? [] : [ext.connectionId(cids.server)]),
    ]);
  }

  private hello(random: Octets, extensions: readonly ExtensionSpec[]): SealedAt[] {
    const sessionId = new Uint8Array(0);
    const hello = { version: DTLS_1_2, random, sessionId, cipherSuite: this.suite, extensions };
    return this.message('server', 0, 2, serverHello(hello));
  }

  /** EncryptedExtensions to Finished. */
  serverFlight(): SealedAt[] {
    return [
      ...this.message('server', 2, 8, u16(0)),
      ...this.message(
        'server',
        2,
        11,
        concat(vector(1), vector(3, vector(3, this.cipher.octets(300)), u16(0))),
      ),
      ...this.message('server', 2, 15, concat(u16(0x0403), vector(2, this.cipher.octets(71)))),
      ...this.finished('server'),
    ];
  }

  finished(from: Peer): SealedAt[] {
    const octets = node.createHash(this.hash).digest().length;
    const prefix = this.spec.prefixes?.[from] ?? 'dtls13';
    const key = expandLabel(this.hash, this.secret(from, 2), 'finished', octets, { prefix });
    const hashed = node
      .createHash(this.hash)
      .update(concat(...this.transcript))
      .digest();
    return this.message(from, 2, FINISHED, node.createHmac(this.hash, key).update(hashed).digest());
  }

  keyUpdate(from: Peer, epoch: number, isRequest = false): SealedAt[] {
    return this.message(from, epoch, 24, Uint8Array.of(isRequest ? 1 : 0));
  }

  // ---------------------------------------------------------------- flights

  /** Records in a datagram each. */
  send(from: Peer, records: readonly SealedAt[]): this {
    for (const { octets } of records) this.flow.datagram(from, octets);
    return this;
  }

  /** Records in one datagram; those with a length at the end of their headers may stand before others. */
  together(from: Peer, records: readonly SealedAt[]): this {
    this.flow.datagram(from, ...records.map(({ octets }) => octets));
    return this;
  }

  data(from: Peer, epoch = 3, octets = 20): this {
    return this.send(from, [this.sealed(from, epoch, DATA, this.cipher.octets(octets))]);
  }

  /** The whole handshake up to the ACK of the client's Finished. */
  handshake(): this {
    this.send('client', this.clientHello());
    if (this.spec.earlyData) this.data('client', 1);
    if (this.spec.retry) {
      this.send('server', this.helloRetryRequest());
      this.send('client', this.clientHello(this.cipher.octets(24)));
    }
    this.send('server', this.serverHello());
    this.send('server', this.serverFlight());
    const finished = this.finished('client');
    this.send('client', finished);
    return this.send('server', [this.ack('server', 3, ...finished)]);
  }

  close(from: Peer, epoch = 3): this {
    return this.send(from, [this.alert(from, epoch, 1, 0)]);
  }

  private secret(from: Peer, epoch: number): Octets {
    const secrets = this.secrets[from];
    for (let n = secrets.length; n <= epoch; n++) {
      const before = secrets[n - 1] as Octets;
      secrets.push(expandLabel(this.hash, before, 'traffic upd', before.length));
    }
    return secrets[epoch] as Octets;
  }

  private number(from: Peer, epoch: number): number {
    const number = this.next[from].get(epoch) ?? 0;
    this.next[from].set(epoch, number + 1);
    return number;
  }
}
