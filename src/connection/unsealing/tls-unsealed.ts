import type { KeyGeneration } from '../../crypto/failed-record.ts';
import { labelPrefix } from '../../crypto/hkdf.ts';
import { Inflation } from '../../crypto/inflation.ts';
import { keyBlock } from '../../crypto/key-block.ts';
import { trafficKeys } from '../../crypto/key-schedule.ts';
import type { DirectionKeys, Opening } from '../../crypto/protection.ts';
import { RecordOpener } from '../../crypto/record-opener.ts';
import { range } from '../../crypto/sequence-numbers.ts';
import { worthTrying } from '../../crypto/sequence-sieve.ts';
import type { TranscriptMessage } from '../../crypto/transcript.ts';
import { EARLY_DATA } from '../../model/code-points/extensions.ts';
import {
  CLIENT_HELLO,
  END_OF_EARLY_DATA,
  FINISHED,
  KEY_UPDATE,
  NEW_SESSION_TICKET,
  SERVER_HELLO,
} from '../../model/code-points/handshake-types.ts';
import { cipherSuite } from '../../model/code-points/suites.ts';
import { TLS_1_3 } from '../../model/code-points/versions.ts';
import type { FailedRecord } from '../../model/decryption.ts';
import type { At, Role } from '../../model/history.ts';
import { LIMITS } from '../../model/limits.ts';
import { checkBinder } from './check-binder.ts';
import { checkFinished } from './check-finished.ts';
import { explainFailure, type FailureOutcome } from './explain-failure.ts';
import { findMaster } from './find-master.ts';
import type { HandshakeMessages } from './handshake-messages.ts';
import { findInnerRandom, InnerHello } from './inner-hello.ts';
import { KeyedHandshake } from './keyed-handshake.ts';
import type { KeptRecord, OwnedDirection, Owner } from './owner-search.ts';
import { otherMaster } from './premaster.ts';
import { Reading } from './reading.ts';
import { Tally } from './tally.ts';
import { TrafficSecrets } from './traffic-secrets.ts';
import type { Vault } from './vault.ts';
import { detached, type OpenedRecord, type WireRecord } from './wire-record.ts';

/** CompressionMethod, RFC 3749 §2. */
const DEFLATE = 1;

/**
 * One TLS connection as its records are opened. Records are numbered by counting (RFC 5246 §6.1, RFC 8446 §5.3), so a
 * direction is followed record by record: one that fails does not end it, lost octets are made up for by looking ahead.
 * The file is long because each of these attempts may turn the direction to other keys, which are settled here.
 */
export class TlsUnsealed implements Owner {
  readonly tally = new Tally();
  readonly kept: KeptRecord[] = [];
  private readonly vault: Vault;
  private readonly readings = { client: new Reading('client'), server: new Reading('server') };
  private handshake: KeyedHandshake;
  private secrets: TrafficSecrets | undefined;
  private readonly inner = new InnerHello();
  /** The random on the wire has no secrets, and no other one's fit: nothing will open. */
  isGivenUp = false;

  constructor(vault: Vault) {
    this.vault = vault;
    this.handshake = new KeyedHandshake(vault.transcripts);
  }

  get clientRandom(): Uint8Array | undefined {
    return this.handshake.clientRandom;
  }

  get transcript13(): HandshakeMessages | undefined {
    const { isTls13, transcript } = this.handshake;
    return isTls13 ? transcript : undefined;
  }

  release(): void {
    this.handshake.transcript.close();
  }

  directions(): OwnedDirection[] {
    return [this.readings.client, this.readings.server].flatMap((reading) => {
      const present = reading.direction();
      return present === undefined ? reading.former : [...reading.former, present];
    });
  }

