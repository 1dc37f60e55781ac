import type {
  CaptureIndex,
  ConnectionSummary,
  RefusalFact,
  ServerCloseFact,
  ServerFacts,
} from '../../src/model/capture-index.ts';
import type { FormerConnection, OpeningFact } from '../../src/model/incarnation.ts';
import { MILLISECOND } from '../../src/model/time.ts';
import { at } from './fake-history.ts';

/** A row as it is kept of every connection: a healthy one, except for what is given. Its packet names its time. */
export function fakeSummary(given: Partial<ConnectionSummary> = {}): ConnectionSummary {
  const id = given.id ?? 1;
  const start = given.start ?? at(10 * id);
  return {
    id,
    protocol: 'TLS',
    transport: given.protocol === 'DTLS' ? 'udp' : 'tcp',
    stream: id - 1,
    client: { address: '192.0.2.1', port: 40_000 + id },
    server: { address: '192.0.2.2', port: 443 },
    outcome: 'established',
    stage: 'done',
    version: 0x0303,
    cipherSuite: 0xc02f,
    resumed: false,
    serverName: 'example.org',
    start,
    end: at(start.packet + 9),
    hello: at(start.packet + 3),
    helloTransmissions: 1,
    answered: at(start.packet + 4),
    helloOctets: 190,
    fatalAlert: undefined,
    lastFromClient: at(start.packet + 6),
    lastFromServer: at(start.packet + 7),
    ...given,
  };
}

/** The server closes a connection at this packet; mid-data unless a stage is given. */
export function fakeClose(
  connection: number,
  packet: number,
  given: Partial<ServerCloseFact> = {},
): ServerCloseFact {
  return {
    ...at(packet),
    kind: 'fin',
    connection,
    stream: connection - 1,
    stage: 'done',
    lastFromClient: at(Math.max(1, packet - 500)),
    acknowledged: true,
    answeredSince: true,
    ...given,
  };
}

/** A SYN at this packet that is answered by RST in the next one, or by nothing. */
export function fakeRefusal(packet: number, given: Partial<RefusalFact> = {}): RefusalFact {
  return {
    client: { address: '192.0.2.1', port: 50_000 + packet },
    stream: 1000 + packet,
    syn: at(packet),
    transmissions: 1,
    reset: at(packet + 1),
    last: at(packet),
    ...given,
  };
}

export function fakeServer(given: Partial<ServerFacts> = {}): ServerFacts {
  return {
    endpoint: { address: '192.0.2.2', port: 443 },
    transport: 'tcp',
    speaksTls: true,
    failures: (given.connections ?? []).filter(
      ({ outcome }) => outcome === 'failed' || outcome === 'aborted',
    ).length,
    connections: [],
    closes: [],
    openings: [],
    refusals: [],
    refusalsOmitted: 0,
    openingsOmitted: 0,
    accepted: [],
    completeFrom: -1,
    completeUntil: Number.POSITIVE_INFINITY,
    openAt: () => 0,
    ...given,
  };
}

export function fakeIndex(
  servers: readonly ServerFacts[],
  given: Partial<CaptureIndex> = {},
): CaptureIndex {
  const rows = new Map(
    servers.flatMap(({ connections }) => connections.map((row) => [row.id, row] as const)),
  );
  return {
    connectionCount: rows.size,
    lastNanos: 100_000 * MILLISECOND,
    droppedPackets: undefined,
    severalPoints: false,
    summary: (id) => rows.get(id),
    server: (transport, { address, port }) =>
      servers.find(
        (one) =>
          one.transport === transport &&
          one.endpoint.address === address &&
          one.endpoint.port === port,
      ),
    servers: () => servers,
    lateCloses: [],
    sharedRandoms: [],
    randomsComparedUntil: Number.POSITIVE_INFINITY,
    sharedSessions: [],
    unusedUpgrades: [],
    unusedUpgradesOmitted: 0,
    misplaced: [],
    oddities: [],
    ...given,
  };
}

/** A connection that began at this packet, after another one on the same ports that ended in order 10 packets before. */
export function fakeOpening(packet: number, given: Partial<OpeningFact> = {}): OpeningFact {
  return {
    client: { address: '192.0.2.1', port: 40_001 },
    connection: 2,
    stream: 1,
    syn: at(packet),
    transmissions: 1,
    synAck: at(packet + 1),
    former: fakeFormer(packet - 10),
    challenge: undefined,
    turnedAway: undefined,
    lastFromClient: undefined,
    acknowledged: false,
    ...given,
  };
}

/** The connection before, closed by both sides, whose last packet is this. */
export function fakeFormer(
  packet: number,
  given: Partial<FormerConnection> = {},
): FormerConnection {
  return {
    stream: 0,
    last: at(packet),
    end: 'closed',
    closedFirst: 'server',
    ahead: -1000,
    ...given,
  };
}
