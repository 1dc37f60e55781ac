import { readI32 } from '../bytes/scalars.ts';
import type { Side } from '../model/stream.ts';

/** The DTLS record being looked at; one object, reused. */
export interface DtlsRecord {
  flow: number;
  side: Side;
  contentType: number;
  version: number;
  epoch: number;
  sequence: number;
  length: number;
  bytes: Uint8Array;
  start: number;
  end: number;
  /** DTLS 1.3: where its unified header begins; -1 for a header of the older form. */
  headerStart: number;
  packet: number;
  nanos: number;
  ipId: number;
  /** The last eight octets folded together with the length. */
  print: number;
  /** Low word of the explicit nonce, if the fragment has one. */
  nonceLow: number;
  /** Octets of the connection id in its header; 0 for none. */
  idLength: number;
  /** Its number was not used before: none at or above it in epoch 0, not the same one later. */
  isNew: boolean;
}

/** A record to fill, of the older form. */
export function emptyRecord(): DtlsRecord {
  const numbers = {
    flow: 0,
    contentType: 0,
    version: 0,
    epoch: 0,
    sequence: 0,
    length: 0,
    start: 0,
    end: 0,
    headerStart: -1,
  };
  const rest = { packet: 0, nanos: 0.5, ipId: 0, print: 0, nonceLow: 0, idLength: 0 };
  return { ...numbers, ...rest, side: 0, bytes: new Uint8Array(0), isNew: true };
}

/** Tells a protected fragment from others: its last eight octets, which no protection leaves to chance, and its length. */
export function printOf(bytes: Uint8Array, start: number, end: number, length: number): number {
  if (end - start < 8) return length;
  return readI32(bytes, end - 8) ^ Math.imul(readI32(bytes, end - 4), 0x9e3779b1) ^ length;
}
