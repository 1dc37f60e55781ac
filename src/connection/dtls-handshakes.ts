import {
  CERTIFICATE,
  CLIENT_HELLO,
  CLIENT_KEY_EXCHANGE,
  FINISHED,
  HELLO_REQUEST,
  HELLO_VERIFY_REQUEST,
  NEW_SESSION_TICKET,
  SERVER_HELLO,
  SERVER_HELLO_DONE,
} from '../model/code-points/handshake-types.ts';
import { cipherSuite } from '../model/code-points/suites.ts';
import { HELLO_RETRY_REQUEST } from '../model/history.ts';
import type { NoticeSink } from '../model/notice.ts';
import { otherSide, type Side } from '../model/stream.ts';
import { NUMBERED_HEADER } from './clear-messages.ts';
import type { ConnectionIds } from './connection-ids.ts';
import { SEEN } from './connection-table.ts';
import type { Association } from './dtls-association.ts';
import { HALF_FLAG } from './dtls-halves.ts';
import { DtlsMessages, emptyFragment, type Fragment, readFragment } from './dtls-messages.ts';
import type { DtlsRecord } from './dtls-record.ts';
import { EVENT } from './event-log.ts';
import type { FactsRecorder } from './facts-recorder.ts';
import type { FlightBook } from './flight-book.ts';
import { changedSince, isSameRandom, RANDOM_AT } from './hello-changes.ts';
import { negotiatedIds } from './negotiated-ids.ts';
import type { RandomIndex } from './random-index.ts';
import type { Rebinding } from './rebinding.ts';
import { noteSession, noteTicket } from './resumption.ts';
import type { DtlsUnsealer } from './unsealing/dtls-unsealer.ts';

/** Handshake messages: put together from their fragments, and what they say of their association. */
export class DtlsHandshakes {
  private readonly facts: FactsRecorder;
  private readonly randoms: RandomIndex;
  private readonly ids: ConnectionIds;
  private readonly rebinding: Rebinding;
  private readonly flights: FlightBook;
  private readonly partial: DtlsMessages;
  unsealer: DtlsUnsealer | undefined;
  private readonly numbered = new Uint8Array(NUMBERED_HEADER);
  /** Header of the message being read. */
  readonly fragment: Fragment = emptyFragment();

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

  /** Reads the first fragment header of a record into `fragment`. */
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

  /** Is some message of the association incomplete? */
  isGathering({ hasFragments, slot }: Association): boolean {
    return hasFragments && (this.partial.has(2 * slot) || this.partial.has(2 * slot + 1));
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
      if (type === CERTIFICATE && table.clientSide[row] !== r.side)
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
        facts.hellos.serverHello(row, r.side, bytes, start, end, true);
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
      case NEW_SESSION_TICKET:
        noteTicket(facts, row, r.side, bytes, start, end, r.packet, r.nanos);
        break;
      case CERTIFICATE:
        if (table.clientSide[row] !== r.side) table.set(row, SEEN.certificateFromServer);
        break;
      case SERVER_HELLO_DONE:
        table.set(row, SEEN.serverHelloDone);
        break;
      case CLIENT_KEY_EXCHANGE:
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
    const handle = table.clientHello[row] as number;
    const before =
      first || handle === 0
        ? undefined
        : hellos.slab.view(handle, table.clientHelloLength[row] as number);
    const changed = before === undefined ? 0 : changedSince(before, bytes, start, end);
    // Some make up another one when they return the cookie: that is the random of the handshake.
    const other = before !== undefined && !isSameRandom(before, bytes, start);
    // Read before its place is given to the new one.
    const old = other ? before.slice(0, RANDOM_AT + 32) : undefined;
    hellos.clientHello(row, r.side, bytes, start, end, true);
    facts.cookieReturned(row, bytes);
    table.set(row, SEEN.helloPending);
    table.helloCount[row] = (table.helloCount[row] as number) + 1;
    if (first) {
      table.helloPacket[row] = r.packet;
      table.helloNanos[row] = r.nanos;
    }
    const { randomOffset } = hellos.scan;
    const id = table.id[row] as number;
    if (first) this.randoms.add(0, bytes, randomOffset, id, r.packet);
    else if (old !== undefined)
      this.randoms.renew(old, RANDOM_AT, bytes, randomOffset, id, r.packet);
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
}
