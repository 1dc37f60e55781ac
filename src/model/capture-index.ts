import type { MisplacedRecord } from './decryption.ts';
import type { OpeningFact } from './incarnation.ts';
import type { Outcome, Stage } from './outcome.ts';
import type { At, Endpoint, Role } from './place.ts';
import type { SoundOddityCount } from './sound-oddities.ts';
import type { Nanos } from './time.ts';
import type { UpgradeFact } from './upgrade.ts';

/** What a ClientHello offers, as far as servers and devices on the way are known to fall over it. */
export interface OfferFacts {
  /** As on the wire; 0 if none of them is known. */
  readonly highestVersion: number;
  /** Types, ascending, without GREASE and without those that come with a session. */
  readonly extensions: readonly number[];
  /** It has a key share of a post-quantum group, which makes it larger than one packet. */
  readonly postQuantum: boolean;
}

/** The row that is kept of every connection until the end of the capture. */
export interface ConnectionSummary {
  readonly id: number;
  readonly protocol: 'TLS' | 'DTLS';
  readonly transport: 'tcp' | 'udp';
  readonly stream: number;
  readonly client: Endpoint;
  readonly server: Endpoint;
  readonly outcome: Outcome;
  readonly stage: Stage;
  readonly version: number | undefined;
  readonly cipherSuite: number | undefined;
  readonly resumed: boolean | undefined;
  readonly serverName: string | undefined;
  readonly start: At;
  readonly end: At;
  /** First ClientHello, how often it was sent, and the server's first answer. */
  readonly hello: At | undefined;
  readonly helloTransmissions: number;
  readonly answered: At | undefined;
  readonly helloOctets: number;
  /** TCP: octets that a segment carries at most, by the two SYNs. RFC 9293 §3.7.1. */
  readonly segmentSize?: number | undefined;
  /** The same object for all that offer the same; TLS only. */
  readonly offer?: OfferFacts | undefined;
  /** The alert that ended the handshake. */
  readonly fatalAlert:
    | { readonly description: number; readonly from: Role; readonly packet: number }
    | undefined;
  /** The last handshake octet or record of the client, for "died while handling it". */
  readonly lastFromClient: At | undefined;
  readonly lastFromServer: At | undefined;
  readonly alpn?: string | undefined;
  /** The group of the key exchange: the ServerHello's key share, or the curve in a clear ServerKeyExchange. */
  readonly group?: number | undefined;
  /** The ClientHello offered a non-empty session ticket or a PSK; a session id alone only where TLS 1.3 was not offered. */
  readonly resumptionOffered?: boolean | undefined;
  /** Of the ClientHello; undefined as well for connections that succeeded before one with the server had failed. */
  readonly ja3?: string | undefined;
  readonly ja4?: string | undefined;
  /** Suites of the last ClientHello, GREASE and signalling values left out; kept only where no suite was chosen. */
  readonly offeredSuites?: readonly number[] | undefined;
}

/** The server's end of a TCP connection that the server closed or reset first, without close_notify or alert. */
export interface ServerCloseFact extends At {
  readonly kind: 'fin' | 'rst';
  /** 0 for a TCP connection without TLS. */
  readonly connection: number;
  readonly stream: number;
  readonly stage: Stage;
  /** The client's last payload before it, and whether the server's TCP acknowledged it. */
  readonly lastFromClient: At | undefined;
  readonly acknowledged: boolean;
  /** Had the server sent payload after that? */
  readonly answeredSince: boolean;
}

/** A SYN that the server's host answered by RST, or did not answer at all (`reset` undefined). */
export interface RefusalFact {
  readonly client: Endpoint;
  readonly stream: number;
  readonly syn: At;
  readonly transmissions: number;
  readonly reset: At | undefined;
  /** Last transmission of the SYN. */
  readonly last: At;
}

/** A TCP connection on which a client asked for TLS, and TLS did not begin. */
export interface UnusedUpgradeFact {
  readonly client: Endpoint;
  readonly server: Endpoint;
  readonly stream: number;
  readonly upgrade: UpgradeFact;
}

