import type { PerRole } from '../model/history.ts';
import { otherSide, type Side } from '../model/stream.ts';

/** What there is of each role, asked by its side. */
export function perRole<T>(client: Side, of: (side: Side) => T): PerRole<T> {
  return { client: of(client), server: of(otherSide(client)) };
}
