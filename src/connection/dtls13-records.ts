import { FINISHED, NEW_CONNECTION_ID } from '../model/code-points/handshake-types.ts';
import { DTLS_1_3_DRAFT_43, TLS_1_3, tlsEquivalent } from '../model/code-points/versions.ts';
import { LIMITS } from '../model/limits.ts';
import { CONTENT_TYPE } from '../model/record.ts';
import { otherSide, type Side } from '../model/stream.ts';
import { decodeAck } from '../tls/codec/ack.ts';
import { HelloScan } from '../tls/codec/hello-scan.ts';
import { decodeNewConnectionId } from '../tls/codec/new-connection-id.ts';
import { emptyUnifiedHeader, hasConnectionId, readUnifiedHeader } from '../tls/unified-header.ts';
import type { ConnectionIds } from './connection-ids.ts';
import { SEEN } from './connection-table.ts';
import type { AnomalyBook } from './dtls-anomalies.ts';
import type { Association } from './dtls-association.ts';
import { type DtlsHalf, HALF_FLAG } from './dtls-halves.ts';
import type { DtlsHandshakes } from './dtls-handshakes.ts';
import { emptyFragment, type Fragment, readFragment } from './dtls-messages.ts';
import type { DtlsMigration } from './dtls-migration.ts';
import { type DtlsNumbering, isBehindOthers } from './dtls-numbering.ts';
import type { OwnedRecords } from './dtls-owned-records.ts';
import { type DtlsRecord, emptyRecord, printOf } from './dtls-record.ts';
import { EARLY_EPOCH, FIRST_DATA_EPOCH, HANDSHAKE_EPOCH, likelyEpoch } from './dtls13-epochs.ts';
import { EVENT } from './event-log.ts';
import type { FactsRecorder } from './facts-recorder.ts';
import { isFatal } from './fatal-alert.ts';
import type { FlowAssociations } from './flow-associations.ts';
import { followHiddenDtls } from './hidden-handshake.ts';
import { copyOf, firstOctets, UNREAD_SEQUENCE } from './record-copies.ts';
import type { DtlsUnsealer } from './unsealing/dtls-unsealer.ts';
import type { NumberedOpening } from './unsealing/wire-record.ts';

const DTLS_1_2 = 0xfefd;

/**
 * Records of DTLS 1.3 with a unified header (RFC 9147 §4). The header tells neither type nor number nor all of the epoch:
 * without secrets a record is told by its length, by the two bits of its epoch, and by whether its very octets were on the
 * wire before. What secrets open is followed like the records of earlier versions.
 */
export class Dtls13Records {
  private readonly facts: FactsRecorder;
  private readonly ids: ConnectionIds;
  private readonly associations: FlowAssociations;
  private readonly migration: DtlsMigration;
  private readonly numbering: DtlsNumbering;
  private readonly handshakes: DtlsHandshakes;
  private readonly anomalies: AnomalyBook;
  private readonly owned: OwnedRecords;
  unsealer: DtlsUnsealer | undefined;
  private readonly current = emptyRecord();
  private readonly header = emptyUnifiedHeader();
  private readonly scan = new HelloScan();
  private readonly fragment: Fragment = emptyFragment();

  constructor(
    facts: FactsRecorder,
    associations: FlowAssociations,
    ids: ConnectionIds,
    migration: DtlsMigration,
    numbering: DtlsNumbering,
    handshakes: DtlsHandshakes,
    anomalies: AnomalyBook,
    owned: OwnedRecords,
  ) {
    this.facts = facts;
    this.ids = ids;
    this.associations = associations;
    this.migration = migration;
    this.numbering = numbering;
    this.handshakes = handshakes;
    this.anomalies = anomalies;
    this.owned = owned;
  }

