import { toHex } from '../bytes/hex.ts';
import type { ResumptionFacts } from '../model/history.ts';
import type { Side } from '../model/stream.ts';
import { decodeClientHello } from '../tls/codec/client-hello.ts';
import { HelloScan } from '../tls/codec/hello-scan.ts';
import { type ConnectionTable, SEEN } from './connection-table.ts';
import type { FactsRecorder } from './facts-recorder.ts';
import { KEY_NAME } from './session-index.ts';

const scan = new HelloScan();

/** What the ClientHello of a row offers to resume, and where that comes from; undefined for most. */
export function resumptionOf(
  { table, hellos, sessions }: FactsRecorder,
  row: number,
  dtls: boolean,
): ResumptionFacts | undefined {
  const handle = table.clientHello[row] as number;
  if (handle === 0 || !table.has(row, SEEN.offersSession)) return undefined;
  const bytes = hellos.slab.view(handle, table.clientHelloLength[row] as number);
  scan.scanClientHello(bytes, 0, bytes.length, dtls);
  const renewed = sessions.issued(table.issuedTicket[row] as number);
  if (scan.hasPreSharedKey) {
    const { pskIdentities } = decodeClientHello(bytes, dtls).message;
    const ticket = pskIdentities.find(({ obfuscatedTicketAge }) => obfuscatedTicketAge !== 0);
    if (ticket === undefined) return undefined;
    const keyName = toHex(ticket.identity.subarray(0, KEY_NAME));
    return { by: 'psk', keyName, issued: undefined, renewed };
  }
  const byTicket = scan.ticketLength > 0;
  const start = byTicket ? scan.ticketOffset : scan.sessionIdOffset;
  const length = byTicket ? scan.ticketLength : scan.sessionIdLength;
  const by = byTicket ? 'ticket' : 'session_id';
  return {
    by,
    keyName: byTicket
      ? toHex(bytes.subarray(start, start + Math.min(length, KEY_NAME)))
      : undefined,
    issued: sessions.find(by, bytes, start, length),
    renewed,
  };
}

/**
 * A ServerHello up to TLS 1.2 that was just stored: it issues a session by its session id, or resumes one. A row whose
 * server resumes a session on other terms than it was issued on (RFC 7627 §5.3) is marked, since most resumed sessions
 * are not looked at again.
 */
export function noteSession(
  facts: FactsRecorder,
  row: number,
  dtls: boolean,
  bytes: Uint8Array,
  packet: number,
  nanos: number,
): void {
  const { table, hellos, sessions } = facts;
  if (table.has(row, SEEN.tls13)) return;
  const terms = table.has(row, SEEN.offersSession) ? offeredTerms(facts, row, dtls) : -1;
  if (!table.has(row, SEEN.sessionIdEchoed)) {
    const { sessionIdOffset, sessionIdLength } = hellos.scan;
    // A session of this capture that is offered and not taken up is worth a look.
    if (terms >= 0) table.set(row, SEEN.unusual);
    if (sessionIdLength === 0) return;
    const id = table.id[row] as number;
    const own = termsOf(table, row);
    sessions.add('session_id', bytes, sessionIdOffset, sessionIdLength, id, own, packet, nanos);
    return;
  }
  if (terms >= 0 && ((terms & 1) !== 0) !== table.has(row, SEEN.extendedMaster))
    table.set(row, SEEN.unusual);
}

/** The terms of the session that the ClientHello of a row offers; -1 if it was not issued in this capture. */
function offeredTerms(
  { table, hellos, sessions }: FactsRecorder,
  row: number,
  dtls: boolean,
): number {
  const handle = table.clientHello[row] as number;
  const from = hellos.slab.offsetOf(handle);
  const hello = hellos.slab.bytesOf(handle);
  scan.scanClientHello(hello, from, from + (table.clientHelloLength[row] as number), dtls);
  return scan.ticketLength > 0
    ? sessions.termsOf('ticket', hello, scan.ticketOffset, scan.ticketLength)
    : sessions.termsOf('session_id', hello, scan.sessionIdOffset, scan.sessionIdLength);
}

/** A NewSessionTicket in the clear, its body at `[start, end)`. */
export function noteTicket(
  { table, sessions }: FactsRecorder,
  row: number,
  side: Side,
  bytes: Uint8Array,
  start: number,
  end: number,
  packet: number,
  nanos: number,
): void {
  if (table.clientSide[row] === side || table.has(row, SEEN.tls13)) return;
  // Without the ServerHello nothing tells on which terms the session was made.
  if (!table.has(row, SEEN.serverHello)) return;
  const id = table.id[row] as number;
  table.issuedTicket[row] = sessions.addTicket(
    bytes,
    start,
    end,
    id,
    termsOf(table, row),
    packet,
    nanos,
  );
}

/** What a session that this row's server issues was negotiated with, as `SessionIndex` keeps it. */
function termsOf(table: ConnectionTable, row: number): number {
  // An answer to what was not offered is not in use; where the ClientHello was not captured, it was offered.
  const offered = table.has(row, SEEN.offersExtendedMaster) || !table.has(row, SEEN.clientHello);
  const extended = table.has(row, SEEN.extendedMaster) && offered;
  return ((table.suite[row] as number) << 1) | (extended ? 1 : 0);
}
