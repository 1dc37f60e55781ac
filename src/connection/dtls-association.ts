import { grown } from '../bytes/columns.ts';

/** Recent protected records remembered for each direction, to tell a repeated number from a reused one. */
export const RECENT = 4;

/**
 * Where the integers of a direction lie. The first sixteen are what every record of application data reads and writes:
 * one cache line.
 */
const INTS = [
  /** The present protected epoch: 0 for none; its records. `window` bit n: number `highest - n` was seen. */
  'epoch',
  'count',
  'windowLow',
  'windowHigh',
  'lastPacket',
  /** Content type << 16 | length. */
  'lastRecord',
  /** Protected records in all epochs; those of application data; the last of them. */
  'protectedCount',
  'applicationData',
  'dataPacket',
  'dataLength',
  /** Low word of explicit nonce minus sequence number; state 0 unknown, 1 seen once, 2 constant, 3 varies. */
  'nonceDelta',
  'nonceState',
  /** Next place in the ring of recent records. */
  'recentAt',
  /** Bits of `HALF_FLAG`. */
  'flags',
  /** Lengths that the negotiated protection can give, see the connection table; modulus << 8 | base. */
  'lengthMin',
  'lengthRule',
  /** Counts of other records. */
  'changeCipherSpecs',
  'alerts',
  'handshakes',
  'others',
  /** Epoch 0. */
  'clearCount',
  'clearFirstPacket',
  'clearLastPacket',
  'firstPacket',
  'firstRecord',
  /** First record that looks like a closing alert. */
  'closePacket',
  'closeEpoch',
  'closeLength',
  /** The first protected handshake record: the Finished. */
  'finishedPacket',
  'finishedEpoch',
  'finishedLength',
  /** Handshake message numbers seen complete, below 32. */
  'messagesDone',
] as const;

const FLOATS = [
  'highest',
  'lastNanos',
  'dataNanos',
  'first',
  'lastSequence',
  'clearFirst',
  'clearHighest',
  'clearFirstNanos',
  'clearLastNanos',
  'firstNanos',
  'closeNanos',
  'closeSequence',
  'finishedNanos',
  'finishedSequence',
] as const;

/** Behind the named integers: the ring, print, packet and record of each; behind the numbers: sequence and moment. */
const RING_INTS = 3;
const RING_FLOATS = 2;
const INTS_PER_HALF = 48;
const FLOATS_PER_HALF = 24;
const RING = INTS.length;
const RING_F = FLOATS.length;

/** Positions that the short way of `DtlsHalves` uses; the lists above are their order. */
const EPOCH = 0;
const COUNT = 1;
const WINDOW_LOW = 2;
const WINDOW_HIGH = 3;
const LAST_PACKET = 4;
const LAST_RECORD = 5;
const PROTECTED_COUNT = 6;
const APPLICATION_DATA = 7;
const DATA_PACKET = 8;
const DATA_LENGTH = 9;
const NONCE_DELTA = 10;
const NONCE_STATE = 11;
const RECENT_AT = 12;
const FLAGS = 13;
const LENGTH_MIN = 14;
const LENGTH_RULE = 15;
const HIGHEST = 0;
const LAST_NANOS = 1;
const DATA_NANOS = 2;
const LAST_SEQUENCE = 4;

export const HALF_FLAG = {
  /** Records carry eight octets of explicit nonce. */
  nonce: 1,
  /** The peer's closing alert was seen. */
  peerClosed: 2,
} as const;

/**
 * The numbers of all directions of all associations, direction after direction: with thousands of associations open at
 * a time, a record should touch as few cache lines as it can.
 */
export class DtlsHalves {
  ints = new Int32Array(64 * INTS_PER_HALF);
  floats = new Float64Array(64 * FLOATS_PER_HALF);

  reserve(halves: number): void {
    if (halves * INTS_PER_HALF <= this.ints.length) return;
    const room = Math.ceil(halves * 1.5);
    this.ints = grown(this.ints, room * INTS_PER_HALF);
    this.floats = grown(this.floats, room * FLOATS_PER_HALF);
  }

