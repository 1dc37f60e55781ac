import type { CaptureIndex, SharedRandomFact } from '../../model/capture-index.ts';

/** Rules ask for each server. */
const copiesOf = new WeakMap<readonly SharedRandomFact[], ReadonlySet<number>>();

/**
 * Connections whose hello has the random of an earlier connection: most often one conversation captured on both sides of
 * an address translator or a proxy. What is counted or compared counts them once.
 */
export function copiesIn({
  sharedRandoms,
}: Pick<CaptureIndex, 'sharedRandoms'>): ReadonlySet<number> {
  const known = copiesOf.get(sharedRandoms);
  if (known !== undefined) return known;
  const copies = new Set<number>();
  for (const { connections } of sharedRandoms) {
    const first = Math.min(...connections);
    for (const id of connections) if (id !== first) copies.add(id);
  }
  copiesOf.set(sharedRandoms, copies);
  return copies;
}
