/**
 * DTLS associations: which record belongs to which, when several share one 5-tuple.
 *
 * A ClientHello in the clear with a random of its own begins an association (RFC 6347 §4.2.8 lets a client do that at any
 * time); the answer to a HelloVerifyRequest and a retransmission keep the random (§4.2.1). The old association stays
 * open beside the new one: its records may still come, and they are what the next handshake stumbles over.
 *
 *      #1  CH ── SH ── Fin ── data ── close_notify(server) ─ ─ ─ ─ ─ ─ ─ close_notify(client), late
 *      #2                                             CH ── SH ── Fin ── │ ──▶
 *                                                                        └ whose record is this?
 *
 * Every record is given to one association before handshake messages are put together. For plaintext records the message
 * decides; for protected ones see `attribute`.
 */
import { grown } from '../bytes/columns.ts';
import { cipherSuite } from '../model/code-points/suites.ts';
import type { DtlsAnomaly, Stage } from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';
import type { NoticeSink } from '../model/notice.ts';
import { CONTENT_TYPE, type DtlsSink } from '../model/record.ts';
import type { Side } from '../model/stream.ts';
import { HelloScan } from '../tls/codec/hello-scan.ts';
import { SEEN } from './connection-table.ts';
import { type Attribution, attribute, NOBODY } from './dtls-attribution.ts';
import { DtlsMessages, type Fragment, readFragment } from './dtls-messages.ts';
import { DtlsTable, RECENT } from './dtls-table.ts';
import { ENCRYPTED, EVENT } from './event-log.ts';
import type { FactsRecorder } from './facts-recorder.ts';
import { stageOf } from './outcome.ts';
import { shapeOf } from './protected-shape.ts';
import type { RandomIndex } from './random-index.ts';

const CLIENT_HELLO = 1;
const SERVER_HELLO = 2;
const HELLO_VERIFY_REQUEST = 3;
const HELLO_RETRY = 0x102;

/** An anomaly before ids and roles are settled: sides and rows, turned into a `DtlsAnomaly` by the history. */
export interface RawAnomaly extends Omit<DtlsAnomaly, 'record' | 'duringStage'> {
  readonly side: Side;
  readonly contentType: number;
  readonly epoch: number;
  readonly sequence: number;
  readonly length: number;
  readonly packet: number;
  readonly nanos: number;
  readonly duringStage: Stage | undefined;
}

/** What only some associations have. */
export interface DtlsExtras {
  anomalies: RawAnomaly[];
  omitted: number;
  /** Repeated Finished records. */
  finished: {
    side: Side;
    packet: number;
    nanos: number;
    epoch: number;
    sequence: number;
    length: number;
  }[];
  unreachable: { packet: number; nanos: number }[];
  olderEpochs: {
    side: Side;
    epoch: number;
    firstSequence: number;
    highestSequence: number;
    count: number;
    firstPacket: number;
    firstNanos: number;
    lastPacket: number;
    lastNanos: number;
  }[];
}

/** The record being looked at; one object, reused. */
export interface DtlsRecord {
  flow: number;
  side: Side;
  contentType: number;
  epoch: number;
  sequence: number;
  length: number;
  bytes: Uint8Array;
  start: number;
  end: number;
  packet: number;
  nanos: number;
  ipId: number;
  /** The last eight octets folded together with the length. */
  print: number;
  /** Low word of the explicit nonce, if the fragment has one. */
  nonceLow: number;
}

export class DtlsTracker implements DtlsSink {
  readonly table = new DtlsTable();
  readonly extras = new Map<number, DtlsExtras>();
  readonly facts: FactsRecorder;
  private readonly randoms: RandomIndex;
  private readonly messages: DtlsMessages;
  /** Flow → newest association plus 1; flows whose associations were already reported. */
  private newest = new Int32Array(512);
  private reported = new Uint8Array(512);
  private readonly fragment: Fragment = {
    type: 0,
    length: 0,
    sequence: 0,
    offset: 0,
    start: 0,
    end: 0,
  };
  private readonly verdict: Attribution = { association: -1, reason: '', confidence: 'proven' };
  private readonly current: DtlsRecord = {
    flow: 0,
    side: 0,
    contentType: 0,
    epoch: 0,
    sequence: 0,
    length: 0,
    bytes: new Uint8Array(0),
    start: 0,
    end: 0,
    packet: 0,
    nanos: 0,
    ipId: 0,
    print: 0,
    nonceLow: 0,
  };
  /** Called when an association has probably been closed by both sides or the client: its flow may soon be final. */
  onClosed: (flow: number) => void = () => undefined;

