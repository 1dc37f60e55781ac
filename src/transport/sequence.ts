/**
 * Arithmetic on TCP sequence numbers, which wrap at 2^32 (RFC 9293 §3.4). Numbers are kept as signed 32-bit integers so
 * that they stay small integers in the engine; only differences have a meaning.
 */

/** How far `a` is ahead of `b`: positive, zero or negative, at most 2^31 either way. */
export function ahead(a: number, b: number): number {
  return (a - b) | 0;
}

/** `sequence` moved on by `length` octets. */
export function advance(sequence: number, length: number): number {
  return (sequence + length) | 0;
}
