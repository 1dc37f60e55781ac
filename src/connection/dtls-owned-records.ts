import { LIMITS } from '../model/limits.ts';
import { CONTENT_TYPE } from '../model/record.ts';
import { SEEN } from './connection-table.ts';
import type { AnomalyBook } from './dtls-anomalies.ts';
import type { Association } from './dtls-association.ts';
import { type DtlsHalf, HALF_FLAG } from './dtls-halves.ts';
import type { DtlsHandshakes } from './dtls-handshakes.ts';
import type { DtlsMigration } from './dtls-migration.ts';
import { closes, type DtlsNumbering } from './dtls-numbering.ts';
import { repeats, takeNonce } from './dtls-numbers.ts';
import type { DtlsRecord } from './dtls-record.ts';
import { ENCRYPTED, EVENT } from './event-log.ts';
import type { FactsRecorder } from './facts-recorder.ts';
import type { FlightBook } from './flight-book.ts';
import { type FlowAssociations, newestFew } from './flow-associations.ts';
import { heartbeat } from './heartbeats.ts';
import type { DtlsUnsealer } from './unsealing/dtls-unsealer.ts';
import type { OpenedRecord } from './unsealing/wire-record.ts';

/** Protected records up to DTLS 1.2 of which it is settled whose they are: opens them, and keeps what they show. */
export class OwnedRecords {
  private readonly facts: FactsRecorder;
  private readonly associations: FlowAssociations;
  private readonly migration: DtlsMigration;
  private readonly numbering: DtlsNumbering;
  private readonly handshakes: DtlsHandshakes;
  private readonly anomalies: AnomalyBook;
  private readonly flights: FlightBook;
  unsealer: DtlsUnsealer | undefined;
  /** Called when a closing alert was seen: the flow may soon be final. */
  onClosed: (flow: number) => void = () => undefined;

  constructor(
    facts: FactsRecorder,
    associations: FlowAssociations,
    migration: DtlsMigration,
    numbering: DtlsNumbering,
    handshakes: DtlsHandshakes,
    anomalies: AnomalyBook,
    flights: FlightBook,
  ) {
    this.facts = facts;
    this.associations = associations;
    this.migration = migration;
    this.numbering = numbering;
    this.handshakes = handshakes;
    this.anomalies = anomalies;
    this.flights = flights;
  }

  openAndTake(a: Association, r: DtlsRecord): void {
    this.take(a, r, this.open(a, r));
  }

  /** Opens a record of `a`. One that hides its type has the true one afterwards, if it can be known. */
  open(a: Association, r: DtlsRecord): OpenedRecord | undefined {
    const opened = this.unsealer?.sealed(a.row, r, this.mayBeOfUnkeyed(a, r));
    if (opened !== undefined) this.migration.opened(a);
    if (r.contentType === CONTENT_TYPE.tls12Cid)
      r.contentType = opened?.type ?? this.hiddenType(a, r);
    return opened;
  }

  /** Is there another association on the 5-tuple whose keys are not known, so that the record may be its? */
  mayBeOfUnkeyed(a: Association, r: DtlsRecord): boolean {
    const { unsealer } = this;
    if (unsealer === undefined) return false;
    // Nearly every association is alone on its 5-tuple.
    const newest = this.associations.newestOf(r.flow);
    if (newest !== a || a.previous !== undefined)
      for (const other of newestFew(newest))
        if (other !== a && !unsealer.hasKeys(other.row, r)) return true;
    return this.associations.hasReported(r.flow);
  }

  /** The first record under the keys of a handshake that is seen under way is the Finished (RFC 9146 §3). */
  private hiddenType(a: Association, r: DtlsRecord): number {
    const { table } = this.facts;
    const half = a.sides[r.side];
    // The same one again is what it was, or it would look like another record with its number.
    const isFirst = r.sequence === 0 && (half.protectedCount === 0 || repeats(half, r));
    const isFinished =
      isFirst && table.ccsPacket[a.row * 2 + r.side] !== 0 && !table.has(a.row, SEEN.tls13);
    return isFinished ? CONTENT_TYPE.handshake : r.contentType;
  }

