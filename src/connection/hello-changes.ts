import { HelloScan } from '../tls/codec/hello-scan.ts';

/** Where the random of a hello stands in its body, behind the version. RFC 5246 §7.4.1.2. */
export const RANDOM_AT = 2;
const scanBefore = new HelloScan();
const scanNow = new HelloScan();

/** Bits, lowest first, for what differs from the ClientHello before: version, session id, suites, compression. */
export function changedSince(
  before: Uint8Array,
  bytes: Uint8Array,
  start: number,
  end: number,
): number {
  const [a, b] = [scanBefore, scanNow];
  if (
    !a.scanClientHello(before, 0, before.length, true) ||
    !b.scanClientHello(bytes, start, end, true)
  )
    return 0;
  const same = (fromA: number, lengthA: number, fromB: number, lengthB: number) => {
    if (lengthA !== lengthB) return false;
    for (let i = 0; i < lengthA; i++) if (before[fromA + i] !== bytes[fromB + i]) return false;
    return true;
  };
  const compressionA = a.suitesOffset + a.suitesLength;
  const compressionB = b.suitesOffset + b.suitesLength;
  return (
    (a.legacyVersion === b.legacyVersion ? 0 : 1) |
    (same(a.sessionIdOffset, a.sessionIdLength, b.sessionIdOffset, b.sessionIdLength) ? 0 : 2) |
    (same(a.suitesOffset, a.suitesLength, b.suitesOffset, b.suitesLength) ? 0 : 4) |
    (same(
      compressionA,
      1 + (before[compressionA] as number),
      compressionB,
      1 + (bytes[compressionB] as number),
    )
      ? 0
      : 8)
  );
}

/** Have two ClientHellos the same random? It stands behind the version. RFC 5246 §7.4.1.2. */
export function isSameRandom(before: Uint8Array, bytes: Uint8Array, start: number): boolean {
  for (let i = RANDOM_AT; i < RANDOM_AT + 32; i++) if (before[i] !== bytes[start + i]) return false;
  return true;
}
