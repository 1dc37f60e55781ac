import { readU16 } from '../bytes/scalars.ts';
import { LIMITS } from '../model/limits.ts';
import { CONTENT_TYPE } from '../model/record.ts';
import { otherSide, type Side } from '../model/stream.ts';
import type { ConnectionIds } from './connection-ids.ts';
import { SEEN } from './connection-table.ts';
import type { AnomalyBook } from './dtls-anomalies.ts';
import type { Association } from './dtls-association.ts';
import { type Attribution, attribute } from './dtls-attribution.ts';
import { emptyFragment, type Fragment } from './dtls-messages.ts';
import type { DtlsMigration } from './dtls-migration.ts';
import { WINDOW } from './dtls-numbers.ts';
import type { OwnedRecords } from './dtls-owned-records.ts';
import { type DtlsRecord, emptyRecord } from './dtls-record.ts';
import { unprotectedContent } from './epoch-confusion.ts';
import type { FactsRecorder } from './facts-recorder.ts';
import { type FlowAssociations, newestFew } from './flow-associations.ts';
import { misfitOf, otherIdOf } from './id-misfit.ts';
import type { Rebinding } from './rebinding.ts';
import type { DtlsUnsealer } from './unsealing/dtls-unsealer.ts';

/**
 * Protected records up to DTLS 1.2: gives each to one association, by its connection id, or else by what `attribute`
 * goes by.
 */
export class ProtectedRecords {
  private readonly facts: FactsRecorder;
  private readonly associations: FlowAssociations;
  private readonly ids: ConnectionIds;
  private readonly migration: DtlsMigration;
  private readonly rebinding: Rebinding;
  private readonly anomalies: AnomalyBook;
  private readonly owned: OwnedRecords;
  unsealer: DtlsUnsealer | undefined;
  private readonly fragment: Fragment = emptyFragment();
  private readonly verdict: Attribution = { owner: undefined, reason: '', confidence: 'proven' };

  constructor(
    facts: FactsRecorder,
    associations: FlowAssociations,
    ids: ConnectionIds,
    migration: DtlsMigration,
    rebinding: Rebinding,
    anomalies: AnomalyBook,
    owned: OwnedRecords,
  ) {
    this.facts = facts;
    this.associations = associations;
    this.ids = ids;
    this.migration = migration;
    this.rebinding = rebinding;
    this.anomalies = anomalies;
    this.owned = owned;
  }

  /** A record of an epoch with keys, without an id. */
  take(r: DtlsRecord): void {
    if (r.contentType !== CONTENT_TYPE.applicationData) {
      const content = unprotectedContent(r, this.fragment);
      if (content !== undefined) {
        this.confused(r, content);
        return;
      }
    }
    if (r.idLength === 0) this.migration.ownerByPath(r);
    this.ofFlow(r);
  }

  /** A record of type tls12_cid, whose id begins at `bytes[idAt]`. RFC 9146 §4. */
  takeWithId(r: DtlsRecord, idAt: number): void {
    const owner = this.migration.ownerById(r, idAt);
    if (owner !== undefined) this.offer(owner, r);
    else this.unknownId(r, idAt);
  }

  /** A record whose id names `owner`; where several associations of the 5-tuple have the same one, more is looked at. */
  private offer(owner: Association, r: DtlsRecord): void {
    const newest = this.associations.newestOf(r.flow);
    if (owner === newest && sharesId(owner, otherSide(r.side))) {
      this.take(r);
      return;
    }
    const opened = this.owned.open(owner, r);
    const reason = 'its connection id is that of the older association';
    if (owner !== newest) this.anomalies.add(owner, newest, r, 'late', reason, 'proven');
    this.owned.take(owner, r, opened);
  }

  /** A record with an id that nobody in the capture has. */
  private unknownId(r: DtlsRecord, idAt: number): void {
    const newest = this.associations.newestOf(r.flow);
    const receiver = otherSide(r.side);
    const octets = r.bytes.slice(idAt, idAt + r.idLength);
    if (newest === undefined) {
      const a = this.associations.begin(r, SEEN.startMissing);
      this.ids.settle(a, 0, receiver === 0 ? [octets, undefined] : [undefined, octets]);
      this.owned.openAndTake(a, r);
    } else if (
      newest.ids?.to[receiver] === undefined &&
      this.facts.table.has(newest.row, SEEN.startMissing)
    ) {
      this.ids.add(newest, receiver, octets);
      this.owned.openAndTake(newest, r);
    } else {
      newest.sides[r.side].countRecord(r.contentType);
      const { side, epoch, packet, nanos } = r;
      this.unsealer?.hasKeys(newest.row, r);
      const misfit = otherIdOf(newest, side, octets);
      if (this.isNegotiated(newest, side))
        this.anomalies.misfit(newest, { ...misfit, side, epoch, packet, nanos });
    }
  }

  /** See `DtlsSink.misfit`. */
  misfit(
    flow: number,
    side: Side,
    bytes: Uint8Array,
    at: number,
    end: number,
    wireEnd: number,
    packet: number,
    nanos: number,
  ): void {
    const a = this.associations.newestOf(flow);
    if (a === undefined) return;
    a.sides[side].countRecord(CONTENT_TYPE.tls12Cid);
    // Nothing can be opened, and yet the secrets are those of this connection.
    this.unsealer?.hasKeys(a.row, { ...emptyRecord(), side, epoch: readU16(bytes, at + 3) });
    const misfit = misfitOf(a, side, bytes, at, end, wireEnd);
    const epoch = readU16(bytes, at + 3);
    if (misfit !== undefined && this.isNegotiated(a, side))
      this.anomalies.misfit(a, { ...misfit, side, epoch, packet, nanos });
  }

