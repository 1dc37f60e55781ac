import type { FlightFacts } from './flights.ts';
import type { HelloVerifyRequest, RecordNumber } from './message.ts';
import type { Stage } from './outcome.ts';
import type { At, Endpoint, PerRole, RecordFact, Role } from './place.ts';
import type { Nanos } from './time.ts';

/** The record numbers of one direction in one epoch. */
export interface EpochFact {
  readonly epoch: number;
  readonly firstSequence: number;
  readonly highestSequence: number;
  readonly count: number;
  readonly first: At;
  readonly last: At;
}

/** Numbers below the highest that no record has. Epoch 0 may begin with any number (RFC 6347 §4.2.1), others with 0. */
export const lacksNumbers = ({ epoch, firstSequence, highestSequence, count }: EpochFact) =>
  count <= highestSequence - (epoch === 0 ? firstSequence : 0);

/** How many there are at least, from the first that was seen, or from 0. */
export const missingNumbers = (
  { firstSequence, highestSequence, count }: EpochFact,
  fromZero: boolean,
): number => Math.max(0, highestSequence + 1 - (fromZero ? 0 : firstSequence) - count);

/** A ClientHello as it came, with its place among those of the association. */
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

/** A HelloVerifyRequest. RFC 6347 §4.2.1. */
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
  /** A hash of the octets of the first record, which are the same wherever it was captured. */
  readonly print: number;
  /** The record opens under the keys of that association. */
  readonly isProven: boolean;
  /** The last record of the client there, and whether the server had been heard by then. */
  readonly last: At;
  readonly wasAnswered: boolean;
  /** The client went on sending there: this is somebody else, or a second path. */
  readonly goesOn: boolean;
}

/** ICMP said that nobody listens where a datagram went. */
export interface UnreachableFact extends At {
  /** Whose port that is. Its host said so, or a device on the path that rejects the datagram. */
  readonly role: Role;
}

/** What DTLS adds to a connection. */
export interface DtlsFacts {
  /** Several associations share its 5-tuple, and records came again later: which came first is not known. */
  readonly isOrderUnknown: boolean;
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
  readonly portUnreachable: readonly UnreachableFact[];
  /** The last datagram of STUN or RTP of each side while this was the newest association of its 5-tuple. */
  readonly company?: PerRole<At | undefined> | undefined;
  /** An earlier association on the 5-tuple was open (epoch ≥ 1 traffic, no probable close of both) when this one began. */
  readonly replacesOpen: number;
}
