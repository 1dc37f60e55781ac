import type { KeyGeneration } from '../../crypto/failed-record.ts';
import type { Opening } from '../../crypto/protection.ts';
import { RecordOpener } from '../../crypto/record-opener.ts';
import type { TranscriptMessage } from '../../crypto/transcript.ts';
import { EARLY_DATA } from '../../model/code-points/extensions.ts';
import {
  CERTIFICATE,
  CLIENT_HELLO,
  CLIENT_KEY_EXCHANGE,
  FINISHED,
  NEW_SESSION_TICKET,
  SERVER_HELLO,
  SERVER_HELLO_DONE,
  SERVER_KEY_EXCHANGE,
} from '../../model/code-points/handshake-types.ts';
import { type At, peerOf, type Role } from '../../model/history.ts';
import { LIMITS } from '../../model/limits.ts';
import { FIRST_DATA_EPOCH } from '../dtls13-epochs.ts';
import { checkBinder } from './check-binder.ts';
import { checkFinished } from './check-finished.ts';
import { Dtls13Unsealed } from './dtls13-unsealed.ts';
import { explainFailure, type FailureOutcome } from './explain-failure.ts';
import { findMaster } from './find-master.ts';
import type { HandshakeMessages } from './handshake-messages.ts';
import { KeyedHandshake } from './keyed-handshake.ts';
import type { KeptRecord, OwnedDirection, Owner } from './owner-search.ts';
import { Tally } from './tally.ts';
import type { Vault } from './vault.ts';
import {
  detached,
  type NumberedOpening,
  type NumberedRecord,
  type OpenedRecord,
  type WireRecord,
} from './wire-record.ts';

/**
 * One DTLS association as its records are opened: each carries its epoch and number, so none depends on another
 * (RFC 6347 §4.1). Epoch n is keyed by the n-th handshake.
 */
export class DtlsUnsealed implements Owner {
  readonly tally = new Tally();
  readonly kept: KeptRecord[] = [];
  private readonly vault: Vault;
  private readonly handshakes: KeyedHandshake[];
  private dtls13: Dtls13Unsealed | undefined;
  private readonly openers: Record<Role, (RecordOpener | undefined)[]> = { client: [], server: [] };

  constructor(vault: Vault) {
    this.vault = vault;
    this.handshakes = [new KeyedHandshake(vault.transcripts)];
  }

  get transcript13(): HandshakeMessages | undefined {
    return this.dtls13 && this.handshakes[0]?.transcript;
  }

  release(): void {
    for (const { transcript } of this.handshakes) transcript.close();
  }

  message(
    from: Role,
    type: number,
    body: Uint8Array,
    sequence: number,
    at: At,
    epoch: number,
  ): void {
    const isProtected = epoch > 0;
    if (this.dtls13 !== undefined && epoch >= FIRST_DATA_EPOCH) return;
    if (type === CLIENT_HELLO && isProtected && this.handshakes.length < LIMITS.epochsPerHalf)
      this.handshakes.push(new KeyedHandshake(this.vault.transcripts, this.handshakes.at(-1)));
    const handshake = this.handshakes.at(-1) as KeyedHandshake;
    const message = handshake.message(from, type, body, sequence, true);
    if (type === CLIENT_HELLO && !isProtected) this.clientHello(handshake, message, at);
    if (type === SERVER_HELLO && handshake.isTls13 && handshake.serverHello !== undefined)
      this.dtls13 = new Dtls13Unsealed(this.vault, handshake, this.tally, this.kept);
    if (type === NEW_SESSION_TICKET && handshake.found !== undefined)
      this.vault.remember(body.subarray(6), handshake.found);
    if (type !== FINISHED || !isProtected) return;
    const check = checkFinished(handshake, message, this.dtls13?.secrets, at);
    if (check !== undefined) this.tally.finishedChecked(check);
    handshake.letGo(this.vault.transcripts);
  }

  /** TLS 1.3 has a binder for each PSK that a ClientHello offers. RFC 8446 §4.2.11. */
  private clientHello(handshake: KeyedHandshake, message: TranscriptMessage, at: At): void {
    const checked = checkBinder(this.vault.psks, handshake, message, at);
    if (checked !== undefined) this.tally.binder = checked.check;
    const early = handshake.clientHello?.extensions.some(({ type }) => type === EARLY_DATA);
    if (early && this.dtls13 === undefined)
      this.dtls13 = new Dtls13Unsealed(this.vault, handshake, this.tally, this.kept);
  }

  /** Does a record of DTLS 1.3 open under this association's keys? Nothing is counted. */
  opens13(from: Role, record: WireRecord): boolean {
    return this.dtls13?.opens(from, record) ?? false;
  }

  hasKeys13(from: Role, record: WireRecord): boolean {
    return this.dtls13?.hasKeys(from, record) ?? false;
  }

  sealed13(from: Role, record: WireRecord, mayBeAnothers: boolean): NumberedOpening | undefined {
    if (this.dtls13 !== undefined) return this.dtls13.sealed(from, record, mayBeAnothers);
    this.tally.skipped(this.handshakes[0]?.obstacle ?? 'start-not-captured');
    return undefined;
  }

  /** Messages may be missing: a mismatch of a Finished proves nothing. */
  lacks(): void {
    for (const { transcript } of this.handshakes) transcript.isWhole = false;
  }

  /** Does the record open under this association's keys? Nothing is counted. */
  opens(from: Role, record: NumberedRecord): boolean {
    return (
      this.openerOf(from, record.epoch)?.attempt(record, record.sequence, record.epoch).kind ===
      'opened'
    );
  }

