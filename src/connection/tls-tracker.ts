/**
 * TLS connections over TCP: takes what the record stage found and keeps the facts of each connection until its TCP
 * connection is final.
 */
import { readU24 } from '../bytes/scalars.ts';
import { CERTIFICATE, CLIENT_HELLO, FINISHED } from '../model/code-points/handshake-types.ts';
import { SSL_2_0 } from '../model/code-points/versions.ts';
import { LIMITS } from '../model/limits.ts';
import type { NoticeSink } from '../model/notice.ts';
import { CONTENT_TYPE, type Protection, type TlsSink } from '../model/record.ts';
import type { Side } from '../model/stream.ts';
import { asClientHello } from '../tls/codec/ssl2-client-hello.ts';
import { HandshakeStreams } from '../tls/handshake-tls.ts';
import { RECORD_KINDS, SEEN } from './connection-table.ts';
import { ENCRYPTED, EVENT, IN_STREAM } from './event-log.ts';
import type { FactsRecorder } from './facts-recorder.ts';
import { isFatal } from './fatal-alert.ts';
import type { RandomIndex } from './random-index.ts';
import { FINISHED_13, FLIGHT_RECORDS, finishedLength13 } from './record-sizes.ts';
import { noteSession, noteTicket } from './resumption.ts';
import { Strays } from './strays.ts';
import { TlsRows } from './tls-rows.ts';
import { TlsUnsealer } from './unsealing/tls-unsealer.ts';
import type { Vault } from './unsealing/vault.ts';
import type { OpenedRecord } from './unsealing/wire-record.ts';

const HELLO_RETRY = 0x102;
/** Message types of SSL 2.0, and the octets of an ERROR. */
const SSL2_MESSAGE = { error: 0, clientMasterKey: 2, serverHello: 4 } as const;
const SSL2_ERROR_OCTETS = 3;