/** Connections with one server: as many as the capture has, so that not all are at hand at a time. */
export interface ServerConnections extends Iterable<ConnectionSummary> {
  readonly length: number;
  filter(keep: (row: ConnectionSummary) => boolean): readonly ConnectionSummary[];
  map<T>(of: (row: ConnectionSummary) => T): readonly T[];
  flatMap<T>(of: (row: ConnectionSummary) => T | readonly T[]): T[];
}

/** What the capture shows about one server endpoint over TCP or UDP. */
export interface ServerFacts {
  readonly endpoint: Endpoint;
  readonly transport: 'tcp' | 'udp';
  /** TLS or DTLS was spoken by this endpoint in this capture. */
  readonly speaksTls: boolean;
  /** How many of its connections failed or were aborted: cheaper to ask than `connections`. */
  readonly failures: number;
  /** In time order of their start. */
  readonly connections: ServerConnections;
  readonly closes: readonly ServerCloseFact[];
  readonly refusals: readonly RefusalFact[];
  /** Connections to it whose beginning is out of the ordinary. */
  readonly openings: readonly OpeningFact[];
  /** Further ones, which were counted only: `LIMITS.eventsPerServer`. */
  readonly refusalsOmitted: number;
  readonly openingsOmitted: number;
  /** SYN-ACKs that the server sent. */
  readonly accepted: readonly At[];
  /** Accepted connections that had ended by this moment may be missing; -1 where all are here. */
  readonly completeFrom: Nanos;
  /** From this moment on closes are missing; `Infinity` where all are here. */
  readonly completeUntil: Nanos;
  /** TCP connections to it that were open (SYN-ACK seen, no FIN or RST yet) at a moment. */
  openAt(nanos: Nanos): number;
}

/** A late closing alert, kept for the figure over the whole capture. */
export interface LateCloseFact {
  readonly connection: number;
  readonly server: Endpoint;
  readonly packet: number;
  readonly lateNanos: Nanos;
}

/** Two connections that carry the same 32-octet random. */
export interface SharedRandomFact {
  readonly role: Role;
  readonly connections: readonly number[];
  readonly packets: readonly number[];
  /** A print of the key share in each ServerHello of TLS 1.3; 0 without one, and for ClientHellos. */
  readonly keyShares: readonly number[];
}

/** A session id that servers issued on two connections, for two handshakes. */
export interface SharedSessionFact {
  readonly connections: readonly number[];
  /** Their ServerHellos. */
  readonly packets: readonly number[];
}

/** What capture-wide rules see: rows and indexes, never histories. */
export interface CaptureIndex {
  readonly connectionCount: number;
  /** Connections whose rows were given up: that something never happened with a server cannot be told any more. */
  readonly connectionsForgotten?: number;
  readonly lastNanos: Nanos;
  /** Packets that the capturing hosts report as dropped, all interfaces together; undefined where none counts them. */
  readonly droppedPackets: number | undefined;
  /** Packets were captured at several points of their way: times and hop limits are not of one point. */
  readonly severalPoints: boolean;
  /** The connection with this id, from its row. */
  summary(id: number): ConnectionSummary | undefined;
  /** What the capture shows about one server; undefined if it is not among `servers()`. */
  server(transport: 'tcp' | 'udp', endpoint: Endpoint): ServerFacts | undefined;
  /** Servers about which there is anything to judge: a failed or aborted connection, a close, a refusal. */
  servers(): Iterable<ServerFacts>;
  readonly lateCloses: readonly LateCloseFact[];
  readonly sharedRandoms: readonly SharedRandomFact[];
  /** From this connection on it is not known of all whether they share a random; `Infinity` where it is. */
  readonly randomsComparedUntil: number;
  /** Session ids up to TLS 1.2 that were issued more than once. */
  readonly sharedSessions: readonly SharedSessionFact[];
  /** At most `LIMITS.eventsPerServer` of them, and how many more there were. */
  readonly unusedUpgrades: readonly UnusedUpgradeFact[];
  readonly unusedUpgradesOmitted: number;
  /** What is normal and looks odd. */
  readonly oddities: readonly SoundOddityCount[];
  /** Records that open under the keys of another connection; only where there are secrets. */
  readonly misplaced: readonly MisplacedRecord[];
}
