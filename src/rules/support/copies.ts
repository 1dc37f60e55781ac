import type {
  CaptureIndex,
  ConnectionSummary,
  SharedRandomFact,
} from '../../model/capture-index.ts';

/** Rules ask for each server, and for each finding. */
const viewsOf = new WeakMap<readonly SharedRandomFact[], ReadonlyMap<number, number>>();
const copiesOf = new WeakMap<ReadonlyMap<number, number>, ReadonlySet<number>>();

type Shared = Pick<CaptureIndex, 'sharedRandoms'>;

/** Of each connection whose hello has a random that others have too, the first connection with it, perhaps itself. */
export function firstViews({ sharedRandoms }: Shared): ReadonlyMap<number, number> {
  const known = viewsOf.get(sharedRandoms);
  if (known !== undefined) return known;
  const views = new Map<number, number>();
  for (const { connections } of sharedRandoms) {
    const first = Math.min(...connections);
    for (const id of connections) views.set(id, Math.min(first, views.get(id) ?? first));
  }
  viewsOf.set(sharedRandoms, views);
  return views;
}

/**
 * Connections whose hello has the random of an earlier connection: most often one conversation captured on both sides of
 * an address translator or a proxy. What is counted or compared counts them once.
 */
export function copiesIn(index: Shared): ReadonlySet<number> {
  const views = firstViews(index);
  const known = copiesOf.get(views);
  if (known !== undefined) return known;
  const copies = new Set<number>();
  for (const [id, first] of views) if (id !== first) copies.add(id);
  copiesOf.set(views, copies);
  return copies;
}

/**
 * May the one have octets of the other because they were captured on both sides of an address translator? Same server,
 * another client, and one of them has a hello that is seen elsewhere too, or none that was captured: with holes, several
 * connections that had the same ports one after the other look like one.
 */
export function mayBeOtherView(
  one: ConnectionSummary,
  other: ConnectionSummary,
  index: Shared,
): boolean {
  if (one.server.address !== other.server.address || one.server.port !== other.server.port)
    return false;
  if (one.client.address === other.client.address) return false;
  if (one.hello === undefined || other.hello === undefined) return true;
  const views = firstViews(index);
  return views.has(one.id) || views.has(other.id);
}