  constructor(facts: FactsRecorder, randoms: RandomIndex, notices: NoticeSink) {
    this.facts = facts;
    this.randoms = randoms;
    this.messages = new DtlsMessages(notices);
  }

  /** Newest association on a flow; -1 for none. */
  newestOf(flow: number): number {
    return flow < this.newest.length ? (this.newest[flow] as number) - 1 : -1;
  }

  record(
    flow: number,
    side: Side,
    contentType: number,
    _version: number,
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
    if (flow >= this.newest.length) this.growFlows(flow);
    const r = this.current;
    r.flow = flow;
    r.side = side;
    r.contentType = contentType;
    r.epoch = epoch;
    r.sequence = sequence;
    r.length = length;
    r.bytes = bytes;
    r.start = start;
    r.end = end;
    r.packet = packet;
    r.nanos = nanos;
    r.ipId = ipId;
    if (epoch === 0) this.clear(r);
    else this.protected(r);
  }

  /** A datagram of a 5-tuple with DTLS 1.3 whose first octet has the form of the unified header (RFC 9147 §4). */
  unified(flow: number, side: Side, length: number, packet: number, nanos: number): void {
    const d = this.newestOf(flow);
    if (d < 0) return;
    const row = this.table.connection[d] as number;
    const { table } = this.facts;
    if (!table.has(row, SEEN.tls13)) return;
    this.touch(d, packet, nanos);
    this.facts.count(row, side, CONTENT_TYPE.tls12Cid);
    this.facts.protectedRecord(row, side, CONTENT_TYPE.applicationData, length, packet, nanos);
    table.set(
      row,
      table.clientSide[row] === side
        ? table.has(row, SEEN.serverFinished)
          ? SEEN.clientFinished
          : 0
        : SEEN.serverFinished,
    );
  }

  unreachable(flow: number, packet: number, nanos: number): void {
    const d = this.newestOf(flow);
    if (d < 0) return;
    const { unreachable } = this.extrasOf(d);
    if (unreachable.length < LIMITS.anomaliesPerConnection) unreachable.push({ packet, nanos });
  }

  /** Forgets all associations of a flow; their rows are released. */
  release(flow: number): void {
    let d = this.newestOf(flow);
    while (d >= 0) {
      const previous = (this.table.previous[d] as number) - 1;
      this.messages.forget(2 * d);
      this.messages.forget(2 * d + 1);
      this.extras.delete(d);
      this.facts.release(this.table.connection[d] as number);
      this.table.release(d);
      d = previous;
    }
    this.newest[flow] = 0;
    this.reported[flow] = 1;
  }

  stage(d: number): Stage {
    return stageOf(this.facts.table, this.table.connection[d] as number);
  }

  // ------------------------------------------------------------------------------------------------ epoch 0

  private clear(r: DtlsRecord): void {
    const { fragment } = this;
    let d = this.newestOf(r.flow);
    const isMessage =
      r.contentType === CONTENT_TYPE.handshake && readFragment(r.bytes, r.start, r.end, fragment);
    if (isMessage && fragment.type === CLIENT_HELLO) d = this.ownerOfClientHello(r, d);
    else if (d < 0) d = this.begin(r, SEEN.startMissing);
    else d = this.ownerOfClear(r, d);
    const { table } = this;
    const row = table.connection[d] as number;
    this.touch(d, r.packet, r.nanos);
    this.facts.count(row, r.side, r.contentType);
    this.countClear(d, r);
    if (d !== this.newestOf(r.flow))
      this.anomaly(
        d,
        r,
        'late',
        'a plaintext message that only the older association lacks',
        'likely',
      );
    if (isMessage) {
      // A datagram may hold several messages in one record.
      let at = r.start;
      do {
        this.handshake(d, row, r, fragment);
        at = fragment.end;
      } while (at < r.end && readFragment(r.bytes, at, r.end, fragment));
      return;
    }
    const half = row * 2 + r.side;
    const connections = this.facts.table;
    if (r.contentType === CONTENT_TYPE.changeCipherSpec) {
      if (connections.ccsPacket[half] === 0) {
        connections.ccsPacket[half] = r.packet;
        connections.ccsNanos[half] = r.nanos;
      }
    } else if (r.contentType === CONTENT_TYPE.alert && r.end - r.start >= 2) {
      this.clearAlert(d, row, r);
    }
  }

