import type { ConnectionSummary } from '../../model/capture-index.ts';
import { suiteName } from '../../model/code-points/suites.ts';
import { PROPERTIES, type Property, recordMac } from './properties.ts';

/** A property whose value all failures share and no success has. */
export interface Separation {
  readonly property: string;
  readonly value: string;
}

/** How many rows have the value, by value; undefined if a row does not tell. */
function sharedValue(rows: readonly ConnectionSummary[], property: Property): string | undefined {
  const [first] = rows;
  const value = first && property.of(first);
  if (value === undefined) return undefined;
  return rows.every((row) => property.of(row) === value) ? value : undefined;
}

/**
 * The properties that part the failures from the successes without exception. Anything less is not listed: in a
 * handful of handshakes a mere tendency is worth nothing.
 */
export function separationsOf(
  failures: readonly ConnectionSummary[],
  successes: readonly ConnectionSummary[],
): readonly Separation[] {
  const found: Separation[] = [];
  for (const property of PROPERTIES) {
    if (found.some(({ property: name }) => name === property.under)) continue;
    const value = sharedValue(failures, property);
    if (value === undefined) continue;
    // A success that does not tell its value could have had this one.
    const isShared = (row: ConnectionSummary): boolean => (property.of(row) ?? value) === value;
    if (successes.some(isShared)) continue;
    found.push({ property: property.name, value });
  }
  return found;
}

/** Handshakes by suite and record MAC. */
export type SuiteCounts = ReadonlyMap<
  string,
  { readonly mac: string; readonly suite: string; count: number }
>;

/** Counts the handshakes of these rows by suite and MAC; `not negotiated` where none was chosen. */
export function countSuites(rows: Iterable<ConnectionSummary>): SuiteCounts {
  const counts = new Map<string, { mac: string; suite: string; count: number }>();
  for (const row of rows) {
    const mac = recordMac(row) ?? 'not negotiated';
    const suite = row.cipherSuite === undefined ? '(none chosen)' : suiteName(row.cipherSuite);
    const known = counts.get(suite + mac);
    if (known === undefined) counts.set(suite + mac, { mac, suite, count: 1 });
    else known.count++;
  }
  return counts;
}

/** How the handshakes went by record MAC and suite: the table that points at a MAC construction. */
export function suiteTable(
  failures: SuiteCounts,
  successes: SuiteCounts,
  failed: string,
): readonly (readonly string[])[] {
  const rows = [...new Map([...failures, ...successes])].map(([key, { mac, suite }]) => ({
    mac,
    suite,
    ok: successes.get(key)?.count ?? 0,
    bad: failures.get(key)?.count ?? 0,
  }));
  return [
    ['suite', 'record MAC', 'established', failed],
    ...rows
      .sort((a, b) => b.bad - a.bad || b.ok - a.ok || (a.suite < b.suite ? -1 : 1))
      .map(({ suite, mac, ok, bad }) => [suite, mac, String(ok), String(bad)]),
  ];
}
