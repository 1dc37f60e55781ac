import type { FailedRecord } from '../../src/crypto/failed-record.ts';
import { digest, HASH_OCTETS, hmac, prfKind, transcriptHash } from '../../src/crypto/hash.ts';
import { keyBlock } from '../../src/crypto/key-block.ts';
import type { KeyLog, KeyLogLabel } from '../../src/crypto/key-log.ts';
import {
  finishedKey,
  hkdfHash,
  nextTrafficSecret,
  trafficKeys,
} from '../../src/crypto/key-schedule.ts';
import { prf } from '../../src/crypto/prf.ts';
import type { DirectionKeys, Opening, Protection } from '../../src/crypto/protection.ts';
import { RecordOpener } from '../../src/crypto/record-opener.ts';
import { cipherSuite } from '../../src/model/code-points/suites.ts';
import type { CapturedRecord, Conversation, Side } from './conversations.ts';

/** What opening a recorded conversation, record after record, came to. */
export interface Followed {
  readonly opened: number;
  /** Of them protected data, to compare with what was said. */
  readonly data: Readonly<Record<Side, string>>;
  readonly failures: readonly Failure[];
  /** Sides whose verify_data was right, in order, over all handshakes; `server!` where it was wrong. */
  readonly finished: readonly string[];
  readonly unsupported: number;
}

export interface Failure extends FailedRecord {
  readonly packet: number;
  readonly from: Side;
  readonly opening: Opening;
}

const HELLO_REQUEST = 0;
const CLIENT_HELLO = 1;
const SERVER_HELLO = 2;
const HELLO_VERIFY = 3;
const NEW_SESSION_TICKET = 4;
const END_OF_EARLY_DATA = 5;
const FINISHED = 20;
const KEY_UPDATE = 24;
const MESSAGE_HASH = 254;
const CCS = 20;
const HANDSHAKE = 22;
const DATA = 23;
const TLS_1_3 = 0x0304;
const EXTENSION = { truncatedHmac: 4, encryptThenMac: 22, earlyData: 42, supportedVersions: 43 };
const RETRY = 'cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c';
const SIDES: Readonly<Record<Side, { name: string; label: string; other: Side }>> = {
  client: { name: 'CLIENT', label: 'client finished', other: 'server' },
  server: { name: 'SERVER', label: 'server finished', other: 'client' },
};

/** The keys that a side protects its records with, and where it stands. */
interface Writing {
  readonly opener: RecordOpener;
  readonly keys: DirectionKeys;
  readonly block?: Uint8Array | undefined;
  readonly secret?: Uint8Array;
  sequence: number;
}

class Hello {
  readonly version: number;
  readonly random: Buffer;
  readonly suite: number;
  readonly extensions = new Map<number, Buffer>();

  constructor(body: Buffer, { datagram, isServer }: { datagram: boolean; isServer: boolean }) {
    this.random = body.subarray(2, 34);
    let at = 35 + body.readUInt8(34);
    if (datagram && !isServer) at += 1 + body.readUInt8(at);
    this.suite = isServer ? body.readUInt16BE(at) : 0;
    at += isServer ? 3 : 2 + body.readUInt16BE(at);
    if (!isServer) at += 1 + body.readUInt8(at);
    for (at += 2; at + 4 <= body.length; at += 4 + body.readUInt16BE(at + 2)) {
      const length = body.readUInt16BE(at + 2);
      this.extensions.set(body.readUInt16BE(at), body.subarray(at + 4, at + 4 + length));
    }
    const chosen = this.extensions.get(EXTENSION.supportedVersions);
    this.version = isServer && chosen ? chosen.readUInt16BE(0) : body.readUInt16BE(0);
  }
}

