import { readU16, readU24 } from '../bytes/scalars.ts';
import { KEY_UPDATE } from '../model/code-points/handshake-types.ts';
import { CONTENT_TYPE } from '../model/record.ts';
import { DTLS_HEADER, isDtlsHeader } from './dtls-header.ts';

/** Octets of a handshake header of DTLS: type, length, message_seq, fragment_offset, fragment_length (RFC 6347 §4.2.2). */
const HANDSHAKE_HEADER = 12;
/** Epochs count handshakes and key updates: more than this at the first sight of a 5-tuple is another protocol. */
const EPOCH_MAX = 255;
const HEARTBEAT_RESPONSE = 2;
const ALERT_LEVEL_FATAL = 2;
/** Messages up to here, but for the few that TLS does not have, stand in the clear in some version. */
const CLEAR_MESSAGE_MAX = KEY_UPDATE;

/**
 * Could DTLS begin with the datagram in `bytes[start, end)`, of which `wireEnd` is the end on the wire? Asked until a
 * 5-tuple is known to speak it, and stricter than reading is: three octets of type and version and a length that agrees are
 * met by chance, and the id of a DNS query, the SPI of ESP or the session of another tunnel makes that chance a whole flow's.
 *
 * So records must fill the datagram, or a unified header of DTLS 1.3 follow (RFC 9147 §4); in epoch 0 the content must be
 * what its type says, and application data is none; later epochs and numbers must be such as a connection comes to.
 */
export function beginsDtls(
  bytes: Uint8Array,
  start: number,
  end: number,
  wireEnd: number,
): boolean {
  let at = start;
  while (at + DTLS_HEADER <= end) {
    if (at > start && (bytes[at] as number) >> 5 === 1) return true;
    if (!isDtlsHeader(bytes, at)) return false;
    // Where it ends only the handshake tells, which may have been on another 5-tuple (RFC 9146 §4).
    if (bytes[at] === CONTENT_TYPE.tls12Cid) return hasSoundNumbers(bytes, at);
    const next = at + DTLS_HEADER + readU16(bytes, at + 11);
    if (next > wireEnd || !isSound(bytes, at, Math.min(next, end))) return false;
    at = next;
  }
  if (at === start) return false;
  if (at < end && (bytes[at] as number) >> 5 === 1) return true;
  return at === wireEnd || end < wireEnd;
}

/** @param end where the captured octets of the record end */
function isSound(bytes: Uint8Array, at: number, end: number): boolean {
  const type = bytes[at] as number;
  const epoch = readU16(bytes, at + 3);
  const length = readU16(bytes, at + 11);
  if (epoch > 0) return hasSoundNumbers(bytes, at) && length > 0;
  if (readU16(bytes, at + 5) !== 0) return false;
  const body = at + DTLS_HEADER;
  const has = end - body;
  switch (type) {
    case CONTENT_TYPE.changeCipherSpec:
      // Three octets before DTLS 1.0, as OpenSSL had it.
      return (length === 1 || length === 3) && (has < 1 || bytes[body] === 1);
    case CONTENT_TYPE.alert:
      return (
        length >= 2 &&
        length <= 7 &&
        (has < 1 || (bytes[body] !== 0 && (bytes[body] as number) <= ALERT_LEVEL_FATAL))
      );
    case CONTENT_TYPE.handshake:
      return (
        length >= HANDSHAKE_HEADER && (has < HANDSHAKE_HEADER || isMessage(bytes, body, length))
      );
    case CONTENT_TYPE.heartbeat:
      return (
        length >= 3 &&
        (has < 1 || (bytes[body] !== 0 && (bytes[body] as number) <= HEARTBEAT_RESPONSE))
      );
    default:
      return false;
  }
}

/** Epoch and number of a protected record such as a connection comes to. */
function hasSoundNumbers(bytes: Uint8Array, at: number): boolean {
  const epoch = readU16(bytes, at + 3);
  return epoch > 0 && epoch <= EPOCH_MAX && readU16(bytes, at + 5) === 0;
}

/** A first message or fragment whose lengths agree with each other and with the record's. */
function isMessage(bytes: Uint8Array, at: number, recordLength: number): boolean {
  const length = readU24(bytes, at + 1);
  const offset = readU24(bytes, at + 6);
  const fragment = readU24(bytes, at + 9);
  return (
    (bytes[at] as number) <= CLEAR_MESSAGE_MAX &&
    offset + fragment <= length &&
    HANDSHAKE_HEADER + fragment <= recordLength
  );
}
