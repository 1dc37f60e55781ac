import type { Side } from '../model/stream.ts';

/** The DTLS record being looked at; one object, reused. */
export interface DtlsRecord {
  flow: number;
  side: Side;
  contentType: number;
  epoch: number;
  sequence: number;
  length: number;
  bytes: Uint8Array;
  start: number;
  end: number;
  packet: number;
  nanos: number;
  ipId: number;
  /** The last eight octets folded together with the length. */
  print: number;
  /** Low word of the explicit nonce, if the fragment has one. */
  nonceLow: number;
}

export function emptyRecord(): DtlsRecord {
  const numbers = { flow: 0, contentType: 0, epoch: 0, sequence: 0, length: 0, start: 0, end: 0 };
  const rest = { packet: 0, nanos: 0.5, ipId: 0, print: 0, nonceLow: 0 };
  return { ...numbers, ...rest, side: 0, bytes: new Uint8Array(0) };
}

/** Fills in what tells a protected fragment from others. */
export function takePrint(r: DtlsRecord): void {
  const { bytes, start, end } = r;
  if (end - start < 8) {
    r.print = r.length;
    r.nonceLow = 0;
    return;
  }
  r.print = word(bytes, end - 8) ^ Math.imul(word(bytes, end - 4), 0x9e3779b1) ^ r.length;
  r.nonceLow = word(bytes, start + 4);
}

function word(bytes: Uint8Array, at: number): number {
  return (
    ((bytes[at] as number) << 24) |
    ((bytes[at + 1] as number) << 16) |
    ((bytes[at + 2] as number) << 8) |
    (bytes[at + 3] as number)
  );
}
