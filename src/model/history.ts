import type { AuthoritiesFact, CertificateFact } from './certificate.ts';
import type { DecryptionFacts, MisplacedRecord } from './decryption.ts';
import type { BlindSpot } from './finding.ts';
import type { FlightFacts } from './flights.ts';
import type {
  ChallengeFact,
  FormerConnection,
  OldSegmentFact,
  OpeningFact,
  ResetFact,
} from './incarnation.ts';
import type { ClientHello, HelloVerifyRequest, RecordNumber, ServerHello } from './message.ts';
import type { At, Endpoint, PerRole, RecordFact, Role } from './place.ts';
import type { SignatureCheck } from './signature.ts';
import type { SoundOddityCount } from './sound-oddities.ts';
import type { StackGuess } from './stack.ts';
import type { Nanos } from './time.ts';
import type { InnerTlsFact, UpgradeFact } from './upgrade.ts';

export type { ResetFact } from './incarnation.ts';
export type { At, Endpoint, PerRole, RecordFact, Role } from './place.ts';
export { peerOf, ROLES } from './place.ts';

/** How the connection ended as a handshake; defined in the report contract. */
export const OUTCOMES = ['established', 'failed', 'aborted', 'incomplete', 'no-handshake'] as const;
export type Outcome = (typeof OUTCOMES)[number];

/**
 * How far the handshake came: what was due next when it stopped.
 *
 * - `server-hello`: a ClientHello is unanswered (or was answered only by a HelloVerifyRequest or HelloRetryRequest)
 * - `server-flight`: ServerHello seen, the server's flight not complete (TLS ≤ 1.2: ServerHelloDone, or the server's
 *   ChangeCipherSpec on resumption; TLS 1.3: nothing protected from the server yet)
 * - `client-flight`: the server's first flight is complete, the client has not sent ClientKeyExchange (TLS 1.3: nothing
 *   protected from the client yet)
 * - `client-finished`: ClientKeyExchange seen, the client's Finished is not
 * - `server-finished`: the client's Finished seen, the server's is not
 * - `done`: both Finished (TLS 1.3: protected records past the server's flight both ways)
 * - `none`: no handshake in the capture
 */
export const STAGES = [
  'none',
  'server-hello',
  'server-flight',
  'client-flight',
  'client-finished',
  'server-finished',
  'done',
] as const;
export type Stage = (typeof STAGES)[number];

/** `HandshakeType` as on the wire, or `ENCRYPTED_MESSAGE` for a protected record that was not opened. */
export const ENCRYPTED_MESSAGE = -1;
/** HelloRetryRequest is a ServerHello on the wire; the history tells it apart under this number. */
export const HELLO_RETRY_REQUEST = 0x102;

export interface MessageFact extends At {
  readonly type: number;
  readonly from: Role;
  /** Octets of the body, without the handshake header; of the whole record for `ENCRYPTED_MESSAGE`. */
  readonly length: number;
}

export interface AlertFact extends At {
  /** AlertLevel and AlertDescription; undefined where the alert is protected and was not opened. */
  readonly level: number | undefined;
  readonly description: number | undefined;
  readonly from: Role;
  readonly encrypted: boolean;
  /** Octets of the record's fragment (without the record header). */
  readonly length: number;
  /** TLS only: further records of its sender, in the order of the stream, which that of the packets need not be. */
  readonly recordsAfter?: number;
  /** DTLS only, else 0. */
  readonly epoch: number;
  readonly sequence: number;
}

/** Complete records: over TCP once however often retransmitted, over UDP each one on the wire. */
export interface RecordCounts {
  readonly handshake: number;
  readonly changeCipherSpec: number;
  readonly alert: number;
  readonly applicationData: number;
  readonly other: number;
}

/** The client's flight of TLS 1.3 as the sizes of its records show it (RFC 8446 §2): a presumption, padding hides it. */
export interface ClientFlightFact extends At {
  /** Nothing but Finished; an empty Certificate before it; a Certificate with something in it before it. */
  readonly shape: 'finished' | 'empty-certificate' | 'certificate';
  readonly records: number;
}

/** What a direction carried after its keys were in use. */
export interface ProtectedFacts {
  readonly count: number;
  readonly first: RecordFact | undefined;
  readonly last: RecordFact | undefined;
  /** The last protected record of type application_data (TLS ≤ 1.2, DTLS) before the connection ended. */
  readonly lastData: RecordFact | undefined;
}

