/** Bits of the first octet, below the three that tell a unified header: CID, S, L, E. RFC 9147 §4. */
const CONNECTION_ID = 0x10;
const TWO_OCTETS = 0x08;
const WITH_LENGTH = 0x04;
const EPOCH = 0x03;

/** One record with a unified header as it stands in its datagram. */
export interface UnifiedHeader {
  /** The two lowest bits of the epoch. */
  epochBits: number;
  /** The connection id, which is empty where the record has none. */
  cidStart: number;
  cidEnd: number;
  /** Where the header ends and what is encrypted begins, its octets, and where it ends on the wire. */
  start: number;
  length: number;
  next: number;
}

/** A header to read into. */
export function emptyUnifiedHeader(): UnifiedHeader {
  return { epochBits: 0, cidStart: 0, cidEnd: 0, start: 0, length: 0, next: 0 };
}

/** Has the octet the three bits 001 that no header of TLS or DTLS begins with otherwise? RFC 9147 §4.1. */
export function isUnified(octet: number): boolean {
  return octet >> 5 === 1;
}

/** Does the first octet of a unified header announce a connection id? RFC 9147 §4. */
export function hasConnectionId(octet: number): boolean {
  return (octet & CONNECTION_ID) !== 0;
}

/**
 * Reads the header at `at`. The octets up to `end` were captured, the datagram goes on to `wireEnd`; a record without a
 * length reaches to its end.
 *
 * @param cidLength octets of the connection id, which only a header with its bit has
 * @returns false where the header does not fit, or its record ends beyond the datagram
 */
export function readUnifiedHeader(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  cidLength: number,
  header: UnifiedHeader,
): boolean {
  const first = bytes[at] as number;
  const cid = (first & CONNECTION_ID) === 0 ? 0 : cidLength;
  const numberAt = at + 1 + cid;
  const lengthAt = numberAt + ((first & TWO_OCTETS) === 0 ? 1 : 2);
  const start = lengthAt + ((first & WITH_LENGTH) === 0 ? 0 : 2);
  if (start > end) return false;
  header.epochBits = first & EPOCH;
  header.cidStart = at + 1;
  header.cidEnd = numberAt;
  header.start = start;
  header.length =
    start === lengthAt
      ? wireEnd - start
      : ((bytes[lengthAt] as number) << 8) | (bytes[lengthAt + 1] as number);
  header.next = start + header.length;
  return header.length > 0 && header.next <= wireEnd;
}