export class TlsTracker implements TlsSink {
  private readonly facts: FactsRecorder;
  private readonly randoms: RandomIndex;
  private readonly rows: TlsRows;
  private unsealer: TlsUnsealer | undefined;
  /** Told of connections whose octets nobody needs, since there is no secret for them. */
  private hopeless: (tcp: number) => void = () => {};
  /** Messages out of protected records. */
  private readonly inner: HandshakeStreams;
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
    this.inner = new HandshakeStreams({ message: (...m) => this.innerMessage(...m) }, notices);
    this.inner.keepBodies();
  }

  /** There are secrets: records that come with their octets are opened from now on. */
  unseal(vault: Vault, hopeless: (tcp: number) => void): void {
    this.unsealer = new TlsUnsealer(vault, this.facts);
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
    this.inner.forget(2 * tcp);
    this.inner.forget(2 * tcp + 1);
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
    if (this.unsealer !== undefined) {
      const isSealed = !plain && contentType !== CONTENT_TYPE.changeCipherSpec;
      if (isSealed && !this.hasOctets) this.unsealer.unread(row, side);
      this.hasOctets = false;
    }
    if (this.opened !== undefined) {
      const { opened } = this;
      this.opened = undefined;
      facts.protectedRecord(row, side, contentType, length, packet, nanos);
      this.content(tcp, side, opened, packet, nanos);
      return;
    }
    if (contentType === CONTENT_TYPE.applicationData) {
      facts.protectedRecord(row, side, contentType, length, packet, nanos);
      if (table.has(row, SEEN.tls13)) this.protected13(row, side, length, nanos);
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
      case 1:
        this.clientHello(row, side, bytes, start, end, packet, nanos);
        break;
      case 2:
        facts.hellos.serverHello(row, side, bytes, start, end);
        if (facts.hellos.misfits) {
          const { answers } = facts.hellos;
          facts.event(row, EVENT.sessionIdNotEchoed, side, type, length, packet, nanos, answers);
        }
        if (facts.hellos.scan.helloRetryRequest) {
          facts.event(row, EVENT.message, side, HELLO_RETRY, length, packet, nanos);
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
      case 4:
        noteTicket(facts, row, side, bytes, start, end, packet, nanos);
        break;
      case 11:
        if (table.clientSide[row] !== side) table.set(row, SEEN.certificateFromServer);
        break;
      case 14:
        table.set(row, SEEN.serverHelloDone);
        break;
      case 16:
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
      this.inner.lost(2 * tcp + side);
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

  /** Records of SSL 2.0 behind its hellos; up to the first protected one they have their type in front. */
  ssl2Record(tcp: number, side: Side, length: number, head: Uint8Array): void {
    const { facts } = this;
    const { table } = facts;
    const row = this.rows.of(tcp);
    const client = table.clientSide[row] as number;
    const isClient = client === side;
    const isProtected = table.suite[row] !== 0 || this.others(row, 0) + this.others(row, 1) > 0;
    if (!isProtected) {
      if (!isClient && head[0] === SSL2_MESSAGE.serverHello) return;
      if (head[0] === SSL2_MESSAGE.error && length === SSL2_ERROR_OCTETS) {
        table.set(row, isClient ? SEEN.fatalFromClient : SEEN.fatalFromServer);
        return;
      }
      if (isClient && head[0] === SSL2_MESSAGE.clientMasterKey && head.length === 4) {
        table.suite[row] = 1 + readU24(head, 1);
        return;
      }
    }
    // With a session that the server knew, records are protected from here on. They are of no content type.
    facts.count(row, side, CONTENT_TYPE.tls12Cid);
    // SERVER-VERIFY, CLIENT-FINISHED, SERVER-FINISHED.
    if (this.others(row, 1 - client) >= 2 && this.others(row, client) >= 1)
      table.set(row, SEEN.clientFinished | SEEN.serverFinished);
  }

  /** Records of no content type that a side sent. */
  private others(row: number, side: number): number {
    return this.facts.table.records[(2 * row + side) * RECORD_KINDS + RECORD_KINDS - 1] as number;
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

  // ------------------------------------------------------------------------------------------------ opened records

  private content(tcp: number, side: Side, opened: OpenedRecord, packet: number, nanos: number) {
    const { type, content } = opened;
    if (type === CONTENT_TYPE.handshake)
      this.inner.octets(tcp, side, content, 0, content.length, packet, nanos);
    else if (type === CONTENT_TYPE.alert && content.length >= 2)
      this.innerAlert(tcp, side, content[0] as number, content[1] as number, packet, nanos);
    else if (type === CONTENT_TYPE.applicationData) {
      const row = this.rows.of(tcp);
      this.innerData(row, side);
      if (content[0] === CONTENT_TYPE.handshake)
        this.facts.innerTls.data(row, content, packet, nanos);
    }
  }

  /** Up to TLS 1.2 data of the server follows both Finished, which the capture may lack or have out of order. */
  private innerData(row: number, side: Side): void {
    const { table } = this.facts;
    if (table.has(row, SEEN.tls13) || table.clientSide[row] !== 1 - side) return;
    table.set(row, SEEN.clientFinished | SEEN.serverFinished);
  }

  /** A message out of protected records. */
  private innerMessage(
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
    const { facts, unsealer } = this;
    const { table } = facts;
    const row = this.rows.of(tcp);
    facts.event(row, EVENT.message, side, type, length, packet, nanos);
    const isClient = table.clientSide[row] === side;
    if (type === CERTIFICATE && !isClient) table.set(row, SEEN.certificateFromServer);
    if (type === FINISHED) {
      facts.finished(row, isClient ? SEEN.clientFinished : SEEN.serverFinished);
      if (isClient) {
        table.serverAtFinished[row] = table.protectedCount[row * 2 + 1 - side] as number;
        table.clientFlight[row] = Math.min(0xff, table.protectedCount[row * 2 + side] as number);
      }
    }
    unsealer?.message(row, side, type, bytes, start, end, packet, nanos, true);
  }

  private innerAlert(
    tcp: number,
    side: Side,
    level: number,
    description: number,
    packet: number,
    nanos: number,
  ): void {
    const { facts } = this;
    const row = this.rows.of(tcp);
    const value = (level << 8) | description;
    const records = facts.recordsOf(row, side);
    facts.event(row, EVENT.encryptedAlert, side, value, 2, packet, nanos, IN_STREAM, records);
    // TLS 1.3 has no levels: every alert but two ends the connection (RFC 8446 §6).
    if (!isFatal(level, description, facts.table.has(row, SEEN.tls13))) return;
    const isClient = facts.table.clientSide[row] === side;
    facts.table.set(row, isClient ? SEEN.fatalFromClient : SEEN.fatalFromServer);
  }

  /**
   * TLS 1.3 hides which record is a Finished. The server's flight is taken as sent with its first protected record, the
   * client's Finished as the client's first protected record after it that can hold one: alerts and EndOfEarlyData are
   * shorter (RFC 8446 §2, §4.4.4, §4.5).
   */
  private protected13(row: number, side: Side, length: number, nanos: number): void {
    const { table } = this.facts;
    if (table.clientSide[row] !== side) {
      // Where the capture has packets out of order, the client's Finished may already have been seen.
      const clientFirst =
        !table.has(row, SEEN.serverFinished | SEEN.earlyData) &&
        (table.protectedCount[row * 2 + 1 - side] as number) > 0;
      table.set(row, SEEN.serverFinished | (clientFirst ? SEEN.clientFinished : 0));
      return;
    }
    if (length < FINISHED_13 || !table.has(row, SEEN.serverFinished)) return;
    const isFlight =
      (table.protectedCount[row * 2 + side] as number) <= FLIGHT_RECORDS &&
      this.endsFlight(row, side, length, nanos);
    if (table.has(row, SEEN.clientFinished) && !isFlight) return;
    table.set(row, SEEN.clientFinished);
    table.serverAtFinished[row] = table.protectedCount[row * 2 + 1 - side] as number;
  }

  /** Is this record of the client the Finished that ends its flight, by its size? Early data may have any. */
  private endsFlight(row: number, side: Side, length: number, nanos: number): boolean {
    const { table } = this.facts;
    if (table.clientFlight[row] !== 0 || table.has(row, SEEN.earlyData)) return false;
    const half = row * 2 + side;
    const suite = (table.suite[row] as number) - 1;
    const count = table.protectedCount[half] as number;
    if (
      length !== finishedLength13(suite) &&
      (count > 1 || length !== finishedLength13(suite, true))
    )
      return false;
    if (nanos - (table.firstNanos[half] as number) > LIMITS.promptAnswerNanos) return false;
    table.clientFlight[row] = count;
    return true;
  }
}
