import type { Opening, SealedRecord } from '../../crypto/protection.ts';
import { withOwnOctets } from '../../crypto/sealed-record.ts';
import type { At } from '../../model/history.ts';

/** A record with its header and the place where it was captured. */
export interface WireRecord extends SealedRecord, At {}

/** What was in a record that opened. */
export type OpenedRecord = Extract<Opening, { kind: 'opened' }>;

/** A record of DTLS with the numbers of its header. */
export interface NumberedRecord extends WireRecord {
  readonly epoch: number;
  readonly sequence: number;
}

/** What was in a record of DTLS 1.3, with the epoch and the number that it was under. */
export interface NumberedOpening extends OpenedRecord {
  readonly epoch: number;
  readonly sequence: number;
}

/** The same record with octets of its own. */
export const detached: (record: SealedRecord) => SealedRecord = withOwnOctets;
