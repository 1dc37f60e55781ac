import type { At, Endpoint, Role } from './place.ts';

/** The TCP connection before this one on the same endpoints, as it was when the SYN of this one came. */
export interface FormerConnection {
  /** Wireshark's `tcp.stream`. */
  readonly stream: number;
  readonly last: At;
  /** FINs of both sides, of one, a RST, or none of them in the capture. */
  readonly end: 'closed' | 'half-closed' | 'reset' | 'open';
  /** Whose FIN came first: that side keeps the connection in TIME-WAIT. RFC 9293 §3.6.1. */
  readonly closedFirst: Role | undefined;
  /** How far the new initial sequence number is ahead of all that was sent before, at most 2^31 either way. */
  readonly ahead: number | undefined;
}

/** A SYN was answered by an ACK of another connection on these endpoints. RFC 9293 §3.10.7.4, RFC 5961 §4.2. */
export interface ChallengeFact extends At {
  /** Who answered so. */
  readonly from: Role;
  /** It is about more of that connection than was captured, whose end may be among what is missing, or before the capture. */
  readonly isBeyond?: boolean;
  /** The RST with which the other side refused that ACK. RFC 9293 §3.5.2. */
  readonly reset: At | undefined;
}

/** A segment of the connection before that came after the SYN of this one. */
export interface OldSegmentFact extends At {
  readonly from: Role;
  /** Octets of payload. */
  readonly length: number;
  /** Where the same octets were sent under the same numbers; undefined if the capture does not hold them any more. */
  readonly earlier: At | undefined;
  /**
   * - `timestamp`: its TSval is older than that of the SYN (RFC 7323 §5)
   * - `acknowledgement`: it acknowledges what only the connection before can have sent (RFC 5961 §5.2)
   * - `copy`: its octets were sent under these numbers before the SYN
   * - `number`: it lies before the first number of this connection, and among those of the one before
   */
  readonly how: 'timestamp' | 'acknowledgement' | 'copy' | 'number';
  /** Its numbers are good for this connection, so that the receiver took its octets for those due there. */
  readonly taken: boolean;
}

/** A TCP connection whose beginning is out of the ordinary: after another one, challenged, or turned away. */
export interface OpeningFact {
  readonly client: Endpoint;
  /** 0 for a TCP connection without TLS. */
  readonly connection: number;
  readonly stream: number;
  readonly syn: At;
  /** How often the SYN was sent. */
  readonly transmissions: number;
  readonly synAck: At | undefined;
  readonly former: FormerConnection | undefined;
  readonly challenge: ChallengeFact | undefined;
  /** The RST with which the server ended the connection before it had sent any octet. */
  readonly turnedAway: ResetFact | undefined;
  /** The client's last payload, and whether the server's TCP acknowledged it. */
  readonly lastFromClient: At | undefined;
  readonly acknowledged: boolean;
}

/** A RST of either side; what its sender knew of the connection shows in it. RFC 9293 §3.10.7. */
export interface ResetFact extends At {
  /** RST with ACK (a process closed with unread data, or a refusal) or bare (nobody there any more). */
  readonly withAck: boolean;
  readonly window: number;
  /** TTL or hop limit. */
  readonly hopLimit?: number;
  /**
   * Octets of its sender that its sequence number says were sent before it and that the capture lacks. A closing alert
   * can be among them. Undefined where the number says nothing (a RST in answer to a stray segment).
   */
  readonly missingOctets?: number | undefined;
}