/** Wire misbehaviour that is a fact without judgement. */
export interface OddityFact extends At {
  readonly kind:
    | 'session-id-not-echoed' // a ServerHello of TLS 1.3 with another session id than the ClientHello before it
    | 'hello-reflected' // a ClientHello from the side that had received one
    | 'client-hello-mid-connection' // a cleartext ClientHello after protected records in that direction
    | 'impossible-length' // a protected record of a length that the negotiated protection cannot give
    | 'plaintext-instead-of-record' // printable octets where a record header is due
    | 'not-a-record'; // other octets where a record header is due
  readonly from: Role;
  /** Octets concerned (a record's length), and the content type where there is one. */
  readonly length: number;
  readonly contentType: number;
  /** Up to 64 octets found there (`plaintext-…`, `not-a-record`, the second ClientHello's random). */
  readonly octets: Uint8Array | undefined;
  /** `session-id-not-echoed`: the one connection whose ClientHello has that session id; 0 for none, or for several. */
  readonly answers?: number;
}

/** A protected record that stands out of its direction, as far as that can be seen without secrets. */
export interface StrayFact extends RecordFact {
  /**
   * - `copy`: the same ciphertext was on the wire in another connection, which has another handshake
   * - `reflection`: the other side had sent the same ciphertext
   * - `repetition`: the same side had sent the same ciphertext, as a record of its own
   * - `nonce-off-line`: the sender counts its explicit nonces up, and this one is not the next
   * - `nonce-repeated`: the same, and this one was used before
   */
  readonly kind: 'copy' | 'reflection' | 'repetition' | 'nonce-off-line' | 'nonce-repeated';
  /** Explicit nonces in hexadecimal: that of the record, and the one that was due. */
  readonly nonce: { readonly got: string; readonly due: string } | undefined;
  /**
   * How the nonces went on: from where they were before (`line`), from this record (`moved`), from both (`both`);
   * undefined if nothing followed, or nothing is known.
   */
  readonly after: 'line' | 'moved' | 'both' | undefined;
  /**
   * The earlier record with this ciphertext and its connection; or the connection to whose explicit nonces this one
   * belongs, with its record before.
   */
  readonly other: (At & { readonly connection: number }) | undefined;
}

/** The TCP connection below a TLS connection. */
export interface TcpFacts {
  readonly syn: At | undefined;
  readonly synAck: At | undefined;
  /** Which TCP connection on these endpoints this is, from 0. */
  readonly incarnation: number;
  readonly fin: PerRole<At | undefined>;
  readonly rst: PerRole<ResetFact | undefined>;
  /** Payload octets delivered in order, and how many are missing from the capture. */
  readonly octets: PerRole<number>;
  readonly lostOctets: PerRole<number>;
  /** The last segment with payload. */
  readonly lastData: PerRole<At | undefined>;
  /** When the peer's TCP acknowledged the last payload octet of this role; undefined if never seen. */
  readonly lastDataAcknowledged: PerRole<At | undefined>;
  readonly retransmissions: PerRole<number>;
  /** What a role repeated to the last without an acknowledgement, within the first 64 KiB of its stream. */
  readonly repeated: PerRole<RepeatFact | undefined>;
  /** The last packet of each. */
  readonly lastSeen: PerRole<At | undefined>;
  /** TTL or hop limit of SYN and SYN-ACK; undefined where they were seen with several. */
  readonly synHopLimit: PerRole<number | undefined>;
  /** Packets whose octets differ from an earlier copy of the same range. */
  readonly conflicts: readonly ConflictFact[];
  /** The connection before this one on the same endpoints, if its last packet is not long ago. */
  readonly former: FormerConnection | undefined;
  readonly challenge: ChallengeFact | undefined;
  readonly oldSegments: readonly OldSegmentFact[];
  /** New payload octets of this role that came behind the FIN of its peer, and that the FIN does not acknowledge. */
  readonly octetsAfterPeerFin: PerRole<number>;
  /**
   * The first segment with urgent data. Its octets are taken as part of the stream (RFC 6093 §3); a receiver that does
   * otherwise misses one.
   */
  readonly urgent: PerRole<At | undefined>;
  /** A RST of this role after which its peer went on to take data from it: it was not taken (RFC 5961 §3.2). */
  readonly ignoredReset: PerRole<At | undefined>;
  /** Octets of this role that never came, neither here nor at its peer. */
  readonly unfilled: PerRole<UnfilledFact | undefined>;
  /** Up to 64 first octets of a direction that does not begin with a record. */
  readonly plaintextStart: PerRole<Uint8Array | undefined>;
  /** Time between SYN and SYN-ACK, or data and its ACK, the smallest seen; undefined if none. */
  readonly smallestRoundTrip: Nanos | undefined;
}