  /** A complete handshake message; `isProtected` tells that it came out of a protected record. */
  message(from: Role, type: number, body: Uint8Array, at: At, isProtected: boolean): void {
    if (type === CLIENT_HELLO && this.handshake.transcript.has('client', FINISHED))
      this.renegotiate();
    const { handshake } = this;
    const isPostHandshake = handshake.isTls13 && this.readings[from].generation > 0;
    if (isPostHandshake) {
      if (type === KEY_UPDATE) this.advance(from);
      return;
    }
    const message = handshake.message(from, type, body, 0, false);
    if (type === CLIENT_HELLO) this.clientHello(message, at);
    else if (type === SERVER_HELLO && handshake.isTls13 && handshake.serverHello !== undefined)
      this.startTls13();
    else if (type === END_OF_EARLY_DATA) this.useSecret('client', 0);
    else if (type === NEW_SESSION_TICKET) this.rememberTicket(body);
    else if (type === FINISHED && isProtected) {
      // What an accepted encrypted ClientHello says is not known, and the transcript begins with it (RFC 9849 §6.1).
      const check =
        this.tally.isInnerHello && !this.inner.isOpened
          ? undefined
          : checkFinished(handshake, message, this.secrets, at);
      if (check !== undefined) this.tally.finishedChecked(check);
      if (handshake.isTls13) this.useSecret(from, 1);
      handshake.letGo(this.vault.transcripts);
    }
  }

  private renegotiate(): void {
    const before = this.handshake;
    this.handshake = new KeyedHandshake(this.vault.transcripts, before);
    before.transcript.close();
  }

  /** @param octets as hashed, @param body the same in the form of TLS */
  ssl2Hello(octets: Uint8Array, body: Uint8Array): void {
    this.handshake.ssl2Hello(octets, body);
  }

  /** Up to TLS 1.2 the keys of a direction change here; in TLS 1.3 it means nothing. RFC 8446 §5. */
  changeCipherSpec(from: Role): void {
    const { handshake, readings } = this;
    if (handshake.isTls13) return;
    // A second one of the same side, or one behind protected records, ends a renegotiation whose beginning is missing.
    const isAnswered = handshake.serverHello !== undefined;
    const isLater = readings[from].hasBegun || handshake.changed[from];
    if (handshake.isRenegotiation ? !isAnswered || handshake.changed[from] : isLater) {
      readings[from].use(undefined, undefined);
      handshake.obstacle = 'lost-bytes';
      return;
    }
    // In front of the first ServerHello it is a dummy of TLS 1.3 (RFC 8446 §D.4).
    if (handshake.serverHello === undefined) return;
    handshake.changed[from] = true;
    if (handshake.keys === undefined && handshake.obstacle === undefined) this.findKeys();
    const { keys, protection } = handshake;
    readings[from].inflation =
      handshake.serverHello.compressionMethod === DEFLATE ? new Inflation() : undefined;
    readings[from].use(protection, keys?.[from]);
  }

  /** Octets are missing from the capture: of this direction, or of one of which nothing is known yet. */
  lost(from: Role | undefined): void {
    if (from !== undefined) this.readings[from].hasGap = true;
    this.handshake.transcript.isWhole = false;
  }

  /** A record is there, and its octets are not. */
  unread(from: Role | undefined): void {
    this.lost(from);
    this.tally.skipped(undefined);
  }

  /** @returns what was in the record, if it opened */
  sealed(from: Role, record: WireRecord): OpenedRecord | undefined {
    const reading = this.readings[from];
    reading.hasBegun = true;
    if (this.inner.isSought && from === 'server') this.findInner(record);
    const opening = this.open(reading, record);
    if (opening === undefined) {
      const { obstacle, detail, isTls13 } = this.handshake;
      // The key log has secrets of this connection, and not the one that is due.
      const lacking = isTls13 && reading.generation >= 0 ? 'label-missing' : undefined;
      this.tally.skipped(obstacle ?? (reading.isSealed ? lacking : 'start-not-captured'), detail);
      return undefined;
    }
    if (opening.kind === 'unsupported') {
      this.tally.skipped('cipher-unsupported', opening.cipher);
      return undefined;
    }
    if (opening.kind === 'opened') {
      this.tally.authenticated(from);
      reading.noteNonce(record);
      if (reading.inflation === undefined) return opening;
      const content = reading.inflation.next(opening.content);
      return content && { ...opening, content };
    }
    // Its number, its keys, the IV or the place in the key stream may be among what is missing.
    if (reading.hasGap) {
      this.tally.skipped('lost-bytes');
      return undefined;
    }
    // Early data may have ended, and what follows it be under keys that are not known.
    if (reading.generation < 0) {
      this.tally.skipped(this.handshake.obstacle, this.handshake.detail);
      return undefined;
    }
    return this.failed(reading, record, opening.why);
  }

