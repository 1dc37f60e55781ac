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
 * decides (`DtlsHandshakes`); for protected ones see `attribute`.
 */
import { grown } from '../bytes/columns.ts';
import { readI32, readU16 } from '../bytes/scalars.ts';
import type { Stage } from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';
import type { NoticeSink } from '../model/notice.ts';
import { CONTENT_TYPE, type DtlsSink } from '../model/record.ts';
import { type FlowDirectory, otherSide, type Side } from '../model/stream.ts';
import { ConnectionIds, senderOn } from './connection-ids.ts';
import { SEEN } from './connection-table.ts';
import { AnomalyBook, sameRecord } from './dtls-anomalies.ts';
import { type Association, AssociationPool, type Path } from './dtls-association.ts';
import { type Attribution, attribute } from './dtls-attribution.ts';
import { type DtlsHalf, HALF_FLAG } from './dtls-halves.ts';
import { DtlsHandshakes } from './dtls-handshakes.ts';
import { emptyFragment, type Fragment } from './dtls-messages.ts';
import { closes, DtlsNumbering, type NumberingHost } from './dtls-numbering.ts';
import { repeats, takeNonce, WINDOW } from './dtls-numbers.ts';
import { type DtlsRecord, emptyRecord, printOf } from './dtls-record.ts';
import { type Dtls13Host, Dtls13Records } from './dtls13-records.ts';
import { unprotectedContent } from './epoch-confusion.ts';
import { ENCRYPTED, EVENT } from './event-log.ts';
import type { FactsRecorder } from './facts-recorder.ts';
import { FlightBook } from './flight-book.ts';
import { misfitOf, otherIdOf } from './id-misfit.ts';
import { stageOf } from './outcome.ts';
import type { RandomIndex } from './random-index.ts';
import { Rebinding } from './rebinding.ts';
import { DtlsUnsealer } from './unsealing/dtls-unsealer.ts';
import type { Vault } from './unsealing/vault.ts';
import type { OpenedRecord } from './unsealing/wire-record.ts';

const TOO_MANY = {
  code: 'limit-reached',
  offset: -1,
  needed: 0,
  available: 0,
  detail: `more than ${LIMITS.openDtlsFlows} DTLS flows are open; of some, those silent longest were taken for over`,
} as const;

const CAPTURED_TWICE = { code: 'captured-twice', offset: -1, needed: 0, available: 0 } as const;

export class DtlsTracker implements DtlsSink, Dtls13Host, NumberingHost {
  readonly facts: FactsRecorder;
  readonly anomalies: AnomalyBook;
  readonly ids: ConnectionIds;
  readonly flights: FlightBook;
  private readonly numbering: DtlsNumbering;
  private readonly notices: NoticeSink;
  private readonly rebinding: Rebinding;
  private readonly handshakes: DtlsHandshakes;
  private readonly dtls13: Dtls13Records;
  private readonly fragment: Fragment = emptyFragment();
  private readonly pool = new AssociationPool();
  /** Newest association of each flow; and whether a flow's associations were already reported. */
  private readonly newest: (Association | undefined)[] = [];
  /** Slot plus 1 of the association of flows that never had another. */
  private alone = new Int32Array(512);
  /** Flows whose only association has no secret. */
  private unopened = new Uint8Array(512);
  private reported = new Uint8Array(512);
  private readonly current = emptyRecord();
  private unsealer: DtlsUnsealer | undefined;
  /** Of the record being looked at, if it came on another 5-tuple than that of the handshake. */
  private path: Path | undefined;
  private readonly verdict: Attribution = { owner: undefined, reason: '', confidence: 'proven' };
  private openFlows = 0;
  /** Called when there are too many flows, for a record on this one: another has to be released. */
  onCrowded: (flow: number) => void = () => undefined;
  /** Called when a closing alert was seen: the flow may soon be final. */
  onClosed: (flow: number) => void = () => undefined;

