import type { At, PerRole, Role } from './place.ts';

/** One repeat of a flight, or of what its sender repeated of it. */
export interface FlightRepeat {
  readonly from: Role;
  readonly first: At;
  readonly last: At;
}

/** A range of a message’s octets, `to` not included. */
export interface OctetRange {
  readonly from: number;
  readonly to: number;
}

/** A handshake message that came in fragments (RFC 6347 §4.2.3), with all its transmissions. */
export interface FragmentedMessage {
  readonly from: Role;
  readonly type: number;
  /** `message_seq`. */
  readonly messageSequence: number;
  /** Octets of the body. */
  readonly length: number;
  /** Fragments on the wire, those of repeats included. */
  readonly fragments: number;
  readonly largest: number;
  readonly first: At;
  readonly last: At;
  /** Transmissions that had at least one fragment of it. */
  readonly transmissions: number;
  /** Those that went past what is missing: a later octet or message followed, or the next transmission. */
  readonly passedOver: number;
  /** What no transmission brought; empty for a message that was whole. */
  readonly missing: readonly OctetRange[];
  /** The fragment that completed it, over all transmissions. */
  readonly completed: At | undefined;
  /** Some single transmission was whole. */
  readonly wholeAtOnce: boolean;
  /** A repeat was cut at other places. */
  readonly recut: boolean;
}

/** Datagrams of one side, up to the end of the handshake, that were too large for one IP packet. */
export interface IpFragmentFact {
  /** Those that the capture has all fragments of. */
  readonly whole: number;
  readonly firstWhole: At | undefined;
  /** Those of which it has the first fragment only, or not all: the first ones. */
  readonly halves: readonly At[];
  /** UDP payload of the largest. */
  readonly octets: number;
}

/** What was sent again of a DTLS handshake, and what came in fragments; only where there is any of it. */
export interface FlightFacts {
  /** The first ones of both sides, in the order of the capture. */
  readonly repeats: readonly FlightRepeat[];
  /** All of them. */
  readonly repeated: PerRole<number>;
  readonly lastRepeat: PerRole<At | undefined>;
  readonly fragmented: readonly FragmentedMessage[];
  readonly ipFragments?: PerRole<IpFragmentFact | undefined>;
}