  private clearAlert(d: number, row: number, r: DtlsRecord): void {
    const level = r.bytes[r.start] as number;
    const description = r.bytes[r.start + 1] as number;
    const connections = this.facts.table;
    this.facts.event(
      row,
      EVENT.alert,
      r.side,
      (level << 8) | description,
      r.length,
      r.packet,
      r.nanos,
      0,
      r.sequence,
    );
    const fromClient = connections.clientSide[row] === r.side;
    if (!fromClient) this.answered(row, r);
    // Keys in use in this direction: the alert is of an earlier epoch, and anybody could have sent it.
    if ((connections.protectedCount[row * 2 + r.side] as number) > 0) {
      this.anomaly(
        d,
        r,
        'epoch0-alert',
        'in the clear although this direction is protected',
        'proven',
        { level, description },
      );
    } else if (description === 0) connections.set(row, SEEN.closeAlertInClear);
    else if (level === 2)
      connections.set(row, fromClient ? SEEN.fatalFromClient : SEEN.fatalFromServer);
  }

  /** A ClientHello belongs to the association with its random; without one it begins an association. */
  private ownerOfClientHello(r: DtlsRecord, newest: number): number {
    const { fragment } = this;
    const { table, hellos } = this.facts;
    if (newest >= 0 && (fragment.offset > 0 || fragment.end - fragment.start < 34)) {
      // The random is in the first fragment; a later one belongs where that went.
      return table.has(this.table.connection[newest] as number, SEEN.startMissing)
        ? this.begin(r, 0)
        : newest;
    }
    if (newest >= 0 && this.answersVerifyRequest(newest, r)) return newest;
    let d = newest;
    for (let n = 0; d >= 0 && n < LIMITS.openAssociationsPerFlow; n++) {
      const row = this.table.connection[d] as number;
      const handle = table.clientHello[row] as number;
      if (handle !== 0) {
        const known = hellos.slab.view(handle, table.clientHelloLength[row] as number);
        if (sameRandom(known, 2, r.bytes, fragment.start + 2)) return d;
      } else if (d === newest && table.has(row, SEEN.clientHello)) return d;
      d = (this.table.previous[d] as number) - 1;
    }
    if (newest >= 0 && (this.table.ordinal[newest] as number) >= LIMITS.associationsPerFlow - 1)
      return newest;
    return this.begin(r, 0);
  }

  /**
   * Does the ClientHello carry the cookie of the association's last HelloVerifyRequest? RFC 6347 §4.2.1 asks for the same
   * random in it too, but the cookie is what ties the two together for the server.
   */
  private answersVerifyRequest(d: number, r: DtlsRecord): boolean {
    const handle = this.table.cookie[d] as number;
    if (handle === 0) return false;
    const request = this.facts.hellos.slab.view(handle, this.table.cookieLength[d] as number);
    // HelloVerifyRequest: version, then the cookie with its length.
    const length = request[2] as number;
    const { start, end } = this.fragment;
    const sessionId = start + 34;
    if (length === 0 || sessionId >= end) return false;
    const at = sessionId + 1 + (r.bytes[sessionId] as number);
    if (at + 1 + length > end || r.bytes[at] !== length) return false;
    for (let i = 0; i < length; i++) if (r.bytes[at + 1 + i] !== request[3 + i]) return false;
    return true;
  }

  /**
   * Other plaintext records: the newest association, unless its handshake cannot have come that far (a client's key
   * exchange before any ServerHello) and the one before it can.
   */
  private ownerOfClear(r: DtlsRecord, newest: number): number {
    const previous = (this.table.previous[newest] as number) - 1;
    if (previous < 0 || r.contentType === CONTENT_TYPE.alert) return newest;
    const { table } = this.facts;
    const row = this.table.connection[newest] as number;
    const fromClient = table.clientSide[row] === r.side;
    return fromClient &&
      !table.has(row, SEEN.serverHello) &&
      table.has(this.table.connection[previous] as number, SEEN.serverHello)
      ? previous
      : newest;
  }

  private handshake(d: number, row: number, r: DtlsRecord, fragment: Fragment): void {
    const half = 2 * d + r.side;
    const whole = fragment.offset === 0 && fragment.end - fragment.start === fragment.length;
    const bit = fragment.sequence < 32 ? 1 << fragment.sequence : 0;
    const again = bit !== 0 && ((this.table.messagesDone[half] as number) & bit) !== 0;
    if (again) {
      if (fragment.type === CLIENT_HELLO) this.clientHelloAgain(row, r, fragment);
      return;
    }
    if (whole) {
      this.message(
        d,
        row,
        r,
        fragment.type,
        fragment.length,
        fragment.sequence,
        r.bytes,
        fragment.start,
        fragment.end,
      );
    } else {
      const body = this.messages.add(half, fragment, r.bytes, r.packet);
      if (body === undefined) {
        if (fragment.type === CLIENT_HELLO) this.partialClientHello(row, r);
        return;
      }
      this.message(
        d,
        row,
        r,
        fragment.type,
        fragment.length,
        fragment.sequence,
        body,
        0,
        body.length,
      );
    }
    this.table.messagesDone[half] = (this.table.messagesDone[half] as number) | bit;
  }