/** A segment that TCP repeats from the first octet on that was not acknowledged (RFC 6298 §5, rule 5.4). */
export interface RepeatFact {
  /** Octets of the stream before it, and in it. */
  readonly offset: number;
  readonly length: number;
  /** How often it was sent again, and the first and last time. */
  readonly times: number;
  readonly first: At;
  readonly last: At;
}

/** A gap in a stream with octets beyond it, none of which the receiver acknowledged. It is dated by the first of them. */
export interface UnfilledFact extends At {
  /** Octets of the stream before the gap, in it, and beyond it as far as captured. */
  readonly offset: number;
  readonly length: number;
  readonly beyond: number;
}

/** A packet that sends octets again which were others before. */
export interface ConflictFact extends At {
  /** The packet that had them first. */
  readonly earlier: At;
}

export interface EpochFact {
  readonly epoch: number;
  readonly firstSequence: number;
  readonly highestSequence: number;
  readonly count: number;
  readonly first: At;
  readonly last: At;
}

export interface DtlsHelloFact extends At {
  /** `message_seq`: 0 for the first ClientHello, 1 for the answer to a HelloVerifyRequest. */
  readonly messageSequence: number;
  readonly recordSequence: number;
  readonly cookieLength: number;
  /** The same message (random, cookie, message_seq) was on the wire before. */
  readonly retransmission: boolean;
  /**
   * What differs from the association's first ClientHello although RFC 6347 §4.2.1 asks for the same: of `version`,
   * `session_id`, `cipher_suites`, `compression_methods`. Undefined if not compared.
   */
  readonly changed?: readonly string[];
}

export interface DtlsVerifyFact extends At {
  readonly request: HelloVerifyRequest;
  /** A later ClientHello of this association carries this cookie. */
  readonly echoed: boolean;
}

/** What one side of DTLS 1.3 says that it received. RFC 9147 §7. */
export interface AckFact extends At {
  readonly from: Role;
  /** Of the record that carries it; 0 and its number where it is in the clear. */
  readonly epoch: number;
  readonly sequence: number;
  /** The first ones; an empty list asks for the flight again (RFC 9147 §7.1). */
  readonly received: readonly RecordNumber[];
  /** Numbers that are not listed because of the limit. */
  readonly omitted: number;
}

/** A record that does not simply belong where and when it arrived. */
export interface DtlsAnomaly {
  /**
   * - `late`: belongs to this association and arrived after the peer had closed it (a probable close_notify of the peer
   *   was on the wire) or after a newer association began on the 5-tuple
   * - `no-association`: epoch ≥ 1, and the capture shows no association on the 5-tuple that could own it (listed on the
   *   association that begins afterwards, or on the one without a handshake that stands for it)
   * - `replay`: same epoch and sequence number as an earlier record, same octets
   * - `sequence-reuse`: same epoch and sequence number, other octets
   * - `epoch0-alert`: a plaintext alert after this direction's keys were in use
   * - `finished-again`: the client's or server's last flight repeated after both Finished were seen
   * - `epoch-confusion`: in the clear under an epoch that has keys, or a Finished in epoch 0; `reason` names the content
   * - `far-number`: its number is far ahead of the numbers of its direction, and no other record confirms the jump
   */
  readonly kind:
    | 'late'
    | 'no-association'
    | 'replay'
    | 'sequence-reuse'
    | 'epoch0-alert'
    | 'finished-again'
    | 'epoch-confusion'
    | 'far-number';
  readonly record: RecordFact;
  /** Id of the association the record is attributed to; 0 for none. */
  readonly owner: number;
  /** Why it is attributed so, in a few words, and how sure that is. */
  readonly reason: string;
  readonly confidence: 'proven' | 'likely' | 'possible';
  /** The record's length is that of an alert under the owner's suite (or of a Finished). */
  readonly shape: 'alert' | 'finished' | 'other';
  /** Since the peer's probable close_notify of the owner; undefined if there was none. */
  readonly sincePeerClose: Nanos | undefined;
  /** Since the sender's previous record of the owner. */
  readonly sinceOwnPrevious: Nanos | undefined;
  /** The newer association it arrived in, and how far that one was; 0 and undefined if there was none yet. */
  readonly during: number;
  readonly duringStage: Stage | undefined;
  /** The earlier record with the same number (`replay`, `sequence-reuse`). */
  readonly earlier: At | undefined;
  /** `far-number`: how far ahead, and whether its direction went on with the numbers from before it. */
  readonly ahead?: number;
  readonly lineGoesOn?: boolean;
  /** Alert level and description, `epoch0-alert` only. */
  readonly alert: { readonly level: number; readonly description: number } | undefined;
}

