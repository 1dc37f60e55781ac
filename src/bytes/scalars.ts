/**
 * Big-endian integers at an offset, for header decoders on the packet path. The caller has checked that the octets are
 * there: a read outside the array yields a number that means nothing. Everything else reads through `ByteReader`.
 */

/** Unsigned 16-bit integer, network order. */
export function readU16(bytes: Uint8Array, offset: number): number {
  return ((bytes[offset] as number) << 8) | (bytes[offset + 1] as number);
}

/** Unsigned 24-bit integer, network order. */
export function readU24(bytes: Uint8Array, offset: number): number {
  return (
    ((bytes[offset] as number) << 16) |
    ((bytes[offset + 1] as number) << 8) |
    (bytes[offset + 2] as number)
  );
}

/** The low 32 bits of a number in network order. */
export function writeI32(bytes: Uint8Array, offset: number, value: number): void {
  bytes[offset] = value >> 24;
  bytes[offset + 1] = value >> 16;
  bytes[offset + 2] = value >> 8;
  bytes[offset + 3] = value;
}

/** 32 bits in network order as a signed integer, which stays a small integer in the engine: for keys and fingerprints. */
export function readI32(bytes: Uint8Array, offset: number): number {
  return (
    ((bytes[offset] as number) << 24) |
    ((bytes[offset + 1] as number) << 16) |
    ((bytes[offset + 2] as number) << 8) |
    (bytes[offset + 3] as number)
  );
}

/** Unsigned 32-bit integer, network order. */
export function readU32(bytes: Uint8Array, offset: number): number {
  return readI32(bytes, offset) >>> 0;
}

/** Unsigned 48-bit integer, network order: the DTLS record sequence number. Exact, since 2^48 is below 2^53. */
export function readU48(bytes: Uint8Array, offset: number): number {
  return readU16(bytes, offset) * 0x1_0000_0000 + readU32(bytes, offset + 2);
}
