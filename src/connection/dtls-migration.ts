import { LIMITS } from '../model/limits.ts';
import { otherSide, type Side } from '../model/stream.ts';
import { type ConnectionIds, senderOn } from './connection-ids.ts';
import { SEEN } from './connection-table.ts';
import { sameRecord } from './dtls-anomalies.ts';
import type { Association, Path } from './dtls-association.ts';
import { repeats, WINDOW } from './dtls-numbers.ts';
import type { DtlsRecord } from './dtls-record.ts';
import type { FactsRecorder } from './facts-recorder.ts';
import { type FlowAssociations, newestFew } from './flow-associations.ts';
import type { DtlsUnsealer } from './unsealing/dtls-unsealer.ts';

/**
 * Whose record it is where the 5-tuple does not say so: the record carries a connection id, or came on a 5-tuple that an
 * association moved to after its handshake (RFC 9146 §6). It is turned to the 5-tuple of that handshake.
 */
export class DtlsMigration {
  private readonly facts: FactsRecorder;
  private readonly associations: FlowAssociations;
  private readonly ids: ConnectionIds;
  unsealer: DtlsUnsealer | undefined;
  /** Of the record being looked at, if it came on another 5-tuple than that of the handshake. */
  private path: Path | undefined;

  constructor(facts: FactsRecorder, associations: FlowAssociations, ids: ConnectionIds) {
    this.facts = facts;
    this.associations = associations;
    this.ids = ids;
  }

  /** See `DtlsSink.connectionIdLength`. */
  idLength(flow: number, side: Side, bytes: Uint8Array, at: number, end: number): number {
    const newest = this.associations.newestOf(flow);
    const length = this.ids.lengthOf(newest, flow, side, bytes, at, end);
    if (length >= 0 || newest === undefined) return length;
    // Whose hellos were both seen has none unless they say so.
    return this.facts.table.has(newest.row, SEEN.clientHello) &&
      this.facts.table.has(newest.row, SEEN.serverHello)
      ? 0
      : -1;
  }

  /**
   * Whose record carries the connection id at `bytes[idAt]`. Where that association had its handshake on another 5-tuple,
   * the record is turned to it: `r.flow` and `r.side` are those of the handshake afterwards. Undefined for an id that
   * nobody in the capture has, or that several have: then nothing was changed.
   *
   * For records of type tls12_cid, and for those with the unified header of DTLS 1.3 alike (RFC 9147 §4).
   */
  ownerById(r: DtlsRecord, idAt: number): Association | undefined {
    const { ids } = this;
    const { flow, side, idLength } = r;
    this.path = undefined;
    const home = this.associations.newestOf(flow);
    const found = ids.ownerOf(home, flow, side, r.bytes, idAt, idLength, r.epoch, r.sequence);
    const { association, sender, isElsewhere } = found;
    if (association === undefined || association.flow === flow) return association;
    const path = ids.paths.take(association, flow, side, sender, isElsewhere, r.packet, r.nanos);
    this.associations.lookAtEach(flow);
    this.turn(path, association, sender, r);
    return association;
  }

  /** Has an association come to this 5-tuple after its handshake on another one? */
  isVisited(flow: number): boolean {
    return this.ids.paths.at(flow).length > 0;
  }

  /** As `ownerById`, for a record without an id on a 5-tuple that an association came to. */
  ownerByPath(r: DtlsRecord): Association | undefined {
    this.path = undefined;
    if (this.ids.paths.isEmpty) return undefined;
    const path = this.pathOf(r);
    if (path === undefined) return undefined;
    this.turn(path, path.association, senderOn(path, r.side), r);
    return path.association;
  }

  /** Turns a record without an id to the only association that came to its 5-tuple. */
  toOnlyVisitor(r: DtlsRecord): void {
    if (this.ids.paths.isEmpty) return;
    const [path, other] = this.ids.paths.at(r.flow);
    if (path !== undefined && other === undefined)
      this.turn(path, path.association, senderOn(path, r.side), r);
  }

  /** A record of `a` opened. */
  opened(a: Association): void {
    if (this.path?.association === a) this.path.opened++;
  }

  /**
   * Has the record no id, although its receiver asked for one in every handshake on this 5-tuple? Then it is of somebody who
   * came here unseen, or its sender makes a mistake; it must not be taken for one of theirs (RFC 9146 §3).
   */
  lacksId(r: DtlsRecord): boolean {
    const newest = this.associations.newestOf(r.flow);
    if (newest?.ids === undefined || r.epoch !== 1) return false;
    for (const a of newestFew(newest))
      if (!wantsId(a, otherSide(r.side)) || a.ids?.extension === 0) return false;
    return true;
  }

  /** The record came on another 5-tuple than that of the handshake, which it is turned to. */
  private turn(path: Path | undefined, a: Association, sender: Side, r: DtlsRecord): void {
    if (path !== undefined) {
      path.records[sender]++;
      if (repeats(a.sides[sender], r)) path.copies++;
      path.firstOf[sender] ??= sameRecord(r);
      path.lastPacket = r.packet;
      path.lastNanos = r.nanos;
    }
    r.flow = a.flow;
    r.side = sender;
    this.path = path;
  }

  /**
   * The path of an association that came to this 5-tuple, for a record without an id: of one whose receiver wants none.
   * Where there are others too, its keys or its numbers have to fit it alone.
   */
  private pathOf(r: DtlsRecord): Path | undefined {
    const visitors = this.ids.paths.at(r.flow);
    if (visitors.length === 0 || this.ids.paths.isFull(r.flow)) return undefined;
    const paths = visitors.filter((path) => {
      const sender = senderOn(path, r.side);
      return path.association.flow !== r.flow && !wantsId(path.association, otherSide(sender));
    });
    const rivals: Association[] = [];
    for (const a of newestFew(this.associations.newestOf(r.flow)))
      if (!wantsId(a, otherSide(r.side))) rivals.push(a);
    if (rivals.length === 0 && paths.length === 1) return paths[0];
    const fitting = paths.filter((path) => this.fits(path.association, senderOn(path, r.side), r));
    if (fitting.length !== 1 || rivals.some((a) => this.fits(a, r.side, r))) return undefined;
    return fitting[0];
  }

  /** May this association have sent the record now, by its keys or by its numbers? */
  private fits(a: Association, sender: Side, r: DtlsRecord): boolean {
    if (this.unsealer?.hasKeys(a.row, { ...r, side: sender }))
      return this.unsealer.opens(a.row, { ...r, side: sender });
    const half = a.sides[sender];
    const step = r.sequence - half.highest;
    return half.epoch === r.epoch && step > -WINDOW && step <= LIMITS.dtlsFarAhead;
  }
}

/** Has this side negotiated an id, so that records without one are none for it? RFC 9146 §3. */
function wantsId({ ids }: Association, receiver: Side): boolean {
  return (ids?.to[receiver]?.length ?? 0) > 0;
}
