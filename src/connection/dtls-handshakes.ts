import {
  CLIENT_HELLO,
  FINISHED,
  HELLO_REQUEST,
  HELLO_VERIFY_REQUEST,
  SERVER_HELLO,
} from '../model/code-points/handshake-types.ts';
import { cipherSuite } from '../model/code-points/suites.ts';
import { HELLO_RETRY_REQUEST } from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';
import type { NoticeSink } from '../model/notice.ts';
import { CONTENT_TYPE } from '../model/record.ts';
import { otherSide, type Side } from '../model/stream.ts';
import { HelloScan } from '../tls/codec/hello-scan.ts';
import { isHelloRetryRandom } from '../tls/codec/server-hello-forms.ts';
import { NUMBERED_HEADER } from './clear-messages.ts';
import type { ConnectionIds } from './connection-ids.ts';
import { type ConnectionTable, SEEN } from './connection-table.ts';
import type { Association } from './dtls-association.ts';
import type { DtlsHalf } from './dtls-halves.ts';
import { HALF_FLAG } from './dtls-halves.ts';
import { DtlsMessages, emptyFragment, type Fragment, readFragment } from './dtls-messages.ts';
import type { DtlsRecord } from './dtls-record.ts';
import { EVENT } from './event-log.ts';
import type { FactsRecorder } from './facts-recorder.ts';
import type { FlightBook } from './flight-book.ts';
import { newestFew } from './flow-associations.ts';
import { negotiatedIds } from './negotiated-ids.ts';
import type { RandomIndex } from './random-index.ts';
import type { Rebinding } from './rebinding.ts';
import { noteSession, noteTicket } from './resumption.ts';
import type { DtlsUnsealer } from './unsealing/dtls-unsealer.ts';

/** Octets of a ClientHello up to the end of its random. */
const THROUGH_RANDOM = 34;

/** Plaintext handshake messages: whose they are, and what they say. */
export class DtlsHandshakes {
  private readonly facts: FactsRecorder;
  private readonly randoms: RandomIndex;
  private readonly ids: ConnectionIds;
  private readonly rebinding: Rebinding;
  private readonly flights: FlightBook;
  private readonly partial: DtlsMessages;
  unsealer: DtlsUnsealer | undefined;
  private readonly numbered = new Uint8Array(NUMBERED_HEADER);
  private readonly fragment: Fragment = emptyFragment();

  constructor(
    facts: FactsRecorder,
    randoms: RandomIndex,
    ids: ConnectionIds,
    rebinding: Rebinding,
    flights: FlightBook,
    notices: NoticeSink,
  ) {
    this.facts = facts;
    this.randoms = randoms;
    this.ids = ids;
    this.rebinding = rebinding;
    this.flights = flights;
    this.partial = new DtlsMessages(notices);
  }

  /** Messages that were in a protected record. */
  inner(a: Association, r: DtlsRecord, content: Uint8Array): void {
    const { fragment } = this;
    if (!readFragment(content, 0, content.length, fragment)) return;
    // A renegotiation numbers its messages from 0 again (RFC 6347 §4.2.2).
    const hello = fragment.type === CLIENT_HELLO || fragment.type === HELLO_REQUEST;
    if (hello && fragment.sequence === 0) for (const half of a.sides) half.messagesDone = 0;
    this.messages(a, { ...r, bytes: content, start: 0, end: content.length });
  }

  /** Reads the first fragment header of a record; the questions below are about it. */
  readFirst(r: DtlsRecord): boolean {
    return readFragment(r.bytes, r.start, r.end, this.fragment);
  }

  get isClientHello(): boolean {
    return this.fragment.type === CLIENT_HELLO;
  }

  get isFinished(): boolean {
    return this.fragment.type === FINISHED;
  }

  forget(a: Association): void {
    if (!a.hasFragments) return;
    this.partial.forget(2 * a.slot);
    this.partial.forget(2 * a.slot + 1);
  }