  /**
   * The short way, for what nearly every record is: application data of the present epoch with the next number, of a
   * length that the protection can give, with the peer not closed. Answers false, having changed nothing, for the rest.
   *
   * @param print see `DtlsRecord`; `delta` low word of nonce minus number, used where records have a nonce
   */
  nextData(
    half: number,
    epoch: number,
    sequence: number,
    length: number,
    print: number,
    delta: number,
    packet: number,
    nanos: number,
  ): boolean {
    const { ints, floats } = this;
    const i = half * INTS_PER_HALF;
    const f = half * FLOATS_PER_HALF;
    const flags = ints[i + FLAGS] as number;
    if (
      ints[i + EPOCH] !== epoch ||
      floats[f + HIGHEST] !== sequence - 1 ||
      (flags & HALF_FLAG.peerClosed) !== 0
    )
      return false;
    const rule = ints[i + LENGTH_RULE] as number;
    if (
      length < (ints[i + LENGTH_MIN] as number) ||
      (rule !== 0 && length % (rule >> 8) !== (rule & 0xff))
    )
      return false;
    ints[i + COUNT] = (ints[i + COUNT] as number) + 1;
    const low = ints[i + WINDOW_LOW] as number;
    ints[i + WINDOW_HIGH] = ((ints[i + WINDOW_HIGH] as number) << 1) | (low >>> 31);
    ints[i + WINDOW_LOW] = (low << 1) | 1;
    const record = (23 << 16) | length;
    ints[i + LAST_PACKET] = packet;
    ints[i + LAST_RECORD] = record;
    ints[i + PROTECTED_COUNT] = (ints[i + PROTECTED_COUNT] as number) + 1;
    ints[i + APPLICATION_DATA] = (ints[i + APPLICATION_DATA] as number) + 1;
    ints[i + DATA_PACKET] = packet;
    ints[i + DATA_LENGTH] = length;
    floats[f + HIGHEST] = sequence;
    floats[f + LAST_NANOS] = nanos;
    floats[f + LAST_SEQUENCE] = sequence;
    floats[f + DATA_NANOS] = nanos;
    if ((flags & HALF_FLAG.nonce) !== 0) {
      const state = ints[i + NONCE_STATE] as number;
      if (state === 0) {
        ints[i + NONCE_DELTA] = delta;
        ints[i + NONCE_STATE] = 1;
      } else if (state !== 3) ints[i + NONCE_STATE] = delta === ints[i + NONCE_DELTA] ? 2 : 3;
    }
    const at = ints[i + RECENT_AT] as number;
    ints[i + RECENT_AT] = (at + 1) % RECENT;
    const k = i + RING + at * RING_INTS;
    ints[k] = print;
    ints[k + 1] = packet;
    ints[k + 2] = record;
    const n = f + RING_F + at * RING_FLOATS;
    floats[n] = sequence;
    floats[n + 1] = nanos;
    return true;
  }
}

type Ints = { [name in (typeof INTS)[number]]: number };
type Floats = { [name in (typeof FLOATS)[number]]: number };

/** One direction of an association, by name. */
export interface DtlsHalf extends Ints, Floats {
  reset(): void;
  /** The ring of recent records, `index` below `RECENT`; a packet of 0 marks an empty place. */
  recentPrint(index: number): number;
  recentPacket(index: number): number;
  recentRecord(index: number): number;
  recentSequence(index: number): number;
  recentNanos(index: number): number;
  remember(print: number, packet: number, record: number, sequence: number, nanos: number): void;
}

class Half {
  readonly store: DtlsHalves;
  readonly at: number;
  readonly floatsAt: number;

  constructor(store: DtlsHalves, index: number) {
    this.store = store;
    this.at = index * INTS_PER_HALF;
    this.floatsAt = index * FLOATS_PER_HALF;
  }

  reset(): void {
    this.store.ints.fill(0, this.at, this.at + INTS_PER_HALF);
    this.store.floats.fill(0, this.floatsAt, this.floatsAt + FLOATS_PER_HALF);
  }

  recentPrint(index: number): number {
    return this.store.ints[this.at + RING + index * RING_INTS] as number;
  }

  recentPacket(index: number): number {
    return this.store.ints[this.at + RING + index * RING_INTS + 1] as number;
  }

  recentRecord(index: number): number {
    return this.store.ints[this.at + RING + index * RING_INTS + 2] as number;
  }

  recentSequence(index: number): number {
    return this.store.floats[this.floatsAt + RING_F + index * RING_FLOATS] as number;
  }

  recentNanos(index: number): number {
    return this.store.floats[this.floatsAt + RING_F + index * RING_FLOATS + 1] as number;
  }

  remember(print: number, packet: number, record: number, sequence: number, nanos: number): void {
    const { ints, floats } = this.store;
    const at = ints[this.at + RECENT_AT] as number;
    ints[this.at + RECENT_AT] = (at + 1) % RECENT;
    const k = this.at + RING + at * RING_INTS;
    ints[k] = print;
    ints[k + 1] = packet;
    ints[k + 2] = record;
    floats[this.floatsAt + RING_F + at * RING_FLOATS] = sequence;
    floats[this.floatsAt + RING_F + at * RING_FLOATS + 1] = nanos;
  }
}

// An accessor for each name: writing ninety of them out would hide the two lists that they follow from.
INTS.forEach((name, index) => {
  Object.defineProperty(Half.prototype, name, {
    get(this: Half) {
      return this.store.ints[this.at + index];
    },
    set(this: Half, value: number) {
      this.store.ints[this.at + index] = value;
    },
  });
});
FLOATS.forEach((name, index) => {
  Object.defineProperty(Half.prototype, name, {
    get(this: Half) {
      return this.store.floats[this.floatsAt + index];
    },
    set(this: Half, value: number) {
      this.store.floats[this.floatsAt + index] = value;
    },
  });
});

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
    this.sides[0].reset();
    this.sides[1].reset();
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