/** Connection ids as RFC 9146 §3 negotiates them: what records carry. */
export interface ConnectionIdFacts {
  /** 54, or the code points of drafts, 53 and 254; undefined where the capture lacks the handshake. */
  readonly extension: number | undefined;
  /** By who receives the records, in hexadecimal: empty for none, undefined where nothing is known. */
  readonly to: PerRole<string | undefined>;
}

/** A 5-tuple other than that of its handshake on which records of an association came. */
export interface PathFact {
  /** Wireshark's `udp.stream`. */
  readonly stream: number;
  readonly endpoints: PerRole<Endpoint>;
  readonly first: At;
  readonly last: At;
  /** Protected records by their sender, and the first of each. */
  readonly records: PerRole<number>;
  readonly firstOf: PerRole<At | undefined>;
  /** Some of them opened under the keys of the association. */
  readonly isProven: boolean;
  /** The first record went to another address or port than the one that gave out its connection id. */
  readonly isElsewhere: boolean;
  /** All records are copies of records that were on another 5-tuple before: a device that passes them on, seen twice. */
  readonly isCopy: boolean;
}

/** A record whose connection id is not the one that its receiver gave out. */
export interface IdMisfitFact extends At {
  readonly from: Role;
  readonly epoch: number;
  /**
   * - `length`: only with an id of another length does the record end where its datagram does
   * - `of-sender`: it carries the id that its sender wants to receive
   * - `missing`: it carries none, and its receiver wants one
   * - `not-negotiated`: it carries an id, and the receiver wants none
   * - `unknown`: it carries one of the right length that nobody in the capture gave out
   */
  readonly kind: 'length' | 'of-sender' | 'missing' | 'not-negotiated' | 'unknown';
  /** In hexadecimal. */
  readonly wanted: string;
  readonly found: string;
}

/** The association that this one goes on with, without a handshake: same client address, same server, next numbers. */
export interface ContinuationFact {
  readonly connection: number;
  /** Where the client was then. */
  readonly client: Endpoint;
  /** How far the first number is ahead of the last one there. */
  readonly step: number;
  /** The record opens under the keys of that association. */
  readonly isProven: boolean;
  /** The last record of the client there, and whether the server had been heard by then. */
  readonly last: At;
  readonly wasAnswered: boolean;
  /** The client went on sending there: this is somebody else, or a second path. */
  readonly goesOn: boolean;
}

/** What DTLS adds to a connection. */
export interface DtlsFacts {
  /** Undefined where none were negotiated and none were seen. */
  readonly connectionIds: ConnectionIdFacts | undefined;
  /** In the order in which it came there. */
  readonly paths: readonly PathFact[];
  /** There were more than the limit allows to follow. */
  readonly pathsOmitted: boolean;
  readonly idMisfits: readonly IdMisfitFact[];
  readonly continues: ContinuationFact | undefined;
  /** Position among the associations of its 5-tuple, from 0, and their ids in order (itself included). */
  readonly ordinal: number;
  readonly siblings: readonly number[];
  readonly epochs: PerRole<readonly EpochFact[]>;
  readonly clientHellos: readonly DtlsHelloFact[];
  readonly verifyRequests: readonly DtlsVerifyFact[];
  /** The server's first HelloVerifyRequest, ServerHello or alert in answer. */
  readonly answered: At | undefined;
  /** First record per side that looks like a closing alert: type 21, epoch ≥ 1, of alert length. */
  readonly probableClose: PerRole<RecordFact | undefined>;
  /** Every transmission of the flight that ends in this side's Finished (its record at the first protected epoch). */
  readonly finishedTransmissions: PerRole<readonly RecordFact[]>;
  readonly anomalies: readonly DtlsAnomaly[];
  /** DTLS 1.3: those in the clear and those that secrets opened, the first ones. */
  readonly acks?: readonly AckFact[];
  /** Anomalies that were not listed because of the limit. */
  readonly anomaliesOmitted: number;
  /** Undefined where nothing of the handshake was sent again or came in fragments. */
  readonly flights?: FlightFacts | undefined;
  /** ICMP "port unreachable" that quoted datagrams of this 5-tuple. */
  readonly portUnreachable: readonly At[];
  /** The last datagram of STUN or RTP of each side while this was the newest association of its 5-tuple. */
  readonly company?: PerRole<At | undefined> | undefined;
  /** An earlier association on the 5-tuple was open (epoch ≥ 1 traffic, no probable close of both) when this one began. */
  readonly replacesOpen: number;
}

