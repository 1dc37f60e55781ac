import { CONTENT_TYPE } from '../model/record.ts';
import { SEEN } from './connection-table.ts';
import type { AnomalyBook } from './dtls-anomalies.ts';
import type { Association } from './dtls-association.ts';
import {
  answersUnseenHello,
  ownerOfClientHello,
  ownerOfOther,
  ownerOfServerHello,
} from './dtls-clear-owners.ts';
import type { DtlsHalf } from './dtls-halves.ts';
import type { DtlsHandshakes } from './dtls-handshakes.ts';
import type { DtlsMigration } from './dtls-migration.ts';
import { isClearAgain } from './dtls-numbering.ts';
import type { DtlsRecord } from './dtls-record.ts';
import type { Dtls13Records } from './dtls13-records.ts';
import { EVENT } from './event-log.ts';
import type { FactsRecorder } from './facts-recorder.ts';
import type { FlowAssociations } from './flow-associations.ts';
import { heartbeat } from './heartbeats.ts';
import type { DtlsUnsealer } from './unsealing/dtls-unsealer.ts';

/** Records of epoch 0, which are in the clear: gives each to one association, and keeps what it shows. */
export class ClearRecords {
  private readonly facts: FactsRecorder;
  private readonly associations: FlowAssociations;
  private readonly migration: DtlsMigration;
  private readonly handshakes: DtlsHandshakes;
  private readonly dtls13: Dtls13Records;
  private readonly anomalies: AnomalyBook;
  unsealer: DtlsUnsealer | undefined;

  constructor(
    facts: FactsRecorder,
    associations: FlowAssociations,
    migration: DtlsMigration,
    handshakes: DtlsHandshakes,
    dtls13: Dtls13Records,
    anomalies: AnomalyBook,
  ) {
    this.facts = facts;
    this.associations = associations;
    this.migration = migration;
    this.handshakes = handshakes;
    this.dtls13 = dtls13;
    this.anomalies = anomalies;
  }

  take(r: DtlsRecord): void {
    const { facts, associations, handshakes } = this;
    const { fragment } = handshakes;
    const isMessage = r.contentType === CONTENT_TYPE.handshake && handshakes.readFirst(r);
    if (!isMessage && associations.newestOf(r.flow) === undefined) this.migration.toOnlyVisitor(r);
    const newest = associations.newestOf(r.flow);
    // With too many of them, what would begin another one is the last one's.
    const last = newest !== undefined && associations.isFull(newest) ? newest : undefined;
    let a: Association | undefined;
    if (isMessage && handshakes.isClientHello)
      a = ownerOfClientHello(facts, fragment, r, newest) ?? last ?? associations.begin(r, 0);
    else if (newest === undefined) a = associations.begin(r, SEEN.startMissing);
    else {
      a = isMessage ? ownerOfServerHello(facts, fragment, r, newest) : undefined;
      if (a === undefined && isMessage && answersUnseenHello(facts, fragment, r, newest))
        a = last ?? associations.begin(r, 0);
      a ??= ownerOfOther(facts, r, newest);
    }
    if (a !== associations.newestOf(r.flow))
      this.anomalies.add(
        a,
        associations.newestOf(r.flow),
        r,
        'late',
        'a plaintext message that only the older association lacks',
        'likely',
      );
    const half = a.sides[r.side];
    half.countRecord(r.contentType);
    r.isNew = half.clearCount === 0 || r.sequence > half.clearHighest;
    this.lookForCopy(a, half, r);
    half.countClear(r.sequence, r.packet, r.nanos);
    if (isMessage) {
      if (handshakes.isFinished)
        this.anomalies.add(a, a, r, 'epoch-confusion', 'its Finished', 'proven');
      handshakes.messages(a, r);
      if (this.unsealer?.isHopeless(a.row)) associations.noSecretOn(r.flow);
    } else if (r.contentType === CONTENT_TYPE.changeCipherSpec) {
      const { table } = this.facts;
      const at = a.row * 2 + r.side;
      if (table.ccsPacket[at] === 0) {
        table.ccsPacket[at] = r.packet;
        table.ccsNanos[at] = r.nanos;
      }
    } else if (r.contentType === CONTENT_TYPE.alert && r.end - r.start >= 2) {
      this.alert(a, half, r);
    } else if (r.contentType === CONTENT_TYPE.heartbeat) {
      const { side, length, bytes, start, end, packet, nanos } = r;
      heartbeat(this.facts, a.row, side, length, bytes, start, end, packet, nanos);
    } else if (r.contentType === CONTENT_TYPE.ack) {
      this.dtls13.ack(a, r, r.bytes.subarray(r.start, r.end));
    }
  }

  private lookForCopy(a: Association, half: DtlsHalf, r: DtlsRecord): void {
    const newest = this.associations.newestOf(r.flow);
    if (!isClearAgain(half, r, newest?.lastPacket ?? 0)) return;
    // Who keeps nothing before the cookie comes back may begin its numbers again then. RFC 6347 §4.2.1.
    if (a !== newest || this.facts.table.has(a.row, SEEN.serverHello))
      this.associations.cameAgain(r.flow);
  }

  private alert(a: Association, half: DtlsHalf, r: DtlsRecord): void {
    const level = r.bytes[r.start] as number;
    const description = r.bytes[r.start + 1] as number;
    const { table } = this.facts;
    this.facts.recordEvent(a.row, EVENT.alert, (level << 8) | description, r);
    const fromClient = table.clientSide[a.row] === r.side;
    if (!fromClient) this.handshakes.answered(a.row, r);
    // Keys in use in this direction: the alert is of an earlier epoch, and anybody could have sent it.
    if (half.protectedCount > 0) {
      this.anomalies.add(
        a,
        this.associations.newestOf(r.flow),
        r,
        'epoch0-alert',
        'in the clear although this direction is protected',
        'proven',
        { alert: { level, description } },
      );
    } else if (description === 0) table.set(a.row, SEEN.closeAlertInClear);
    else if (level === 2)
      table.set(a.row, fromClient ? SEEN.fatalFromClient : SEEN.fatalFromServer);
  }
}