  /** Is it known which id this side has to send, and has it never sent that one? */
  private isNegotiated(a: Association, side: Side): boolean {
    const { table } = this.facts;
    return (
      table.has(a.row, SEEN.clientHello) &&
      table.has(a.row, SEEN.serverHello) &&
      !table.has(a.row, SEEN.startMissing) &&
      a.previous === undefined &&
      a.sides[side].protectedCount === 0
    );
  }

  /** A record that shows an epoch with keys and is in the clear: it is told, and tells nothing of that epoch. */
  private confused(r: DtlsRecord, content: string): void {
    const newest =
      this.associations.newestOf(r.flow) ?? this.associations.begin(r, SEEN.startMissing);
    newest.sides[r.side].countRecord(r.contentType);
    this.anomalies.add(newest, newest, r, 'epoch-confusion', content, 'proven');
  }

  /** A protected record of the associations whose handshake was on this 5-tuple. */
  private ofFlow(r: DtlsRecord): void {
    if (r.idLength === 0 && this.migration.lacksId(r)) {
      this.unknownId(r, 0);
      return;
    }
    const newest = this.associations.newestOf(r.flow);
    if (newest === undefined) {
      const a = this.associations.begin(r, SEEN.startMissing);
      if (r.idLength === 0 && !this.associations.hasReported(r.flow)) this.continueOther(a, r);
      this.owned.openAndTake(a, r);
      return;
    }
    if (newest.previous === undefined && newest.sides[r.side].epoch > 0) {
      this.owned.openAndTake(newest, r);
      return;
    }
    if (this.mayBeOfForgotten(newest, r)) {
      newest.sides[r.side].countRecord(r.contentType);
      return;
    }
    const { verdict } = this;
    attribute(this.facts, newest, r, verdict);
    if (this.unsealer !== undefined) this.attributeByKeys(this.unsealer, newest, r, verdict);
    const { owner } = verdict;
    if (owner === undefined) {
      this.anomalies.add(newest, newest, r, 'no-association', verdict.reason, verdict.confidence);
      this.unsealer?.nobodys(newest.row, r);
      newest.sides[r.side].countRecord(r.contentType);
      return;
    }
    const opened = this.owned.open(owner, r);
    if (owner !== newest)
      this.anomalies.add(owner, newest, r, 'late', verdict.reason, verdict.confidence);
    this.owned.take(owner, r, opened);
  }

  /** Before an association has keys, and after one was forgotten that may have gone on. */
  private mayBeOfForgotten(newest: Association, r: DtlsRecord): boolean {
    const { table } = this.facts;
    return (
      this.associations.hasForgotten(newest) &&
      newest.sides[r.side].epoch === 0 &&
      table.has(newest.row, SEEN.clientHello) &&
      !table.has(newest.row, SEEN.tls13) &&
      table.ccsPacket[newest.row * 2 + r.side] === 0 &&
      !this.unsealer?.opens(newest.row, r)
    );
  }

  /** Whose keys open the record settles whose it is. */
  private attributeByKeys(
    unsealer: DtlsUnsealer,
    newest: Association,
    r: DtlsRecord,
    verdict: Attribution,
  ): void {
    let a: Association | undefined = newest;
    for (let n = 0; a !== undefined && n < LIMITS.openAssociationsPerFlow; n++) {
      if (unsealer.opens(a.row, r)) {
        verdict.owner = a;
        verdict.reason = 'it opens under the keys of that association';
        verdict.confidence = 'proven';
        return;
      }
      a = a.previous;
    }
  }

  /** Records without a handshake: do they go on with an association of the same client and server on another port? */
  private continueOther(a: Association, r: DtlsRecord): void {
    const { table } = this.facts;
    const { unsealer } = this;
    const sender = r.side;
    const older = this.rebinding.find(r.flow, sender, (other, side) => {
      const there = { ...r, side };
      if (unsealer?.hasKeys(other.row, there)) return unsealer.opens(other.row, there);
      return mayGoOn(other, side, r);
    });
    if (older === undefined) return;
    const side = table.clientSide[older.row] as Side;
    const half = older.sides[side];
    const continuation = {
      owner: table.id[older.row] as number,
      flow: older.flow,
      side,
      step: r.sequence - half.highest,
      print: r.print,
      isProven: unsealer?.opens(older.row, { ...r, side }) ?? false,
      last: { packet: half.lastPacket, nanos: half.lastNanos },
      wasAnswered: older.sides[otherSide(side)].protectedCount > 0,
      goesOn: false,
    };
    a.continues = continuation;
    older.continuedBy = continuation;
    // Further records there have to be noticed.
    this.associations.lookAtEach(older.flow);
    table.clientSide[a.row] = sender;
  }
}

/** Neither side has closed, and the number is one of the next. */
function mayGoOn({ sides }: Association, sender: Side, r: DtlsRecord): boolean {
  const half = sides[sender];
  const step = r.sequence - half.highest;
  if (sides[0].closePacket !== 0 || sides[1].closePacket !== 0) return false;
  return half.epoch === r.epoch && step > 0 && step <= WINDOW;
}

/** Has an older association on the same 5-tuple the same id? */
function sharesId({ ids, previous }: Association, receiver: Side): boolean {
  const id = ids?.to[receiver];
  if (id === undefined) return false;
  for (const a of newestFew(previous)) {
    const other = a.ids?.to[receiver];
    if (other?.length === id.length && other.every((octet, i) => octet === id[i])) return true;
  }
  return false;
}
