import type {
  CaptureIndex,
  ConnectionSummary,
  SharedRandomFact,
} from '../../model/capture-index.ts';
import type { Evidence, Severity } from '../../model/finding.ts';
import type { Endpoint, Role } from '../../model/history.ts';
import { LIMITS } from '../../model/limits.ts';
import { formatDuration } from '../../model/time.ts';
import { defineCaptureRule } from '../define-rule.ts';

/** Connections named and shown; the count tells the rest. */
const SHOWN = 8;

/**
 * 32 octets that repeat by chance would be the first in the history of the protocol: they were copied, or their source
 * is broken. The harmless copy is one handshake that was captured twice.
 */
export const tlsDuplicateHelloRandom = defineCaptureRule({
  meta: {
    id: 'tls-duplicate-hello-random',
    group: 'misdelivery',
    title: 'Two connections begin with the same random',
    severity: 'warning',
    sources: ['RFC 5246 §7.4.1.2', 'RFC 8446 §4.1.2', 'RFC 8446 §4.1.3'],
    reports:
      'A ClientHello or ServerHello random that two connections share although their handshakes are not the same; and a server of TLS 1.3 that repeats its key share with it.',
    matters:
      'The randoms keep the keys of two connections apart. A random that repeats points to a generator without entropy, a cloned machine, a forked process, or a recorded handshake played back; and a key log, which is indexed by the client’s random, can no longer tell the two apart.',
    decides:
      'The connections that share one random are grouped by the other side’s random. Copies of one handshake, as seen on both sides of a proxy or address translator, share both and count once; what is left is two handshakes with one random. Where one host sent both, its random numbers repeat: a warning for a client, an error for a server. Where the server’s key share is the same as well, and both handshakes were completed, the state of its generator was used twice: nothing that it makes up since is secret, and that is critical, on one host or on two. Two hosts that share one random are only noted, since each connection still has keys of its own from the other random and the key exchange.',
    silent:
      'A second ClientHello after a HelloVerifyRequest or HelloRetryRequest keeps its random by design, and so does a retransmission. Where one of the connections was never answered, or only asked for a cookie, and began within seconds of the other, it may be the same ClientHello on its way, and a ServerHello whose ClientHello was not captured may be a copy of another, as may a hello between the same addresses and ports, and one whose counterpart is the same as on a third connection: nothing is said.',
    yieldsTo: ['hvr-cookie-from-other-client', 'hrr-cookie-foreign'],
    messages: {
      state: {
        title: 'A server used the state of its random generator twice',
        what: 'The ServerHellos of connections {list} carry the same random and the same key share, {gap} apart, in answer to different ClientHellos, and the handshakes were completed.',
        causes: [
          'a virtual machine or container with a running server was restored from a snapshot, or started twice from one',
          'the process forked after its generator was seeded, and the children give out the same numbers',
          'the generator has no entropy, or a fixed seed from a test',
        ],
        remedies: [
          'take the server out of service, and start its processes anew where the state was copied: a snapshot must not hold a seeded generator',
          'if it signs with ECDSA or DSA, replace certificate and private key: two signatures with one random number give the key away',
          'replace its ticket keys and whatever else it made up since the state was copied',
        ],
        commands: [
          'tshark -r CAPTURE -Y "tls.handshake.type == 2 || dtls.handshake.type == 2" -T fields -e frame.number -e tls.handshake.random -e tls.handshake.extensions_key_share_key_exchange',
        ],
      },
      client: {
        what: 'The ClientHellos of connections {list} carry the same random, {gap} apart, and the handshakes are not the same.',
        causes: [
          'the client’s random numbers repeat: no entropy at start, a cloned machine, or a fork without a new seed',
          'a recorded ClientHello was sent again',
        ],
        remedies: [
          'look at where the client takes its random numbers from, most of all right after its start',
          'with a key log, tell the connections apart by address and time: its lines are ambiguous for them',
        ],
        commands: [
          'tshark -r CAPTURE -Y "tls.handshake.type == 1 || dtls.handshake.type == 1" -T fields -e frame.number -e tls.handshake.random -e dtls.handshake.random',
        ],
      },
      server: {
        what: 'The ServerHellos of connections {list} carry the same random, {gap} apart, in answer to different ClientHellos.',
        causes: [
          'the server’s random numbers repeat: cloned machines, a fork without a new seed, or a broken generator',
        ],
        remedies: [
          'take the server out of service until its random numbers are sound: its key shares and signatures may repeat as well',
          'seed again after every fork and after starting from an image',
        ],
        commands: [
          'tshark -r CAPTURE -Y "tls.handshake.type == 2 || dtls.handshake.type == 2" -T fields -e frame.number -e tls.handshake.random -e dtls.handshake.random',
        ],
      },
    },
  },

  *check(index) {
    if (index.sharedRandoms.length === 0) return;
    const groups = groupsOf(index.sharedRandoms);
    for (const fact of index.sharedRandoms) {
      const rows = distinct(fact, groups[fact.role === 'client' ? 'server' : 'client'], index);
      const [first, second] = rows;
      if (first === undefined || second === undefined) continue;
      const [evidence, ...more] = rows
        .slice(0, SHOWN)
        .map(({ row, packet }) => evidenceOf(fact, row, packet));
      if (evidence === undefined) continue;
      yield {
        kind: 'finding',
        message: isStateShared(rows) ? 'state' : fact.role,
        severity: isStateShared(rows) ? 'critical' : severityOf(fact.role, rows),
        confidence: 'proven',
        connections: rows.map(({ row }) => row.id),
        evidence: [evidence, ...more],
        data: {
          list: listOf(rows.map(({ row }) => row.id)),
          gap: formatDuration(Math.abs(second.row.start.nanos - first.row.start.nanos)),
        },
      };
    }
  },
});

