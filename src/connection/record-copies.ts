import { readU48 } from '../bytes/scalars.ts';
import { RECENT } from './dtls-half-layout.ts';
import type { DtlsHalf } from './dtls-halves.ts';
import type { DtlsRecord } from './dtls-record.ts';

/** What stands for a record number that is encrypted and was not decrypted. */
export const UNREAD_SEQUENCE = -1;

/**
 * Stands in place of a number that is encrypted, so that a copy is told by more than its last octets; no number is
 * negative.
 */
export function firstOctets({ bytes, start, end }: DtlsRecord): number {
  return end - start < 6 ? UNREAD_SEQUENCE : -2 - readU48(bytes, start);
}

/** The place of a remembered record with the same octets, as far as its tag and length tell; -1 for none. */
export function copyOf(half: DtlsHalf, r: DtlsRecord): number {
  const record = (r.contentType << 16) | r.length;
  for (let i = 0; i < RECENT; i++)
    if (
      half.recentPacket(i) !== 0 &&
      half.recentPrint(i) === r.print &&
      half.recentSequence(i) === firstOctets(r) &&
      half.recentRecord(i) === record
    )
      return i;
  return -1;
}
