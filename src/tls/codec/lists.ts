import type { ByteReader } from '../../bytes/reader.ts';

/** Octets of the length in front of a vector: 1 for `<0..2^8-1>`, 2 for `<0..2^16-1>`, 3 for `<0..2^24-1>`. */
export type LengthOctets = 1 | 2 | 3;

/** `opaque field<0..2^n-1>`, as a view. RFC 8446 §3.4. */
export function readVector(r: ByteReader, field: string, lengthOctets: LengthOctets): Uint8Array {
  return r.view(field, readLength(r, field, lengthOctets));
}

/** A reader over the elements of a vector. RFC 8446 §3.4. */
export function readWindow(r: ByteReader, field: string, lengthOctets: LengthOctets): ByteReader {
  return r.window(field, readLength(r, field, lengthOctets));
}

/** All two-octet codes of a window. Half a code at the end is a shortfall and no value. */
export function readCodes(r: ByteReader, field: string): number[] {
  const codes: number[] = [];
  while (r.remaining > 0) {
    const code = r.u16(field);
    if (!r.stopped) codes.push(code);
  }
  return codes;
}

/** All vectors of a window, as views. A cut one is a shortfall and left out. */
export function readVectors(
  r: ByteReader,
  field: string,
  lengthOctets: LengthOctets,
): Uint8Array[] {
  const vectors: Uint8Array[] = [];
  while (r.remaining > 0) {
    const vector = readVector(r, field, lengthOctets);
    if (!r.stopped) vectors.push(vector);
  }
  return vectors;
}

function readLength(r: ByteReader, field: string, lengthOctets: LengthOctets): number {
  if (lengthOctets === 1) return r.u8(`${field}.length`);
  return lengthOctets === 2 ? r.u16(`${field}.length`) : r.u24(`${field}.length`);
}
