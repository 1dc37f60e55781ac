import { readU16, readU32 } from '../../bytes/scalars.ts';
import {
  hasTypesOfV2,
  isQuicVersion,
  QUIC_NEGOTIATION,
} from '../../model/code-points/quic-versions.ts';

/** First octet, version, and the two lengths of connection ids. RFC 8999 §5.1. */
const LEAST_OCTETS = 7;
/** RFC 9000 §17.2; version 2 keeps it. */
const CONNECTION_ID_MAX = 20;
const RETRY_TAG = 16;

/** Types of packets with a long header, numbered as in version 1. RFC 9000 §17.2. */
export const QUIC_PACKET = {
  initial: 0,
  zeroRtt: 1,
  handshake: 2,
  retry: 3,
  negotiation: 4,
  /** The version is known by name only. */
  other: 5,
} as const;
export type QuicPacket = (typeof QUIC_PACKET)[keyof typeof QUIC_PACKET];

/**
 * Reads the long header of one QUIC packet, which several of a datagram may have. RFC 9000 §17.2, RFC 9369 §3.2. One
 * instance is reused; its fields hold until the next scan. Nothing is allocated.
 */
export class LongHeaderScan {
  kind: QuicPacket = QUIC_PACKET.other;
  /** Unsigned. */
  version = 0;
  destinationIdOffset = 0;
  destinationIdLength = 0;
  sourceIdOffset = 0;
  sourceIdLength = 0;
  /** Where the protected packet number is, for kinds that have one. */
  numberOffset = 0;
  /** Behind the packet, on the wire; behind the datagram for those that fill it. */
  packetEnd = 0;

  /** @returns whether the octets from `at` on are such a packet, of a version that is known */
  scan(bytes: Uint8Array, at: number, end: number, wireEnd: number): boolean {
    if (end - at < LEAST_OCTETS) return false;
    const first = bytes[at] as number;
    if (first < 0x80) return false;
    this.version = readU32(bytes, at + 1);
    this.destinationIdOffset = at + 6;
    this.destinationIdLength = bytes[at + 5] as number;
    const behind = at + 6 + this.destinationIdLength;
    if (this.destinationIdLength > CONNECTION_ID_MAX || behind >= end) return false;
    this.sourceIdOffset = behind + 1;
    this.sourceIdLength = bytes[behind] as number;
    const body = behind + 1 + this.sourceIdLength;
    if (this.sourceIdLength > CONNECTION_ID_MAX || body > end) return false;
    this.packetEnd = wireEnd;
    if (this.version === QUIC_NEGOTIATION) return this.#negotiation(bytes, body, end, wireEnd);
    if (!isQuicVersion(this.version)) return false;
    this.kind = kindOf(first, this.version);
    if (this.kind === QUIC_PACKET.other) return true;
    if (this.kind === QUIC_PACKET.retry) return wireEnd - body > RETRY_TAG;
    return this.#lengths(bytes, body, end, wireEnd);
  }

  /** A list of versions with one that is known. RFC 9000 §17.2.1. */
  #negotiation(bytes: Uint8Array, body: number, end: number, wireEnd: number): boolean {
    this.kind = QUIC_PACKET.negotiation;
    if (wireEnd === body || ((wireEnd - body) & 3) !== 0) return false;
    for (let at = body; at + 4 <= end; at += 4) if (isQuicVersion(readU32(bytes, at))) return true;
    return false;
  }

  #lengths(bytes: Uint8Array, body: number, end: number, wireEnd: number): boolean {
    let at = body;
    if (this.kind === QUIC_PACKET.initial) {
      const size = sizeAt(bytes, at);
      if (at + size > end) return false;
      at += size + numberAt(bytes, at);
    }
    if (at >= end || at + sizeAt(bytes, at) > end) return false;
    this.numberOffset = at + sizeAt(bytes, at);
    this.packetEnd = this.numberOffset + numberAt(bytes, at);
    return this.packetEnd <= wireEnd;
  }
}

/** RFC 9000 §17.2, RFC 9369 §3.2: version 2 numbers the types otherwise. */
function kindOf(first: number, version: number): QuicPacket {
  if (version >>> 24 === 0x51 || version >>> 24 === 0x54) return QUIC_PACKET.other;
  const type = (first >> 4) & 3;
  return (hasTypesOfV2(version) ? (type + 3) & 3 : type) as QuicPacket;
}

/** Octets of the variable-length integer at `at`. RFC 9000 §16. */
export function sizeAt(bytes: Uint8Array, at: number): number {
  return 1 << ((bytes[at] as number) >> 6);
}

/** Its value; exact up to 2^53. */
export function numberAt(bytes: Uint8Array, at: number): number {
  const first = (bytes[at] as number) & 0x3f;
  switch (sizeAt(bytes, at)) {
    case 1:
      return first;
    case 2:
      return (first << 8) | (bytes[at + 1] as number);
    case 4:
      return (first << 24) | ((bytes[at + 1] as number) << 16) | readU16(bytes, at + 2);
    default:
      return (
        ((first << 24) | ((bytes[at + 1] as number) << 16) | readU16(bytes, at + 2)) * 2 ** 32 +
        readU32(bytes, at + 4)
      );
  }
}
