import type { ChallengeFact, FormerConnection, OldSegmentFact, ResetFact } from './incarnation.ts';
import type { At, PerRole } from './place.ts';
import type { Nanos } from './time.ts';

/** The TCP connection below a TLS connection. */
export interface TcpFacts {
  readonly syn: At | undefined;
  readonly synAck: At | undefined;
  /** Which TCP connection on these endpoints this is, from 0. */
  readonly incarnation: number;
  /**
   * Several connections share its endpoints, and packets came again later: which came first is not known. Or its first
   * octets were captured behind later ones, too late to be put before them.
   */
  readonly isOrderUnknown: boolean;
  /**
   * A SYN, octets or a FIN of one side were captured behind the packet of its peer that acknowledges them: which side did
   * something first does not show by the order of packets.
   */
  readonly isBehindAnswer: boolean;
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
