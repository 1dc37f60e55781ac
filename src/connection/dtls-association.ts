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
  /** Of the octets of the first record. */
  readonly print: number;
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

/** The numbers of an association's directions among those of all: `slot * 2 + side`. */
interface Seat {
  readonly slot: number;
  readonly sides: readonly [DtlsHalf, DtlsHalf];
}

/**
 * What DTLS keeps of one association; objects are reused. Of one that was silent for long the row and the numbers of its
 * directions are packed; whoever asks for them brings them back.
 */
export class Association {
  /** Of its connection. */
  id = 0;
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
  private readonly pool: AssociationPool;
  /** Undefined while it is packed. */
  private seat: Seat | undefined;
  /** Its row, or what brings that back. */
  private place = 0;
  /** What `last` tells while it is packed. */
  private lastAsPacked: At = NEVER;

  constructor(pool: AssociationPool) {
    this.pool = pool;
    this.seat = pool.takeSeat();
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

  /** Row in the connection table. */
  get row(): number {
    this.wake();
    return this.place;
  }

  set row(row: number) {
    this.place = row;
  }

  /** A number of its own among the associations in memory; its directions are `slot * 2 + side`. */
  get slot(): number {
    return (this.seat ?? this.unpack()).slot;
  }

  get sides(): readonly [DtlsHalf, DtlsHalf] {
    return (this.seat ?? this.unpack()).sides;
  }

  get isPacked(): boolean {
    return this.seat === undefined;
  }

  /** Row and directions are packed, and belong to others from now on. */
  pack(pack: (row: number, slot: number) => number): void {
    const { seat, pool } = this;
    if (seat === undefined) return;
    this.lastAsPacked = this.last;
    this.place = pack(this.place, seat.slot);
    this.seat = undefined;
    pool.giveSeat(seat);
  }

  wake(): void {
    if (this.seat === undefined) this.unpack();
  }

  private unpack(): Seat {
    const seat = this.pool.takeSeat();
    this.seat = seat;
    this.lastAsPacked = NEVER;
    this.place = this.pool.onUnpack(this, this.place, seat.slot);
    return seat;
  }

  /** Of the latest record of either side. */
  get lastPacket(): number {
    const [one, other] = this.sides;
    return Math.max(lastPacketOf(one), lastPacketOf(other));
  }

  /** The latest record of either side. */
  get last(): At {
    if (this.seat === undefined) return this.lastAsPacked;
    let packet = this.firstPacket;
    let nanos = this.firstNanos;
    for (const half of this.seat.sides) {
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

const NEVER: At = { packet: 0, nanos: 0.5 };

/** Hands out associations and takes them back. */
export class AssociationPool {
  readonly halves = new DtlsHalves();
  private readonly free: Association[] = [];
  private readonly freeSeats: Seat[] = [];
  private seats = 0;
  /** Associations whose directions are at hand. */
  inUse = 0;
  /** Brings row and directions of an association back, these to a slot. @returns the row */
  onUnpack: (a: Association, handle: number, slot: number) => number = () => 0;

  take(): Association {
    const used = this.free.pop();
    if (used !== undefined) this.inUse++;
    const association = used ?? new Association(this);
    association.reset();
    return association;
  }

  release(association: Association): void {
    this.inUse--;
    association.previous = undefined;
    this.free.push(association);
  }

  takeSeat(): Seat {
    this.inUse++;
    const used = this.freeSeats.pop();
    if (used !== undefined) return used;
    const slot = this.seats++;
    const { halves } = this;
    halves.reserve(2 * slot + 2);
    const half = (index: number) => new Half(halves, index) as unknown as DtlsHalf;
    return { slot, sides: [half(2 * slot), half(2 * slot + 1)] };
  }

  giveSeat(seat: Seat): void {
    this.inUse--;
    this.freeSeats.push(seat);
  }
}
