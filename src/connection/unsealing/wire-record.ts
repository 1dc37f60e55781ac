import type { Opening, SealedRecord } from '../../crypto/protection.ts';
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

/** The same record with octets of its own. */
export function detached({ type, version, bytes, start, end }: SealedRecord): SealedRecord {
  const own = bytes.slice(start, end);
  return { type, version, bytes: own, start: 0, end: own.length };
}