/** Follows one conversation with nothing but the key log, by the rules of the handshake alone. */
export class Follower {
  private readonly conversation: Conversation;
  private readonly log: KeyLog;
  private readonly writing: Record<Side, Map<number, Writing>> = {
    client: new Map(),
    server: new Map(),
  };
  private readonly pieces: Record<Side, Buffer> = {
    client: Buffer.alloc(0),
    server: Buffer.alloc(0),
  };
  private readonly epochs: Record<Side, number> = { client: 0, server: 0 };
  private readonly fragments = new Map<string, Buffer>();
  private transcript: Buffer[] = [];
  private clientHello: Hello | undefined;
  private serverHello: Hello | undefined;
  private protection: Protection | undefined;
  private early: Writing | undefined;
  private over13 = 0;

  private readonly data: Record<Side, string> = { client: '', server: '' };
  private readonly failures: Failure[] = [];
  private readonly finished: string[] = [];
  private opened = 0;
  private unsupported = 0;

  constructor(conversation: Conversation, log: KeyLog) {
    this.conversation = conversation;
    this.log = log;
  }

  follow(): Followed {
    for (const record of this.conversation.records) this.take(record);
    const { opened, data, failures, finished, unsupported } = this;
    return { opened, data, failures, finished, unsupported };
  }

  private get is13(): boolean {
    return this.protection?.version === TLS_1_3;
  }

  private take(record: CapturedRecord): void {
    const { from } = record;
    // A dummy of TLS 1.3 may come before the version is settled.
    if (record.type === CCS && !this.protection) return;
    const epoch = this.conversation.datagram ? record.epoch : this.epochs[from];
    const writing = this.writing[from].get(epoch);
    if (record.type === CCS && (this.is13 || !writing || !this.conversation.datagram)) {
      // A ChangeCipherSpec of a renegotiation is itself protected.
      if (writing && !this.is13) this.open(record, writing, epoch);
      if (!this.is13) this.changeKeys(from, epoch + 1);
      return;
    }
    if (from === 'client' && this.early && record.type === DATA) {
      this.openEarly(record);
      return;
    }
    if (writing && !(this.is13 && record.type !== DATA)) {
      const content = this.open(record, writing, epoch);
      if (content) this.handle(from, content.type, Buffer.from(content.content), record);
      return;
    }
    if (epoch === 0) this.handle(from, record.type, record.fragment, record);
  }

  private open(record: CapturedRecord, writing: Writing, epoch: number) {
    const sequence = this.conversation.datagram ? record.sequence : writing.sequence++;
    const sealed = {
      type: record.type,
      version: record.version,
      bytes: record.fragment,
      start: 0,
      end: record.fragment.length,
    };
    const { position } = writing.opener;
    const opening = writing.opener.open(sealed, sequence, this.conversation.datagram ? epoch : 0);
    if (opening.kind === 'opened') {
      this.opened++;
      if (opening.type === CCS && this.conversation.datagram)
        this.changeKeys(record.from, epoch + 1);
      return opening;
    }
    if (opening.kind === 'unsupported') this.unsupported++;
    else
      this.failures.push({
        record: sealed,
        protection: writing.opener.protection,
        keys: writing.keys,
        position,
        sequence,
        ...(this.conversation.datagram && { epoch }),
        ...(writing.block && { keyBlock: { octets: writing.block, sender: record.from } }),
        packet: record.packet,
        from: record.from,
        opening,
      });
    return undefined;
  }

  private openEarly(record: CapturedRecord): void {
    const { early } = this;
    if (!early) return;
    const failures = this.failures.length;
    const opening = this.open(record, early, 0);
    if (opening) {
      this.handle('client', opening.type, Buffer.from(opening.content), record);
      return;
    }
    // Refused 0-RTT: what follows the second flight of the client is under the handshake key.
    this.failures.length = failures;
    const next = this.writing.client.get(0);
    const after = next && this.open(record, next, 0);
    if (!after) {
      this.failures.length = failures;
      if (next) next.sequence = 0;
      return;
    }
    this.early = undefined;
    this.handle('client', after.type, Buffer.from(after.content), record);
  }