  /** The record belongs to association `a`. */
  take(a: Association, r: DtlsRecord, opened: OpenedRecord | undefined): void {
    const half = a.sides[r.side];
    const peer = a.sides[r.side === 0 ? 1 : 0];
    if (a.continuedBy !== undefined && this.facts.table.clientSide[a.row] === r.side)
      a.continuedBy.goesOn = true;
    if (
      peer.closePacket !== 0 &&
      r.nanos - peer.closeNanos > LIMITS.promptAnswerNanos &&
      this.associations.newestOf(r.flow) === a &&
      !this.associations.hasForgotten(a)
    )
      this.anomalies.add(
        a,
        a,
        r,
        'late',
        'it continues the numbers of the only association that is open here',
        'proven',
      );
    half.countRecord(r.contentType);
    this.count(a, half, r);
    const repeated = this.numbering.take(a, half, r);
    r.isNew = !repeated;
    takeNonce(half, r);
    // Data follows both Finished, also where the capture lacks them (RFC 6347 §4.2.4).
    if (opened?.type === CONTENT_TYPE.applicationData && !this.facts.table.has(a.row, SEEN.tls13))
      this.facts.table.set(a.row, SEEN.clientFinished | SEEN.serverFinished);
    if (r.contentType === CONTENT_TYPE.handshake) this.handshake(a, half, r, repeated, opened);
    else if (r.contentType === CONTENT_TYPE.alert) this.alert(a, half, r, repeated, opened);
    else if (r.contentType === CONTENT_TYPE.heartbeat)
      heartbeat(this.facts, a.row, r.side, r.length, r.bytes, 0, 0, r.packet, r.nanos);
  }

  private count(a: Association, half: DtlsHalf, r: DtlsRecord): void {
    half.countProtected(r.contentType, r.length, r.packet, r.nanos);
    const rule = half.lengthRule;
    if (r.length < half.lengthMin || (rule !== 0 && r.length % (rule >> 8) !== (rule & 0xff)))
      this.facts.recordEvent(a.row, EVENT.impossibleLength, r.contentType, r);
  }

  private handshake(
    a: Association,
    half: DtlsHalf,
    r: DtlsRecord,
    repeated: boolean,
    opened: OpenedRecord | undefined,
  ): void {
    const { table } = this.facts;
    if (opened !== undefined) this.handshakes.inner(a, r, opened.content);
    else this.facts.recordEvent(a.row, EVENT.message, ENCRYPTED, r);
    const done = table.has(a.row, SEEN.clientFinished) && table.has(a.row, SEEN.serverFinished);
    if (table.clientSide[a.row] !== 2)
      this.facts.finished(
        a.row,
        table.clientSide[a.row] === r.side ? SEEN.clientFinished : SEEN.serverFinished,
      );
    if (half.finishedPacket === 0) {
      half.finishedPacket = r.packet;
      half.finishedNanos = r.nanos;
      half.finishedSequence = r.sequence;
      half.finishedEpoch = r.epoch;
      half.finishedLength = r.length;
      return;
    }
    if (repeated || r.epoch !== half.finishedEpoch || r.length !== half.finishedLength) return;
    this.anomalies.finishedAgain(a, r);
    this.flights.finishedAgain(a, r, half.finishedPacket);
    if (done)
      this.anomalies.add(
        a,
        this.associations.newestOf(r.flow),
        r,
        'finished-again',
        'a record of the length of the Finished after both Finished',
        'likely',
      );
  }

  private alert(
    a: Association,
    half: DtlsHalf,
    r: DtlsRecord,
    repeated: boolean,
    opened: OpenedRecord | undefined,
  ): void {
    const { table } = this.facts;
    const level = opened?.content[0] ?? 0;
    const description = opened?.content[1] ?? 0;
    this.facts.recordEvent(a.row, EVENT.encryptedAlert, (level << 8) | description, r);
    if (level === 2 && description !== 0)
      table.set(
        a.row,
        table.clientSide[a.row] === r.side ? SEEN.fatalFromClient : SEEN.fatalFromServer,
      );
    if (repeated || half.closePacket !== 0) return;
    a.sides[r.side === 0 ? 1 : 0].flags |= HALF_FLAG.peerClosed;
    this.closed(a, half, r);
  }

  /** The record is the first of its direction that looks like a closing alert. */
  closed(a: Association, half: DtlsHalf, r: DtlsRecord): void {
    closes(half, r);
    this.onClosed(a.flow);
  }
}
