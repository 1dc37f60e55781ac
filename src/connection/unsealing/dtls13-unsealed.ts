import type { KeyGeneration, LabelledKeys } from '../../crypto/failed-record.ts';
import { DTLS13_PREFIX } from '../../crypto/hkdf.ts';
import { type TrafficKeys, trafficKeys } from '../../crypto/key-schedule.ts';
import { OTHER_PREFIXES } from '../../crypto/other-choices.ts';
import type { Opening, Protection } from '../../crypto/protection.ts';
import { RecordNumbers } from '../../crypto/record-number.ts';
import { RecordOpener } from '../../crypto/record-opener.ts';
import { cipherSuite } from '../../model/code-points/suites.ts';
import { DTLS_1_3, DTLS_1_3_DRAFT_43 } from '../../model/code-points/versions.ts';
import type { FailedRecord } from '../../model/decryption.ts';
import type { Role } from '../../model/history.ts';
import { LIMITS } from '../../model/limits.ts';
import { EARLY_EPOCH, epochAbove, epochUpTo, HANDSHAKE_EPOCH } from '../dtls13-epochs.ts';
import { explainFailure, type FailureOutcome } from './explain-failure.ts';
import type { KeyedHandshake } from './keyed-handshake.ts';
import type { KeptRecord, OwnedDirection } from './owner-search.ts';
import type { Tally } from './tally.ts';
import { TrafficSecrets } from './traffic-secrets.ts';
import type { Vault } from './vault.ts';
import { detached, type NumberedOpening, type WireRecord } from './wire-record.ts';

/** Keys of one epoch of one direction, and how far its numbers have come. */
interface EpochKeys {
  readonly epoch: number;
  readonly keys: TrafficKeys;
  readonly opener: RecordOpener;
  readonly numbers: RecordNumbers | undefined;
  /** Behind the highest number that opened. RFC 9147 §4.2.2. */
  next: number;
}

/** One direction: the newest epoch of which a record opened, and the keys that were derived. */
interface Direction {
  present: number;
  readonly epochs: Map<number, EpochKeys>;
}

/** What came of a record that did not open: under which epoch it should have. */
type Attempt =
  | NumberedOpening
  | {
      readonly kind: 'failed';
      readonly under: EpochKeys;
      readonly sequence: number;
      readonly why: FailedRecord['why'];
    }
  | { readonly kind: 'unsupported'; readonly cipher: string }
  | { readonly kind: 'no-keys' };

/**
 * The protected records of one association of DTLS 1.3. Keys follow the epoch, whose two lowest bits a record shows
 * (RFC 9147 §4.2.2, §6.1): those of the handshake's traffic secret in epoch 2, of the first application secret in 3, and
 * of the next one in each epoch behind.
 */
export class Dtls13Unsealed {
  readonly secrets: TrafficSecrets;
  private readonly vault: Vault;
  private readonly handshake: KeyedHandshake;
  private readonly tally: Tally;
  private readonly kept: KeptRecord[];
  private readonly lines: Record<Role, Direction> = {
    client: { present: 0, epochs: new Map() },
    server: { present: 0, epochs: new Map() },
  };
  private earlySuite: Protection | undefined;

  /** Made when the ClientHello offers early data, or else at the ServerHello. */
  constructor(vault: Vault, handshake: KeyedHandshake, tally: Tally, kept: KeptRecord[]) {
    this.vault = vault;
    this.handshake = handshake;
    this.tally = tally;
    this.kept = kept;
    this.secrets = new TrafficSecrets(vault, handshake);
    if (this.secrets.has('server', 0) || this.secrets.has('client', 0)) tally.source = 'key-log';
    else if (handshake.serverHello !== undefined) {
      handshake.obstacle ??= this.secrets.obstacle ?? 'label-missing';
      handshake.detail ??= this.secrets.detail;
      handshake.transcript.close();
    }
  }

  directions(): OwnedDirection[] {
    const { protection } = this.handshake;
    if (protection === undefined) return [];
    return (['client', 'server'] as const).flatMap((from) =>
      [...this.lines[from].epochs.values()].map(({ epoch, keys, next }) => ({
        from,
        protection,
        keys,
        sequence: next,
        epoch,
      })),
    );
  }