  /** The first fragment of a ClientHello tells who the client is. */
  private partialClientHello(row: number, r: DtlsRecord): void {
    const { table } = this.facts;
    table.clientSide[row] = r.side;
    table.set(row, SEEN.clientHello | SEEN.rolesKnown);
  }

  private message(
    d: number,
    row: number,
    r: DtlsRecord,
    type: number,
    length: number,
    sequence: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const { facts } = this;
    const { table } = facts;
    switch (type) {
      case CLIENT_HELLO:
        this.clientHello(row, r, sequence, length, bytes, start, end);
        return;
      case HELLO_VERIFY_REQUEST: {
        this.answered(row, r);
        const handle = facts.hellos.slab.store(bytes, start, end);
        this.table.cookie[d] = handle;
        this.table.cookieLength[d] = end - start;
        facts.event(row, EVENT.message, r.side, type, length, r.packet, r.nanos, 0, handle);
        return;
      }
      case SERVER_HELLO:
        facts.hellos.serverHello(row, r.side, bytes, start, end);
        this.answered(row, r);
        if (facts.hellos.scan.helloRetryRequest) {
          facts.event(row, EVENT.message, r.side, HELLO_RETRY, length, r.packet, r.nanos);
          return;
        }
        this.table.nonceOctets[d] =
          cipherSuite((table.suite[row] as number) - 1)?.explicitNonceOctets ?? 0;
        this.randoms.add(
          1,
          bytes,
          facts.hellos.scan.randomOffset,
          table.id[row] as number,
          r.packet,
        );
        break;
      case 11:
        if (table.clientSide[row] !== r.side) table.set(row, SEEN.certificateFromServer);
        break;
      case 14:
        table.set(row, SEEN.serverHelloDone);
        break;
      case 16:
        table.set(row, SEEN.clientKeyExchange);
        break;
    }
    facts.event(row, EVENT.message, r.side, type, length, r.packet, r.nanos);
  }

  private clientHello(
    row: number,
    r: DtlsRecord,
    sequence: number,
    length: number,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const { facts } = this;
    const { table, hellos } = facts;
    const first = table.helloPacket[row] === 0;
    const changed = first ? 0 : this.changedSince(row, bytes, start, end);
    hellos.clientHello(row, r.side, bytes, start, end, true);
    table.helloCount[row] = (table.helloCount[row] as number) + 1;
    if (first) {
      table.helloPacket[row] = r.packet;
      table.helloNanos[row] = r.nanos;
      this.randoms.add(0, bytes, hellos.scan.randomOffset, table.id[row] as number, r.packet);
    }
    // Which number and cookie it had is kept in the event: RFC 6347 §4.2.1 ties both to a HelloVerifyRequest.
    facts.event(
      row,
      EVENT.message,
      r.side,
      CLIENT_HELLO,
      length,
      r.packet,
      r.nanos,
      (changed << 26) | (sequence << 9) | hellos.scan.cookieLength,
      r.sequence,
    );
  }

  /** Bits of `HELLO_CHANGES` for what differs from the ClientHello before. */
  private changedSince(row: number, bytes: Uint8Array, start: number, end: number): number {
    const { table, hellos } = this.facts;
    const handle = table.clientHello[row] as number;
    if (handle === 0) return 0;
    const before = hellos.slab.view(handle, table.clientHelloLength[row] as number);
    const now = bytes.subarray(start, end);
    const [a, b] = [new HelloScan(), new HelloScan()];
    if (
      !a.scanClientHello(before, 0, before.length, true) ||
      !b.scanClientHello(now, 0, now.length, true)
    )
      return 0;
    const same = (fromA: number, lengthA: number, fromB: number, lengthB: number) =>
      lengthA === lengthB &&
      before.subarray(fromA, fromA + lengthA).every((octet, i) => octet === now[fromB + i]);
    const compression = (s: HelloScan) => s.suitesOffset + s.suitesLength;
    const lengthOf = (hello: Uint8Array, s: HelloScan) => 1 + (hello[compression(s)] as number);
    return (
      (a.legacyVersion === b.legacyVersion ? 0 : 1) |
      (same(a.sessionIdOffset, a.sessionIdLength, b.sessionIdOffset, b.sessionIdLength) ? 0 : 2) |
      (same(a.suitesOffset, a.suitesLength, b.suitesOffset, b.suitesLength) ? 0 : 4) |
      (same(compression(a), lengthOf(before, a), compression(b), lengthOf(now, b)) ? 0 : 8)
    );
  }