  /** A ClientHello belongs to the association with its random, or whose cookie it brings; undefined: to a new one. */
  ownerOfClientHello(r: DtlsRecord, newest: Association | undefined): Association | undefined {
    if (newest === undefined) return undefined;
    const { fragment } = this;
    const { table, hellos } = this.facts;
    if (fragment.offset > 0 || fragment.end - fragment.start < THROUGH_RANDOM) {
      // The random is in the first fragment; a later one belongs where that went.
      return table.has(newest.row, SEEN.startMissing) ? undefined : newest;
    }
    const isCookied = this.answersVerifyRequest(newest, r) && !isBeyondHello(table, newest);
    if (isCookied || overtakenByAnswer(table, newest, r)) return newest;
    let a: Association | undefined = newest;
    for (let n = 0; a !== undefined && n < LIMITS.openAssociationsPerFlow; n++) {
      const handle = table.clientHello[a.row] as number;
      if (handle !== 0) {
        const known = hellos.slab.view(handle, table.clientHelloLength[a.row] as number);
        if (sameRandom(known, 2, r.bytes, fragment.start + 2)) return a;
      } else if (a === newest && table.has(a.row, SEEN.clientHello)) return a;
      a = a.previous;
    }
    return newest.ordinal >= LIMITS.associationsPerFlow - 1 ? newest : undefined;
  }

  /**
   * Does a ServerHello or HelloVerifyRequest answer a ClientHello that the capture lacks? Then it begins an association.
   * The answer to a known hello is the first one after it; later ones repeat its random, or its cookie.
   */
  answersUnseenHello(r: DtlsRecord, newest: Association): boolean {
    const { fragment } = this;
    const { type, start, end } = fragment;
    if (type !== SERVER_HELLO && type !== HELLO_VERIFY_REQUEST) return false;
    const { table } = this.facts;
    const { row } = newest;
    if (fragment.offset > 0 || table.clientSide[row] === r.side) return false;
    if (type === SERVER_HELLO && end - start < THROUGH_RANDOM) return false;
    if (!table.has(row, SEEN.serverHello) || table.has(row, SEEN.helloPending))
      return isPast(newest.sides[r.side], r) && !this.repeatsAnswer(r, newest);
    return !this.repeatsAnswer(r, newest);
  }

  /** The association whose ServerHello this is, once more, where several share the 5-tuple. */
  ownerOfServerHello(r: DtlsRecord, newest: Association): Association | undefined {
    const { type, offset, start, end } = this.fragment;
    if (newest.previous === undefined || type !== SERVER_HELLO || offset > 0) return undefined;
    if (end - start < THROUGH_RANDOM || isHelloRetryRandom(r.bytes, start + 2)) return undefined;
    for (const a of newestFew(newest)) if (this.repeatsAnswer(r, a)) return a;
    return undefined;
  }

  /** Is this ServerHello or HelloVerifyRequest the association's own, once more? */
  private repeatsAnswer(r: DtlsRecord, { row, cookie, cookieLength }: Association): boolean {
    const { type, start, end } = this.fragment;
    const { table, hellos } = this.facts;
    if (type === SERVER_HELLO) {
      // The HelloRetryRequest before the ServerHello, once more: all of them have one random (RFC 8446 §4.1.3).
      if (table.has(row, SEEN.helloRetry) && isHelloRetryRandom(r.bytes, start + 2)) return true;
      const handle = table.serverHello[row] as number;
      if (handle === 0) return false;
      const known = hellos.slab.view(handle, table.serverHelloLength[row] as number);
      return sameRandom(known, 2, r.bytes, start + 2);
    }
    if (cookie === 0) return false;
    const request = hellos.slab.view(cookie, cookieLength);
    return request.length === end - start && request.every((o, i) => o === r.bytes[start + i]);
  }

  /**
   * Other plaintext records: the newest association, unless its handshake cannot have come that far (a client's key
   * exchange before any ServerHello) and the record continues the numbers of the one before it better.
   */
  ownerOfOther(r: DtlsRecord, newest: Association): Association {
    const { previous } = newest;
    if (previous === undefined || r.contentType === CONTENT_TYPE.alert) return newest;
    const { table } = this.facts;
    const fromClient = table.clientSide[newest.row] === r.side;
    const tooEarly = fromClient && !table.has(newest.row, SEEN.serverHello);
    if (!tooEarly || !table.has(previous.row, SEEN.serverHello)) return newest;
    const stepNewest = r.sequence - newest.sides[r.side].clearHighest;
    const stepPrevious = r.sequence - previous.sides[r.side].clearHighest;
    return stepPrevious >= 1 && stepPrevious < stepNewest ? previous : newest;
  }