  /** See `DtlsSink.unified`. */
  take(
    flow: number,
    side: Side,
    bytes: Uint8Array,
    at: number,
    end: number,
    wireEnd: number,
    packet: number,
    nanos: number,
    ipId: number,
  ): number {
    const { migration, header } = this;
    const newest = this.associations.newestOf(flow);
    const hasId = hasConnectionId(bytes[at] as number);
    const isHome = newest !== undefined && this.isSpoken(newest);
    if (!hasId && !isHome && !migration.isVisited(flow)) return 0;
    const id = hasId ? migration.idLength(flow, side, bytes, at + 1, end) : 0;
    // Without its length nothing behind an id can be read.
    if (hasId && id <= 0) return 0;
    if (!readUnifiedHeader(bytes, at, end, wireEnd, id, header)) return 0;
    const r = this.current;
    r.flow = flow;
    r.side = side;
    // What TLS 1.3 shows in place of the type that it hides. RFC 8446 §5.2.
    r.contentType = CONTENT_TYPE.applicationData;
    r.version = DTLS_1_2;
    r.epoch = 0;
    r.sequence = UNREAD_SEQUENCE;
    r.length = header.length;
    r.bytes = bytes;
    r.headerStart = at;
    r.start = header.start;
    r.end = header.next < end ? header.next : end;
    r.packet = packet;
    r.nanos = nanos;
    r.ipId = ipId;
    r.idLength = id;
    r.print = printOf(bytes, r.start, r.end, r.length);
    const named = hasId ? migration.ownerById(r, at + 1) : migration.ownerByPath(r);
    if (named !== undefined && this.maySpeak(named)) {
      this.record(named, this.associations.newestOf(r.flow) ?? named, r);
      return header.next;
    }
    if (newest === undefined || !this.isSpoken(newest)) return 0;
    this.record(this.ownerOf(newest, r), newest, r);
    return header.next;
  }

  /** An ACK in the clear. RFC 9147 §7. */
  ack(a: Association, r: DtlsRecord, content: Uint8Array): void {
    const { message } = decodeAck(content, this.isDraft43(a));
    const { recordNumbers } = message;
    const received = recordNumbers.slice(0, LIMITS.recordNumbersPerAck);
    const { side, packet, nanos, epoch, sequence } = r;
    const omitted = recordNumbers.length - received.length;
    this.anomalies.ack(a, { side, packet, nanos, epoch, sequence, received, omitted });
  }

  /** Was DTLS 1.3 negotiated under the number of draft 43? Of that the table knows no more. */
  private isDraft43({ row }: Association): boolean {
    const { table, hellos } = this.facts;
    const handle = table.serverHello[row] as number;
    if (handle === 0) return false;
    const at = hellos.slab.offsetOf(handle);
    const length = table.serverHelloLength[row] as number;
    this.scan.scanServerHello(hellos.slab.bytesOf(handle), at, at + length);
    return this.scan.selectedVersion === DTLS_1_3_DRAFT_43;
  }

  // ------------------------------------------------------------------------------------------------ whose it is

  /** Does one of the associations here speak DTLS 1.3, or may it come to? */
  private isSpoken(newest: Association): boolean {
    let a: Association | undefined = newest;
    for (let n = 0; a !== undefined && n < LIMITS.openAssociationsPerFlow; n++) {
      if (this.maySpeak(a)) return true;
      a = a.previous;
    }
    return false;
  }

  private maySpeak({ row }: Association): boolean {
    const { table, hellos } = this.facts;
    if (table.has(row, SEEN.tls13)) return true;
    const handle = table.clientHello[row] as number;
    if (handle === 0 || table.has(row, SEEN.serverHello)) return false;
    const { scan } = this;
    const at = hellos.slab.offsetOf(handle);
    const hello = hellos.slab.bytesOf(handle);
    scan.scanClientHello(hello, at, at + (table.clientHelloLength[row] as number), true);
    return tlsEquivalent(scan.highestVersion) >= TLS_1_3;
  }

  /** Whose keys open the record, whose octets it has, or who has come to its epoch. */
  private ownerOf(newest: Association, r: DtlsRecord): Association {
    if (newest.previous === undefined) return newest;
    const { unsealer } = this;
    return (
      this.find(newest, (a) => unsealer?.opens13(a.row, r) === true) ??
      this.find(newest, (a) => this.maySpeak(a) && copyOf(a.sides[r.side], r) >= 0) ??
      this.find(newest, (a) => this.canSend(a, r)) ??
      newest
    );
  }

