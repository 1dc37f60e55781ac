import type { CaptureIndex, ConnectionSummary } from '../../model/history.ts';
import type { FindingVerdict } from '../../model/rule.ts';

/** The connection of a finding, and the others between the same two addresses to the same port of the server. */
export function samePair(
  { connections: [id = 0] }: FindingVerdict,
  index: CaptureIndex,
): { readonly own: ConnectionSummary | undefined; readonly others: readonly ConnectionSummary[] } {
  const own = index.summary(id);
  const server = own && index.server(own.protocol === 'TLS' ? 'tcp' : 'udp', own.server);
  const others = server?.connections.filter(
    (other) => other.id !== id && other.client.address === own?.client.address,
  );
  return { own, others: others ?? [] };
}