  /** All messages of a record, the first of which was read. */
  messages(a: Association, r: DtlsRecord): void {
    const { fragment } = this;
    let at = r.start;
    do {
      this.piece(a, r);
      at = fragment.end;
    } while (at < r.end && readFragment(r.bytes, at, r.end, fragment));
  }

  answered(row: number, r: DtlsRecord): void {
    const { table } = this.facts;
    if (table.answerPacket[row] !== 0 || table.clientSide[row] === r.side) return;
    table.answerPacket[row] = r.packet;
    table.answerNanos[row] = r.nanos;
  }

  private piece(a: Association, r: DtlsRecord): void {
    const { fragment } = this;
    const half = a.sides[r.side];
    const bit = fragment.sequence < 32 ? 1 << fragment.sequence : 0;
    if ((half.messagesDone & bit) !== 0) {
      if (fragment.type === CLIENT_HELLO && r.epoch === 0) this.clientHelloAgain(a.row, r);
      this.flights.again(a, r, fragment);
      return;
    }
    if (fragment.offset === 0 && fragment.end - fragment.start === fragment.length) {
      this.flights.message(a, r, fragment);
      this.message(a, r, r.bytes, fragment.start, fragment.end);
    } else {
      a.hasFragments = true;
      this.flights.fragment(a, r, fragment);
      const body = this.partial.add(2 * a.slot + r.side, fragment, r.bytes, r.packet);
      if (body === undefined) {
        if (fragment.type === CLIENT_HELLO && r.epoch === 0) this.partialClientHello(a.row, r);
        return;
      }
      this.message(a, r, body, 0, body.length);
    }
    half.messagesDone |= bit;
  }

  /** The first fragment of a ClientHello tells who the client is. */
  private partialClientHello(row: number, r: DtlsRecord): void {
    const { table } = this.facts;
    table.clientSide[row] = r.side;
    table.set(row, SEEN.clientHello | SEEN.rolesKnown | SEEN.helloPending);
  }