  private find(newest: Association, is: (a: Association) => boolean): Association | undefined {
    let a: Association | undefined = newest;
    for (let n = 0; a !== undefined && n < LIMITS.openAssociationsPerFlow; n++) {
      if (is(a)) return a;
      a = a.previous;
    }
    return undefined;
  }

  /** Can this side have come to an epoch with these bits? */
  private canSend(a: Association, r: DtlsRecord): boolean {
    const { table } = this.facts;
    const { epoch } = a.sides[r.side];
    const { epochBits } = this.header;
    if (!this.maySpeak(a)) return false;
    const isEarly = epochBits === EARLY_EPOCH && table.has(a.row, SEEN.earlyData);
    if (!table.has(a.row, SEEN.serverHello) && !table.has(a.row, SEEN.startMissing)) return isEarly;
    if (epochBits === HANDSHAKE_EPOCH || isEarly) return true;
    if (epochBits === FIRST_DATA_EPOCH) return epoch >= HANDSHAKE_EPOCH;
    return epoch >= FIRST_DATA_EPOCH;
  }

  // ------------------------------------------------------------------------------------------------ the record

  private record(a: Association, newest: Association, r: DtlsRecord): void {
    const half = a.sides[r.side];
    const opened = this.unsealer?.sealed13(a.row, r, this.owned.mayBeOfUnkeyed(a, r));
    r.epoch = opened?.epoch ?? likelyEpoch(this.header.epochBits, half.epoch);
    r.sequence = opened?.sequence ?? UNREAD_SEQUENCE;
    if (a !== newest)
      this.anomalies.add(
        a,
        newest,
        r,
        'late',
        opened === undefined
          ? 'the newer association has not come to its epoch'
          : 'it opens under the keys of that association',
        opened === undefined ? 'likely' : 'proven',
      );
    if (r.end - r.start < r.length) this.facts.table.set(a.row, SEEN.cutPackets);
    half.countRecord(r.contentType);
    half.countProtected(r.contentType, r.length, r.packet, r.nanos);
    this.checkLength(a, half, r);
    if (opened === undefined) this.unopened(a, half, newest, r);
    else this.opened(a, half, newest, r, opened);
  }

  private checkLength(a: Association, half: DtlsHalf, r: DtlsRecord): void {
    if (r.length < half.lengthMin)
      this.facts.recordEvent(a.row, EVENT.impossibleLength, r.contentType, r);
  }

  private unopened(a: Association, half: DtlsHalf, newest: Association, r: DtlsRecord): void {
    if (r.epoch > half.epoch) {
      if (half.count > 0) this.anomalies.archiveEpoch(a, r.side, half);
      half.epoch = r.epoch;
      half.count = 0;
      half.forgetRecent();
    }
    const copy = copyOf(half, r);
    if (copy >= 0) {
      const earlier = { packet: half.recentPacket(copy), nanos: half.recentNanos(copy) };
      if (Math.abs(r.nanos - earlier.nanos) < LIMITS.duplicateCaptureNanos)
        this.numbering.capturedTwice(r.packet);
      else this.anomalies.add(a, newest, r, 'replay', 'the same octets', 'proven', { earlier });
      if (isBehindOthers(half, copy, r, newest.lastPacket)) this.associations.cameAgain(r.flow);
    } else {
      const record = (r.contentType << 16) | r.length;
      half.remember(r.print, r.packet, record, firstOctets(r), r.nanos);
    }
    half.lastPacket = r.packet;
    half.lastNanos = r.nanos;
    half.lastRecord = (r.contentType << 16) | r.length;
    half.lastSequence = UNREAD_SEQUENCE;
    if (copy < 0) followHiddenDtls(this.facts.table, a, r);
  }

  // ------------------------------------------------------------------------------------------------ what was in it

