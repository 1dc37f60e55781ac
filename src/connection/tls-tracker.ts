import {
  CERTIFICATE,
  CLIENT_HELLO,
  CLIENT_KEY_EXCHANGE,
  NEW_SESSION_TICKET,
  SERVER_HELLO,
  SERVER_HELLO_DONE,
} from '../model/code-points/handshake-types.ts';
import { SSL_2_0 } from '../model/code-points/versions.ts';
import { HELLO_RETRY_REQUEST } from '../model/history.ts';
import type { NoticeSink } from '../model/notice.ts';
import { CONTENT_TYPE, type Protection, type TlsSink } from '../model/record.ts';
import type { Side } from '../model/stream.ts';
import { asClientHello } from '../tls/codec/ssl2-client-hello.ts';
import { SEEN } from './connection-table.ts';
import { ENCRYPTED, EVENT, IN_STREAM } from './event-log.ts';
import type { FactsRecorder } from './facts-recorder.ts';
import { heartbeat } from './heartbeats.ts';
import { followHiddenTls } from './hidden-handshake.ts';
import { OpenedRecords } from './opened-records.ts';
import type { RandomIndex } from './random-index.ts';
import { noteSession, noteTicket } from './resumption.ts';
import { ssl2Record } from './ssl2-record.ts';
import { Strays } from './strays.ts';
import { TlsRows } from './tls-rows.ts';
import { TlsUnsealer } from './unsealing/tls-unsealer.ts';
import type { Vault } from './unsealing/vault.ts';
import type { OpenedRecord } from './unsealing/wire-record.ts';

/**
 * TLS connections over TCP: takes what the record stage found and keeps the facts of each connection until its TCP
 * connection is final.
 */
export class TlsTracker implements TlsSink {
  private readonly facts: FactsRecorder;
  private readonly randoms: RandomIndex;
  private readonly rows: TlsRows;
  private unsealer: TlsUnsealer | undefined;
  /** Told of connections whose octets nobody needs, since there is no secret for them. */
  private hopeless: (tcp: number) => void = () => {};
  private readonly inner: OpenedRecords;
  /** What was in the record that `record` will tell of next. */
  private opened: OpenedRecord | undefined;
  /** `sealed` came for that record. Without, there was no room for its octets. */
  private hasOctets = false;

  private readonly strays: Strays;

  constructor(facts: FactsRecorder, randoms: RandomIndex, notices: NoticeSink) {
    this.facts = facts;
    this.strays = new Strays(facts);
    this.rows = new TlsRows(facts, this.strays.nonces);
    this.randoms = randoms;
    this.inner = new OpenedRecords(facts, this.rows, notices);
  }

  /** There are secrets: records that come with their octets are opened from now on. */
  unseal(vault: Vault, hopeless: (tcp: number) => void): void {
    this.unsealer = new TlsUnsealer(vault, this.facts);
    this.inner.unsealer = this.unsealer;
    this.hopeless = hopeless;
    // More is kept of a connection than its row.
    this.rows.neverPack();
  }

  /** There are no more packets: all connections become final. */
  end(): void {
    this.rows.neverPack();
  }

  /** The connection on a TCP connection; -1 if it is none. */
  rowOf(tcp: number): number {
    return this.rows.has(tcp) ? this.rows.of(tcp) : -1;
  }

  forget(tcp: number): void {
    const row = this.rowOf(tcp);
    if (row < 0) return;
    this.strays.forget(row);
    this.rows.forget(tcp);
    if (this.unsealer === undefined) return;
    this.inner.forget(tcp);
  }

  sealed(
    tcp: number,
    side: Side,
    contentType: number,
    version: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
    nanos: number,
  ): void {
    const row = this.rows.of(tcp);
    this.hasOctets = true;
    this.opened = this.unsealer?.sealed(
      row,
      side,
      contentType,
      version,
      bytes,
      start,
      end,
      packet,
      nanos,
    );
  }

  recognised(tcp: number, _side: Side, packet: number, _nanos: number): void {
    if (!this.rows.has(tcp)) this.rows.begin(tcp, packet);
  }