  private clientHelloAgain(row: number, r: DtlsRecord, fragment: Fragment): void {
    if (fragment.offset > 0) return;
    const { table } = this.facts;
    table.helloAgain[row] = (table.helloAgain[row] as number) + 1;
    this.facts.event(
      row,
      EVENT.helloAgain,
      r.side,
      CLIENT_HELLO,
      fragment.length,
      r.packet,
      r.nanos,
      fragment.sequence << 9,
      r.sequence,
    );
  }

  private answered(row: number, r: DtlsRecord): void {
    const { table } = this.facts;
    if (table.answerPacket[row] !== 0 || table.clientSide[row] === r.side) return;
    table.answerPacket[row] = r.packet;
    table.answerNanos[row] = r.nanos;
  }

  // ------------------------------------------------------------------------------------------------ epoch ≥ 1

  private protected(r: DtlsRecord): void {
    const { bytes, start, end } = r;
    r.print =
      end - start >= 8
        ? word(bytes, end - 8) ^ Math.imul(word(bytes, end - 4), 0x9e3779b1) ^ r.length
        : r.length;
    r.nonceLow = end - start >= 8 ? word(bytes, start + 4) : 0;
    const newest = this.newestOf(r.flow);
    let d: number;
    if (newest < 0) {
      d = this.begin(r, SEEN.startMissing);
    } else if (this.table.previous[newest] === 0 && this.reached(newest, r)) {
      d = newest;
    } else {
      const { verdict } = this;
      attribute(this, newest, r, verdict);
      if (verdict.association === NOBODY) {
        d = newest;
        this.anomaly(d, r, 'no-association', verdict.reason, verdict.confidence);
      } else {
        d = verdict.association;
        if (d !== newest) this.anomaly(d, r, 'late', verdict.reason, verdict.confidence);
      }
      if (verdict.association === NOBODY) {
        this.touch(newest, r.packet, r.nanos);
        this.facts.count(this.table.connection[newest] as number, r.side, r.contentType);
        return;
      }
    }
    this.take(d, newest, r);
  }

  /** Has this direction of the association come to protected records? */
  reached(d: number, r: DtlsRecord): boolean {
    const { table } = this.facts;
    const row = this.table.connection[d] as number;
    const half = row * 2 + r.side;
    return (
      (this.table.epoch[2 * d + r.side] as number) > 0 ||
      table.ccsPacket[half] !== 0 ||
      table.has(row, SEEN.startMissing) ||
      table.has(row, SEEN.tls13)
    );
  }

  /** The record belongs to association `d`. */
  private take(d: number, newest: number, r: DtlsRecord): void {
    const { table } = this;
    const row = table.connection[d] as number;
    const half = 2 * d + r.side;
    const afterClose =
      table.closePacket[half ^ 1] !== 0 &&
      r.nanos - (table.closeNanos[half ^ 1] as number) > LIMITS.promptAnswerNanos;
    if (d === newest && afterClose)
      this.anomaly(
        d,
        r,
        'late',
        'it continues the numbers of the only association that is open here',
        'proven',
      );
    this.touch(d, r.packet, r.nanos);
    const repeated = this.numbered(d, half, r);
    this.facts.count(row, r.side, r.contentType);
    this.facts.protectedRecord(row, r.side, r.contentType, r.length, r.packet, r.nanos);
    if (table.nonceOctets[d] !== 0) this.lineage(half, r);
    if (r.contentType === CONTENT_TYPE.handshake)
      this.protectedHandshake(d, row, half, r, repeated);
    else if (r.contentType === CONTENT_TYPE.alert) this.protectedAlert(row, half, r, repeated);
  }