  private opened(
    a: Association,
    half: DtlsHalf,
    newest: Association,
    r: DtlsRecord,
    { type, content }: NumberedOpening,
  ): void {
    this.migration.opened(a);
    const repeated = this.numbering.take(a, half, r);
    r.isNew = !repeated;
    if (type === CONTENT_TYPE.handshake) {
      this.handshakes.inner(a, r, content);
      this.finished(a, half, r, content, repeated);
      if (r.epoch >= FIRST_DATA_EPOCH) this.newIds(a, r, content);
    } else if (type === CONTENT_TYPE.alert && content.length >= 2)
      this.alert(a, half, newest, r, content, repeated);
    else if (type === CONTENT_TYPE.ack && !repeated) this.ack(a, r, content);
    else if (type === CONTENT_TYPE.applicationData && r.epoch >= FIRST_DATA_EPOCH)
      this.finishedBefore(a, r);
  }

  /** Data of these epochs follows the Finished of its sender, also where the capture lacks it. RFC 9147 §6.1. */
  private finishedBefore({ row }: Association, r: DtlsRecord): void {
    const { facts } = this;
    const isClient = facts.table.clientSide[row] === r.side;
    facts.finished(row, isClient ? SEEN.clientFinished | SEEN.serverFinished : SEEN.serverFinished);
  }

  /** The Finished, and its later transmissions. */
  private finished(
    a: Association,
    half: DtlsHalf,
    r: DtlsRecord,
    content: Uint8Array,
    repeated: boolean,
  ): void {
    const { fragment } = this;
    let holds = false;
    for (let at = 0; readFragment(content, at, content.length, fragment); at = fragment.end)
      holds ||= fragment.type === FINISHED;
    if (!holds || repeated) return;
    const { facts, anomalies } = this;
    const isClient = facts.table.clientSide[a.row] === r.side;
    if (half.finishedPacket !== 0) {
      anomalies.finishedAgain(a, r);
      return;
    }
    facts.finished(a.row, isClient ? SEEN.clientFinished : SEEN.serverFinished);
    if (isClient) facts.table.serverAtFinished[a.row] = a.sides[otherSide(r.side)].protectedCount;
    half.finishedPacket = r.packet;
    half.finishedNanos = r.nanos;
    half.finishedSequence = r.sequence;
    half.finishedEpoch = r.epoch;
    half.finishedLength = r.length;
  }

  /** Ids under which the sender may be reached from now on. RFC 9147 §9. */
  private newIds(a: Association, r: DtlsRecord, content: Uint8Array): void {
    const { fragment } = this;
    if (!readFragment(content, 0, content.length, fragment)) return;
    if (fragment.type !== NEW_CONNECTION_ID || fragment.end - fragment.start < fragment.length)
      return;
    const { message } = decodeNewConnectionId(content.subarray(fragment.start, fragment.end));
    for (const id of message.cids.slice(0, LIMITS.announcedConnectionIds))
      this.ids.add(a, r.side, id.slice());
  }

  private alert(
    a: Association,
    half: DtlsHalf,
    newest: Association,
    r: DtlsRecord,
    content: Uint8Array,
    repeated: boolean,
  ): void {
    const { facts, anomalies } = this;
    const { table } = facts;
    const [level = 0, description = 0] = content;
    facts.recordEvent(a.row, EVENT.encryptedAlert, ((level || 2) << 8) | description, r);
    const isClient = table.clientSide[a.row] === r.side;
    const fatal = isFatal(level, description, true);
    if (fatal) table.set(a.row, isClient ? SEEN.fatalFromClient : SEEN.fatalFromServer);
    const peer = a.sides[otherSide(r.side)];
    const record = { ...r, contentType: CONTENT_TYPE.alert };
    const since = r.nanos - peer.closeNanos;
    // Data may follow the close of the peer (RFC 8446 §6.1); the closing alert that answers it is due at once.
    if (peer.closePacket !== 0 && since > LIMITS.promptAnswerNanos && newest === a)
      anomalies.add(a, a, record, 'late', 'it opens under the keys of that association', 'proven');
    if (repeated || half.closePacket !== 0 || (!fatal && description !== 0)) return;
    peer.flags |= HALF_FLAG.peerClosed;
    this.owned.closed(a, half, record);
  }
}
