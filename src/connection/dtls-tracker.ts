/**
 * DTLS associations: which record belongs to which, when several share one 5-tuple.
 *
 * A ClientHello in the clear with a random of its own begins an association (RFC 6347 §4.2.8 lets a client do that at any
 * time); the answer to a HelloVerifyRequest and a retransmission do not (§4.2.1). The old association stays open beside
 * the new one: its records may still come, and they are what the next handshake stumbles over.
 *
 *      #1  CH ── SH ── Fin ── data ── close_notify(server) ─ ─ ─ ─ ─ ─ ─ close_notify(client), late
 *      #2                                             CH ── SH ── Fin ── │ ──▶
 *                                                                        └ whose record is this?
 *
 * Every record is given to one association before handshake messages are put together. For plaintext records the message
 * decides (`ClearRecords`); for protected ones see `ProtectedRecords`, and `Dtls13Records` for those of DTLS 1.3.
 */
import { readI32 } from '../bytes/scalars.ts';
import type { Stage } from '../model/history.ts';
import type { NoticeSink } from '../model/notice.ts';
import { CONTENT_TYPE, type DtlsSink } from '../model/record.ts';
import type { FlowDirectory, Side } from '../model/stream.ts';
import { ConnectionIds } from './connection-ids.ts';
import { SEEN } from './connection-table.ts';
import { AnomalyBook } from './dtls-anomalies.ts';
import type { Association } from './dtls-association.ts';
import { ClearRecords } from './dtls-clear-records.ts';
import { DtlsHandshakes } from './dtls-handshakes.ts';
import { DtlsMigration } from './dtls-migration.ts';
import { DtlsNumbering } from './dtls-numbering.ts';
import { OwnedRecords } from './dtls-owned-records.ts';
import { ProtectedRecords } from './dtls-protected-records.ts';
import { type DtlsRecord, emptyRecord, printOf } from './dtls-record.ts';
import { Dtls13Records } from './dtls13-records.ts';
import type { FactsRecorder } from './facts-recorder.ts';
import { FlightBook } from './flight-book.ts';
import { FlowAssociations } from './flow-associations.ts';
import { stageOf } from './outcome.ts';
import type { RandomIndex } from './random-index.ts';
import { Rebinding } from './rebinding.ts';
import { DtlsUnsealer } from './unsealing/dtls-unsealer.ts';
import type { Vault } from './unsealing/vault.ts';

/** Takes what the transport tells of DTLS, and hands each record to the part that has records of its kind. */
export class DtlsTracker implements DtlsSink {
  readonly facts: FactsRecorder;
  readonly associations: FlowAssociations;
  readonly anomalies: AnomalyBook;
  readonly flights: FlightBook;
  private readonly ids: ConnectionIds;
  private readonly handshakes: DtlsHandshakes;
  private readonly migration: DtlsMigration;
  private readonly owned: OwnedRecords;
  private readonly clear: ClearRecords;
  private readonly protected: ProtectedRecords;
  private readonly dtls13: Dtls13Records;
  private readonly current: DtlsRecord = emptyRecord();
  private unsealer: DtlsUnsealer | undefined;

  constructor(
    facts: FactsRecorder,
    randoms: RandomIndex,
    flows: FlowDirectory,
    notices: NoticeSink,
  ) {
    const ids = new ConnectionIds(flows);
    const all = new FlowAssociations(facts, ids.paths, notices);
    const rebinding = new Rebinding(flows, (a) => all.holds(a));
    const flights = new FlightBook(facts.table);
    const anomalies = new AnomalyBook(facts);
    const handshakes = new DtlsHandshakes(facts, randoms, ids, rebinding, flights, notices);
    const numbering = new DtlsNumbering(all, anomalies, notices);
    const moved = new DtlsMigration(facts, all, ids);
    const owned = new OwnedRecords(facts, all, moved, numbering, handshakes, anomalies, flights);
    this.facts = facts;
    this.associations = all;
    this.anomalies = anomalies;
    this.flights = flights;
    this.ids = ids;
    this.handshakes = handshakes;
    this.migration = moved;
    this.owned = owned;
    this.protected = new ProtectedRecords(facts, all, ids, moved, rebinding, anomalies, owned);
    this.dtls13 = new Dtls13Records(
      facts,
      all,
      ids,
      moved,
      numbering,
      handshakes,
      anomalies,
      owned,
    );
    this.clear = new ClearRecords(facts, all, moved, handshakes, this.dtls13, anomalies);
  }

  /** Called when a closing alert was seen: the flow may soon be final. */
  set onClosed(listener: (flow: number) => void) {
    this.owned.onClosed = listener;
  }

  /** There are secrets: records are opened from now on. */
  unseal(vault: Vault): void {
    const unsealer = new DtlsUnsealer(vault, this.facts);
    this.unsealer = unsealer;
    const { handshakes, migration, owned, clear, dtls13 } = this;
    for (const part of [handshakes, migration, owned, clear, this.protected, dtls13])
      part.unsealer = unsealer;
  }

  company(flow: number, side: Side, packet: number, nanos: number): void {
    const newest = this.associations.newestOf(flow);
    if (newest === undefined) return;
    newest.company ??= { packet: [0, 0], nanos: [0, 0] };
    newest.company.packet[side] = packet;
    newest.company.nanos[side] = nanos;
  }

  stage(a: Association): Stage {
    return stageOf(this.facts.table, a.row);
  }

