import { readU16 } from '../bytes/scalars.ts';
import { CLIENT_HELLO, SERVER_HELLO } from '../model/code-points/handshake-types.ts';
import { CONTENT_TYPE } from '../model/record.ts';

/** Octets of a TLS record header, RFC 8446 §5.1. */
export const RECORD_HEADER = 5;
/** 2^14 octets of plaintext and the most that protection may add (RFC 5246 §6.2.3). */
const FRAGMENT_MAX = 16_384 + 2_048;
/** No protection leaves a handshake record shorter than this: a message header and a tag of 8 octets with its nonce. */
const PROTECTED_MIN = 16;
/** Highest AlertDescription that is assigned (ech_required). */
const ALERT_MAX = 121;
const SSL2_SERVER_HELLO = 4;

/**
 * Could a record header stand at `at`? Where `end` is given the header may be cut by it, and what is there must fit.
 * Content types 20 to 24, versions 3.0 to 3.4, and the length limit of RFC 5246 §6.2.3.
 */
export function isRecordHeader(bytes: Uint8Array, at: number, end = at + RECORD_HEADER): boolean {
  const type = bytes[at] as number;
  if (type < CONTENT_TYPE.changeCipherSpec || type > CONTENT_TYPE.heartbeat) return false;
  if (at + 1 < end && bytes[at + 1] !== 3) return false;
  if (at + 2 < end && (bytes[at + 2] as number) > 4) return false;
  if (at + 4 < end) {
    const length = ((bytes[at + 3] as number) << 8) | (bytes[at + 4] as number);
    if (length > FRAGMENT_MAX) return false;
    if (length === 0 && type !== CONTENT_TYPE.applicationData) return false;
  }
  return true;
}

/** The same where a header is due, so that less need be certain: empty fragments of any type occur. */
export function isHeaderDue(bytes: Uint8Array, at: number): boolean {
  const type = bytes[at] as number;
  return (
    type >= CONTENT_TYPE.changeCipherSpec &&
    type <= CONTENT_TYPE.heartbeat &&
    bytes[at + 1] === 3 &&
    (bytes[at + 2] as number) <= 4 &&
    readU16(bytes, at + 3) <= FRAGMENT_MAX
  );
}

/** The same where boundaries were lost, so that more must be certain: the length must occur. */
export function isNextHeader(bytes: Uint8Array, at: number, end: number): boolean {
  return isRecordHeader(bytes, at) && plausibleLength(bytes, at, end, readU16(bytes, at + 3));
}

/** The version field of the record header at `at`. */
export function versionAt(bytes: Uint8Array, at: number): number {
  return readU16(bytes, at + 1);
}

/**
 * Does a direction begin with TLS here? `short`: it may, more octets will tell.
 *
 * A handshake record must hold a hello whose length agrees; an alert must be two plausible octets. Where the other
 * direction is TLS already, any consistent record will do: the answer to a ClientHello is not always a ServerHello.
 */
export function beginsTls(
  bytes: Uint8Array,
  start: number,
  end: number,
  peerFramed: boolean,
): 'yes' | 'no' | 'short' {
  const have = end - start;
  if (have <= 0) return 'short';
  if (!isRecordHeader(bytes, start, Math.min(end, start + RECORD_HEADER))) return 'no';
  if (have < RECORD_HEADER + 1) return 'short';
  const type = bytes[start] as number;
  const length = ((bytes[start + 3] as number) << 8) | (bytes[start + 4] as number);
  const body = start + RECORD_HEADER;
  if (type === CONTENT_TYPE.handshake) {
    const message = bytes[body] as number;
    if (message === CLIENT_HELLO || message === SERVER_HELLO) {
      if (length < 6) return fragmentedHello(bytes, body + length, end);
      if (have < RECORD_HEADER + 6) return 'short';
      const messageLength =
        ((bytes[body + 1] as number) << 16) |
        ((bytes[body + 2] as number) << 8) |
        (bytes[body + 3] as number);
      // A hello has at least 38 octets, its version has the major number 3 (or 7f, in drafts of TLS 1.3), and it does
      // not reach the 64 KiB that only other messages need.
      const major = bytes[body + 4] as number;
      return messageLength >= 34 && messageLength < 0x10000 && (major === 3 || major === 0x7f)
        ? 'yes'
        : 'no';
    }
  }
  if (type === CONTENT_TYPE.alert && length === 2) {
    if (have < RECORD_HEADER + 2) return 'short';
    return isAlert(bytes, body, end) ? 'yes' : 'no';
  }
  if (peerFramed && type !== CONTENT_TYPE.heartbeat) return 'yes';
  return continuesTls(bytes, start, end) ? 'yes' : 'no';
}

