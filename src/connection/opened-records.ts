import { CERTIFICATE, FINISHED } from '../model/code-points/handshake-types.ts';
import type { NoticeSink } from '../model/notice.ts';
import { CONTENT_TYPE } from '../model/record.ts';
import type { Side } from '../model/stream.ts';
import { HandshakeStreams } from '../tls/handshake-tls.ts';
import { SEEN } from './connection-table.ts';
import { EVENT, IN_STREAM } from './event-log.ts';
import type { FactsRecorder } from './facts-recorder.ts';
import { isFatal } from './fatal-alert.ts';
import type { TlsRows } from './tls-rows.ts';
import type { TlsUnsealer } from './unsealing/tls-unsealer.ts';
import type { OpenedRecord } from './unsealing/wire-record.ts';

/** What was in TLS records that secrets opened. */
export class OpenedRecords {
  private readonly facts: FactsRecorder;
  private readonly rows: TlsRows;
  private readonly streams: HandshakeStreams;
  unsealer: TlsUnsealer | undefined;

  constructor(facts: FactsRecorder, rows: TlsRows, notices: NoticeSink) {
    this.facts = facts;
    this.rows = rows;
    this.streams = new HandshakeStreams({ message: (...m) => this.message(...m) }, notices);
    this.streams.keepBodies();
  }

  forget(tcp: number): void {
    this.streams.forget(2 * tcp);
    this.streams.forget(2 * tcp + 1);
  }

  /** Octets of this direction are missing. */
  lost(tcp: number, side: Side): void {
    this.streams.lost(2 * tcp + side);
  }

  take(tcp: number, side: Side, opened: OpenedRecord, packet: number, nanos: number): void {
    const { type, content } = opened;
    if (type === CONTENT_TYPE.handshake)
      this.streams.octets(tcp, side, content, 0, content.length, packet, nanos);
    else if (type === CONTENT_TYPE.alert && content.length >= 2)
      this.alert(tcp, side, content[0] as number, content[1] as number, packet, nanos);
    else if (type === CONTENT_TYPE.applicationData) {
      const row = this.rows.of(tcp);
      this.data(row, side);
      if (content[0] === CONTENT_TYPE.handshake)
        this.facts.innerTls.data(row, content, packet, nanos);
    }
  }

  /** Up to TLS 1.2 data of the server follows both Finished, which the capture may lack or have out of order. */
  private data(row: number, side: Side): void {
    const { table } = this.facts;
    if (table.has(row, SEEN.tls13) || table.clientSide[row] !== 1 - side) return;
    table.set(row, SEEN.clientFinished | SEEN.serverFinished);
  }

  /** A message out of protected records. */
  private message(
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

  private alert(
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
}