  private handle(from: Side, type: number, content: Buffer, record: CapturedRecord): void {
    if (type === DATA) this.data[from] += content.toString('latin1');
    if (type !== HANDSHAKE) return;
    if (this.conversation.datagram) {
      this.takeFragments(from, content, record);
      return;
    }
    this.pieces[from] = Buffer.concat([this.pieces[from], content]);
    while (this.pieces[from].length >= 4) {
      const length = 4 + this.pieces[from].readUIntBE(1, 3);
      if (this.pieces[from].length < length) return;
      const message = this.pieces[from].subarray(0, length);
      this.pieces[from] = this.pieces[from].subarray(length);
      this.message(from, message, message.subarray(4));
    }
  }

  /** Puts the fragments of DTLS together; nothing is lost or sent twice in what is followed. */
  private takeFragments(from: Side, content: Buffer, { epoch }: CapturedRecord): void {
    for (let at = 0; at + 12 <= content.length; ) {
      const [total, number, offset, length] = [
        content.readUIntBE(at + 1, 3),
        content.readUInt16BE(at + 4),
        content.readUIntBE(at + 6, 3),
        content.readUIntBE(at + 9, 3),
      ];
      const key = `${from} ${epoch} ${number}`;
      const whole = this.fragments.get(key) ?? Buffer.alloc(12 + total);
      this.fragments.set(key, whole);
      content.copy(whole, 12 + offset, at + 12, at + 12 + length);
      if (offset + length === total) {
        content.copy(whole, 0, at, at + 6);
        whole.writeUIntBE(total, 9, 3);
        this.fragments.delete(key);
        this.message(from, whole, whole.subarray(12));
      }
      at += 12 + length;
    }
  }

  private message(from: Side, message: Buffer, body: Buffer): void {
    const type = message.readUInt8(0);
    const { datagram } = this.conversation;
    switch (type) {
      case CLIENT_HELLO:
        // Not after HelloRetryRequest, which belongs to the transcript with what came before.
        if (!this.is13 && this.serverHello?.random.toString('hex') !== RETRY) this.transcript = [];
        this.clientHello = new Hello(body, { datagram, isServer: false });
        this.transcript.push(message);
        this.startEarly();
        return;
      case SERVER_HELLO:
        this.answer(new Hello(body, { datagram, isServer: true }), message);
        return;
      case HELLO_REQUEST:
      case HELLO_VERIFY:
        return;
      case FINISHED:
        this.verify(from, body);
        this.transcript.push(message);
        this.afterFinished(from);
        return;
      case KEY_UPDATE:
        this.update(from);
        return;
      case NEW_SESSION_TICKET:
        if (!this.is13) this.transcript.push(message);
        return;
      case END_OF_EARLY_DATA:
        this.early = undefined;
        this.transcript.push(message);
        return;
      default:
        this.transcript.push(message);
    }
  }

  private startEarly(): void {
    const { clientHello } = this;
    if (!clientHello?.extensions.has(EXTENSION.earlyData)) return;
    const secret = this.log.find('CLIENT_EARLY_TRAFFIC_SECRET', clientHello.random);
    // The suite is that of the session, which the answer has as well: nothing that is followed resumes with another.
    const answer = this.conversation.records.find(
      ({ from, type }) => from === 'server' && type === HANDSHAKE,
    );
    const suite =
      answer && new Hello(answer.fragment.subarray(4), { datagram: false, isServer: true }).suite;
    this.early = secret && suite ? this.writingOf13(secret, suite) : undefined;
  }