/** The header of the hello is split over records: the next record must be of the handshake too. */
function fragmentedHello(bytes: Uint8Array, next: number, end: number): 'yes' | 'no' | 'short' {
  if (end - next < 3) return 'short';
  return bytes[next] === CONTENT_TYPE.handshake && bytes[next + 1] === 3 ? 'yes' : 'no';
}

/**
 * Do these octets continue a TLS conversation whose start is not in the capture? One header occurs by chance in binary
 * protocols; a chain of records that ends exactly with the segment, or two consistent headers, does not.
 */
export function continuesTls(bytes: Uint8Array, start: number, end: number): boolean {
  let at = start;
  let version = 0;
  for (let records = 0; ; records++) {
    if (at === end) return records > 0 && plausibleOnly(bytes, start, records);
    if (at + RECORD_HEADER > end || !isRecordHeader(bytes, at)) return false;
    const found = ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
    if (version !== 0 && found !== version) return false;
    version = found;
    const length = ((bytes[at + 3] as number) << 8) | (bytes[at + 4] as number);
    if (!plausibleLength(bytes, at, end, length)) return false;
    if (records > 0) return true;
    at += RECORD_HEADER + length;
    if (at > end) return false;
  }
}

/** Lengths that occur: a ChangeCipherSpec is one octet 1, alerts are 2 or protected, data has at least a tag. */
function plausibleLength(bytes: Uint8Array, at: number, end: number, length: number): boolean {
  switch (bytes[at]) {
    case CONTENT_TYPE.changeCipherSpec:
      return length === 1 && (at + RECORD_HEADER >= end || bytes[at + RECORD_HEADER] === 1);
    case CONTENT_TYPE.alert:
      if (length === 2) return isAlert(bytes, at + RECORD_HEADER, end);
      return length >= 16 && length <= 128;
    case CONTENT_TYPE.heartbeat:
      return false;
    default:
      return length >= 16;
  }
}

/** Could these be the two octets of an alert, as far as they are there? */
function isAlert(bytes: Uint8Array, at: number, end: number): boolean {
  if (at < end && bytes[at] !== 1 && bytes[at] !== 2) return false;
  return at + 1 >= end || (bytes[at + 1] as number) <= ALERT_MAX;
}

/** A single record that fills its segment is believed if it is protected data or an alert of usual size. */
function plausibleOnly(bytes: Uint8Array, start: number, records: number): boolean {
  return (
    records > 1 ||
    bytes[start] !== CONTENT_TYPE.handshake ||
    ((bytes[start + 2] as number) >= 1 && (bytes[start + 2] as number) <= 3)
  );
}

/**
 * Is this plaintext handshake, or ciphertext? A known message type whose length agrees with that of the record, of which
 * `[start, end)` are the first octets or all: the message fills it, reaches beyond it, or leaves room for others. An empty
 * message says nothing, because nonces begin with zeros. Ciphertext agrees by chance once in 2,000 records or less often.
 */
