import type { CaptureIndex } from '../../model/history.ts';

/**
 * Connections whose hello has the random of an earlier connection: most often one conversation captured on both sides of
 * an address translator or a proxy. What is counted or compared counts them once.
 */
export function copiesIn({
  sharedRandoms,
}: Pick<CaptureIndex, 'sharedRandoms'>): ReadonlySet<number> {
  const copies = new Set<number>();
  for (const { connections } of sharedRandoms) {
    const first = Math.min(...connections);
    for (const id of connections) if (id !== first) copies.add(id);
  }
  return copies;
}
