import type { At } from '../model/history.ts';
import type { FormerConnection, OldSegmentFact } from '../model/incarnation.ts';
import { LIMITS } from '../model/limits.ts';
import type { Side } from '../model/stream.ts';
import type { ConflictFact, UnfilledFact } from '../model/tcp-facts.ts';

type PerSide<T> = [T | undefined, T | undefined];

/** As in the model, with sides in the place of roles. */
export type FormerOfSides = Omit<FormerConnection, 'closedFirst'> & {
  readonly closedFirst: Side | undefined;
};
/** As in the model, with the side that sent it. */
export type OldSegment = Omit<OldSegmentFact, 'from'> & { readonly side: Side };

/**
 * An ACK of the former connection in answer to a SYN, which makes an honest peer reset. RFC 9293 §3.10.7.3, §3.10.7.4.
 */
export interface Challenge extends At {
  readonly side: Side;
  /** What it acknowledges, hence the number of the RST that it provokes. */
  readonly acknowledgement: number;
  /** It is about more of the connection before than was captured, whose end may be among what is missing. */
  readonly isBeyond: boolean;
  reset: At | undefined;
}

/** What few connections have. */
export class Remarks {
  /** Packets whose octets differ from an earlier copy. */
  readonly conflicts: ConflictFact[] = [];
  readonly oldSegments: OldSegment[] = [];
  /** A direction began before the octets that were taken for its first ones, which came too late. */
  beganEarlier = false;
  former: FormerOfSides | undefined;
  challenge: Challenge | undefined;
  /** The first segment with urgent data. */
  readonly urgent: PerSide<At> = [undefined, undefined];
  /** A RST that its receiver did not take, since it went on. */
  readonly ignoredReset: PerSide<At> = [undefined, undefined];
  /** What was missing of a direction to the end, and its peer had not acknowledged. */
  readonly unfilled: PerSide<UnfilledFact> = [undefined, undefined];
  /** TSval of the SYN, and the window it offers its peer. */
  readonly synTimestamp: PerSide<number> = [undefined, undefined];
  readonly synWindow: PerSide<number> = [undefined, undefined];

  addConflict(conflict: ConflictFact): void {
    if (this.conflicts.length < LIMITS.anomaliesPerConnection) this.conflicts.push(conflict);
  }

  /** @returns whether copies of several packets came late: one may have been held up on its way */
  addOldSegment(segment: OldSegment): boolean {
    const { oldSegments } = this;
    const original = segment.earlier?.packet;
    const isAnother = oldSegments.some(
      ({ earlier }) => earlier !== undefined && earlier.packet !== original,
    );
    if (oldSegments.length < LIMITS.anomaliesPerConnection) oldSegments.push(segment);
    return isAnother && original !== undefined;
  }
}