  // ------------------------------------------------------------------------------------------------ records

  private open(reading: Reading, record: WireRecord): Opening | undefined {
    const { opener } = reading;
    if (opener === undefined)
      return reading.generation < 0 ? this.behindEarlyData(reading, record) : undefined;
    reading.position = opener.position;
    // The first attempt settles it for all but a few records.
    const opening = opener.open(record, reading.sequence);
    if (opening.kind === 'opened') {
      reading.opened(reading.sequence);
      return opening;
    }
    if (opening.kind === 'unsupported') return opening;
    return (
      reading.onSecondLine(record) ??
      reading.withoutPending(record) ??
      this.behindGap(reading, record) ??
      (reading.generation < 0 ? this.behindEarlyData(reading, record) : undefined) ??
      opening
    );
  }

  /** Octets were lost, and records with them: the number is further on, or the keys have changed. */
  private behindGap(reading: Reading, record: WireRecord): Opening | undefined {
    if (!reading.hasGap || reading.gapSearches >= LIMITS.gapSearches) return undefined;
    reading.gapSearches++;
    const { opener, keys, sequence: due } = reading;
    const prepared = opener?.prepare(record);
    if (opener !== undefined && keys !== undefined && prepared?.kind === 'prepared') {
      const ahead = range(due + 1, due + LIMITS.sequenceGap);
      for (const sequence of worthTrying(opener.protection, keys, record, ahead)) {
        const opening = prepared.at(sequence, 0);
        if (opening.kind !== 'opened') continue;
        reading.opened(sequence);
        return opening;
      }
    }
    return this.underNextKeys(reading, record);
  }

  /** TLS 1.3: the message that announced new keys may be among what was lost. */
  private underNextKeys(reading: Reading, record: WireRecord): Opening | undefined {
    const { protection } = this.handshake;
    const keys = this.keysOf(reading.from, reading.generation + 1);
    if (protection === undefined || keys === undefined) return undefined;
    const opener = new RecordOpener(protection, keys);
    for (let sequence = 0; sequence <= LIMITS.sequenceAfterKeyChange; sequence++) {
      const opening = opener.attempt(record, sequence);
      if (opening.kind !== 'opened') continue;
      reading.use(protection, keys);
      reading.generation++;
      reading.opened(sequence);
      return opening;
    }
    return undefined;
  }

  /** Early data ends without notice where the server refused it. RFC 8446 §4.2.10. */
  private behindEarlyData(reading: Reading, record: WireRecord): Opening | undefined {
    if (reading.opener === undefined) this.findEarlyKeys(reading, record);
    if (reading.opener !== undefined && reading.sequence === 0) {
      const opening = reading.opener.open(record, 0);
      if (opening.kind === 'opened') {
        reading.opened(0);
        return opening;
      }
    }
    const { protection } = this.handshake;
    const keys = this.keysOf('client', 0);
    if (protection === undefined || keys === undefined) return undefined;
    const opening = new RecordOpener(protection, keys).open(record, 0);
    if (opening.kind !== 'opened') return undefined;
    reading.use(protection, keys);
    reading.generation = 0;
    reading.opened(0);
    return opening;
  }