  /** Keeps the epoch's numbers. @returns whether this number was seen before */
  private numbered(d: number, half: number, r: DtlsRecord): boolean {
    const { table } = this;
    const present = table.epoch[half] as number;
    if (r.epoch !== present) {
      if (r.epoch < present) return false;
      if (present !== 0) this.archiveEpoch(d, half, r.side);
      table.epoch[half] = r.epoch;
      table.count[half] = 0;
      table.nonceState[half] = 0;
    }
    const count = table.count[half] as number;
    table.count[half] = count + 1;
    table.lastEpochPacket[half] = r.packet;
    table.lastEpochNanos[half] = r.nanos;
    if (count === 0) {
      table.first[half] = r.sequence;
      table.highest[half] = r.sequence;
      table.windowLow[half] = 1;
      table.windowHigh[half] = 0;
      table.firstEpochPacket[half] = r.packet;
      table.firstEpochNanos[half] = r.nanos;
      this.remember(half, r);
      return false;
    }
    const step = r.sequence - (table.highest[half] as number);
    if (step > 0) {
      table.highest[half] = r.sequence;
      shiftWindow(table, half, step);
    } else {
      const back = -step;
      if (r.sequence < (table.first[half] as number)) table.first[half] = r.sequence;
      if (back < 64) {
        const word = back < 32 ? table.windowLow : table.windowHigh;
        const bit = 1 << (back & 31);
        if (((word[half] as number) & bit) !== 0) {
          this.repeatedNumber(d, half, r);
          return true;
        }
        word[half] = (word[half] as number) | bit;
      }
    }
    this.remember(half, r);
    return false;
  }

  private repeatedNumber(d: number, half: number, r: DtlsRecord): void {
    const { table } = this;
    for (let i = half * RECENT; i < (half + 1) * RECENT; i++) {
      if (table.recentSequence[i] !== r.sequence || table.recentPacket[i] === 0) continue;
      const earlier = {
        packet: table.recentPacket[i] as number,
        nanos: table.recentNanos[i] as number,
      };
      if (
        table.recentPrint[i] !== r.print ||
        (table.recentRecord[i] as number) !== ((r.contentType << 16) | r.length)
      ) {
        if (!this.strayBehindIt(d, half, i, r))
          this.anomaly(
            d,
            r,
            'sequence-reuse',
            'same epoch and sequence number, other octets',
            'proven',
            undefined,
            earlier,
          );
        return;
      }
      // The same packet captured twice (two interfaces, a mirror port) is not a replay.
      const twice =
        r.ipId === table.recentIpId[i] &&
        Math.abs(r.nanos - earlier.nanos) < LIMITS.duplicateCaptureNanos;
      if (!twice)
        this.anomaly(
          d,
          r,
          'replay',
          'same epoch, sequence number and octets',
          'proven',
          undefined,
          earlier,
        );
      return;
    }
  }

  /**
   * Two records with one number and an older association that could own the earlier one: a closing alert after which
   * its sender goes on was the older association's.
   */
  private strayBehindIt(d: number, half: number, recent: number, r: DtlsRecord): boolean {
    const { table } = this;
    const older = (table.previous[d] as number) - 1;
    if (older < 0) return false;
    const olderHalf = 2 * older + r.side;
    const step = r.sequence - (table.highest[olderHalf] as number);
    if (
      table.epoch[olderHalf] !== r.epoch ||
      table.closePacket[olderHalf] !== 0 ||
      step < 1 ||
      step > 64
    )
      return false;
    const record = table.recentRecord[recent] as number;
    if (record >>> 16 !== CONTENT_TYPE.alert) return false;
    const packet = table.recentPacket[recent] as number;
    const stray: DtlsRecord = {
      ...r,
      contentType: CONTENT_TYPE.alert,
      length: record & 0xffff,
      packet,
      nanos: table.recentNanos[recent] as number,
    };
    this.anomaly(
      older,
      stray,
      'late',
      'its number was used again with other octets by the newer association, which went on after it',
      'likely',
      undefined,
      { packet: r.packet, nanos: r.nanos },
    );
    if (table.closePacket[half] === packet) table.closePacket[half] = 0;
    table.closePacket[olderHalf] = packet;
    table.closeNanos[olderHalf] = stray.nanos;
    table.closeSequence[olderHalf] = r.sequence;
    table.closeEpoch[olderHalf] = r.epoch;
    table.closeLength[olderHalf] = stray.length;
    return true;
  }

  private remember(half: number, r: DtlsRecord): void {
    const { table } = this;
    const at = table.recentAt[half] as number;
    table.recentAt[half] = (at + 1) % RECENT;
    const i = half * RECENT + at;
    table.recentSequence[i] = r.sequence;
    table.recentPrint[i] = r.print;
    table.recentPacket[i] = r.packet;
    table.recentNanos[i] = r.nanos;
    table.recentRecord[i] = (r.contentType << 16) | r.length;
    table.recentIpId[i] = r.ipId;
  }

