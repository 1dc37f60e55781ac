import type { ConnectionSummary } from '../../model/capture-index.ts';
import { groupName } from '../../model/code-points/groups.ts';
import { suiteName } from '../../model/code-points/suites.ts';
import { TLS_1_3, tlsEquivalent, versionText } from '../../model/code-points/versions.ts';
import { endpointText, recordMacOf } from './negotiation.ts';

/** Something that handshakes may differ in. */
export interface Property {
  readonly name: string;
  /** @param isFirst the client was not heard of before; undefined where that is not known */
  of(row: ConnectionSummary, isFirst?: boolean): string | undefined;
  /** What handshakes with this value did, where that is not having it. */
  says?(value: string): string;
  /** A separation by this one says the same more simply. */
  readonly under?: string;
  /** Who differs in this differs in much else: alone it says who fails, not why. */
  readonly isOrigin?: boolean;
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
export const PROPERTIES: readonly Property[] = [
  { name: 'record MAC', of: recordMac },
  {
    name: 'cipher suite',
    of: ({ cipherSuite }) => (cipherSuite === undefined ? undefined : suiteName(cipherSuite)),
    under: 'record MAC',
  },
  {
    name: 'version',
    of: ({ version }) => (version === undefined ? undefined : versionText(version)),
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
  { name: 'client', of: ({ client }) => client.address, isOrigin: true },
];

/** The network that an address belongs to, in the sizes that operators hand out. */
function networkOf(address: string): string {
  if (!address.includes(':')) return `${address.slice(0, address.lastIndexOf('.'))}.0/24`;
  const [head = ''] = address.split('::');
  const groups = head.split(':').filter(Boolean);
  return `${[...groups, '0', '0', '0'].slice(0, 3).join(':')}::/48`;
}

/** Further ones, for which there have to be many handshakes. */
export const FURTHER_PROPERTIES: readonly Property[] = [
  { name: 'JA4 fingerprint', of: ({ ja4 }) => ja4 },
  { name: 'JA3 fingerprint', of: ({ ja3 }) => ja3, under: 'JA4 fingerprint' },
  {
    name: 'client network',
    of: ({ client }) => networkOf(client.address),
    under: 'client',
    isOrigin: true,
  },
  {
    name: 'ClientHello transmissions',
    of: ({ helloTransmissions }) =>
      helloTransmissions > 1 ? 'several transmissions' : 'one transmission',
    says: (value) => `took ${value} of the ClientHello`,
  },
  {
    name: 'turn of the client',
    of: (_, isFirst) => (isFirst === undefined ? undefined : isFirst ? 'the first' : 'a later one'),
    says: (value) => `were ${value} of their client in the capture`,
  },
];

/** For servers that answer to one name. */
export const SERVER_PROPERTY: Property = {
  name: 'server',
  of: ({ server }) => endpointText(server),
};