  record(
    flow: number,
    side: Side,
    contentType: number,
    version: number,
    epoch: number,
    sequence: number,
    length: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
    nanos: number,
    ipId: number,
  ): void {
    const { associations } = this;
    associations.reach(flow);
    const alone = associations.aloneOn(flow);
    const print = printOf(bytes, start, end, length);
    const nonceLow = end - start >= 8 ? readI32(bytes, start + 4) : 0;
    if (
      alone !== 0 &&
      contentType === CONTENT_TYPE.applicationData &&
      epoch !== 0 &&
      (this.unsealer === undefined || associations.staysSealed(flow))
    ) {
      const half = (alone - 1) * 2 + side;
      const delta = (nonceLow - sequence) | 0;
      if (
        associations.halves.nextData(half, epoch, sequence, length, print, delta, packet, nanos)
      ) {
        if (end - start < length) this.cut(flow);
        return;
      }
    }
    const r = this.current;
    r.flow = flow;
    r.side = side;
    r.contentType = contentType;
    r.version = version;
    r.epoch = epoch;
    r.sequence = sequence;
    r.length = length;
    r.bytes = bytes;
    r.start = start;
    r.end = end;
    r.packet = packet;
    r.nanos = nanos;
    r.ipId = ipId;
    r.print = print;
    r.nonceLow = nonceLow;
    r.idLength = 0;
    if (epoch === 0) this.clear.take(r);
    else this.protected.take(r);
    if (end - start < length) this.cut(flow);
  }

  /** Octets of a record are beyond the snap length. */
  private cut(flow: number): void {
    const association = this.associations.newestOf(flow);
    if (association !== undefined) this.facts.table.set(association.row, SEEN.cutPackets);
  }

  recordWithId(
    flow: number,
    side: Side,
    version: number,
    epoch: number,
    sequence: number,
    idLength: number,
    length: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
    nanos: number,
    ipId: number,
  ): void {
    this.associations.reach(flow);
    const r = this.current;
    r.flow = flow;
    r.side = side;
    r.contentType = CONTENT_TYPE.tls12Cid;
    r.version = version;
    r.epoch = epoch;
    r.sequence = sequence;
    r.length = length;
    r.bytes = bytes;
    r.start = start;
    r.end = end;
    r.packet = packet;
    r.nanos = nanos;
    r.ipId = ipId;
    r.print = printOf(bytes, start, end, length);
    r.nonceLow = end - start >= 8 ? readI32(bytes, start + 4) : 0;
    r.idLength = idLength;
    this.protected.takeWithId(r, start - 2 - idLength);
    if (end - start < length) this.cut(r.flow);
  }

  connectionIdLength(flow: number, side: Side, bytes: Uint8Array, at: number, end: number): number {
    return this.migration.idLength(flow, side, bytes, at, end);
  }

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
    this.protected.misfit(flow, side, bytes, at, end, wireEnd, packet, nanos);
  }

  unified(
    flow: number,
    side: Side,
    bytes: Uint8Array,
    start: number,
    end: number,
    wireEnd: number,
    packet: number,
    nanos: number,
    ipId: number,
  ): number {
    return this.dtls13.take(flow, side, bytes, start, end, wireEnd, packet, nanos, ipId);
  }

  /** Nobody listens at `side`. */
  unreachable(flow: number, side: Side, packet: number, nanos: number): void {
    const a = this.associations.newestOf(flow) ?? this.ids.paths.at(flow)[0]?.association;
    if (a === undefined) return;
    this.anomalies.unreachable(a, { packet, nanos, side });
  }

  firstFragment(flow: number, side: Side, octets: number, packet: number, nanos: number): void {
    const a = this.handshaking(flow);
    if (a !== undefined) this.flights.ipFragment(a, side, octets, { packet, nanos });
  }

  wasFragmented(
    flow: number,
    side: Side,
    first: number,
    octets: number,
    packet: number,
    nanos: number,
  ): void {
    const a = this.handshaking(flow);
    if (a !== undefined) this.flights.ipWhole(a, side, first, octets, { packet, nanos });
  }

  /** The newest association of the flow, while its handshake is not over. */
  private handshaking(flow: number): Association | undefined {
    const a = this.associations.newestOf(flow);
    if (a === undefined) return undefined;
    const { table } = this.facts;
    const isDone = table.has(a.row, SEEN.clientFinished) && table.has(a.row, SEEN.serverFinished);
    return isDone || !table.has(a.row, SEEN.clientHello) ? undefined : a;
  }

  /** Is there an association on the flow, or has one come to it? */
  holds(flow: number): boolean {
    return this.associations.newestOf(flow) !== undefined || this.ids.paths.at(flow).length > 0;
  }

  /** The association was silent for long. */
  silent(a: Association): void {
    if (!a.isPacked && !this.handshakes.isGathering(a)) this.associations.pack(a);
  }

  /**
   * Forgets all associations of a flow; their rows are released.
   *
   * @param isOver nothing more of them will come: both sides of each have closed
   */
  release(flow: number, isOver: boolean): void {
    let a = this.associations.newestOf(flow);
    for (; a !== undefined; a = a.previous) {
      this.handshakes.forget(a);
      this.anomalies.forget(a);
      this.flights.forget(a);
      this.ids.forget(a);
      this.facts.release(a.row);
    }
    this.associations.release(flow, isOver);
  }
}