  /** Some stacks count the explicit nonce up from a random start: nonce minus number then names the association. */
  private lineage(half: number, r: DtlsRecord): void {
    const { table } = this;
    const delta = (r.nonceLow - r.sequence) | 0;
    const state = table.nonceState[half] as number;
    if (state === 0) {
      table.nonceDelta[half] = delta;
      table.nonceState[half] = 1;
    } else if (state !== 3) table.nonceState[half] = delta === table.nonceDelta[half] ? 2 : 3;
  }

  private protectedHandshake(
    d: number,
    row: number,
    half: number,
    r: DtlsRecord,
    repeated: boolean,
  ): void {
    const { table } = this;
    const connections = this.facts.table;
    this.facts.event(
      row,
      EVENT.message,
      r.side,
      ENCRYPTED,
      r.length,
      r.packet,
      r.nanos,
      r.epoch,
      r.sequence,
    );
    const done =
      connections.has(row, SEEN.clientFinished) && connections.has(row, SEEN.serverFinished);
    if (connections.clientSide[row] !== 2)
      connections.set(
        row,
        connections.clientSide[row] === r.side ? SEEN.clientFinished : SEEN.serverFinished,
      );
    if (table.finishedPacket[half] === 0) {
      table.finishedPacket[half] = r.packet;
      table.finishedNanos[half] = r.nanos;
      table.finishedSequence[half] = r.sequence;
      table.finishedEpoch[half] = r.epoch;
      table.finishedLength[half] = r.length;
      return;
    }
    if (
      repeated ||
      r.epoch !== table.finishedEpoch[half] ||
      r.length !== table.finishedLength[half]
    )
      return;
    const { finished } = this.extrasOf(d);
    if (finished.length < LIMITS.anomaliesPerConnection)
      finished.push({
        side: r.side,
        packet: r.packet,
        nanos: r.nanos,
        epoch: r.epoch,
        sequence: r.sequence,
        length: r.length,
      });
    if (done)
      this.anomaly(
        d,
        r,
        'finished-again',
        'a record of the length of the Finished after both Finished',
        'likely',
      );
  }

  private protectedAlert(row: number, half: number, r: DtlsRecord, repeated: boolean): void {
    const { table } = this;
    this.facts.event(
      row,
      EVENT.encryptedAlert,
      r.side,
      0,
      r.length,
      r.packet,
      r.nanos,
      r.epoch,
      r.sequence,
    );
    if (repeated || table.closePacket[half] !== 0) return;
    table.closePacket[half] = r.packet;
    table.closeNanos[half] = r.nanos;
    table.closeSequence[half] = r.sequence;
    table.closeEpoch[half] = r.epoch;
    table.closeLength[half] = r.length;
    this.onClosed(r.flow);
  }

  // ------------------------------------------------------------------------------------------------ support

  private begin(r: DtlsRecord, flags: number): number {
    const { table, facts } = this;
    const row = facts.begin();
    const d = table.take();
    const older = this.newestOf(r.flow);
    table.connection[d] = row;
    table.flow[d] = r.flow;
    table.firstPacket[d] = r.packet;
    table.firstNanos[d] = r.nanos;
    table.previous[d] = older + 1;
    if (older >= 0) {
      table.next[older] = d + 1;
      table.ordinal[d] = (table.ordinal[older] as number) + 1;
      table.replacesOpen[d] = this.isOpen(older)
        ? (facts.table.id[table.connection[older] as number] as number)
        : 0;
    }
    facts.table.set(
      row,
      flags | (this.reported[r.flow] === 1 && older < 0 ? SEEN.startMissing : 0),
    );
    this.newest[r.flow] = d + 1;
    return d;
  }

  /** Protected records flowed, and not both sides have closed. */
  private isOpen(d: number): boolean {
    const { table } = this;
    const used = (table.epoch[2 * d] as number) > 0 || (table.epoch[2 * d + 1] as number) > 0;
    return used && (table.closePacket[2 * d] === 0 || table.closePacket[2 * d + 1] === 0);
  }

  private touch(d: number, packet: number, nanos: number): void {
    this.table.lastPacket[d] = packet;
    this.table.lastNanos[d] = nanos;
  }