  private answer(hello: Hello, message: Buffer): void {
    this.serverHello = hello;
    const suite = cipherSuite(hello.suite);
    if (!suite || !this.clientHello) return;
    if (hello.random.toString('hex') === RETRY) {
      const hash = hkdfHash(suite) ?? 'sha256';
      const first = digest(hash, ...this.transcript);
      this.transcript = [
        Buffer.from([MESSAGE_HASH, 0, 0, HASH_OCTETS[hash]]),
        Buffer.from(first),
        message,
      ];
      return;
    }
    this.transcript.push(message);
    this.protection = {
      suite,
      version: hello.version,
      encryptThenMac: hello.extensions.has(EXTENSION.encryptThenMac) && suite.mode === 'cbc',
      truncatedHmac: hello.extensions.has(EXTENSION.truncatedHmac),
    };
    if (!this.is13) return;
    for (const side of ['client', 'server'] as const)
      this.write13(side, `${SIDES[side].name}_HANDSHAKE_TRAFFIC_SECRET` as KeyLogLabel);
  }

  private write13(side: Side, label: KeyLogLabel): void {
    const secret = this.clientHello && this.log.find(label, this.clientHello.random);
    const writing = secret && this.writingOf13(secret, this.protection?.suite.code ?? 0);
    if (writing) this.writing[side].set(0, writing);
  }

  private writingOf13(secret: Uint8Array, code: number): Writing | undefined {
    const suite = cipherSuite(code);
    const keys = suite && trafficKeys(suite, secret);
    if (!suite || !keys) return undefined;
    const protection = { suite, version: TLS_1_3, encryptThenMac: false, truncatedHmac: false };
    return { opener: new RecordOpener(protection, keys), keys, secret, sequence: 0 };
  }

  private update(from: Side): void {
    const { secret } = this.writing[from].get(0) ?? {};
    const hash = this.protection && hkdfHash(this.protection.suite);
    const writing =
      secret &&
      hash &&
      this.writingOf13(nextTrafficSecret(hash, secret), this.protection?.suite.code ?? 0);
    if (writing) this.writing[from].set(0, writing);
  }

  private afterFinished(from: Side): void {
    if (!this.is13 || this.over13 >= 2) return;
    this.over13++;
    this.write13(from, `${SIDES[from].name}_TRAFFIC_SECRET_0` as KeyLogLabel);
  }

  /** Up to TLS 1.2 keys come into use by ChangeCipherSpec. */
  private changeKeys(from: Side, epoch: number): void {
    const { protection, clientHello, serverHello } = this;
    this.epochs[from] = epoch;
    if (!protection || !clientHello || !serverHello) return;
    const master = this.log.find('CLIENT_RANDOM', clientHello.random);
    const block = master && keyBlock(protection, master, clientHello.random, serverHello.random);
    if (!block) return;
    const opener = new RecordOpener(protection, block[from]);
    this.writing[from].set(epoch, { opener, keys: block[from], block: block.block, sequence: 0 });
  }

  private verify(from: Side, body: Buffer): void {
    const { protection, clientHello } = this;
    // A Finished after the handshake proves a certificate only, over a transcript of its own.
    if (!protection || !clientHello || this.over13 >= 2) return;
    const expected = this.is13 ? this.verifyData13(from) : this.verifyData12(from);
    this.finished.push(expected?.equals(body) ? from : `${from}!`);
  }

  private verifyData13(from: Side): Buffer | undefined {
    const { secret } = this.writing[from].get(0) ?? {};
    const hash = this.protection && hkdfHash(this.protection.suite);
    if (!secret || !hash) return undefined;
    return Buffer.from(hmac(hash, finishedKey(hash, secret), digest(hash, ...this.transcript)));
  }

  private verifyData12(from: Side): Buffer | undefined {
    const { protection, clientHello } = this;
    const master = clientHello && this.log.find('CLIENT_RANDOM', clientHello.random);
    const kind = protection && prfKind(protection.suite, protection.version);
    if (!master || !kind) return undefined;
    return Buffer.from(
      prf(kind, master, SIDES[from].label, transcriptHash(kind, ...this.transcript), 12),
    );
  }
}
