import {
  type DtlsHalf,
  RECENT,
  RECENT_INTS,
  RECENT_IP_ID,
  RECENT_PACKET,
  RECENT_PRINT,
  RECENT_RECORD,
} from './dtls-association.ts';
import type { DtlsRecord } from './dtls-record.ts';

/** Anti-replay windows are 64 numbers wide in most stacks (RFC 6347 §4.1.2.6). */
export const WINDOW = 64;

/**
 * Takes a record's number into its epoch.
 *
 * @returns index of the remembered record with the same number, `NEW` if the number was not seen before, `FORGOTTEN` if
 * it was, too long ago to be compared. The record is remembered only if its number is new.
 */
export function takeNumber(half: DtlsHalf, r: DtlsRecord): number {
  const count = half.count;
  half.count = count + 1;
  half.lastPacket = r.packet;
  half.lastNanos = r.nanos;
  half.lastRecord = (r.contentType << 16) | r.length;
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
  remember(half, r);
  return NEW;
}

export const NEW = -1;
export const FORGOTTEN = -2;

/** Was the number `back` below the highest one seen? */
export function isSeen(half: DtlsHalf, back: number): boolean {
  if (back < 0 || back >= WINDOW) return false;
  return ((back < 32 ? half.windowLow : half.windowHigh) & (1 << (back & 31))) !== 0;
}

/** Is a record with the same number and octets remembered? */
export function repeats(half: DtlsHalf, r: DtlsRecord): boolean {
  const at = remembered(half, r);
  return at >= 0 && half.recent[at * RECENT_INTS + RECENT_PRINT] === r.print;
}

function remembered(half: DtlsHalf, r: DtlsRecord): number {
  for (let i = 0; i < RECENT; i++) {
    if (
      half.recentTimes[2 * i] === r.sequence &&
      half.recent[i * RECENT_INTS + RECENT_PACKET] !== 0
    )
      return i;
  }
  return FORGOTTEN;
}

function remember(half: DtlsHalf, r: DtlsRecord): void {
  const at = half.recentAt;
  half.recentAt = (at + 1) % RECENT;
  const { recent, recentTimes } = half;
  recentTimes[2 * at] = r.sequence;
  recentTimes[2 * at + 1] = r.nanos;
  const i = at * RECENT_INTS;
  recent[i + RECENT_PRINT] = r.print;
  recent[i + RECENT_PACKET] = r.packet;
  recent[i + RECENT_RECORD] = (r.contentType << 16) | r.length;
  recent[i + RECENT_IP_ID] = r.ipId;
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
  const delta = (r.nonceLow - r.sequence) | 0;
  if (half.nonceState === 0) {
    half.nonceDelta = delta;
    half.nonceState = 1;
  } else if (half.nonceState !== 3) half.nonceState = delta === half.nonceDelta ? 2 : 3;
}
