import type { ByteReader } from '../../../bytes/reader.ts';
import { readVector, readWindow } from '../lists.ts';

/** An extension whose presence is all it says. What stands in it is left as stray octets. */
export function readFlag(_r: ByteReader): true {
  return true;
}

/** One octet: a code or a number. */
export function readOctet(r: ByteReader): number {
  return r.u8('value');
}

/** One 16-bit number. */
export function readNumber16(r: ByteReader): number {
  return r.u16('value');
}

/** One 32-bit number. */
export function readNumber32(r: ByteReader): number {
  return r.u32('value');
}

/** All octets of a body that has no structure of its own. */
export function readAll(r: ByteReader): Uint8Array {
  return r.rest();
}

/** `opaque<0..2^8-1>`. */
export function readOpaque8(r: ByteReader): Uint8Array {
  return readVector(r, 'opaque', 1);
}

/** `opaque<0..2^16-1>`. */
export function readOpaque16(r: ByteReader): Uint8Array {
  return readVector(r, 'opaque', 2);
}

/** A list of one-octet codes with an 8-bit length. */
export function readOctetList(r: ByteReader): number[] {
  return [...readWindow(r, 'list', 1).rest()];
}
