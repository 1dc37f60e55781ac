import type { ConnectionRows } from './connection-rows.ts';
import type { Ending } from './reporter.ts';
import { indented, plural, type Style } from './style.ts';

/** Addresses told; who has more finds them in JSON. */
const HOSTS_TOLD = 10;

/** What the captures call the addresses of the connections told. Nothing where they name none. */
export function hostLines({
  ending,
  rows,
  style,
}: {
  readonly ending: Ending;
  readonly rows: ConnectionRows;
  readonly style: Style;
}): string[] {
  const named = ending.result.captures.filter(({ hostNames }) => hostNames.size > 0);
  if (named.length === 0) return [];
  const addresses = new Set(rows.all().flatMap((row) => row.addresses));
  const all: string[] = [];
  for (const address of addresses) {
    const names = new Set(named.flatMap(({ hostNames }) => hostNames.get(address) ?? []));
    if (names.size > 0) all.push(`${address} ${style.fit([...names].join(', '))}`);
  }
  if (all.length === 0) return [];
  const told = all.slice(0, HOSTS_TOLD);
  const more = all.length - told.length;
  if (more > 0) told.push(`${plural(more, 'more address', 'more addresses')}; --json has them`);
  return [style.paint.strong('names in the capture'), ...indented(told, style.width)];
}