  /** `fragment` has the header of the message, `bytes[start, end)` is its body. */
  private message(
    a: Association,
    r: DtlsRecord,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const { facts } = this;
    const { table } = facts;
    const { row } = a;
    const { type, length, sequence } = this.fragment;
    if (r.epoch > 0) {
      facts.event(row, EVENT.message, r.side, type, length, r.packet, r.nanos, r.epoch, r.sequence);
      if (type === 11 && table.clientSide[row] !== r.side)
        table.set(row, SEEN.certificateFromServer);
      this.unsealer?.message(row, r, type, sequence, bytes, start, end);
      return;
    }
    if (facts.maySign(row)) this.keep(row, r.side, bytes, start, end);
    switch (type) {
      case CLIENT_HELLO:
        this.clientHello(row, r, bytes, start, end);
        this.unsealer?.message(row, r, type, sequence, bytes, start, end);
        return;
      case HELLO_VERIFY_REQUEST: {
        this.answered(row, r);
        if (table.clientSide[row] === 2) table.clientSide[row] = 1 - r.side;
        table.unset(row, SEEN.helloPending);
        a.cookie = facts.hellos.slab.store(bytes, start, end);
        a.cookieLength = end - start;
        facts.cookies.verifyRequest(bytes, start, end, table.id[row] as number, r.packet, r.nanos);
        facts.event(row, EVENT.message, r.side, type, length, r.packet, r.nanos, 0, a.cookie);
        this.unsealer?.message(row, r, type, sequence, bytes, start, end);
        return;
      }
      case SERVER_HELLO:
        facts.hellos.serverHello(row, r.side, bytes, start, end);
        this.answered(row, r);
        table.unset(row, SEEN.helloPending);
        if (facts.hellos.scan.helloRetryRequest) {
          facts.event(row, EVENT.message, r.side, HELLO_RETRY_REQUEST, length, r.packet, r.nanos);
          facts.retryRequested(row, bytes, r.packet, r.nanos);
          this.unsealer?.message(row, r, type, sequence, bytes, start, end);
          return;
        }
        this.applyNegotiation(a);
        if (facts.hellos.scan.hasConnectionId) this.settleIds(a);
        this.noteClient(a);
        facts.negotiated(row);
        this.randoms.add(
          1,
          bytes,
          facts.hellos.scan.randomOffset,
          table.id[row] as number,
          r.packet,
          facts.hellos.scan.keyShareEnd,
        );
        noteSession(facts, row, true, bytes, r.packet, r.nanos);
        break;
      case 4:
        noteTicket(facts, row, r.side, bytes, start, end, r.packet, r.nanos);
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
    this.unsealer?.message(row, r, type, sequence, bytes, start, end);
  }

  /** Keeps a message in the clear with its number, since others may come in front of it. */
  private keep(row: number, side: Side, bytes: Uint8Array, start: number, end: number): void {
    const { type, length, sequence } = this.fragment;
    const { numbered } = this;
    numbered[0] = type;
    numbered[1] = length >> 16;
    numbered[2] = length >> 8;
    numbered[3] = length;
    numbered[4] = sequence >> 8;
    numbered[5] = sequence;
    const { clear } = this.facts;
    clear.append(2 * row + side, true, numbered, 0, numbered.length);
    clear.append(2 * row + side, false, bytes, start, end);
  }

  /** What the suite says about the records that will follow. */
  private applyNegotiation(a: Association): void {
    const { table } = this.facts;
    const nonce = cipherSuite((table.suite[a.row] as number) - 1)?.explicitNonceOctets ?? 0;
    const modulus = table.lengthModulus[a.row] as number;
    for (const half of a.sides) {
      if (nonce > 0) half.flags |= HALF_FLAG.nonce;
      half.lengthMin = table.lengthMin[a.row] as number;
      half.lengthRule = modulus === 0 ? 0 : (modulus << 8) | (table.lengthBase[a.row] as number);
    }
  }

  /** The server answered connection_id: each side's hello has the id that it wants to receive (RFC 9146 §3). */
  private settleIds(a: Association): void {
    const { table, hellos } = this.facts;
    const { row } = a;
    const hello = (handle: number, length: number) =>
      handle === 0 ? undefined : hellos.slab.view(handle, length);
    const client = hello(table.clientHello[row] as number, table.clientHelloLength[row] as number);
    const server = hello(table.serverHello[row] as number, table.serverHelloLength[row] as number);
    const side = table.clientSide[row] as number;
    const ids = server && negotiatedIds(client, server);
    if (ids === undefined || side === 2) return;
    const { extension, toClient, toServer } = ids;
    this.ids.settle(a, extension, side === 0 ? [toClient, toServer] : [toServer, toClient]);
  }

  /** The client may come back from another port without saying so. */
  private noteClient(a: Association): void {
    const { table } = this.facts;
    const client = table.clientSide[a.row] as number;
    if (client === 2 || table.has(a.row, SEEN.tls13)) return;
    const side = client as Side;
    if (!a.ids?.to[otherSide(side)]?.length) this.rebinding.note(a, side);
  }

  private clientHello(
    row: number,
    r: DtlsRecord,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const { facts } = this;
    const { table, hellos } = facts;
    const first = table.helloPacket[row] === 0;
    const changed = first ? 0 : this.changedSince(row, bytes, start, end);
    hellos.clientHello(row, r.side, bytes, start, end, true);
    facts.cookieReturned(row, bytes);
    table.set(row, SEEN.helloPending);
    table.helloCount[row] = (table.helloCount[row] as number) + 1;
    if (first) {
      table.helloPacket[row] = r.packet;
      table.helloNanos[row] = r.nanos;
      this.randoms.add(0, bytes, hellos.scan.randomOffset, table.id[row] as number, r.packet);
    }
    // Which number and cookie it had is kept in the event: RFC 6347 §4.2.1 ties both to a HelloVerifyRequest.
    const numbers = (changed << 26) | (this.fragment.sequence << 9) | hellos.scan.cookieLength;
    facts.event(
      row,
      EVENT.message,
      r.side,
      CLIENT_HELLO,
      this.fragment.length,
      r.packet,
      r.nanos,
      numbers,
      r.sequence,
    );
  }

  private clientHelloAgain(row: number, r: DtlsRecord): void {
    const { fragment } = this;
    if (fragment.offset > 0) return;
    const { table } = this.facts;
    table.helloAgain[row] = (table.helloAgain[row] as number) + 1;
    table.set(row, SEEN.helloPending);
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

  /**
   * Does the ClientHello carry the cookie of the association's last HelloVerifyRequest? RFC 6347 §4.2.1 asks for the same
   * random in it too, but the cookie is what ties the two together for the server.
   */
  private answersVerifyRequest(a: Association, r: DtlsRecord): boolean {
    if (a.cookie === 0) return false;
    const request = this.facts.hellos.slab.view(a.cookie, a.cookieLength);
    // HelloVerifyRequest: version, then the cookie with its length.
    const length = request[2] as number;
    const { start, end } = this.fragment;
    const sessionId = start + THROUGH_RANDOM;
    if (sessionId >= end) return false;
    const at = sessionId + 1 + (r.bytes[sessionId] as number);
    if (at + 1 + length > end || r.bytes[at] !== length) return false;
    // An empty cookie ties nothing; the number of the message tells that another ClientHello went before.
    if (length === 0) return this.fragment.sequence > 0;
    for (let i = 0; i < length; i++) if (r.bytes[at + 1 + i] !== request[3 + i]) return false;
    return true;
  }

  /** Bits, lowest first, for what differs from the ClientHello before: version, session id, suites, compression. */
  private changedSince(row: number, bytes: Uint8Array, start: number, end: number): number {
    const { table, hellos } = this.facts;
    const handle = table.clientHello[row] as number;
    if (handle === 0) return 0;
    const before = hellos.slab.view(handle, table.clientHelloLength[row] as number);
    const [a, b] = [scanBefore, scanNow];
    if (
      !a.scanClientHello(before, 0, before.length, true) ||
      !b.scanClientHello(bytes, start, end, true)
    )
      return 0;
    const same = (fromA: number, lengthA: number, fromB: number, lengthB: number) => {
      if (lengthA !== lengthB) return false;
      for (let i = 0; i < lengthA; i++) if (before[fromA + i] !== bytes[fromB + i]) return false;
      return true;
    };
    const compressionA = a.suitesOffset + a.suitesLength;
    const compressionB = b.suitesOffset + b.suitesLength;
    return (
      (a.legacyVersion === b.legacyVersion ? 0 : 1) |
      (same(a.sessionIdOffset, a.sessionIdLength, b.sessionIdOffset, b.sessionIdLength) ? 0 : 2) |
      (same(a.suitesOffset, a.suitesLength, b.suitesOffset, b.suitesLength) ? 0 : 4) |
      (same(
        compressionA,
        1 + (before[compressionA] as number),
        compressionB,
        1 + (bytes[compressionB] as number),
      )
        ? 0
        : 8)
    );
  }
}

const scanBefore = new HelloScan();
const scanNow = new HelloScan();

/**
 * Was the answer captured in front of its ClientHello? Packets change places within a capture, not in time: the
 * association has nothing but what the server just said.
 */
function overtakenByAnswer(table: ConnectionTable, a: Association, r: DtlsRecord): boolean {
  const mine = a.sides[r.side];
  const answer = a.sides[r.side === 0 ? 1 : 0];
  return (
    !table.has(a.row, SEEN.clientHello) &&
    (table.has(a.row, SEEN.serverHello) || a.cookie !== 0) &&
    mine.clearCount === 0 &&
    mine.epoch === 0 &&
    r.nanos - answer.clearFirstNanos < LIMITS.promptAnswerNanos
  );
}

/** The keys of its handshake were in use well before: packets change places within a capture, not in time. */
const isPast = ({ epoch, firstNanos }: DtlsHalf, { nanos }: DtlsRecord): boolean =>
  epoch > 0 && nanos - firstNanos > LIMITS.promptAnswerNanos;

/** A ServerHello and protected records: a server may give the same client the same cookie again, for its next handshake. */
const isBeyondHello = (table: ConnectionTable, { row, sides }: Association): boolean =>
  table.has(row, SEEN.serverHello) && sides.some(({ epoch }) => epoch > 0);

function sameRandom(a: Uint8Array, atA: number, b: Uint8Array, atB: number): boolean {
  for (let i = 0; i < 32; i++) if (a[atA + i] !== b[atB + i]) return false;
  return true;
}
