import type { AuthoritiesFact, CertificateFact, MalformedCertificate } from './certificate.ts';
import type { DecryptionFacts } from './decryption.ts';
import type { DtlsFacts } from './dtls-facts.ts';
import type { BlindSpot } from './finding.ts';
import type { ClientHello, ServerHello } from './message.ts';
import type { Outcome, Stage } from './outcome.ts';
import type { At, Endpoint, PerRole, RecordFact, Role } from './place.ts';
import type { SignatureCheck } from './signature.ts';
import type { StackGuess } from './stack.ts';
import type { TcpFacts } from './tcp-facts.ts';
import type { Nanos } from './time.ts';
import type { InnerTlsFact, UpgradeFact } from './upgrade.ts';

export { OUTCOMES, type Outcome, STAGES, type Stage } from './outcome.ts';
export type { At, Endpoint, PerRole, RecordFact, Role } from './place.ts';
export { peerOf, ROLES } from './place.ts';

/** `HandshakeType` as on the wire, or `ENCRYPTED_MESSAGE` for a protected record that was not opened. */
export const ENCRYPTED_MESSAGE = -1;
/** HelloRetryRequest is a ServerHello on the wire; the history tells it apart under this number. */
export const HELLO_RETRY_REQUEST = 0x102;

/** A handshake message. */
export interface MessageFact extends At {
  readonly type: number;
  readonly from: Role;
  /** Octets of the body, without the handshake header; of the whole record for `ENCRYPTED_MESSAGE`. */
  readonly length: number;
}

/** An alert, in the clear or opened; or a protected record of that type. */
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

/** Heartbeat records of one direction (RFC 6520), which belong to no message, no data and no alert; rare. */
export interface HeartbeatFact extends At {
  readonly from: Role;
  /** How many there were, of which this is the first. */
  readonly count: number;
  /** Undefined, like `claimed`, where it is protected. */
  readonly type: 'request' | 'response' | undefined;
  /** Octets of the record. */
  readonly length: number;
  /** Its payload_length. */
  readonly claimed: number | undefined;
  /** The record has not even room for the payload that it claims: whoever answers it without a look tells of its memory. */
  readonly isBeyond: boolean;
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
  /** Protected records that the other side had sent until then. */
  readonly peerRecords: number;
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
  /** DTLS: record numbers that no record of the capture has, at least; undefined for none. */
  readonly missingRecords?: PerRole<number> | undefined;
  readonly protectedRecords: PerRole<ProtectedFacts>;
  /** TLS 1.3 over TCP; undefined where the sizes tell nothing. */
  readonly clientFlight?: ClientFlightFact | undefined;
  readonly oddities: readonly OddityFact[];
  readonly strays: readonly StrayFact[];
  readonly heartbeats?: readonly HeartbeatFact[] | undefined;
  readonly blindSpots: readonly BlindSpot[];
  /**
   * Signatures up to TLS 1.2 of a handshake that was not completed, verified when asked for. One that was sent and is not
   * listed could not be put together.
   */
  readonly signatures?: readonly SignatureCheck[] | undefined;
  /** Certificates that the sides of a handshake up to TLS 1.2 showed, if it was not completed; read when asked for. */
  readonly certificates?: PerRole<readonly CertificateFact[]> | undefined;
  /** What of the lists of certificates of such a handshake cannot be parsed; read when asked for. */
  readonly malformedCertificates?: PerRole<MalformedCertificate | undefined> | undefined;
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
