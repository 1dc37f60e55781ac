import { LIMITS } from '../model/limits.ts';
import type { NoticeSink } from '../model/notice.ts';
import { CONTENT_TYPE } from '../model/record.ts';
import { type AnomalyBook, sameRecord } from './dtls-anomalies.ts';
import type { Association } from './dtls-association.ts';
import { type DtlsHalf, HALF_FLAG } from './dtls-halves.ts';
import { FORGOTTEN, NEW, takeNumber } from './dtls-numbers.ts';
import type { DtlsRecord } from './dtls-record.ts';
import type { FlowAssociations } from './flow-associations.ts';

/** A direction may have sent this many times its usual rate while the capture lacked it. */
const SURGE = 16;

const CAPTURED_TWICE = { code: 'captured-twice', offset: -1, needed: 0, available: 0 } as const;

/** Keeps the record numbers of each epoch, and tells those that were used before, or lie where their direction cannot be. */
export class DtlsNumbering {
  private readonly associations: FlowAssociations;
  private readonly anomalies: AnomalyBook;
  private readonly notices: NoticeSink;

  constructor(associations: FlowAssociations, anomalies: AnomalyBook, notices: NoticeSink) {
    this.associations = associations;
    this.anomalies = anomalies;
    this.notices = notices;
  }

  /** @returns whether this number was seen before */
  take(a: Association, half: DtlsHalf, r: DtlsRecord): boolean {
    if (r.epoch !== half.epoch) {
      if (r.epoch < half.epoch) return false;
      if (half.count > 0) this.anomalies.archiveEpoch(a, r.side, half);
      half.epoch = r.epoch;
      half.count = 0;
      half.forgetRecent();
      half.nonceState = 0;
    }
    if (this.isFarAhead(a, half, r)) return false;
    const latest = this.associations.newestOf(r.flow)?.lastPacket ?? 0;
    const found = takeNumber(half, r);
    if (found === NEW) return false;
    if (found === FORGOTTEN) this.associations.cameAgain(r.flow);
    else {
      if (isBehindOthers(half, found, r, latest)) this.associations.cameAgain(r.flow);
      this.repeatedNumber(a, half, found, r);
    }
    return true;
  }

  /**
   * Does the number lie where this direction cannot be, unless the capture lacks a lot? The second record out there
   * confirms that it is: then the first was none of somebody else.
   */
  private isFarAhead(a: Association, half: DtlsHalf, r: DtlsRecord): boolean {
    const ahead = r.sequence - half.highest;
    if (half.count < 2 || ahead <= LIMITS.dtlsFarAhead) return false;
    if (this.anomalies.confirmJump(a, r)) return false;
    const spent = Math.max(1, half.lastNanos - half.firstNanos);
    const usual = (half.highest - half.first + 1) * ((r.nanos - half.lastNanos) / spent);
    if (ahead <= SURGE * usual || this.associations.hasForgotten(a)) return false;
    this.anomalies.add(
      a,
      this.associations.newestOf(r.flow),
      r,
      'far-number',
      `its number is ${ahead} ahead of the last one of its direction`,
      'likely',
      { ahead, earlier: { packet: half.lastPacket, nanos: half.lastNanos } },
    );
    return true;
  }

  private repeatedNumber(a: Association, half: DtlsHalf, found: number, r: DtlsRecord): void {
    const earlier = { packet: half.recentPacket(found), nanos: half.recentNanos(found) };
    const newest = this.associations.newestOf(r.flow);
    if (
      half.recentPrint(found) !== r.print ||
      half.recentRecord(found) !== ((r.contentType << 16) | r.length)
    ) {
      if (
        !this.anomalies.hasReuse(a, r) &&
        !this.strayBehindIt(a, half, found, r) &&
        !this.associations.hasForgotten(a)
      )
        this.anomalies.add(
          a,
          newest,
          r,
          'sequence-reuse',
          'same epoch and sequence number, other octets',
          'proven',
          { earlier },
        );
      return;
    }
    if (Math.abs(r.nanos - earlier.nanos) < LIMITS.duplicateCaptureNanos)
      this.capturedTwice(r.packet);
    else
      this.anomalies.add(
        a,
        newest,
        r,
        'replay',
        'same epoch, sequence number and octets',
        'proven',
        { earlier },
      );
  }

  /** The same packet captured twice (two interfaces, a mirror port) is not a replay. */
  capturedTwice(packet: number): void {
    this.notices.notice({ ...CAPTURED_TWICE, packetNumber: packet });
  }

  /**
   * Two records with one number and an older association that could own the earlier one: a closing alert after which
   * its sender goes on was the older association's.
   */
  private strayBehindIt(a: Association, half: DtlsHalf, found: number, r: DtlsRecord): boolean {
    const older = a.previous;
    if (older === undefined) return false;
    const theirs = older.sides[r.side];
    const step = r.sequence - theirs.highest;
    if (theirs.epoch !== r.epoch || theirs.closePacket !== 0 || step < 1 || step > 64) return false;
    const record = half.recentRecord(found);
    if (record >>> 16 !== CONTENT_TYPE.alert) return false;
    const stray: DtlsRecord = {
      ...r,
      contentType: CONTENT_TYPE.alert,
      length: record & 0xffff,
      packet: half.recentPacket(found),
      nanos: half.recentNanos(found),
    };
    this.anomalies.add(
      older,
      a,
      stray,
      'late',
      'its number was used again with other octets by the newer association, which went on after it',
      'likely',
      { earlier: sameRecord(r) },
    );
    if (half.closePacket === stray.packet) half.closePacket = 0;
    closes(theirs, stray);
    older.sides[r.side === 0 ? 1 : 0].flags |= HALF_FLAG.peerClosed;
    return true;
  }
}

/**
 * Came others of the flow between a remembered record and the same one again? Behind another record in its datagram time
 * tells: then the latest packet of the flow is its own.
 */
export const isBehindOthers = (
  half: DtlsHalf,
  found: number,
  { packet, nanos }: DtlsRecord,
  latest: number,
): boolean =>
  latest === packet
    ? nanos - half.recentNanos(found) >= LIMITS.duplicateCaptureNanos
    : latest > half.recentPacket(found);

/**
 * Was the datagram that begins with this record of epoch 0 seen before, and others of the flow since? The first 32 numbers
 * are looked at.
 *
 * @param latest the latest packet of the flow
 */
export function isClearAgain(half: DtlsHalf, r: DtlsRecord, latest: number): boolean {
  if (r.sequence >= 32) return false;
  const bit = 1 << r.sequence;
  const isFirst = half.clearLastPacket !== r.packet;
  const isAgain =
    isFirst &&
    (half.clearSeen & bit) !== 0 &&
    ((half.clearLatest & bit) === 0 || latest > half.clearLastPacket);
  half.clearSeen |= bit;
  half.clearLatest = isFirst ? bit : half.clearLatest | bit;
  return isAgain;
}

/** The record is the first of its direction that looks like a closing alert. */
export function closes(half: DtlsHalf, r: DtlsRecord): void {
  half.closePacket = r.packet;
  half.closeNanos = r.nanos;
  half.closeSequence = r.sequence;
  half.closeEpoch = r.epoch;
  half.closeLength = r.length;
}