  private countClear(d: number, r: DtlsRecord): void {
    const { table } = this;
    const half = 2 * d + r.side;
    const count = table.clearCount[half] as number;
    table.clearCount[half] = count + 1;
    table.clearLastPacket[half] = r.packet;
    table.clearLastNanos[half] = r.nanos;
    if (count === 0) {
      table.clearFirst[half] = r.sequence;
      table.clearFirstPacket[half] = r.packet;
      table.clearFirstNanos[half] = r.nanos;
    }
    if (count === 0 || r.sequence > (table.clearHighest[half] as number))
      table.clearHighest[half] = r.sequence;
  }

  private archiveEpoch(d: number, half: number, side: Side): void {
    const { table } = this;
    const { olderEpochs } = this.extrasOf(d);
    if (olderEpochs.length >= 2 * LIMITS.epochsPerHalf) olderEpochs.shift();
    olderEpochs.push({
      side,
      epoch: table.epoch[half] as number,
      firstSequence: table.first[half] as number,
      highestSequence: table.highest[half] as number,
      count: table.count[half] as number,
      firstPacket: table.firstEpochPacket[half] as number,
      firstNanos: table.firstEpochNanos[half] as number,
      lastPacket: table.lastEpochPacket[half] as number,
      lastNanos: table.lastEpochNanos[half] as number,
    });
  }

  /** `owner` is the association that the record belongs to, and on whose list it stands. */
  private anomaly(
    owner: number,
    r: DtlsRecord,
    kind: DtlsAnomaly['kind'],
    reason: string,
    confidence: Attribution['confidence'],
    alert?: { level: number; description: number },
    earlier?: { packet: number; nanos: number },
  ): void {
    const { table } = this;
    const extras = this.extrasOf(owner);
    if (extras.anomalies.length >= LIMITS.anomaliesPerConnection) {
      extras.omitted++;
      return;
    }
    const connections = this.facts.table;
    const row = table.connection[owner] as number;
    const newest = this.newestOf(r.flow);
    const half = 2 * owner + r.side;
    const previous =
      (table.epoch[half] as number) > 0
        ? (table.lastEpochNanos[half] as number)
        : (table.clearLastNanos[half] as number);
    const peer = half ^ 1;
    const nobody = kind === 'no-association';
    extras.anomalies.push({
      kind,
      side: r.side,
      contentType: r.contentType,
      epoch: r.epoch,
      sequence: r.sequence,
      length: r.length,
      packet: r.packet,
      nanos: r.nanos,
      owner: nobody ? 0 : (connections.id[row] as number),
      reason,
      confidence,
      shape: shapeOf(
        r.contentType,
        r.length,
        nobody ? -1 : (connections.suite[row] as number) - 1,
        connections.version[row] as number,
        connections.has(row, SEEN.encryptThenMac),
      ),
      sincePeerClose:
        !nobody && table.closePacket[peer] !== 0
          ? r.nanos - (table.closeNanos[peer] as number)
          : undefined,
      sinceOwnPrevious: previous > 0 && !nobody ? r.nanos - previous : undefined,
      during:
        newest !== owner || nobody
          ? (connections.id[table.connection[newest] as number] as number)
          : 0,
      duringStage: newest !== owner || nobody ? this.stage(newest) : undefined,
      earlier,
      alert,
    });
  }

  private extrasOf(d: number): DtlsExtras {
    let extras = this.extras.get(d);
    if (extras === undefined) {
      extras = { anomalies: [], omitted: 0, finished: [], unreachable: [], olderEpochs: [] };
      this.extras.set(d, extras);
    }
    return extras;
  }

  private growFlows(flow: number): void {
    const next = Math.max(flow + 1, Math.ceil(this.newest.length * 1.5));
    this.newest = grown(this.newest, next);
    this.reported = grown(this.reported, next);
  }
}

/** Moves the 64-bit window of seen numbers on by `step`. */
function shiftWindow(table: DtlsTable, half: number, step: number): void {
  if (step >= 64) {
    table.windowHigh[half] = 0;
    table.windowLow[half] = 1;
    return;
  }
  const low = table.windowLow[half] as number;
  const high = table.windowHigh[half] as number;
  if (step >= 32) {
    table.windowHigh[half] = step === 32 ? low : low << (step - 32);
    table.windowLow[half] = 1;
  } else {
    table.windowHigh[half] = (high << step) | (low >>> (32 - step));
    table.windowLow[half] = (low << step) | 1;
  }
}

function sameRandom(a: Uint8Array, atA: number, b: Uint8Array, atB: number): boolean {
  for (let i = 0; i < 32; i++) if (a[atA + i] !== b[atB + i]) return false;
  return true;
}

function word(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}
