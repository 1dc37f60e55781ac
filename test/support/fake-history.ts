import type { DtlsFacts } from '../../src/model/dtls-facts.ts';
import type {
  AlertFact,
  At,
  ConnectionHistory,
  Endpoint,
  MessageFact,
  PerRole,
  ProtectedFacts,
  RecordCounts,
  RecordFact,
} from '../../src/model/history.ts';
import type { ConflictFact, TcpFacts } from '../../src/model/tcp-facts.ts';
import { MILLISECOND, type Nanos } from '../../src/model/time.ts';

/** Every property may be left out; nested parts are completed in the same way. */
export interface FakeHistory
  extends Partial<Omit<ConnectionHistory, 'tcp' | 'dtls' | 'records' | 'protectedRecords'>> {
  readonly records?: Partial<PerRole<Partial<RecordCounts>>>;
  readonly protectedRecords?: Partial<PerRole<Partial<ProtectedFacts>>>;
  /** Left out: present over TCP, absent over UDP. */
  readonly tcp?: Partial<TcpFacts>;
  /** Left out: present for DTLS, absent for TLS. */
  readonly dtls?: Partial<DtlsFacts>;
}

const client: Endpoint = { address: '192.0.2.1', port: 50_000 };
const tlsServer: Endpoint = { address: '192.0.2.2', port: 443 };
const dtlsServer: Endpoint = { address: '192.0.2.2', port: 5684 };

/** The moment of packet N in fake captures: packets are one millisecond apart. */
export function at(packet: number, nanos: Nanos = packet * MILLISECOND): At {
  return { packet, nanos };
}

export function fakeMessage(
  type: number,
  from: 'client' | 'server',
  packet: number,
  more: Partial<MessageFact> = {},
): MessageFact {
  return { ...at(packet), type, from, length: 64, ...more };
}

/** Packet `packet` sends octets of packet `earlier` again, changed. */
export const fakeConflict = (packet: number, earlier = packet - 1): ConflictFact => ({
  ...at(packet),
  earlier: at(earlier),
});

export function fakeAlert(
  description: number | undefined,
  from: 'client' | 'server',
  packet: number,
  more: Partial<AlertFact> = {},
): AlertFact {
  const encrypted = description === undefined;
  return {
    ...at(packet),
    level: encrypted ? undefined : 2,
    description,
    from,
    encrypted,
    length: encrypted ? 26 : 2,
    epoch: 0,
    sequence: 0,
    ...more,
  };
}

export function fakeRecord(
  contentType: number,
  from: 'client' | 'server',
  packet: number,
  more: Partial<RecordFact> = {},
): RecordFact {
  return { ...at(packet), contentType, from, length: 64, epoch: 0, sequence: 0, ...more };
}

const counts = (some: Partial<RecordCounts> = {}): RecordCounts => ({
  handshake: 0,
  changeCipherSpec: 0,
  alert: 0,
  applicationData: 0,
  other: 0,
  ...some,
});

const protectedFacts = (some: Partial<ProtectedFacts> = {}): ProtectedFacts => ({
  count: 0,
  first: undefined,
  last: undefined,
  lastData: undefined,
  ...some,
});

const nothing: PerRole<undefined> = { client: undefined, server: undefined };

function fakeTcp(first: number, some: Partial<TcpFacts>): TcpFacts {
  return {
    syn: at(first),
    synAck: at(first + 1),
    isOrderUnknown: false,
    isBehindAnswer: false,
    incarnation: 0,
    fin: nothing,
    rst: nothing,
    octets: { client: 600, server: 3000 },
    lostOctets: { client: 0, server: 0 },
    lastData: nothing,
    lastDataAcknowledged: nothing,
    retransmissions: { client: 0, server: 0 },
    repeated: nothing,
    lastSeen: nothing,
    synHopLimit: nothing,
    unfilled: nothing,
    conflicts: [],
    former: undefined,
    challenge: undefined,
    oldSegments: [],
    octetsAfterPeerFin: { client: 0, server: 0 },
    urgent: nothing,
    ignoredReset: nothing,
    plaintextStart: nothing,
    smallestRoundTrip: 1 * MILLISECOND,
    ...some,
  };
}

function fakeDtls(id: number, some: Partial<DtlsFacts>): DtlsFacts {
  return {
    isOrderUnknown: false,
    ordinal: 0,
    siblings: [id],
    epochs: { client: [], server: [] },
    clientHellos: [],
    verifyRequests: [],
    answered: undefined,
    probableClose: nothing,
    finishedTransmissions: { client: [], server: [] },
    anomalies: [],
    anomaliesOmitted: 0,
    portUnreachable: [],
    replacesOpen: 0,
    connectionIds: undefined,
    paths: [],
    pathsOmitted: false,
    idMisfits: [],
    continues: undefined,
    ...some,
  };
}

/**
 * A history as the connection stage would hand it over: a healthy, established connection without a single message,
 * except for what is given. Rules and reports are tested against it, so that a test names only what it is about.
 */
export function fakeHistory(given: FakeHistory = {}): ConnectionHistory {
  const { records, protectedRecords, tcp, dtls, ...plain } = given;
  const id = plain.id ?? 1;
  const protocol = plain.protocol ?? 'TLS';
  const isTls = protocol === 'TLS';
  const firstPacket = plain.firstPacket ?? 1;
  const lastPacket = plain.lastPacket ?? firstPacket + 19;
  const version = isTls ? 0x0303 : 0xfefd;
  return {
    id,
    protocol,
    transport: isTls ? 'tcp' : 'udp',
    stream: 0,
    client,
    server: isTls ? tlsServer : dtlsServer,
    rolesFrom: 'client_hello',
    firstPacket,
    lastPacket,
    startNanos: firstPacket * MILLISECOND,
    endNanos: lastPacket * MILLISECOND,
    versionsOffered: [version],
    version,
    cipherSuite: 0xc02f,
    serverName: undefined,
    alpn: undefined,
    clientRandom: undefined,
    serverRandom: undefined,
    resumed: false,
    extendedMasterSecret: true,
    encryptThenMac: false,
    clientHello: undefined,
    serverHello: undefined,
    outcome: 'established',
    stage: 'done',
    bothDirections: true,
    messages: [],
    alerts: [],
    changeCipherSpec: nothing,
    oddities: [],
    strays: [],
    blindSpots: [],
    ...plain,
    records: { client: counts(records?.client), server: counts(records?.server) },
    protectedRecords: {
      client: protectedFacts(protectedRecords?.client),
      server: protectedFacts(protectedRecords?.server),
    },
    tcp: tcp !== undefined || isTls ? fakeTcp(firstPacket, tcp ?? {}) : undefined,
    dtls: dtls !== undefined || !isTls ? fakeDtls(id, dtls ?? {}) : undefined,
  };
}