  /** Does the record open under this association's keys? Nothing is counted. */
  opens(from: Role, record: WireRecord): boolean {
    return this.attempt(from, record).kind === 'opened';
  }

  hasKeys(from: Role, record: WireRecord): boolean {
    return this.epochsOf(from, record).some((epoch) => this.keysOf(from, epoch) !== undefined);
  }

  sealed(from: Role, record: WireRecord, mayBeAnothers: boolean): NumberedOpening | undefined {
    const attempt = this.attempt(from, record);
    switch (attempt.kind) {
      case 'opened': {
        const line = this.lines[from];
        line.present = Math.max(line.present, attempt.epoch);
        const keys = line.epochs.get(attempt.epoch);
        if (keys !== undefined) keys.next = Math.max(keys.next, attempt.sequence + 1);
        this.tally.authenticated(from);
        return attempt;
      }
      case 'unsupported':
        this.tally.skipped('cipher-unsupported', attempt.cipher);
        return undefined;
      case 'no-keys': {
        const { obstacle, detail } = this.handshake;
        const isEarly = bitsOf(record) === EARLY_EPOCH;
        this.tally.skipped(obstacle ?? (isEarly ? undefined : 'label-missing'), detail);
        return undefined;
      }
      case 'failed':
        if (mayBeAnothers) this.tally.skipped(undefined);
        else this.failed(from, record, attempt);
        return undefined;
    }
  }

  // ------------------------------------------------------------------------------------------------ attempts

  private attempt(from: Role, record: WireRecord): Attempt {
    let failed: Attempt = { kind: 'no-keys' };
    for (const epoch of this.epochsOf(from, record)) {
      const under = this.keysOf(from, epoch, record);
      if (under === undefined) continue;
      const { opener, numbers, next } = under;
      if (numbers === undefined)
        return { kind: 'unsupported', cipher: opener.protection.suite.cipher };
      const sequence = numbers.numberOf(record, next);
      const opening: Opening = opener.attempt(record, sequence, epoch);
      if (opening.kind === 'opened') return { ...opening, epoch, sequence };
      if (opening.kind === 'unsupported') return opening;
      if (failed.kind !== 'failed') failed = { kind: 'failed', under, sequence, why: opening.why };
    }
    return failed;
  }

  /** The epochs that the record's two bits may stand for, the likeliest first. RFC 9147 §4.2.2. */
  private epochsOf(from: Role, record: WireRecord): number[] {
    const { present } = this.lines[from];
    const bits = bitsOf(record);
    const old = epochUpTo(bits, present);
    return old > 0 ? [old, epochAbove(bits, present)] : [epochAbove(bits, present)];
  }

  private keysOf(from: Role, epoch: number, record?: WireRecord): EpochKeys | undefined {
    const { epochs } = this.lines[from];
    const known = epochs.get(epoch);
    if (known !== undefined) return known;
    const made =
      epoch === EARLY_EPOCH
        ? this.earlyKeys(from, record)
        : this.make(
            this.handshake.protection,
            this.secrets.of(from, epoch - HANDSHAKE_EPOCH),
            epoch,
          );
    if (made === undefined) return undefined;
    // Only the newest epochs may still be in use.
    if (epochs.size >= LIMITS.epochsPerHalf) epochs.delete(Math.min(...epochs.keys()));
    epochs.set(epoch, made);
    return made;
  }

  private make(
    protection: Protection | undefined,
    secret: Uint8Array | undefined,
    epoch: number,
  ): EpochKeys | undefined {
    const keys = protection && secret && trafficKeys(protection.suite, secret, DTLS13_PREFIX);
    if (protection === undefined || keys === undefined) return undefined;
    const numbers = RecordNumbers.of(protection.suite, keys);
    return { epoch, keys, opener: new RecordOpener(protection, keys), numbers, next: 0 };
  }

