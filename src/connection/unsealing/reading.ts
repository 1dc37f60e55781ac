import type { StreamPosition } from '../../crypto/construction.ts';
import type { Inflation } from '../../crypto/inflation.ts';
import type { DirectionKeys, Opening, Protection } from '../../crypto/protection.ts';
import { RecordOpener } from '../../crypto/record-opener.ts';
import type { FailedRecord } from '../../model/decryption.ts';
import type { Role } from '../../model/history.ts';
import { LIMITS } from '../../model/limits.ts';
import type { OwnedDirection } from './owner-search.ts';
import type { Mutable } from './tally.ts';
import type { WireRecord } from './wire-record.ts';

/** How one direction is being read. */
export class Reading {
  readonly from: Role;
  opener: RecordOpener | undefined;
  keys: DirectionKeys | undefined;
  /** Where the opener stood before the present record. */
  position: StreamPosition | undefined;
  /** The number that the next record would have under the keys before. */
  sequenceBefore = 0;
  /** The number the next record has. */
  sequence = 0;
  /** The number after a record that had an earlier one: who wrote it may go on from there. */
  secondLine: number | undefined;
  /** TLS 1.3: which of the client's or server's traffic secrets is in use; `-1` early data, 0 handshake, 1 application, … */
  generation = 0;
  /** Records are protected, whether they can be opened or not. */
  isSealed = false;
  /** A protected record was captured. */
  hasBegun = false;
  /** Octets were lost since the last record that opened. */
  hasGap = false;
  gapSearches = 0;
  /** Records that failed since the last one that opened, oldest first. */
  readonly pending: Mutable<FailedRecord>[] = [];
  /** Keys that were in use before, the latest last. */
  readonly former: OwnedDirection[] = [];
  /** Explicit nonce of the last record that opened. */
  lastNonce: Uint8Array | undefined;
  /** Records are compressed before they are protected. RFC 3749 §2. */
  inflation: Inflation | undefined;

  constructor(from: Role) {
    this.from = from;
  }

  use(protection: Protection | undefined, keys: DirectionKeys | undefined): void {
    const present = this.direction();
    if (present !== undefined) this.former.push(present);
    if (this.former.length > LIMITS.formerKeys) this.former.shift();
    this.lastNonce = undefined;
    this.keys = keys;
    this.opener = protection && keys && new RecordOpener(protection, keys);
    this.position = undefined;
    this.sequenceBefore = this.sequence;
    this.sequence = 0;
    this.secondLine = undefined;
    this.isSealed = true;
    this.hasGap = false;
    this.pending.length = 0;
  }

  /** A record failed that should have had the present number. @param had the one it had, if that is known */
  goOn(had: number | undefined): void {
    if (had !== undefined && had < this.sequence) this.secondLine = had + 1;
    else this.sequence = (had ?? this.sequence) + 1;
  }

  /** A record opened under this number. */
  opened(sequence: number): void {
    this.sequence = sequence + 1;
    this.hasGap = false;
    this.pending.length = 0;
  }

  /** A second writer, or a state that was set back, goes on from an earlier number. */
  onSecondLine(record: WireRecord): Opening | undefined {
    const { opener, secondLine } = this;
    if (opener === undefined || secondLine === undefined) return undefined;
    const opening = opener.attempt(record, secondLine);
    if (opening.kind !== 'opened') return undefined;
    this.secondLine = secondLine + 1;
    return opening;
  }

  /** Were the records that failed before not of this direction, so that its sender never counted them? */
  withoutPending(record: WireRecord): Opening | undefined {
    const { pending, opener } = this;
    for (let extra = 1; extra <= pending.length && extra <= LIMITS.explainedRecords; extra++) {
      const opening = opener?.attempt(record, this.sequence - extra);
      if (opening?.kind !== 'opened') continue;
      for (const failure of pending.slice(-extra)) failure.isExtra = true;
      this.opened(this.sequence - extra);
      return opening;
    }
    return undefined;
  }

  /** Keeps the explicit nonce of a record that opened, if its protection has one. RFC 5288 §3. */
  noteNonce({ bytes, start }: WireRecord): void {
    const octets = this.opener?.protection.suite.explicitNonceOctets ?? 0;
    if (octets > 0) this.lastNonce = bytes.slice(start, start + octets);
  }

  /** The present keys with what is needed to try them on a record of another connection. */
  direction(): OwnedDirection | undefined {
    const { from, opener, keys, sequence, lastNonce } = this;
    if (opener === undefined || keys === undefined) return undefined;
    const { protection, position } = opener;
    return { from, protection, keys, position, sequence, lastNonce };
  }
}