  private failed(
    reading: Reading,
    record: WireRecord,
    why: FailedRecord['why'],
  ): OpenedRecord | undefined {
    const { from } = reading;
    const rescued = this.underOtherMaster(reading, record);
    if (rescued !== undefined) return rescued;
    const outcome = this.tally.mayExplain(from) ? this.explained(reading, record) : undefined;
    const { sequence } = reading;
    const numbers = { epoch: 0, sequence, expected: sequence };
    const failure = this.tally.failed(from, record, numbers, why, outcome);
    if (outcome?.explanation === undefined && this.kept.length < LIMITS.failedRecordsPerConnection)
      this.kept.push({ fact: failure, record: detached(record) });
    reading.pending.push(failure);
    if (reading.pending.length > LIMITS.explainedRecords) reading.pending.shift();
    reading.goOn(outcome?.sequence);
    return undefined;
  }

  /** The first record of a connection does not open, and its premaster secret is known: was the master derived otherwise? */
  private underOtherMaster(reading: Reading, record: WireRecord): OpenedRecord | undefined {
    const { handshake, tally } = this;
    const { found, protection, clientRandom, serverRandom } = handshake;
    if (reading.sequence > 0 || tally.hasAuthenticated || tally.masterExplanation) return undefined;
    if (!found?.input || !protection || !clientRandom || !serverRandom) return undefined;
    let opening: OpenedRecord | undefined;
    const other = otherMaster(found, (master) => {
      const keys = keyBlock(protection, master, clientRandom, serverRandom);
      const tried = keys && new RecordOpener(protection, keys[reading.from]).attempt(record, 0);
      if (tried?.kind !== 'opened') return false;
      opening ??= tried;
      return true;
    });
    if (other === undefined || opening === undefined) return undefined;
    tally.masterExplanation = { ...other.explanation, from: reading.from };
    // The peer may have derived it as it should.
    handshake.deviating[reading.from] = other.found.master;
    const keys = keyBlock(protection, other.found.master, clientRandom, serverRandom);
    reading.use(protection, keys?.[reading.from]);
    reading.opened(0);
    tally.authenticated(reading.from);
    return opening;
  }

  /** Which mistake reproduces what the record has. */
  private explained(reading: Reading, record: WireRecord): FailureOutcome | undefined {
    const { from, generation, sequence, opener, keys, position } = reading;
    if (opener === undefined || keys === undefined) return undefined;
    const { protection } = opener;
    const other = this.readings[from === 'client' ? 'server' : 'client'];
    const otherDirection = other.keys &&
      other.opener && {
        protection,
        keys: other.keys,
        position: other.position,
        sequence: other.sequence,
      };
    const generations: KeyGeneration[] = [];
    for (const [relation, step] of [
      ['previous', -1],
      ['next', 1],
    ] as const) {
      const neighbour = this.handshake.isTls13 ? this.keysOf(from, generation + step) : undefined;
      if (neighbour !== undefined)
        generations.push({
          relation,
          protection,
          keys: neighbour,
          sequence: step < 0 ? reading.sequenceBefore : 0,
        });
    }
    const context = { from, protection, keys, sequence, position, otherDirection, generations };
    return explainFailure(this.handshake, context, record);
  }

  // ------------------------------------------------------------------------------------------------ keys

  private clientHello(message: TranscriptMessage, at: At): void {
    const { clientHello } = this.handshake;
    this.inner.clientHello(this.vault.keyLog, message.octets);
    // Beside an encrypted ClientHello the PSK of the outer one is made up (RFC 9849 §6.1.2).
    if (!this.inner.isOffered)
      this.tally.binder = checkBinder(this.vault.psks, this.handshake, message, at)?.check;
    const early = clientHello?.extensions.some(({ type }) => type === EARLY_DATA) ?? false;
    if (!early) return;
    // A second ClientHello has no early data; what was sent under the first is refused.
    this.readings.client.use(undefined, undefined);
    this.readings.client.generation = -1;
  }