  /** The suite of early data is that of the PSK, which the capture may not show: the one that opens the record is it. */
  private earlyKeys(from: Role, record: WireRecord | undefined): EpochKeys | undefined {
    const { clientHello, clientRandom } = this.handshake;
    if (from !== 'client' || clientHello === undefined || clientRandom === undefined)
      return undefined;
    const secret = this.vault.keyLog.find('CLIENT_EARLY_TRAFFIC_SECRET', clientRandom);
    if (secret === undefined) return undefined;
    this.tally.source ??= 'key-log';
    if (this.earlySuite !== undefined) return this.make(this.earlySuite, secret, EARLY_EPOCH);
    if (record === undefined) return undefined;
    for (const code of clientHello.cipherSuites) {
      const suite = cipherSuite(code);
      if (suite === undefined || !suite.tls13) continue;
      const protection = {
        suite,
        version: DTLS_1_3,
        encryptThenMac: false,
        truncatedHmac: false,
        isDraft43: clientHello.versions.includes(DTLS_1_3_DRAFT_43),
      };
      const made = this.make(protection, secret, EARLY_EPOCH);
      const sequence = made?.numbers?.numberOf(record, 0);
      if (made === undefined || sequence === undefined) continue;
      if (made.opener.attempt(record, sequence, EARLY_EPOCH).kind !== 'opened') continue;
      this.earlySuite = protection;
      return made;
    }
    return undefined;
  }

  // ------------------------------------------------------------------------------------------------ failures

  private failed(
    from: Role,
    record: WireRecord,
    { under, sequence, why }: Extract<Attempt, { kind: 'failed' }>,
  ): void {
    const { tally } = this;
    const outcome = tally.mayExplain(from)
      ? this.explained(from, record, under, sequence)
      : undefined;
    // What the header stands for is the very thing that may be wrong: the number that opened it counts, else the next one.
    const { sequence: found } = outcome?.explanation?.details ?? {};
    const number = typeof found === 'number' ? found : why === 'length' ? sequence : under.next;
    const { epoch } = under;
    const numbers = { epoch, sequence: number, expected: under.next };
    const failure = tally.failed(from, record, numbers, why, outcome);
    if (outcome?.explanation === undefined && this.kept.length < LIMITS.failedRecordsPerConnection)
      this.kept.push({
        fact: failure,
        record: detached(record),
        epoch,
        sequence: number,
      });
  }

  /** Which mistake reproduces what the record has. */
  private explained(
    from: Role,
    record: WireRecord,
    under: EpochKeys,
    sequence: number,
  ): FailureOutcome | undefined {
    const { handshake } = this;
    const { epoch, keys, next } = under;
    const { protection } = under.opener;
    const other = this.keysOf(from === 'client' ? 'server' : 'client', epoch);
    const otherDirection = other && { protection, keys: other.keys, sequence: other.next, epoch };
    const generations: KeyGeneration[] = [];
    for (const [relation, step] of [
      ['previous', -1],
      ['next', 1],
    ] as const) {
      const neighbour = epoch + step > EARLY_EPOCH ? this.keysOf(from, epoch + step) : undefined;
      if (neighbour !== undefined)
        generations.push({
          relation,
          protection,
          keys: neighbour.keys,
          sequence: neighbour.next,
          epoch: neighbour.epoch,
        });
    }
    const context = {
      from,
      protection,
      keys,
      sequence,
      epoch,
      nextSequence: next,
      otherLabels: this.otherLabels(from, epoch, protection),
      otherDirection,
      generations,
    };
    return explainFailure(handshake, context, record);
  }

  private otherLabels(from: Role, epoch: number, { suite }: Protection): LabelledKeys[] {
    const secret = this.secrets.of(from, epoch - HANDSHAKE_EPOCH);
    if (secret === undefined) return [];
    return OTHER_PREFIXES.filter((prefix) => prefix !== DTLS13_PREFIX).flatMap((prefix) => {
      const keys = trafficKeys(suite, secret, prefix);
      return keys === undefined ? [] : [{ prefix, keys }];
    });
  }
}

/** The two lowest bits of the epoch. RFC 9147 §4. */
function bitsOf({ bytes, headerStart = 0 }: WireRecord): number {
  return (bytes[headerStart] as number) & 3;
}