  record(
    tcp: number,
    side: Side,
    contentType: number,
    _version: number,
    length: number,
    plain: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
    _firstPacket: number,
    packet: number,
    nanos: number,
  ): void {
    const { facts } = this;
    const { table } = facts;
    const row = this.rows.of(tcp, packet);
    facts.count(row, side, contentType);
    if (table.watch[row] !== 0 && !plain)
      this.strays.record(row, side, contentType, length, bytes, start, end, packet, nanos);
    if (contentType === CONTENT_TYPE.heartbeat)
      heartbeat(facts, row, side, length, bytes, start, plain ? end : start, packet, nanos);
    if (this.unsealer !== undefined) {
      const isSealed = !plain && contentType !== CONTENT_TYPE.changeCipherSpec;
      if (isSealed && !this.hasOctets) this.unsealer.unread(row, side);
      this.hasOctets = false;
    }
    if (this.opened !== undefined) {
      const { opened } = this;
      this.opened = undefined;
      facts.protectedRecord(row, side, contentType, length, packet, nanos);
      this.inner.take(tcp, side, opened, packet, nanos);
      return;
    }
    if (contentType === CONTENT_TYPE.applicationData) {
      facts.protectedRecord(row, side, contentType, length, packet, nanos);
      if (table.has(row, SEEN.tls13)) followHiddenTls(table, row, side, length, nanos);
      return;
    }
    if (plain || contentType === CONTENT_TYPE.changeCipherSpec) return;
    facts.protectedRecord(row, side, contentType, length, packet, nanos);
    if (contentType === CONTENT_TYPE.handshake) {
      facts.event(row, EVENT.message, side, ENCRYPTED, length, packet, nanos);
      const isClient = table.clientSide[row] === side;
      facts.finished(row, isClient ? SEEN.clientFinished : SEEN.serverFinished);
    } else if (contentType === CONTENT_TYPE.alert) {
      const records = facts.recordsOf(row, side);
      facts.event(row, EVENT.encryptedAlert, side, 0, length, packet, nanos, IN_STREAM, records);
    }
  }

