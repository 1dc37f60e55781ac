import type { CaptureIndex, ConnectionSummary, ServerFacts } from '../../model/history.ts';
import type { FindingVerdict } from '../../model/rule.ts';

/** A capture may have many failures at one busy server: its connections are put in order of clients once, by their ids. */
const byClient = new WeakMap<ServerFacts, ReadonlyMap<string, readonly number[]>>();

/** The connection of a finding, and the others between the same two addresses to the same port of the server. */
export function samePair(
  { connections: [id = 0] }: FindingVerdict,
  index: CaptureIndex,
): { readonly own: ConnectionSummary | undefined; readonly others: readonly ConnectionSummary[] } {
  const own = index.summary(id);
  const server = own && index.server(own.protocol === 'TLS' ? 'tcp' : 'udp', own.server);
  if (own === undefined || server === undefined) return { own, others: [] };
  const ids = clientsOf(server).get(own.client.address) ?? [];
  const others = ids.flatMap((other) => (other === id ? [] : (index.summary(other) ?? [])));
  return { own, others };
}

function clientsOf(server: ServerFacts): ReadonlyMap<string, readonly number[]> {
  const known = byClient.get(server);
  if (known !== undefined) return known;
  const clients = new Map<string, number[]>();
  for (const { id, client } of server.connections) {
    const ids = clients.get(client.address);
    if (ids === undefined) clients.set(client.address, [id]);
    else ids.push(id);
  }
  byClient.set(server, clients);
  return clients;
}
