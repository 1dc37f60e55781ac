/**
 * Whose a plaintext record is, where several associations share a 5-tuple: its messages decide. As `attribute` does for
 * protected records.
 */
import { HELLO_VERIFY_REQUEST, SERVER_HELLO } from '../model/code-points/handshake-types.ts';
import { LIMITS } from '../model/limits.ts';
import { CONTENT_TYPE } from '../model/record.ts';
import { isHelloRetryRandom } from '../tls/codec/server-hello-forms.ts';
import { type ConnectionTable, SEEN } from './connection-table.ts';
import type { Association } from './dtls-association.ts';
import type { DtlsHalf } from './dtls-halves.ts';
import type { Fragment } from './dtls-messages.ts';
import type { DtlsRecord } from './dtls-record.ts';
import type { FactsRecorder } from './facts-recorder.ts';
import { newestFew } from './flow-associations.ts';
import type { HelloStore } from './hello-store.ts';

/** Octets of a ClientHello up to the end of its random. */
const THROUGH_RANDOM = 34;
/** Octets of a HelloVerifyRequest before its cookie. RFC 6347 §4.2.1. */
const COOKIE_AT = 3;

/** A ClientHello belongs to the association with its random, or whose cookie it brings; undefined: to a new one. */
export function ownerOfClientHello(
  { table, hellos }: FactsRecorder,
  fragment: Fragment,
  r: DtlsRecord,
  newest: Association | undefined,
): Association | undefined {
  if (newest === undefined) return undefined;
  if (fragment.offset > 0 || fragment.end - fragment.start < THROUGH_RANDOM) {
    // The random is in the first fragment; a later one belongs where that went.
    return table.has(newest.row, SEEN.startMissing) ? undefined : newest;
  }
  const isCookied =
    answersVerifyRequest(hellos, fragment, newest, r) && !isBeyondHello(table, newest);
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
  return undefined;
}

/**
 * Does a ServerHello or HelloVerifyRequest answer a ClientHello that the capture lacks? Then it begins an association.
 * The answer to a known hello is the first one after it; later ones repeat its random, or its cookie.
 */
export function answersUnseenHello(
  facts: FactsRecorder,
  fragment: Fragment,
  r: DtlsRecord,
  newest: Association,
): boolean {
  const { type, start, end } = fragment;
  if (type !== SERVER_HELLO && type !== HELLO_VERIFY_REQUEST) return false;
  const { table } = facts;
  const { row } = newest;
  if (fragment.offset > 0 || table.clientSide[row] === r.side) return false;
  if (type === SERVER_HELLO && end - start < THROUGH_RANDOM) return false;
  if (!table.has(row, SEEN.serverHello) || table.has(row, SEEN.helloPending))
    return isPast(newest.sides[r.side], r) && !repeatsAnswer(facts, fragment, r, newest);
  return !repeatsAnswer(facts, fragment, r, newest);
}

/** The association whose ServerHello this is, once more, where several share the 5-tuple. */
export function ownerOfServerHello(
  facts: FactsRecorder,
  fragment: Fragment,
  r: DtlsRecord,
  newest: Association,
): Association | undefined {
  const { type, offset, start, end } = fragment;
  if (newest.previous === undefined || type !== SERVER_HELLO || offset > 0) return undefined;
  if (end - start < THROUGH_RANDOM || isHelloRetryRandom(r.bytes, start + 2)) return undefined;
  for (const a of newestFew(newest)) if (repeatsAnswer(facts, fragment, r, a)) return a;
  return undefined;
}

/** Is this ServerHello or HelloVerifyRequest the association's own, once more? */
function repeatsAnswer(
  { table, hellos }: FactsRecorder,
  fragment: Fragment,
  r: DtlsRecord,
  { row, cookie, cookieLength }: Association,
): boolean {
  const { type, start, end } = fragment;
  if (type === SERVER_HELLO) {
    // The HelloRetryRequest before the ServerHello, once more: all of them have one random (RFC 8446 §4.1.3).
    if (table.has(row, SEEN.helloRetry) && isHelloRetryRandom(r.bytes, start + 2)) return true;
    const handle = table.serverHello[row] as number;
    if (handle === 0) return false;
    const known = hellos.slab.view(handle, table.serverHelloLength[row] as number);
    return sameRandom(known, 2, r.bytes, start + 2);
  }
  if (cookie === 0) {
    // It was captured behind the ClientHello that brings its cookie.
    const handle = table.clientHello[row] as number;
    if (handle === 0 || end - start <= COOKIE_AT || r.bytes[start + 2] === 0) return false;
    const { slab } = hellos;
    const from = slab.offsetOf(handle);
    const to = from + (table.clientHelloLength[row] as number);
    return bringsCookie(slab.bytesOf(handle), from, to, r.bytes, start);
  }
  const request = hellos.slab.view(cookie, cookieLength);
  return request.length === end - start && request.every((o, i) => o === r.bytes[start + i]);
}

/**
 * Other plaintext records: the newest association, unless its handshake cannot have come that far (a client's key
 * exchange before any ServerHello) and the record continues the numbers of the one before it better.
 */
export function ownerOfOther(
  { table }: FactsRecorder,
  r: DtlsRecord,
  newest: Association,
): Association {
  const { previous } = newest;
  if (previous === undefined || r.contentType === CONTENT_TYPE.alert) return newest;
  const fromClient = table.clientSide[newest.row] === r.side;
  const tooEarly = fromClient && !table.has(newest.row, SEEN.serverHello);
  if (!tooEarly || !table.has(previous.row, SEEN.serverHello)) return newest;
  const stepNewest = r.sequence - newest.sides[r.side].clearHighest;
  const stepPrevious = r.sequence - previous.sides[r.side].clearHighest;
  return stepPrevious >= 1 && stepPrevious < stepNewest ? previous : newest;
}

/**
 * Does the ClientHello carry the cookie of the association's last HelloVerifyRequest? RFC 6347 §4.2.1 asks for the same
 * random in it too, but the cookie is what ties the two together for the server.
 */
function answersVerifyRequest(
  hellos: HelloStore,
  fragment: Fragment,
  a: Association,
  r: DtlsRecord,
): boolean {
  if (a.cookie === 0) return false;
  const request = hellos.slab.view(a.cookie, a.cookieLength);
  // An empty cookie ties nothing; the number of the message tells that another ClientHello went before.
  if (request[2] === 0 && fragment.sequence === 0) return false;
  return bringsCookie(r.bytes, fragment.start, fragment.end, request, 0);
}

/**
 * Has the ClientHello in `bytes[start, end)` the cookie of this HelloVerifyRequest, which is a version, a length and
 * the cookie?
 */
function bringsCookie(
  bytes: Uint8Array,
  start: number,
  end: number,
  request: Uint8Array,
  requestAt: number,
): boolean {
  const length = request[requestAt + 2] as number;
  const sessionId = start + THROUGH_RANDOM;
  if (sessionId >= end) return false;
  const at = sessionId + 1 + (bytes[sessionId] as number);
  if (at + 1 + length > end || bytes[at] !== length) return false;
  for (let i = 0; i < length; i++)
    if (bytes[at + 1 + i] !== request[requestAt + COOKIE_AT + i]) return false;
  return true;
}

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