  handshakeOctets(
    tcp: number,
    side: Side,
    begins: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void {
    const { facts } = this;
    const row = this.rows.of(tcp);
    if (facts.maySign(row)) facts.clear.append(2 * row + side, begins, bytes, start, end);
  }

  message(
    tcp: number,
    side: Side,
    type: number,
    length: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
    nanos: number,
  ): void {
    const { facts } = this;
    const { table } = facts;
    const row = this.rows.of(tcp);
    switch (type) {
      case CLIENT_HELLO:
        this.clientHello(row, side, bytes, start, end, packet, nanos);
        break;
      case SERVER_HELLO:
        facts.hellos.serverHello(row, side, bytes, start, end, false);
        if (facts.hellos.misfits) {
          const { answers } = facts.hellos;
          facts.event(row, EVENT.sessionIdNotEchoed, side, type, length, packet, nanos, answers);
        }
        if (facts.hellos.scan.helloRetryRequest) {
          facts.event(row, EVENT.message, side, HELLO_RETRY_REQUEST, length, packet, nanos);
          facts.retryRequested(row, bytes, packet, nanos);
          this.unsealer?.message(row, side, type, bytes, start, end, packet, nanos, false);
          return;
        }
        this.answered(row, packet, nanos);
        facts.negotiated(row);
        this.randoms.add(
          1,
          bytes,
          facts.hellos.scan.randomOffset,
          table.id[row] as number,
          packet,
          facts.hellos.scan.keyShareEnd,
        );
        noteSession(facts, row, false, bytes, packet, nanos);
        break;
      case NEW_SESSION_TICKET:
        noteTicket(facts, row, side, bytes, start, end, packet, nanos);
        break;
      case CERTIFICATE:
        if (table.clientSide[row] !== side) table.set(row, SEEN.certificateFromServer);
        break;
      case SERVER_HELLO_DONE:
        table.set(row, SEEN.serverHelloDone);
        break;
      case CLIENT_KEY_EXCHANGE:
        table.set(row, SEEN.clientKeyExchange);
        break;
    }
    facts.event(row, EVENT.message, side, type, length, packet, nanos);
    if (this.unsealer === undefined) return;
    this.unsealer.message(row, side, type, bytes, start, end, packet, nanos, false);
    if (type === CLIENT_HELLO && this.unsealer.isHopeless(row)) this.hopeless(tcp);
  }

  alert(
    tcp: number,
    side: Side,
    level: number,
    description: number,
    packet: number,
    nanos: number,
  ): void {
    const { facts } = this;
    const row = this.rows.of(tcp);
    // It is counted as a record only afterwards.
    const records = facts.recordsOf(row, side) + 1;
    const value = (level << 8) | description;
    facts.event(row, EVENT.alert, side, value, 2, packet, nanos, IN_STREAM, records);
    const client = facts.table.clientSide[row] === side;
    if (!client) this.answered(row, packet, nanos);
    if (description === 0) facts.table.set(row, SEEN.closeAlertInClear);
    else if (level === 2)
      facts.table.set(row, client ? SEEN.fatalFromClient : SEEN.fatalFromServer);
  }

  changeCipherSpec(tcp: number, side: Side, packet: number, nanos: number): Protection {
    const { table } = this.facts;
    const row = this.rows.of(tcp);
    const half = row * 2 + side;
    this.strays.nonces.interrupt(half);
    if (table.ccsPacket[half] === 0) {
      table.ccsPacket[half] = packet;
      table.ccsNanos[half] = nanos;
    }
    this.unsealer?.changeCipherSpec(row, side);
    // In TLS 1.3 it is a dummy for middleboxes and changes nothing (RFC 8446 §5, §D.4).
    if (table.has(row, SEEN.tls13)) return 'plain';
    return table.has(row, SEEN.serverHello) ? 'protected' : 'undecided';
  }

  notARecord(tcp: number, side: Side, octets: Uint8Array, packet: number, nanos: number): void {
    const { facts } = this;
    const row = this.rows.of(tcp);
    const entry = facts.event(row, EVENT.notARecord, side, 0, octets.length, packet, nanos);
    if (entry !== 0) facts.log.octets.set(entry, octets);
  }

  lostOctets(tcp: number, side: Side, _length: number, boundaries: boolean): void {
    const row = this.rows.of(tcp);
    this.strays.nonces.interrupt(row * 2 + side);
    if (this.unsealer !== undefined) {
      this.unsealer.lost(row, side);
      this.inner.lost(tcp, side);
    }
    this.facts.handshakeLost(row, side);
    this.facts.table.set(row, SEEN.lostOctets | (boundaries ? 0 : SEEN.lostBoundaries));
  }

  ssl2Hello(
    tcp: number,
    side: Side,
    answer: boolean,
    length: number,
    octets: Uint8Array,
    packet: number,
    nanos: number,
  ): void {
    const { facts } = this;
    const { table } = facts;
    const row = this.rows.of(tcp);
    if (answer) {
      table.version[row] = SSL_2_0;
      table.set(row, SEEN.notAnalysed);
      this.answered(row, packet, nanos);
      return;
    }
    const message = octets.subarray(2);
    const hello = octets.length > 0 ? asClientHello(message) : undefined;
    if (hello !== undefined) this.clientHello(row, side, hello, 0, hello.length, packet, nanos);
    else {
      table.clientSide[row] = side;
      table.set(row, SEEN.clientHello | SEEN.rolesKnown);
      table.helloCount[row] = 1;
      table.helloPacket[row] = packet;
      table.helloNanos[row] = nanos;
    }
    facts.event(row, EVENT.message, side, CLIENT_HELLO, length, packet, nanos);
    if (hello !== undefined) this.unsealer?.ssl2Hello(row, message, hello);
  }

  ssl2Record(tcp: number, side: Side, length: number, head: Uint8Array): void {
    ssl2Record(this.facts, this.rows.of(tcp), side, length, head);
  }

  private clientHello(
    row: number,
    side: Side,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
    nanos: number,
  ): void {
    const { facts } = this;
    const { table } = facts;
    const half = row * 2 + side;
    const midConnection =
      (table.protectedCount[half] as number) > 0 &&
      table.has(row, SEEN.clientHello) &&
      !(table.has(row, SEEN.earlyData) && table.has(row, SEEN.helloRetry));
    if (midConnection) {
      const entry = facts.event(
        row,
        EVENT.helloMidConnection,
        side,
        CONTENT_TYPE.handshake,
        end - start,
        packet,
        nanos,
      );
      if (entry !== 0)
        facts.log.octets.set(entry, bytes.slice(start + 2, Math.min(end, start + 34)));
      return;
    }
    if (table.has(row, SEEN.clientHello) && table.clientSide[row] !== side) {
      facts.event(row, EVENT.helloReflected, side, 1, end - start, packet, nanos);
      return;
    }
    const hasProtected =
      (table.protectedCount[half] as number) + (table.protectedCount[half ^ 1] as number) > 0;
    if (!table.has(row, SEEN.clientHello)) {
      // The one that the ServerHello answered is missing: this is another one.
      if (table.has(row, SEEN.serverHello) && table.has(row, SEEN.lostOctets)) return;
      if (hasProtected) table.set(row, SEEN.helloBehindRecords);
    }
    facts.hellos.clientHello(row, side, bytes, start, end, false);
    facts.cookieReturned(row, bytes);
    table.helloCount[row] = (table.helloCount[row] as number) + 1;
    if (table.helloPacket[row] === 0) {
      table.helloPacket[row] = packet;
      table.helloNanos[row] = nanos;
      this.randoms.add(0, bytes, facts.hellos.scan.randomOffset, table.id[row] as number, packet);
    }
  }

  private answered(row: number, packet: number, nanos: number): void {
    const { table } = this.facts;
    if (table.answerPacket[row] !== 0) return;
    table.answerPacket[row] = packet;
    table.answerNanos[row] = nanos;
  }
}