type Groups = Record<'client' | 'server', ReadonlyMap<number, SharedRandomFact>>;

function groupsOf(facts: readonly SharedRandomFact[]): Groups {
  const of = (role: 'client' | 'server') =>
    new Map(
      facts
        .filter((fact) => fact.role === role)
        .flatMap((fact) => fact.connections.map((id) => [id, fact] as const)),
    );
  return { client: of('client'), server: of('server') };
}

interface Row {
  readonly row: ConnectionSummary;
  readonly packet: number;
  readonly keyShare: number;
}

/** Not a ServerHello that went to two clients: the server has the key of each, or it would not have come so far. */
function isStateShared(rows: readonly Row[]): boolean {
  const [first] = rows;
  return rows.every(
    ({ row, keyShare }) =>
      row.outcome === 'established' && keyShare !== 0 && keyShare === first?.keyShare,
  );
}

/** As many as a sentence can hold, and how many more. */
function listOf(ids: readonly number[]): string {
  const more = ids.length - SHOWN;
  return `${ids.slice(0, SHOWN).join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** A host that repeats itself has lost its source of random numbers; two hosts with one random have merely a copy. */
function severityOf(role: Role, rows: readonly Row[]): Severity {
  const senders = new Set(rows.map(({ row }) => row[role].address));
  if (senders.size === rows.length) return 'info';
  return role === 'server' ? 'error' : 'warning';
}

/** One connection for each handshake among those that share a random, in order of time. */
function distinct(
  { role, connections, packets, keyShares }: SharedRandomFact,
  others: ReadonlyMap<number, SharedRandomFact>,
  index: CaptureIndex,
): readonly Row[] {
  const seen = new Set<SharedRandomFact>();
  const kept: Row[] = [];
  for (const [at, id] of connections.entries()) {
    const row = index.summary(id);
    const other = others.get(id);
    if (row === undefined || (other !== undefined && seen.has(other))) continue;
    // Without its ClientHello a ServerHello may be a copy, or a flight that was sent again.
    if (role === 'server' && row.hello === undefined) continue;
    // Its other hello came on a connection that is none of these: copies of two handshakes, with holes, taken for one.
    if (other?.connections.some((one) => !connections.includes(one))) continue;
    // What a second point has later looks like another handshake on the same ports.
    if (kept.some((one) => isSameFlow(one.row, row))) continue;
    if (other !== undefined) seen.add(other);
    const onItsWay = kept.some(
      (one) =>
        (isUnsettled(row) || isUnsettled(one.row)) &&
        Math.abs(one.row.start.nanos - row.start.nanos) <= LIMITS.sameJourneyNanos,
    );
    if (!onItsWay)
      kept.push({ row, packet: packets[at] ?? row.start.packet, keyShare: keyShares[at] ?? 0 });
  }
  return kept;
}

const isSameFlow = (a: ConnectionSummary, b: ConnectionSummary): boolean =>
  a.transport === b.transport && isSameEnd(a.client, b.client) && isSameEnd(a.server, b.server);

const isSameEnd = (a: Endpoint, b: Endpoint): boolean =>
  a.address === b.address && a.port === b.port;

/**
 * Nobody answered it, or only to ask for the same ClientHello again, which may have come from elsewhere; or its ServerHello
 * is not in the capture, and what is may be the same handshake, seen on the other side of an address translator.
 */
const isUnsettled = ({ answered, cipherSuite }: ConnectionSummary): boolean =>
  answered === undefined || cipherSuite === undefined;

function evidenceOf(
  { role }: SharedRandomFact,
  { id, hello, answered, start }: ConnectionSummary,
  packet: number,
): Evidence {
  const at = [hello, answered, start].find((one) => one?.packet === packet);
  return {
    packet,
    nanos: at?.nanos ?? start.nanos,
    connection: id,
    from: role,
    note: `${role === 'client' ? 'ClientHello' : 'ServerHello'} of connection ${id}`,
  };
}
