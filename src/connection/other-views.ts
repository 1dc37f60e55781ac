import type { ConnectionSummary, SharedRandomFact } from '../model/capture-index.ts';
import { LIMITS } from '../model/limits.ts';
import type { Endpoint, Role } from '../model/place.ts';

type Sharers = Map<number, SharedRandomFact>;

/**
 * Which connections show one handshake, captured on both sides of an address translator: they share what is random in it,
 * and one end.
 */
export class OtherViews {
  private readonly sharers: Readonly<Record<Role, Sharers>> = {
    client: new Map(),
    server: new Map(),
  };

  /** A connection has this random in common with others. */
  shares(connection: number, fact: SharedRandomFact): void {
    this.sharers[fact.role].set(connection, fact);
  }

  /** The other connections that show the same handshake as this one. */
  of(id: number, summaryOf: (id: number) => ConnectionSummary | undefined): readonly number[] {
    const client = this.sharers.client.get(id)?.connections ?? [];
    const server = this.sharers.server.get(id)?.connections ?? [];
    if (client.length + server.length === 0) return [];
    const one = summaryOf(id);
    if (one === undefined) return [];
    return [...new Set([...client, ...server])].filter((other) => {
      const row = other === id ? undefined : summaryOf(other);
      return (
        row !== undefined &&
        isTranslated(one, row) &&
        isSame(one, row, client.includes(other), server.includes(other))
      );
    });
  }
}

/**
 * A translator changes one end and leaves the other as it is. A host whose random numbers repeat has one address, and a
 * proxy has a connection of its own on each side, which fails for itself.
 */
const isTranslated = (a: ConnectionSummary, b: ConnectionSummary): boolean =>
  (isSameEnd(a.server, b.server) && a.client.address !== b.client.address) ||
  (isSameEnd(a.client, b.client) && a.server.address !== b.server.address);

const isSameEnd = (a: Endpoint, b: Endpoint): boolean =>
  a.address === b.address && a.port === b.port;

/** Both randoms, or one where one of the connections has no other: then it is the same journey, unless much later. */
function isSame(
  a: ConnectionSummary,
  b: ConnectionSummary,
  sharesClient: boolean,
  sharesServer: boolean,
): boolean {
  if (sharesClient && sharesServer) return true;
  const isOpen = sharesClient ? lacksServerHello : lacksClientHello;
  return (
    (isOpen(a) || isOpen(b)) && Math.abs(a.start.nanos - b.start.nanos) <= LIMITS.sameJourneyNanos
  );
}

const lacksClientHello = ({ hello }: ConnectionSummary): boolean => hello === undefined;

/** A HelloRetryRequest chooses a suite as well, and its random is the same for all. RFC 8446 §4.1.3. */
const lacksServerHello = ({ cipherSuite, stage }: ConnectionSummary): boolean =>
  cipherSuite === undefined || stage === 'server-hello';
