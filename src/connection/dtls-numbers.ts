import { RECENT } from './dtls-half-layout.ts';
import { type DtlsHalf, HALF_FLAG } from './dtls-halves.ts';
import type { DtlsRecord } from './dtls-record.ts';

/** Anti-replay windows are 64 numbers wide in most stacks (RFC 6347 §4.1.2.6). */
export const WINDOW = 64;

/** What `takeNumber` answers for a number that was not seen before, or was too long ago to be compared. */
export const NEW = -1;
export const FORGOTTEN = -2;

/**
 * Takes a record's number into its epoch.
 *
 * @returns place of the remembered record with the same number, `NEW` or `FORGOTTEN`. The record is remembered only if
 * its number is new.
 */
export function takeNumber(half: DtlsHalf, r: DtlsRecord): number {
  const record = (r.contentType << 16) | r.length;
  const count = half.countNumber(record, r.sequence, r.packet, r.nanos);
  if (count === 0) {
    half.first = r.sequence;
    half.highest = r.sequence;
    half.windowLow = 1;
    half.windowHigh = 0;
  } else {
    const step = r.sequence - half.highest;
    if (step > 0) {
      half.highest = r.sequence;
      shiftWindow(half, step);
    } else {
      if (r.sequence < half.first) half.first = r.sequence;
      if (isSeen(half, -step)) return remembered(half, r);
      markSeen(half, -step);
    }
  }
  half.remember(r.print, r.packet, record, r.sequence, r.nanos);
  return NEW;
}

/** Was the number `back` below the highest one seen? */
export function isSeen(half: DtlsHalf, back: number): boolean {
  if (back < 0 || back >= WINDOW) return false;
  return ((back < 32 ? half.windowLow : half.windowHigh) & (1 << (back & 31))) !== 0;
}

/** The place of a remembered record with the same number and octets; `FORGOTTEN` for none. */
export function repeatOf(half: DtlsHalf, r: DtlsRecord): number {
  const at = remembered(half, r);
  return at >= 0 && half.recentPrint(at) === r.print ? at : FORGOTTEN;
}

/** Is a record with the same number and octets remembered? */
export const repeats = (half: DtlsHalf, r: DtlsRecord): boolean => repeatOf(half, r) >= 0;

function remembered(half: DtlsHalf, r: DtlsRecord): number {
  for (let i = 0; i < RECENT; i++) {
    if (half.recentSequence(i) === r.sequence && half.recentPacket(i) !== 0) return i;
  }
  return FORGOTTEN;
}

function markSeen(half: DtlsHalf, back: number): void {
  if (back >= WINDOW) return;
  if (back < 32) half.windowLow |= 1 << back;
  else half.windowHigh |= 1 << (back & 31);
}

/** Moves the 64-bit window of seen numbers on by `step`. */
function shiftWindow(half: DtlsHalf, step: number): void {
  if (step >= WINDOW) {
    half.windowHigh = 0;
    half.windowLow = 1;
    return;
  }
  const low = half.windowLow;
  if (step >= 32) {
    half.windowHigh = step === 32 ? low : low << (step - 32);
    half.windowLow = 1;
  } else {
    half.windowHigh = (half.windowHigh << step) | (low >>> (32 - step));
    half.windowLow = (low << step) | 1;
  }
}

/** Some stacks count the explicit nonce up from a random start: nonce minus number then names the association. */
export function takeNonce(half: DtlsHalf, r: DtlsRecord): void {
  if ((half.flags & HALF_FLAG.nonce) === 0) return;
  const delta = (r.nonceLow - r.sequence) | 0;
  if (half.nonceState === 0) {
    half.nonceDelta = delta;
    half.nonceState = 1;
  } else if (half.nonceState !== 3) half.nonceState = delta === half.nonceDelta ? 2 : 3;
}
