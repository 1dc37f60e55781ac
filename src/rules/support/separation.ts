import { groupName } from '../../model/code-points/groups.ts';
import { suiteName } from '../../model/code-points/suites.ts';
import { TLS_1_3, tlsEquivalent, versionName } from '../../model/code-points/versions.ts';
import type { ConnectionSummary } from '../../model/history.ts';
import { recordMacOf } from './negotiation.ts';

/** A property whose value all failures share and no success has. */
export interface Separation {
  readonly property: string;
  readonly value: string;
  readonly failures: number;
  readonly successes: number;
}

interface Property {
  readonly name: string;
  of(row: ConnectionSummary): string | undefined;
  /** A separation by this one says the same more simply. */
  readonly under?: string;
}

/** A ClientHello above this did not fit into one segment of an Ethernet path. */
const ONE_SEGMENT_OCTETS = 1400;

const yesNo = (value: boolean | undefined): string | undefined =>
  value === undefined ? undefined : value ? 'yes' : 'no';

/** The record MAC of the chosen suite; before a choice, the one that all offered suites share. */
export function recordMac({
  cipherSuite,
  offeredSuites,
  version,
}: ConnectionSummary): string | undefined {
  if (cipherSuite !== undefined) return recordMacOf(cipherSuite);
  if (version !== undefined || offeredSuites === undefined) return undefined;
  const macs = new Set(offeredSuites.map(recordMacOf));
  macs.delete(undefined); // signalling values and unknown suites
  const [only] = macs;
  return macs.size === 1 ? only : undefined;
}

/** What handshakes are compared by, the coarse before the fine. */
const PROPERTIES: readonly Property[] = [
  { name: 'record MAC', of: recordMac },
  {
    name: 'cipher suite',
    of: ({ cipherSuite }) => (cipherSuite === undefined ? undefined : suiteName(cipherSuite)),
    under: 'record MAC',
  },
  {
    name: 'version',
    of: ({ version }) => (version === undefined ? undefined : versionName(version)),
  },
  { name: 'group', of: ({ group }) => (group === undefined ? undefined : groupName(group)) },
  { name: 'server name', of: ({ serverName }) => serverName ?? '(none)' },
  {
    // Before a ServerHello there is none, and TLS 1.3 does not show it.
    name: 'ALPN',
    of: ({ alpn, version }) =>
      version === undefined || tlsEquivalent(version) >= TLS_1_3 ? undefined : (alpn ?? '(none)'),
  },
  { name: 'resumption offered', of: ({ resumptionOffered }) => yesNo(resumptionOffered) },
  {
    name: 'ClientHello',
    of: ({ helloOctets }) =>
      helloOctets > ONE_SEGMENT_OCTETS
        ? `longer than ${ONE_SEGMENT_OCTETS} octets`
        : `at most ${ONE_SEGMENT_OCTETS} octets`,
  },
  { name: 'client', of: ({ client }) => client.address },
];

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
    found.push({
      property: property.name,
      value,
      failures: failures.length,
      successes: successes.length,
    });
  }
  return found;
}

/** The separations as a table worth printing. */
export function separationTable(
  separations: readonly Separation[],
  failed: string,
  fine: string,
): readonly (readonly string[])[] {
  return [
    ['property', 'value', failed, fine],
    ...separations.map(({ property, value, failures, successes }) => [
      property,
      value,
      `${failures} of ${failures}`,
      `0 of ${successes}`,
    ]),
  ];
}

/** Handshakes by suite and record MAC. */
export type SuiteCounts = ReadonlyMap<
  string,
  { readonly mac: string; readonly suite: string; count: number }
>;

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
