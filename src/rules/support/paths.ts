import type { PathFact } from '../../model/dtls-facts.ts';
import type { Evidence } from '../../model/finding.ts';
import { type ConnectionHistory, type Endpoint, peerOf } from '../../model/history.ts';
import { witness } from './witness.ts';

/** The other 5-tuples on which records of the connection came, without those where copies went by. */
export function newPaths({ dtls }: ConnectionHistory): readonly PathFact[] {
  return dtls?.paths.filter(({ isCopy }) => !isCopy) ?? [];
}

/** Did the client’s records go to an address that did not give out their id, and did nobody answer there? */
export const isAstray = ({ isElsewhere, records }: PathFact): boolean =>
  isElsewhere && records.client > 0 && records.server === 0;

/** The first record of each side on a path, the earlier one first. */
export function pathEvidence(
  { endpoints, first, firstOf }: PathFact,
  connection: number,
  more: string,
): [Evidence, ...Evidence[]] {
  const by = firstOf.client?.packet === first.packet ? 'client' : 'server';
  const other = peerOf(by);
  const answer = firstOf[other];
  const note = `first record${more}: ${endpointText(endpoints[by])} to ${endpointText(endpoints[other])}`;
  return [
    witness(first, connection, by, note),
    ...(answer === undefined
      ? []
      : [witness(answer, connection, other, `the ${other} sends there as well`)]),
  ];
}

/** `192.0.2.1:40001`, `[2001:db8::1]:40001`. */
export function endpointText({ address, port }: Endpoint): string {
  return address.includes(':') ? `[${address}]:${port}` : `${address}:${port}`;
}