  constructor(
    facts: FactsRecorder,
    randoms: RandomIndex,
    flows: FlowDirectory,
    notices: NoticeSink,
  ) {
    this.notices = notices;
    this.facts = facts;
    this.ids = new ConnectionIds(flows);
    this.rebinding = new Rebinding(flows, (a) => this.isOpen(a));
    this.flights = new FlightBook(facts.table);
    this.handshakes = new DtlsHandshakes(
      facts,
      randoms,
      this.ids,
      this.rebinding,
      this.flights,
      notices,
    );
    this.anomalies = new AnomalyBook(facts);
    this.numbering = new DtlsNumbering(this);
    this.dtls13 = new Dtls13Records(this, this.handshakes);
  }

  /** There are secrets: records are opened from now on. */
  unseal(vault: Vault): void {
    this.unsealer = new DtlsUnsealer(vault, this.facts);
    this.handshakes.unseal(this.unsealer);
    this.dtls13.unsealer = this.unsealer;
  }

  company(flow: number, side: Side, packet: number, nanos: number): void {
    const newest = this.newestOf(flow);
    if (newest === undefined) return;
    newest.company ??= { packet: [0, 0], nanos: [0, 0] };
    newest.company.packet[side] = packet;
    newest.company.nanos[side] = nanos;
  }

  newestOf(flow: number): Association | undefined {
    return this.newest[flow];
  }

