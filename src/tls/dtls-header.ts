import { CONTENT_TYPE } from '../model/record.ts';
import { isUnified } from './unified-header.ts';

/** Octets of a DTLS record header: type, version, epoch, sequence number, length (RFC 6347 §4.1). */
export const DTLS_HEADER = 13;
/** Where a record of type tls12_cid has its connection id, in front of the length (RFC 9146 §4). */
export const CONNECTION_ID_AT = 11;
/** As in TLS, RFC 6347 §4.1. */
const FRAGMENT_MAX = 16_384 + 2_048;
const DTLS_1_0 = 0xfeff;
const DTLS_1_2 = 0xfefd;
/** OpenSSL before 0.9.8f put this on the wire; Cisco AnyConnect still does. */
const DTLS_PRE_STANDARD = 0x0100;

/** The 48-bit number of the record whose header is at `at`. */
export function sequenceAt(bytes: Uint8Array, at: number): number {
  const high = ((bytes[at + 5] as number) << 8) | (bytes[at + 6] as number);
  const low =
    ((bytes[at + 7] as number) << 24) |
    ((bytes[at + 8] as number) << 16) |
    ((bytes[at + 9] as number) << 8) |
    (bytes[at + 10] as number);
  return high === 0 && low >= 0 ? low : high * 0x100000000 + (low >>> 0);
}

/** The length in the header at `at`; behind a connection id, add its octets. */
export function lengthAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at + 11] as number) << 8) | (bytes[at + 12] as number);
}

/** May this be a header? The length of a record with a connection id is looked at by `fills`. */
export function isDtlsHeader(bytes: Uint8Array, at: number): boolean {
  const type = bytes[at] as number;
  if (type < CONTENT_TYPE.changeCipherSpec || type > CONTENT_TYPE.ack) return false;
  const version = ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
  if (type === CONTENT_TYPE.tls12Cid) return version === DTLS_1_2;
  if (version !== DTLS_1_2 && version !== DTLS_1_0 && version !== DTLS_PRE_STANDARD) return false;
  return (((bytes[at + 11] as number) << 8) | (bytes[at + 12] as number)) <= FRAGMENT_MAX;
}

/** Does a record with an id of `idLength` octets end with its datagram, or in front of another record? */
export function fills(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  idLength: number,
): boolean {
  if (at + DTLS_HEADER + idLength > end) return false;
  const length = lengthAt(bytes, at + idLength);
  const after = at + DTLS_HEADER + idLength + length;
  if (length > FRAGMENT_MAX || after > wireEnd) return false;
  return after === wireEnd || mayFollow(bytes, after, end);
}

/** Behind the first record: another one, whose header may be cut, or a unified header of DTLS 1.3 (RFC 9147 §4). */
export function mayFollow(bytes: Uint8Array, next: number, end: number): boolean {
  return next + DTLS_HEADER > end || isDtlsHeader(bytes, next) || isUnified(bytes[next] as number);
}
