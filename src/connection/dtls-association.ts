import type { At } from '../model/history.ts';
import type { Side } from '../model/stream.ts';
import { type DtlsHalf, DtlsHalves, Half } from './dtls-halves.ts';

/** What the records of an association carry. */
export interface AssociationIds {
  /** Code point under which the ids were negotiated: 54, or 53 and 254 of drafts; 0 where the handshake was not captured. */
  readonly extension: number;
  /** By the side that receives them: empty for none, undefined where nothing is known. */
  readonly to: [Uint8Array | undefined, Uint8Array | undefined];
  readonly entries: IdEntry[];
}

/** One id of one association. */
export interface IdEntry {
  readonly association: Association;
  readonly receiver: Side;
  readonly octets: Uint8Array;
  /** The receiver's address and port, see `FlowDirectory.endpointKey`. */
  readonly endpoint: number | string;
  readonly hash: number;
  place: number;
}

/** A 5-tuple other than that of its handshake, on which records of an association came. */
export interface Path {
  readonly association: Association;
  readonly flow: number;
  /** Side 0 of this 5-tuple is side 1 of that of the handshake. */
  readonly isFlipped: boolean;
  /** The first record went to another address or port of its receiver than the id was given out for. */
  readonly isElsewhere: boolean;
  readonly firstPacket: number;
  readonly firstNanos: number;
  lastPacket: number;
  lastNanos: number;
  /** Records by their sender, as the 5-tuple of the handshake has the sides; how many of them opened. */
  readonly records: [number, number];
  opened: number;
  /** Of records that were on another 5-tuple before. */
  copies: number;
  /** The first record of each sender. */
  readonly firstOf: [At | undefined, At | undefined];
}

/** What `ContinuationFact` tells, while it may still change. */
export interface Continuation {
  readonly owner: number;
  /** Flow and side of the client there. */
  readonly flow: number;
  readonly side: Side;
  readonly step: number;
  readonly isProven: boolean;
  readonly last: At;
  readonly wasAnswered: boolean;
  goesOn: boolean;
}

/** The last datagram of STUN or RTP of each side. */
export interface Company {
  readonly packet: [number, number];
  readonly nanos: [number, number];
}

/** What DTLS keeps of one association; objects are reused. */
export class Association {
  /** Row in the connection table. */
  row = 0;
  /** A number of its own among the associations in memory; its directions are `slot * 2 + side`. */
  readonly slot: number;
  flow = 0;
  /** The one before on the same 5-tuple. */
  previous: Association | undefined = undefined;
  ordinal = 0;
  firstPacket = 0;
  firstNanos = 0.5;
  /** Id of the open association that this one began over; 0 for none. */
  replacesOpen = 0;
  /** The last HelloVerifyRequest: handle into the slab, and length. */
  cookie = 0;
  cookieLength = 0;
  /** Some message came in fragments. */
  hasFragments = false;
  /** Connection ids (RFC 9146), and the other 5-tuples on which its records came; undefined for most. */
  ids: AssociationIds | undefined = undefined;
  paths: Path[] | undefined = undefined;
  pathsOmitted = false;
  /** Came while this was the newest association of its 5-tuple; undefined for most. */
  company: Company | undefined = undefined;
  /** It seems to go on with another association; or another one with it. */
  continues: Continuation | undefined = undefined;
  continuedBy: Continuation | undefined = undefined;
  readonly sides: readonly [DtlsHalf, DtlsHalf];

  constructor(slot: number, store: DtlsHalves) {
    this.slot = slot;
    store.reserve(2 * slot + 2);
    this.sides = [
      new Half(store, 2 * slot) as unknown as DtlsHalf,
      new Half(store, 2 * slot + 1) as unknown as DtlsHalf,
    ];
  }

  reset(): void {
    this.previous = undefined;
    this.ordinal = 0;
    this.replacesOpen = 0;
    this.cookie = 0;
    this.hasFragments = false;
    this.company = undefined;
    this.continues = undefined;
    this.continuedBy = undefined;
    this.sides[0].reset();
    this.sides[1].reset();
  }

  /** Of the latest record of either side. */
  get lastPacket(): number {
    const [one, other] = this.sides;
    return Math.max(lastPacketOf(one), lastPacketOf(other));
  }

  /** The latest record of either side. */
  get last(): { packet: number; nanos: number } {
    let packet = this.firstPacket;
    let nanos = this.firstNanos;
    for (const half of this.sides) {
      if (half.protectedCount > 0 && half.lastPacket > packet) {
        packet = half.lastPacket;
        nanos = half.lastNanos;
      }
      if (half.clearCount > 0 && half.clearLastPacket > packet) {
        packet = half.clearLastPacket;
        nanos = half.clearLastNanos;
      }
    }
    return { packet, nanos };
  }
}

const lastPacketOf = (half: DtlsHalf): number =>
  Math.max(
    half.protectedCount > 0 ? half.lastPacket : 0,
    half.clearCount > 0 ? half.clearLastPacket : 0,
  );

/** Hands out associations and takes them back. */
export class AssociationPool {
  readonly halves = new DtlsHalves();
  private readonly free: Association[] = [];
  private made = 0;

  take(): Association {
    const association = this.free.pop() ?? new Association(this.made++, this.halves);
    association.reset();
    return association;
  }

  release(association: Association): void {
    association.previous = undefined;
    this.free.push(association);
  }
}