  hasKeys(from: Role, epoch: number): boolean {
    return this.openerOf(from, epoch) !== undefined;
  }

  /** @returns what was in the record, if it opened */
  sealed(from: Role, record: NumberedRecord, mayBeAnothers: boolean): OpenedRecord | undefined {
    const opening = this.openerOf(from, record.epoch)?.open(record, record.sequence, record.epoch);
    if (opening === undefined) {
      const { obstacle, detail, serverHello } = this.handshakes[record.epoch - 1] ?? {};
      const unknown = serverHello === undefined ? 'start-not-captured' : 'no-matching-secret';
      this.tally.skipped(obstacle ?? unknown, detail);
      return undefined;
    }
    if (opening.kind === 'unsupported') {
      this.tally.skipped('cipher-unsupported', opening.cipher);
      return undefined;
    }
    if (opening.kind === 'opened') {
      this.tally.authenticated(from);
      return opening;
    }
    if (mayBeAnothers) this.tally.skipped(undefined);
    else this.failed(from, record, opening.why);
    return undefined;
  }

  private failed(
    from: Role,
    record: NumberedRecord,
    why: Extract<Opening, { kind: 'failed' }>['why'],
  ): void {
    const outcome = this.tally.mayExplain(from) ? this.explained(from, record) : undefined;
    const { epoch, sequence } = record;
    const numbers = { epoch, sequence, expected: sequence };
    const failure = this.tally.failed(from, record, numbers, why, outcome);
    if (outcome?.explanation === undefined && this.kept.length < LIMITS.failedRecordsPerConnection)
      this.kept.push({ fact: failure, record: detached(record), epoch, sequence });
  }

  /** The handshake has come to no keys, so that somebody else wrote the record. */
  keep(record: KeptRecord): void {
    if (this.kept.length < LIMITS.failedRecordsPerConnection) this.kept.push(record);
  }

  directions(): OwnedDirection[] {
    if (this.dtls13 !== undefined) return this.dtls13.directions();
    return this.handshakes.flatMap((handshake, index) => {
      const { keys } = handshake;
      const epoch = index + 1;
      return (['client', 'server'] as const).flatMap((from) => {
        const protection = handshake.protectionOf(from);
        if (keys === undefined || protection === undefined) return [];
        return [{ from, protection, keys: keys[from], sequence: 0, epoch }];
      });
    });
  }

  /** Which mistake reproduces what the record has. */
  private explained(from: Role, record: NumberedRecord): FailureOutcome | undefined {
    const { epoch, sequence } = record;
    const handshake = this.handshakes[epoch - 1];
    const keys = handshake?.keys;
    const protection = handshake?.protectionOf(from);
    const other = peerOf(from);
    const peer = handshake?.protectionOf(other);
    if (handshake === undefined || protection === undefined || peer === undefined) return undefined;
    if (keys === undefined) return undefined;
    const otherDirection = { protection: peer, keys: keys[other], sequence, epoch };
    const generations: KeyGeneration[] = [];
    for (const [relation, step] of [
      ['previous', -1],
      ['next', 1],
    ] as const) {
      const neighbour = this.handshakes[epoch + step - 1];
      const theirs = neighbour?.protectionOf(from);
      if (neighbour?.keys === undefined || theirs === undefined) continue;
      generations.push({
        relation,
        protection: theirs,
        keys: neighbour.keys[from],
        sequence,
        epoch: epoch + step,
      });
    }
    const context = {
      from,
      protection,
      keys: keys[from],
      sequence,
      epoch,
      otherDirection,
      generations,
    };
    return explainFailure(handshake, context, record);
  }

  private openerOf(from: Role, epoch: number): RecordOpener | undefined {
    const known = this.openers[from][epoch];
    if (known !== undefined) return known;
    const handshake = this.handshakes[epoch - 1];
    // DTLS 1.3 protects no records under headers of the older form. RFC 9147 §4.
    if (handshake === undefined || handshake.isTls13) return undefined;
    const { serverHello, obstacle } = handshake;
    // Records of an earlier association are tried as well, and come while this handshake has not got that far.
    if (handshake.keys === undefined && serverHello !== undefined && obstacle === undefined)
      this.findKeys(handshake);
    const { keys } = handshake;
    const protection = handshake.protectionOf(from);
    if (keys === undefined || protection === undefined) return undefined;
    const opener = new RecordOpener(protection, keys[from]);
    this.openers[from][epoch] = opener;
    return opener;
  }

  private findKeys(handshake: KeyedHandshake): void {
    const found = findMaster(this.vault, handshake);
    if (found === undefined) {
      if (awaitsKeyExchange(handshake)) {
        handshake.obstacle = undefined;
        handshake.detail = undefined;
      } else handshake.transcript.close();
      return;
    }
    this.tally.foundMaster(found);
    handshake.useMaster(found);
    const id = handshake.serverHello?.sessionId;
    if (id !== undefined) this.vault.remember(id, found);
  }
}

/** Is this a full handshake before the ClientKeyExchange, which a secret may still follow from? RFC 5246 §7.3. */
function awaitsKeyExchange({ transcript }: KeyedHandshake): boolean {
  return (
    !transcript.has('client', CLIENT_KEY_EXCHANGE) &&
    FULL_HANDSHAKE.some((type) => transcript.has('server', type))
  );
}

const FULL_HANDSHAKE = [CERTIFICATE, SERVER_KEY_EXCHANGE, SERVER_HELLO_DONE];
