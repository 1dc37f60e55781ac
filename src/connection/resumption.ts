import { toHex } from '../bytes/hex.ts';
import { readI32 } from '../bytes/scalars.ts';
import type { ResumptionFacts } from '../model/history.ts';
import type { Side } from '../model/stream.ts';
import { decodeClientHello } from '../tls/codec/client-hello.ts';
import { HelloScan } from '../tls/codec/hello-scan.ts';
import { type ConnectionTable, SEEN } from './connection-table.ts';
import type { FactsRecorder } from './facts-recorder.ts';
import { KEY_NAME, type SessionOrigin } from './session-index.ts';

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
    return { by: 'psk', keyName, issued: undefined, isOtherName: false, renewed };
  }
  const byTicket = scan.ticketLength > 0;
  const start = byTicket ? scan.ticketOffset : scan.sessionIdOffset;
  const length = byTicket ? scan.ticketLength : scan.sessionIdLength;
  const by = byTicket ? 'ticket' : 'session_id';
  const place = sessions.placeOf(by, bytes, start, length);
  return {
    by,
    keyName: byTicket
      ? toHex(bytes.subarray(start, start + Math.min(length, KEY_NAME)))
      : undefined,
    issued: sessions.find(by, bytes, start, length),
    isOtherName: place >= 0 && isOtherName(sessions.nameAt(place), table.serverName[row] as number),
    renewed,
  };
}

/**
 * A ServerHello up to TLS 1.2 that was just stored: it issues a session by its session id, or resumes one. A row whose
 * server resumes a session on other terms (RFC 7627 §5.3) or under another name (RFC 6066 §3) than it was issued on is
 * marked, since most resumed sessions are not looked at again.
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
  const place = table.has(row, SEEN.offersSession) ? offeredPlace(facts, row, dtls) : -1;
  if (!table.has(row, SEEN.sessionIdEchoed)) {
    const { sessionIdOffset, sessionIdLength } = hellos.scan;
    // A session of this capture that is offered and not taken up is worth a look.
    if (place >= 0) table.set(row, SEEN.unusual);
    if (sessionIdLength === 0) return;
    const origin = originOf(facts, row, packet, nanos);
    sessions.add('session_id', bytes, sessionIdOffset, sessionIdLength, origin);
    return;
  }
  if (place < 0) return;
  const isExtended = (sessions.termsAt(place) & 1) !== 0;
  if (
    isExtended !== table.has(row, SEEN.extendedMaster) ||
    isOtherName(sessions.nameAt(place), table.serverName[row] as number)
  )
    table.set(row, SEEN.unusual);
}

/** Both are known and differ. */
const isOtherName = (issued: number, now: number): boolean =>
  issued !== 0 && now !== 0 && issued !== now;

/** The place of the session that the ClientHello of a row offers; -1 if it was not issued in this capture. */
function offeredPlace(
  { table, hellos, sessions }: FactsRecorder,
  row: number,
  dtls: boolean,
): number {
  const handle = table.clientHello[row] as number;
  const from = hellos.slab.offsetOf(handle);
  const hello = hellos.slab.bytesOf(handle);
  scan.scanClientHello(hello, from, from + (table.clientHelloLength[row] as number), dtls);
  return scan.ticketLength > 0
    ? sessions.placeOf('ticket', hello, scan.ticketOffset, scan.ticketLength)
    : sessions.placeOf('session_id', hello, scan.sessionIdOffset, scan.sessionIdLength);
}

/** A NewSessionTicket in the clear, its body at `[start, end)`. */
export function noteTicket(
  facts: FactsRecorder,
  row: number,
  side: Side,
  bytes: Uint8Array,
  start: number,
  end: number,
  packet: number,
  nanos: number,
): void {
  const { table, sessions } = facts;
  if (table.clientSide[row] === side || table.has(row, SEEN.tls13)) return;
  // Without the ServerHello nothing tells on which terms the session was made.
  if (!table.has(row, SEEN.serverHello)) return;
  const origin = originOf(facts, row, packet, nanos);
  table.issuedTicket[row] = sessions.addTicket(bytes, start, end, origin);
}

function originOf(
  { table, hellos }: FactsRecorder,
  row: number,
  packet: number,
  nanos: number,
): SessionOrigin {
  const handle = table.serverHello[row] as number;
  // The middle of the random, which is behind the version (RFC 5246 §7.4.1.2); shorter messages have none.
  const hasRandom = handle !== 0 && (table.serverHelloLength[row] as number) >= 34;
  return {
    connection: table.id[row] as number,
    packet,
    nanos,
    terms: termsOf(table, row),
    name: table.serverName[row] as number,
    identity: hasRandom
      ? readI32(hellos.slab.bytesOf(handle), hellos.slab.offsetOf(handle) + 14)
      : 0,
  };
}

/** What a session that this row's server issues was negotiated with, as `SessionIndex` keeps it. */
function termsOf(table: ConnectionTable, row: number): number {
  // An answer to what was not offered is not in use; where the ClientHello was not captured, it was offered.
  const offered = table.has(row, SEEN.offersExtendedMaster) || !table.has(row, SEEN.clientHello);
  const extended = table.has(row, SEEN.extendedMaster) && offered;
  return ((table.suite[row] as number) << 1) | (extended ? 1 : 0);
}