export function looksLikeHandshake(
  bytes: Uint8Array,
  start: number,
  end: number,
  recordLength: number,
): boolean {
  if (recordLength < PROTECTED_MIN) return true;
  if (end - start < 4) return false;
  const type = bytes[start] as number;
  const known = type <= 2 || type === 4 || (type >= 11 && type <= 16) || type === 20 || type === 22;
  const length = ((bytes[start + 1] as number) << 16) | readU16(bytes, start + 2);
  if (!known || length > 0x20000) return false;
  if (length + 4 > recordLength) return recordLength > 64;
  return length > 0;
}

/**
 * A ClientHello in the clear where the direction is protected: ciphertext that agrees with its type, its length and the
 * two octets of its version occurs once in 2^46 records. `[start, end)` are the first octets of the record, or all.
 */
export function isClearClientHello(
  bytes: Uint8Array,
  start: number,
  end: number,
  recordLength: number,
): boolean {
  if (recordLength < 42 || end - start < 6) return false;
  if (bytes[start] !== CLIENT_HELLO || bytes[start + 4] !== 3) return false;
  const length = ((bytes[start + 1] as number) << 16) | readU16(bytes, start + 2);
  return length + 4 === recordLength && (bytes[start + 5] as number) <= 3;
}

/**
 * A single record that reaches beyond its segment: its end will tell whether it is one. Protected records only, of a
 * length that occurs.
 */
export function mayBeginRecord(bytes: Uint8Array, start: number, end: number): boolean {
  if (end - start < RECORD_HEADER || !isRecordHeader(bytes, start)) return false;
  const length = ((bytes[start + 3] as number) << 8) | (bytes[start + 4] as number);
  return (
    bytes[start] === CONTENT_TYPE.applicationData &&
    (bytes[start + 2] as number) >= 1 &&
    (bytes[start + 2] as number) <= 3 &&
    length >= 16 &&
    start + RECORD_HEADER + length > end
  );
}

/**
 * A ClientHello in the form of SSL 2.0, which clients once sent to servers of unknown version (RFC 5246 appendix E.2):
 * two octets of length with the high bit set, message type 1, a version, three lengths that add up.
 *
 * @returns octets of the whole record; 0 if it is none
 */
export function ssl2HelloLength(bytes: Uint8Array, start: number, end: number): number {
  if (
    end - start < 11 ||
    ((bytes[start] as number) & 0x80) === 0 ||
    bytes[start + 2] !== CLIENT_HELLO
  )
    return 0;
  const length = (((bytes[start] as number) & 0x7f) << 8) | (bytes[start + 1] as number);
  const version = readU16(bytes, start + 3);
  const suites = readU16(bytes, start + 5);
  const session = readU16(bytes, start + 7);
  const challenge = readU16(bytes, start + 9);
  if (version !== 0x0002 && (version < 0x0300 || version > 0x0303)) return 0;
  if (
    suites === 0 ||
    suites % 3 !== 0 ||
    (session !== 0 && session !== 16) ||
    challenge < 16 ||
    challenge > 32
  )
    return 0;
  return length === 9 + suites + session + challenge ? 2 + length : 0;
}

/** Could one of the two hellos of SSL 2.0 begin here, and more octets tell? */
export function mayBeginSsl2(
  bytes: Uint8Array,
  start: number,
  end: number,
  peerFramed: boolean,
): boolean {
  if (((bytes[start] as number) & 0x80) === 0) return false;
  const have = end - start;
  if (have < 3) return true;
  if (bytes[start + 2] === CLIENT_HELLO) return have < 11;
  return peerFramed && bytes[start + 2] === SSL2_SERVER_HELLO && have < 8;
}

/** The answer in the same form: message type 4, with SSL 2.0 as its version. */
export function isSsl2ServerHello(bytes: Uint8Array, start: number, end: number): boolean {
  return (
    end - start >= 8 &&
    ((bytes[start] as number) & 0x80) !== 0 &&
    bytes[start + 2] === SSL2_SERVER_HELLO &&
    readU16(bytes, start + 5) === 0x0002
  );
}