  private findKeys(): void {
    const found = findMaster(this.vault, this.handshake);
    if (found !== undefined) {
      this.tally.foundMaster(found);
      this.handshake.useMaster(found);
      const id = this.handshake.serverHello?.sessionId;
      if (id !== undefined) this.vault.remember(id, found);
    } else this.handshake.transcript.close();
    this.tally.hindered(this.handshake.obstacle, this.handshake.detail);
  }

  private startTls13(): void {
    const { handshake } = this;
    this.acceptInner();
    this.secrets = new TrafficSecrets(this.vault, handshake);
    if (!this.secrets.has('server', 0) && !this.secrets.has('client', 0)) {
      handshake.obstacle ??= this.secrets.obstacle ?? 'label-missing';
      handshake.detail ??= this.secrets.detail;
      handshake.transcript.close();
      this.inner.isSought = this.inner.isOffered && !this.inner.isOpened && this.vault.mayFindInner;
    } else this.tally.source = 'key-log';
    this.useHandshakeSecrets();
  }

  /** The encrypted ClientHello takes the place of the outer one if the server says that it took it. */
  private acceptInner(): void {
    const { handshake, inner, tally } = this;
    const hello = inner.accepted(handshake);
    if (hello === undefined) return;
    handshake.clientHello = hello;
    tally.isInnerHello = true;
    tally.innerServerName = hello.serverName;
  }

  private useHandshakeSecrets(): void {
    this.useSecret('server', 0);
    if (this.readings.client.generation >= 0) this.useSecret('client', 0);
  }

  /** Is the server's first protected record under secrets that were logged for another random? */
  private findInner(record: WireRecord): void {
    const { handshake, vault } = this;
    this.inner.isSought = false;
    const random = findInnerRandom(vault, handshake, record);
    if (random === undefined) {
      this.isGivenUp = true;
      return;
    }
    this.secrets = new TrafficSecrets(vault, handshake, random);
    this.tally.isInnerHello = true;
    this.tally.source = 'key-log';
    handshake.obstacle = undefined;
    handshake.detail = undefined;
    handshake.transcript.isWhole = false;
    this.useHandshakeSecrets();
  }

  /** Turns a direction to handshake (0) or application keys (1). */
  private useSecret(from: Role, generation: number): void {
    const reading = this.readings[from];
    reading.use(this.handshake.protection, this.keysOf(from, generation));
    reading.generation = generation;
  }

  /** KeyUpdate: the sender's next record is under new keys. RFC 8446 §4.6.3. */
  private advance(from: Role): void {
    this.useSecret(from, this.readings[from].generation + 1);
  }

  private keysOf(from: Role, generation: number): DirectionKeys | undefined {
    const { protection } = this.handshake;
    const secret = this.secrets?.of(from, generation);
    return (
      protection && secret && trafficKeys(protection.suite, secret, labelPrefix(protection.version))
    );
  }

  /** The suite of early data is that of the PSK, which the capture may not show: the one that opens the record is it. */
  private findEarlyKeys(reading: Reading, record: WireRecord): void {
    const { clientHello, clientRandom } = this.handshake;
    if (clientHello === undefined || clientRandom === undefined) return;
    const secret = this.vault.keyLog.find('CLIENT_EARLY_TRAFFIC_SECRET', clientRandom);
    if (secret === undefined) return;
    this.tally.source ??= 'key-log';
    for (const code of clientHello.cipherSuites) {
      const suite = cipherSuite(code);
      const keys = suite?.tls13 ? trafficKeys(suite, secret) : undefined;
      if (suite === undefined || keys === undefined) continue;
      const protection = { suite, version: TLS_1_3, encryptThenMac: false, truncatedHmac: false };
      if (new RecordOpener(protection, keys).attempt(record, 0).kind !== 'opened') continue;
      reading.use(protection, keys);
      return;
    }
  }

  private rememberTicket(body: Uint8Array): void {
    const { found, isTls13 } = this.handshake;
    if (found !== undefined && !isTls13) this.vault.remember(body.subarray(6), found);
  }
}