/** A session that a server of the capture issued in the clear (up to TLS 1.2), by ticket or by session id. */
export interface IssuedSession extends At {
  readonly by: 'ticket' | 'session_id';
  readonly connection: number;
  /** First 16 octets of the ticket in hexadecimal, where the recommended form names its key (RFC 5077 §4). */
  readonly keyName: string;
  readonly extendedMasterSecret: boolean;
  readonly cipherSuite: number;
}

/** What a ClientHello offers to resume: a ticket or session id up to TLS 1.2, or a ticket as a PSK of TLS 1.3. */
export interface ResumptionFacts {
  readonly by: IssuedSession['by'] | 'psk';
  /** As in `IssuedSession`; undefined for a session id. */
  readonly keyName: string | undefined;
  /** Where the capture shows it being issued, unless that was long ago. */
  readonly issued: IssuedSession | undefined;
  /** It was issued to a client that asked for another server name; false where either name is not known. */
  readonly isOtherName?: boolean;
  /** The ticket that the server issued on this connection. */
  readonly renewed: IssuedSession | undefined;
}

/** A cookie that a server gave out on another connection than the one whose ClientHello brings it. */
export interface CookieFact extends At {
  readonly by: 'hello_verify_request' | 'hello_retry_request';
  readonly connection: number;
}

/** Takes messages one by one. */
export interface MessageVisitor {
  message(type: number, from: Role, packet: number): void;
}

/** The order of counts in `CompactHistory.recordCount`. */
export const RECORD_COUNTS = [
  'changeCipherSpec',
  'alert',
  'handshake',
  'applicationData',
  'other',
] as const satisfies readonly (keyof RecordCounts)[];

/** What a writer of every connection of a large capture reads, without an object for each fact. */
export interface CompactHistory {
  address(role: Role): string;
  port(role: Role): number;
  /** Counts in the order of `RECORD_COUNTS`. */
  recordCount(role: Role, kind: number): number;
  visitMessages(visitor: MessageVisitor): void;
  /** Octets that hold the client's or server's random, and where; -1 for none. */
  randomOctets(role: Role): Uint8Array;
  randomAt(role: Role): number;
  /** Packet of the FIN or RST with which a role ended the TCP connection: negative for a RST, 0 for neither. */
  endPacket(role: Role): number;
}

/** Fingerprints of the last ClientHello and of the ServerHello; undefined where there is none, or MD5 is refused. */
export interface FingerprintFacts {
  readonly ja3: string | undefined;
  readonly ja3s: string | undefined;
  readonly ja4: string | undefined;
  /** What TLS stack each side seems to have; absent where nobody looks, as for QUIC. */
  readonly stacks?: PerRole<StackGuess | undefined>;
}

/**
 * What became of the encrypted ClientHello that the one on the wire carries (RFC 9849), as far as octets and secrets show:
 * `offered` is all that can be seen without secrets, and GREASE looks the same; `accepted`: records open under secrets that
 * were logged for another random, which is that of the encrypted hello, so that what the outer one says of names is for
 * show; `rejected`: the server went on with the outer one, as it does with GREASE.
 */
export const ECH_OUTCOMES = ['offered', 'accepted', 'rejected'] as const;
export type EchOutcome = (typeof ECH_OUTCOMES)[number];

/** Everything known about one connection when it is final, in time order. */
export interface ConnectionHistory {
  /** From 1, in the order in which connections were recognised. */
  readonly id: number;
  readonly protocol: 'TLS' | 'DTLS';
  /** TCP for DTLS too where it carries datagrams in frames; then there are no `tcp` facts. */
  readonly transport: 'tcp' | 'udp';
  /** Wireshark's `tcp.stream` or `udp.stream`. */
  readonly stream: number;
  readonly client: Endpoint;
  readonly server: Endpoint;
  readonly rolesFrom: 'client_hello' | 'server_hello' | 'syn' | 'port-order';
  readonly firstPacket: number;
  readonly lastPacket: number;
  readonly startNanos: Nanos;
  readonly endNanos: Nanos;