  /** Newest associations of all flows that have any. */
  *open(): Iterable<Association> {
    for (const association of this.newest) if (association !== undefined) yield association;
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
    if (flow >= this.newest.length) this.addFlows(flow);
    const alone = this.alone[flow] as number;
    const print = printOf(bytes, start, end, length);
    const nonceLow = end - start >= 8 ? readI32(bytes, start + 4) : 0;
    if (
      alone !== 0 &&
      contentType === CONTENT_TYPE.applicationData &&
      epoch !== 0 &&
      (this.unsealer === undefined || this.unopened[flow] === 1)
    ) {
      const half = (alone - 1) * 2 + side;
      const delta = (nonceLow - sequence) | 0;
      if (this.pool.halves.nextData(half, epoch, sequence, length, print, delta, packet, nanos)) {
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
    this.path = undefined;
    if (epoch === 0) this.clear(r);
    else this.protected(r);
    if (end - start < length) this.cut(flow);
  }

  /** Octets of a record are beyond the snap length. */
  private cut(flow: number): void {
    const association = this.newest[flow];
    if (association !== undefined) this.facts.table.set(association.row, SEEN.cutPackets);
  }

  connectionIdLength(flow: number, side: Side, bytes: Uint8Array, at: number, end: number): number {
    const newest = this.newest[flow];
    const length = this.ids.lengthOf(newest, flow, side, bytes, at, end);
    if (length >= 0 || newest === undefined) return length;
    // Whose hellos were both seen has none unless they say so.
    return this.facts.table.has(newest.row, SEEN.clientHello) &&
      this.facts.table.has(newest.row, SEEN.serverHello)
      ? 0
      : -1;
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
    if (flow >= this.newest.length) this.addFlows(flow);
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
    this.path = undefined;
    const owner = this.ownerById(r, start - 2 - idLength);
    if (owner !== undefined) this.offer(owner, r);
    else this.unknownId(r, start - 2 - idLength);
    if (end - start < length) this.cut(r.flow);
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
    const home = this.newest[flow];
    const found = ids.ownerOf(home, flow, side, r.bytes, idAt, idLength, r.epoch, r.sequence);
    const { association, sender, isElsewhere } = found;
    if (association === undefined || association.flow === flow) return association;
    const path = ids.paths.take(association, flow, side, sender, isElsewhere, r.packet, r.nanos);
    this.alone[flow] = 0;
    this.onPath(path, association, sender, r);
    return association;
  }

  isVisited(flow: number): boolean {
    return this.ids.paths.at(flow).length > 0;
  }

  /** As `ownerById`, for a record without an id on a 5-tuple that an association came to. */
  ownerByPath(r: DtlsRecord): Association | undefined {
    this.path = undefined;
    if (this.ids.paths.isEmpty) return undefined;
    const path = this.pathOf(r);
    if (path === undefined) return undefined;
    this.onPath(path, path.association, senderOn(path, r.side), r);
    return path.association;
  }

  /** A record of `a` opened. */
  opened(a: Association): void {
    if (this.path?.association === a) this.path.opened++;
  }

  /** The record came on another 5-tuple than that of the handshake, which it is turned to. */
  private onPath(path: Path | undefined, a: Association, sender: Side, r: DtlsRecord): void {
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

  /** A record whose id names `owner`; where several associations of the 5-tuple have the same one, more is looked at. */
  private offer(owner: Association, r: DtlsRecord): void {
    const newest = this.newest[r.flow];
    if (owner === newest && sharesId(owner, otherSide(r.side))) {
      this.protected(r);
      return;
    }
    const opened = this.reveal(owner, r);
    const reason = 'its connection id is that of the older association';
    if (owner !== newest) this.anomalies.add(owner, newest, r, 'late', reason, 'proven');
    this.take(owner, r, opened);
  }

  /** A record with an id that nobody in the capture has. */
  private unknownId(r: DtlsRecord, idAt: number): void {
    const newest = this.newest[r.flow];
    const receiver = otherSide(r.side);
    const octets = r.bytes.slice(idAt, idAt + r.idLength);
    if (newest === undefined) {
      const a = this.begin(r, SEEN.startMissing);
      this.ids.settle(a, 0, receiver === 0 ? [octets, undefined] : [undefined, octets]);
      this.takeOpened(a, r);
    } else if (
      newest.ids?.to[receiver] === undefined &&
      this.facts.table.has(newest.row, SEEN.startMissing)
    ) {
      this.ids.add(newest, receiver, octets);
      this.takeOpened(newest, r);
    } else {
      newest.sides[r.side].countRecord(r.contentType);
      const { side, epoch, packet, nanos } = r;
      this.unsealer?.hasKeys(newest.row, r);
      const misfit = otherIdOf(newest, side, octets);
      if (this.isNegotiated(newest, side))
        this.anomalies.misfit(newest, { ...misfit, side, epoch, packet, nanos });
    }
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
    const a = this.newest[flow];
    if (a === undefined) return;
    a.sides[side].countRecord(CONTENT_TYPE.tls12Cid);
    // Nothing can be opened, and yet the secrets are those of this connection.
    this.unsealer?.hasKeys(a.row, { ...this.current, side, epoch: readU16(bytes, at + 3) });
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

  unreachable(flow: number, packet: number, nanos: number): void {
    const a = this.newest[flow] ?? this.ids.paths.at(flow)[0]?.association;
    if (a === undefined) return;
    const { unreachable } = this.anomalies.of(a);
    if (unreachable.length < LIMITS.anomaliesPerConnection) unreachable.push({ packet, nanos });
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
    const a = this.newest[flow];
    if (a === undefined) return undefined;
    const { table } = this.facts;
    const isDone = table.has(a.row, SEEN.clientFinished) && table.has(a.row, SEEN.serverFinished);
    return isDone || !table.has(a.row, SEEN.clientHello) ? undefined : a;
  }

  /** Flows that may have associations: one more than the highest. */
  get flows(): number {
    return this.newest.length;
  }

  /**
   * Forgets all associations of a flow; their rows are released.
   *
   * @param isOver nothing more of them will come: both sides of each have closed
   */
  release(flow: number, isOver: boolean): void {
    let a = this.newest[flow];
    if (a !== undefined) this.openFlows--;
    while (a !== undefined) {
      const { previous } = a;
      this.handshakes.forget(a);
      this.anomalies.forget(a);
      this.flights.forget(a);
      this.ids.forget(a);
      this.facts.release(a.row);
      this.pool.release(a);
      a = previous;
    }
    this.newest[flow] = undefined;
    this.alone[flow] = 0;
    if (flow >= this.reported.length)
      this.reported = grown(this.reported, Math.ceil(flow * 1.5) + 1);
    this.reported[flow] = isOver ? 0 : 1;
  }

  /** Has this direction of the association come to protected records? */
  reached(a: Association, side: Side): boolean {
    if (a.sides[side].epoch > 0) return true;
    const { table } = this.facts;
    return (
      table.ccsPacket[a.row * 2 + side] !== 0 ||
      table.has(a.row, SEEN.startMissing) ||
      table.has(a.row, SEEN.tls13)
    );
  }

  // ------------------------------------------------------------------------------------------------ epoch 0

  private clear(r: DtlsRecord): void {
    const { handshakes } = this;
    const isMessage = r.contentType === CONTENT_TYPE.handshake && handshakes.readFirst(r);
    if (!isMessage && this.newest[r.flow] === undefined && !this.ids.paths.isEmpty) {
      const [path, other] = this.ids.paths.at(r.flow);
      if (path !== undefined && other === undefined)
        this.onPath(path, path.association, senderOn(path, r.side), r);
    }
    const newest = this.newest[r.flow];
    let a: Association | undefined;
    if (isMessage && handshakes.isClientHello)
      a = handshakes.ownerOfClientHello(r, newest) ?? this.begin(r, 0);
    else if (newest === undefined) a = this.begin(r, SEEN.startMissing);
    else if (isMessage && handshakes.answersUnseenHello(r, newest)) a = this.begin(r, 0);
    else a = handshakes.ownerOfOther(r, newest);
    if (a !== this.newest[r.flow])
      this.anomalies.add(
        a,
        this.newest[r.flow],
        r,
        'late',
        'a plaintext message that only the older association lacks',
        'likely',
      );
    const half = a.sides[r.side];
    half.countRecord(r.contentType);
    r.isNew = half.clearCount === 0 || r.sequence > half.clearHighest;
    half.countClear(r.sequence, r.packet, r.nanos);
    if (isMessage) {
      if (handshakes.isFinished)
        this.anomalies.add(a, a, r, 'epoch-confusion', 'its Finished', 'proven');
      handshakes.messages(a, r);
      if (this.unsealer?.isHopeless(a.row)) this.unopened[r.flow] = 1;
    } else if (r.contentType === CONTENT_TYPE.changeCipherSpec) {
      const { table } = this.facts;
      const at = a.row * 2 + r.side;
      if (table.ccsPacket[at] === 0) {
        table.ccsPacket[at] = r.packet;
        table.ccsNanos[at] = r.nanos;
      }
    } else if (r.contentType === CONTENT_TYPE.alert && r.end - r.start >= 2) {
      this.clearAlert(a, half, r);
    } else if (r.contentType === CONTENT_TYPE.ack) {
      this.dtls13.ack(a, r, r.bytes.subarray(r.start, r.end));
    }
  }

  private clearAlert(a: Association, half: DtlsHalf, r: DtlsRecord): void {
    const level = r.bytes[r.start] as number;
    const description = r.bytes[r.start + 1] as number;
    const { table } = this.facts;
    this.facts.event(
      a.row,
      EVENT.alert,
      r.side,
      (level << 8) | description,
      r.length,
      r.packet,
      r.nanos,
      0,
      r.sequence,
    );
    const fromClient = table.clientSide[a.row] === r.side;
    if (!fromClient) this.handshakes.answered(a.row, r);
    // Keys in use in this direction: the alert is of an earlier epoch, and anybody could have sent it.
    if (half.protectedCount > 0) {
      this.anomalies.add(
        a,
        this.newest[r.flow],
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

  // ------------------------------------------------------------------------------------------------ epoch ≥ 1

  /** May records on the flow of this association be of one that was reported and forgotten? */
  hasForgotten(a: Association): boolean {
    return a.previous === undefined && this.reported[a.flow] === 1;
  }

  /** Before an association has keys, and after one was forgotten that may have gone on. */
  private mayBeOfForgotten(newest: Association, r: DtlsRecord): boolean {
    const { table } = this.facts;
    return (
      this.hasForgotten(newest) &&
      newest.sides[r.side].epoch === 0 &&
      table.has(newest.row, SEEN.clientHello) &&
      !table.has(newest.row, SEEN.tls13) &&
      table.ccsPacket[newest.row * 2 + r.side] === 0 &&
      !this.unsealer?.opens(newest.row, r)
    );
  }

  /** A record that shows an epoch with keys and is in the clear: it is told, and tells nothing of that epoch. */
  private confused(r: DtlsRecord, content: string): void {
    const newest = this.newest[r.flow] ?? this.begin(r, SEEN.startMissing);
    newest.sides[r.side].countRecord(r.contentType);
    this.anomalies.add(newest, newest, r, 'epoch-confusion', content, 'proven');
  }

  private protected(r: DtlsRecord): void {
    if (r.contentType !== CONTENT_TYPE.applicationData) {
      const content = unprotectedContent(r, this.fragment);
      if (content !== undefined) {
        this.confused(r, content);
        return;
      }
    }
    if (r.idLength === 0) this.ownerByPath(r);
    this.ofFlow(r);
  }

  /**
   * Has the record no id, although its receiver asked for one in every handshake on this 5-tuple? Then it is of somebody who
   * came here unseen, or its sender makes a mistake; it must not be taken for one of theirs (RFC 9146 §3).
   */
  private lacksId(r: DtlsRecord): boolean {
    const newest = this.newest[r.flow];
    if (newest?.ids === undefined || r.epoch !== 1) return false;
    for (const a of newestFew(newest))
      if (!wantsId(a, otherSide(r.side)) || a.ids?.extension === 0) return false;
    return true;
  }

  /** A protected record of the associations whose handshake was on this 5-tuple. */
  private ofFlow(r: DtlsRecord): void {
    if (r.idLength === 0 && this.lacksId(r)) {
      this.unknownId(r, 0);
      return;
    }
    const newest = this.newest[r.flow];
    if (newest === undefined) {
      const a = this.begin(r, SEEN.startMissing);
      if (r.idLength === 0 && this.reported[r.flow] === 0) this.continueOther(a, r);
      this.takeOpened(a, r);
      return;
    }
    if (newest.previous === undefined && newest.sides[r.side].epoch > 0) {
      this.takeOpened(newest, r);
      return;
    }
    if (this.mayBeOfForgotten(newest, r)) {
      newest.sides[r.side].countRecord(r.contentType);
      return;
    }
    const { verdict } = this;
    attribute(this, newest, r, verdict);
    if (this.unsealer !== undefined) this.attributeByKeys(this.unsealer, newest, r, verdict);
    const { owner } = verdict;
    if (owner === undefined) {
      this.anomalies.add(newest, newest, r, 'no-association', verdict.reason, verdict.confidence);
      newest.sides[r.side].countRecord(r.contentType);
      return;
    }
    const opened = this.reveal(owner, r);
    if (owner !== newest)
      this.anomalies.add(owner, newest, r, 'late', verdict.reason, verdict.confidence);
    this.take(owner, r, opened);
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
    for (const a of newestFew(this.newest[r.flow]))
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

  /** Is the association still followed? */
  private isOpen(one: Association): boolean {
    for (const a of newestFew(this.newest[one.flow])) if (a === one) return true;
    return false;
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
      isProven: unsealer?.opens(older.row, { ...r, side }) ?? false,
      last: { packet: half.lastPacket, nanos: half.lastNanos },
      wasAnswered: older.sides[otherSide(side)].protectedCount > 0,
      goesOn: false,
    };
    a.continues = continuation;
    older.continuedBy = continuation;
    // Further records there have to be noticed.
    this.alone[older.flow] = 0;
    table.clientSide[a.row] = sender;
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

  /** Is there another association on the 5-tuple whose keys are not known, so that the record may be its? */
  mayBeOfUnkeyed(a: Association, r: DtlsRecord): boolean {
    const { unsealer } = this;
    if (unsealer === undefined) return false;
    // Nearly every association is alone on its 5-tuple.
    const newest = this.newest[r.flow];
    if (newest !== a || a.previous !== undefined)
      for (const other of newestFew(newest))
        if (other !== a && !unsealer.hasKeys(other.row, r)) return true;
    return this.reported[r.flow] === 1;
  }

  /** Opens a record of `a`. One that hides its type has the true one afterwards, if it can be known. */
  private reveal(a: Association, r: DtlsRecord): OpenedRecord | undefined {
    const opened = this.unsealer?.sealed(a.row, r, this.mayBeOfUnkeyed(a, r));
    if (opened !== undefined) this.opened(a);
    if (r.contentType === CONTENT_TYPE.tls12Cid)
      r.contentType = opened?.type ?? this.hiddenType(a, r);
    return opened;
  }

  private takeOpened(a: Association, r: DtlsRecord): void {
    this.take(a, r, this.reveal(a, r));
  }

  /** The record belongs to association `a`. */
  private take(a: Association, r: DtlsRecord, opened: OpenedRecord | undefined): void {
    const half = a.sides[r.side];
    const peer = a.sides[r.side === 0 ? 1 : 0];
    if (a.continuedBy !== undefined && this.facts.table.clientSide[a.row] === r.side)
      a.continuedBy.goesOn = true;
    if (
      peer.closePacket !== 0 &&
      r.nanos - peer.closeNanos > LIMITS.promptAnswerNanos &&
      this.newest[r.flow] === a &&
      !this.hasForgotten(a)
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
    this.protectedFacts(a, half, r);
    const repeated = this.numbered(a, half, r);
    r.isNew = !repeated;
    takeNonce(half, r);
    // Data follows both Finished, also where the capture lacks them (RFC 6347 §4.2.4).
    if (opened?.type === CONTENT_TYPE.applicationData && !this.facts.table.has(a.row, SEEN.tls13))
      this.facts.table.set(a.row, SEEN.clientFinished | SEEN.serverFinished);
    if (r.contentType === CONTENT_TYPE.handshake)
      this.protectedHandshake(a, half, r, repeated, opened);
    else if (r.contentType === CONTENT_TYPE.alert)
      this.protectedAlert(a, half, r, repeated, opened);
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

  private protectedFacts(a: Association, half: DtlsHalf, r: DtlsRecord): void {
    half.countProtected(r.contentType, r.length, r.packet, r.nanos);
    const rule = half.lengthRule;
    if (r.length < half.lengthMin || (rule !== 0 && r.length % (rule >> 8) !== (rule & 0xff)))
      this.facts.event(
        a.row,
        EVENT.impossibleLength,
        r.side,
        r.contentType,
        r.length,
        r.packet,
        r.nanos,
        r.epoch,
        r.sequence,
      );
  }

  numbered(a: Association, half: DtlsHalf, r: DtlsRecord): boolean {
    return this.numbering.take(a, half, r);
  }

  private protectedHandshake(
    a: Association,
    half: DtlsHalf,
    r: DtlsRecord,
    repeated: boolean,
    opened: OpenedRecord | undefined,
  ): void {
    const { table } = this.facts;
    if (opened !== undefined) this.handshakes.inner(a, r, opened.content);
    else
      this.facts.event(
        a.row,
        EVENT.message,
        r.side,
        ENCRYPTED,
        r.length,
        r.packet,
        r.nanos,
        r.epoch,
        r.sequence,
      );
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
    this.flights.finishedAgain(a, r);
    if (done)
      this.anomalies.add(
        a,
        this.newest[r.flow],
        r,
        'finished-again',
        'a record of the length of the Finished after both Finished',
        'likely',
      );
  }

  private protectedAlert(
    a: Association,
    half: DtlsHalf,
    r: DtlsRecord,
    repeated: boolean,
    opened: OpenedRecord | undefined,
  ): void {
    const { table } = this.facts;
    const level = opened?.content[0] ?? 0;
    const description = opened?.content[1] ?? 0;
    this.facts.event(
      a.row,
      EVENT.encryptedAlert,
      r.side,
      (level << 8) | description,
      r.length,
      r.packet,
      r.nanos,
      r.epoch,
      r.sequence,
    );
    if (level === 2 && description !== 0)
      table.set(
        a.row,
        table.clientSide[a.row] === r.side ? SEEN.fatalFromClient : SEEN.fatalFromServer,
      );
    if (repeated || half.closePacket !== 0) return;
    closes(half, r);
    a.sides[r.side === 0 ? 1 : 0].flags |= HALF_FLAG.peerClosed;
    this.onClosed(a.flow);
  }

  capturedTwice(packet: number): void {
    this.notices.notice({ ...CAPTURED_TWICE, packetNumber: packet });
  }

  closed(a: Association, half: DtlsHalf, r: DtlsRecord): void {
    closes(half, r);
    this.onClosed(a.flow);
  }

  private addFlows(flow: number): void {
    while (flow >= this.newest.length) this.newest.push(undefined);
    if (flow < this.alone.length) return;
    this.alone = grown(this.alone, Math.ceil(flow * 1.5) + 1);
    this.unopened = grown(this.unopened, this.alone.length);
  }

  private begin(r: DtlsRecord, flags: number): Association {
    const older = this.newest[r.flow];
    if (older === undefined && ++this.openFlows > LIMITS.openDtlsFlows) {
      this.notices.notice({ ...TOO_MANY, packetNumber: r.packet });
      this.onCrowded(r.flow);
    }
    const a = this.pool.take();
    a.row = this.facts.begin();
    a.flow = r.flow;
    a.firstPacket = r.packet;
    a.firstNanos = r.nanos;
    a.previous = older;
    if (older !== undefined) {
      a.ordinal = older.ordinal + 1;
      a.replacesOpen = isOpen(older) ? (this.facts.table.id[older.row] as number) : 0;
    }
    // What came before on this 5-tuple was reported and forgotten: nothing may be concluded from its absence.
    const forgotten = older === undefined && this.reported[r.flow] === 1;
    this.facts.table.set(a.row, flags | (forgotten ? SEEN.startMissing : 0));
    this.newest[r.flow] = a;
    const isAlone = older === undefined && this.ids.paths.at(r.flow).length === 0;
    this.alone[r.flow] = isAlone ? a.slot + 1 : 0;
    this.unopened[r.flow] = 0;
    return a;
  }
}

/** An association and those before it on the same 5-tuple, the newest first, as far as they are compared. */
function* newestFew(newest: Association | undefined): Iterable<Association> {
  let a = newest;
  for (let n = 0; a !== undefined && n < LIMITS.associationsCompared; n++) {
    yield a;
    a = a.previous;
  }
}

/** Has this side negotiated an id, so that records without one are none for it? RFC 9146 §3. */
function wantsId({ ids }: Association, receiver: Side): boolean {
  return (ids?.to[receiver]?.length ?? 0) > 0;
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

/** Protected records flowed, and not both sides have closed. */
function isOpen({ sides: [a, b] }: Association): boolean {
  return (a.epoch > 0 || b.epoch > 0) && (a.closePacket === 0 || b.closePacket === 0);
}
