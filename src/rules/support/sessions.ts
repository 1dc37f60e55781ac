import type { CaptureIndex, ConnectionSummary, ServerFacts } from '../../model/capture-index.ts';
import type { ResumptionFacts } from '../../model/history.ts';

/** What a ClientHello offers, as sentences name it. */
export const SESSION_KINDS: Readonly<Record<ResumptionFacts['by'], string>> = {
  ticket: 'ticket',
  session_id: 'session id',
  psk: 'ticket, as a pre-shared key,',
};

/** Addresses whose full handshakes a server completed; counted once for a server. */
const served = new WeakMap<ServerFacts, ReadonlySet<string>>();

function servedBy(server: ServerFacts): ReadonlySet<string> {
  let known = served.get(server);
  if (known === undefined) {
    known = new Set(
      server.connections
        .filter(({ outcome, resumed }) => outcome === 'established' && resumed === false)
        .map(({ client }) => client.address),
    );
    served.set(server, known);
  }
  return known;
}

/** Did the server of this connection complete a full handshake with its client? Then the two have all they need in common. */
export function hasServed(
  index: CaptureIndex,
  { protocol, server: endpoint, client }: ConnectionSummary,
): boolean {
  const server = index.server(protocol === 'DTLS' ? 'udp' : 'tcp', endpoint);
  return server !== undefined && servedBy(server).has(client.address);
}

/** A server name as it is compared: RFC 6066 §3 knows no case and no dot behind. */
export const comparableName = (name: string): string => name.toLowerCase().replace(/\.$/, '');

/** Both asked for a name, and not for the same one. */
export function isForOtherName(
  { serverName: a }: ConnectionSummary,
  { serverName: b }: ConnectionSummary,
): boolean {
  return a !== undefined && b !== undefined && comparableName(a) !== comparableName(b);
}