  /** Wire values (0x0303 TLS 1.2, 0xfefd DTLS 1.2, …), as offered, GREASE left out. */
  readonly versionsOffered: readonly number[];
  readonly version: number | undefined;
  readonly cipherSuite: number | undefined;
  readonly serverName: string | undefined;
  readonly alpn: string | undefined;
  readonly clientRandom: Uint8Array | undefined;
  readonly serverRandom: Uint8Array | undefined;
  readonly resumed: boolean | undefined;
  readonly extendedMasterSecret: boolean | undefined;
  readonly encryptThenMac: boolean | undefined;
  /** What names the programs behind the hellos, more or less. */
  readonly fingerprints?: FingerprintFacts;
  /** Undefined where the ClientHello has no encrypted_client_hello. */
  readonly ech?: EchOutcome | undefined;
  /** Undefined where the ClientHello offers no session. */
  readonly resumption?: ResumptionFacts | undefined;
  /**
   * Where the cookie of the last ClientHello was given out: on another connection, and on no other, which did not bring
   * it back. Undefined for nearly all.
   */
  readonly foreignCookie?: CookieFact | undefined;
  /** Decoded when asked for; the last ClientHello, and the ServerHello that is no HelloRetryRequest. */
  readonly clientHello: ClientHello | undefined;
  readonly serverHello: ServerHello | undefined;
  /** Up to TLS 1.2, of a handshake with both Finished: the named curve that the server chose. RFC 8422 §5.4. */
  readonly curve?: number | undefined;

  readonly outcome: Outcome;
  readonly stage: Stage;
  /** Both sides spoke in this capture. */
  readonly bothDirections: boolean;
  readonly messages: readonly MessageFact[];
  readonly alerts: readonly AlertFact[];
  readonly records: PerRole<RecordCounts>;
  readonly changeCipherSpec: PerRole<At | undefined>;
  readonly protectedRecords: PerRole<ProtectedFacts>;
  /** TLS 1.3 over TCP; undefined where the sizes tell nothing. */
  readonly clientFlight?: ClientFlightFact | undefined;
  readonly oddities: readonly OddityFact[];
  readonly strays: readonly StrayFact[];
  readonly blindSpots: readonly BlindSpot[];
  /**
   * Signatures up to TLS 1.2 of a handshake that was not completed, verified when asked for. One that was sent and is not
   * listed could not be put together.
   */
  readonly signatures?: readonly SignatureCheck[] | undefined;
  /** Certificates that the sides of a handshake up to TLS 1.2 showed, if it was not completed; read when asked for. */
  readonly certificates?: PerRole<readonly CertificateFact[]> | undefined;
  /** Issuers that the server asked for, read when asked for where the certificates of the client were. */
  readonly clientAuthorities?: AuthoritiesFact | undefined;
  /** What secrets told; undefined in a run without any. */
  readonly decryption?: DecryptionFacts | undefined;
  /**
   * A class number where nothing about the connection is out of the ordinary: established, whole, no alert in the clear,
   * no oddity, no anomaly, nothing sent twice, closed in order or still open. Rules answer the same for all connections of
   * one class, so it is enough to ask them once. Undefined or 0 for every other connection.
   */
  readonly ordinary?: number;
  readonly compact?: CompactHistory;
  /** How TLS began behind something else on the TCP connection; undefined where it began at once. */
  readonly upgrade?: UpgradeFact | undefined;
  /** TLS inside this connection, as far as secrets show it. */
  readonly innerTls?: InnerTlsFact | undefined;
  readonly tcp: TcpFacts | undefined;
  readonly dtls: DtlsFacts | undefined;
}

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

/** What the capture shows about one server endpoint over TCP or UDP. */
export interface ServerFacts {
  readonly endpoint: Endpoint;
  readonly transport: 'tcp' | 'udp';
  /** TLS or DTLS was spoken by this endpoint in this capture. */
  readonly speaksTls: boolean;
  /** How many of its connections failed or were aborted: cheaper to ask than `connections`. */
  readonly failures: number;
  /** In time order of their start. */
  readonly connections: readonly ConnectionSummary[];
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
