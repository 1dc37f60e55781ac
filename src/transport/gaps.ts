import { LIMITS } from '../model/limits.ts';
import type { UnfilledFact } from '../model/tcp-facts.ts';
import type { EarlyPool } from './early-pool.ts';
import { ahead } from './sequence.ts';
import {
  EARLY,
  EARLY_OCTETS,
  EARLY_RANGES,
  FLAGS,
  GAP_SINCE,
  HALF,
  halfOf,
  NEXT_SEQUENCE,
  type TcpTable,
} from './tcp-table.ts';

/* What is to be thought of octets of a direction that the capture lacks, so far or for good. */

/** Did the peer have all before `end` already? A keep-alive stands there, behind octets that the capture lacks. */
export function isAcknowledged(
  { words, acknowledged }: TcpTable,
  place: number,
  end: number,
): boolean {
  return (
    ((words[place + FLAGS] as number) & HALF.acknowledged) !== 0 &&
    ahead(acknowledged[halfOf(place)] as number, end) >= 0
  );
}

/** Has the first gap been waited for long enough? */
export function isOverdue({ words, numbers }: TcpTable, place: number, nanos: number): boolean {
  const ranges = words[place + EARLY_RANGES] as number;
  return (
    (words[place + EARLY_OCTETS] as number) > LIMITS.tcpEarlyOctetsPerHalf ||
    ranges > LIMITS.tcpEarlyRangesPerHalf ||
    (((words[place + FLAGS] as number) & HALF.gapAcknowledged) !== 0 &&
      (ranges > LIMITS.tcpEarlyRangesAcknowledged ||
        nanos - (numbers[(place >> 1) + GAP_SINCE] as number) > LIMITS.tcpGapAcknowledgedNanos))
  );
}

/** A gap that its receiver has as well: octets beyond it came, and it acknowledged none of them. */
export function unfilledGap(
  { words, first }: TcpTable,
  pool: EarlyPool,
  place: number,
): UnfilledFact {
  const list = words[place + EARLY] as number;
  const due = words[place + NEXT_SEQUENCE] as number;
  return {
    packet: pool.packetOf(list),
    nanos: pool.nanosOf(list),
    offset: ahead(due, first[halfOf(place)] as number),
    length: ahead(pool.sequenceOf(list), due),
    beyond: words[place + EARLY_OCTETS] as number,
  };
}

/**
 * Octets that are missing at the end, as the peer acknowledged them; 0 for none. More than one: that may be a FIN that was
 * not captured.
 */
export function unseenEnd({ words, acknowledged }: TcpTable, place: number): number {
  const flags = words[place + FLAGS] as number;
  if ((flags & HALF.acknowledged) === 0 || (flags & HALF.started) === 0) return 0;
  const due = words[place + NEXT_SEQUENCE] as number;
  const length = ahead(acknowledged[halfOf(place)] as number, due);
  return length > 1 ? length : 0;
}
