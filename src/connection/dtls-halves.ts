import { grown, type RowReader, type RowWriter } from '../bytes/columns.ts';
import { CONTENT_TYPE } from '../model/record.ts';
import {
  CLEAR,
  CLEAR_F,
  COLD,
  COLD_F,
  EPOCH,
  FEW,
  FIRST,
  FLAGS,
  FLOATS,
  HIGHEST_F,
  HOT_FLOATS,
  HOT_INTS,
  INTS,
  INTS_PER_HALF,
  LENGTH_MIN,
  LENGTH_RULE,
  MANY,
  NONCE_DELTA,
  NONCE_STATE,
  OTHERS,
  PENDING,
  PLACE_OF_TYPE,
  RECENT,
  RECENT_AT,
  RING,
  RING_INTS,
  RING_NANOS_F,
  RING_PACKET,
  RING_RECORD,
  RING_SEQUENCE_F,
  SETTLED,
  SETTLED_F,
  SETTLED_FLOATS,
  SETTLED_INTS,
} from './dtls-half-layout.ts';

/** Bits of a direction’s flags. */
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
  // None at first: see `Columns.grow` for why arrays that grow should do so early.
  floats = new Float64Array(0);
  ints = new Int32Array(this.floats.buffer);

  reserve(halves: number): void {
    if (halves * INTS_PER_HALF <= this.ints.length) return;
    // Memory that was never written costs nothing, and growing needs the old room beside the new: so grow to much.
    const room = this.ints.length === 0 ? FEW : Math.max(MANY, Math.ceil(halves * 1.5));
    this.floats = grown(this.floats, (room * INTS_PER_HALF) / 2);
    this.ints = new Int32Array(this.floats.buffer);
  }

  /** Writes all numbers of a direction, so that `read` can bring them back into another one. */
  write(half: number, tape: RowWriter): void {
    const i = half * INTS_PER_HALF;
    for (const at of INT_PLACES) tape.putInt(this.ints[i + at] as number);
    for (const at of FLOAT_PLACES) tape.putFloat(this.floats[(i >> 1) + at] as number);
  }

  read(half: number, tape: RowReader): void {
    const i = half * INTS_PER_HALF;
    for (const at of INT_PLACES) this.ints[i + at] = tape.int();
    for (const at of FLOAT_PLACES) this.floats[(i >> 1) + at] = tape.float();
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
    const highest = (i >> 1) + HIGHEST_F;
    const flags = ints[i + FLAGS] as number;
    if (
      ints[i + EPOCH] !== epoch ||
      floats[highest] !== sequence - 1 ||
      (flags & HALF_FLAG.peerClosed) !== 0
    )
      return false;
    const rule = ints[i + LENGTH_RULE] as number;
    if (
      length < (ints[i + LENGTH_MIN] as number) ||
      (rule !== 0 && length % (rule >> 8) !== (rule & 0xff))
    )
      return false;
    floats[highest] = sequence;
    ints[i + PENDING] = (ints[i + PENDING] as number) + 1;
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
    ints[k + RING_PACKET] = packet;
    ints[k + RING_RECORD] = (CONTENT_TYPE.applicationData << 16) | length;
    floats[(k >> 1) + RING_SEQUENCE_F] = sequence;
    floats[(k >> 1) + RING_NANOS_F] = nanos;
    return true;
  }

  /** Works out what the short way left open, for the direction whose integers begin at `i`. */
  settle(i: number): void {
    const n = this.ints[i + PENDING] as number;
    if (n !== 0) this.settleRecords(i, n);
  }

  private settleRecords(i: number, n: number): void {
    const { ints, floats } = this;
    ints[i + PENDING] = 0;
    const s = i + SETTLED;
    ints[s] = (ints[s] as number) + n;
    // Each moved the window on by one: its low n bits are set now.
    const low = ints[s + 1] as number;
    const high = ints[s + 2] as number;
    ints[s + 1] = n < 32 ? (low << n) | ((1 << n) - 1) : -1;
    ints[s + 2] =
      n < 32
        ? (high << n) | (low >>> (32 - n))
        : n < 64
          ? (low << (n - 32)) | ((1 << (n - 32)) - 1)
          : -1;
    const newest = i + RING + (((ints[i + RECENT_AT] as number) + RECENT - 1) % RECENT) * RING_INTS;
    const packet = ints[newest + RING_PACKET] as number;
    const record = ints[newest + RING_RECORD] as number;
    ints[s + 3] = packet;
    ints[s + 4] = record;
    ints[s + 5] = (ints[s + 5] as number) + n;
    ints[s + 6] = (ints[s + 6] as number) + n;
    ints[s + 7] = packet;
    ints[s + 8] = record & 0xffff;
    const f = (i >> 1) + SETTLED_F;
    const nanos = floats[(newest >> 1) + RING_NANOS_F] as number;
    floats[f] = nanos;
    floats[f + 1] = nanos;
    floats[f + 2] = floats[(newest >> 1) + RING_SEQUENCE_F] as number;
  }
}

/** Places of the integers of a direction, and of its floats: moments behind numbers, since each is told by the one before. */
const INT_PLACES = [
  ...Array.from({ length: 2 * HIGHEST_F }, (_, at) => at),
  ...ringPlaces(RING_INTS, RING, [0, RING_PACKET, RING_RECORD]),
  ...Array.from({ length: SETTLED_INTS.length + INTS.length }, (_, at) => SETTLED + at),
];
const FLOAT_PLACES = [
  ...HOT_FLOATS.map((_, at) => HIGHEST_F + at),
  ...ringPlaces(RING_INTS / 2, RING / 2, [RING_SEQUENCE_F]),
  ...placesOf(SETTLED_FLOATS, SETTLED_F, false),
  ...placesOf(FLOATS, COLD_F, false),
  ...ringPlaces(RING_INTS / 2, RING / 2, [RING_NANOS_F]),
  ...placesOf(SETTLED_FLOATS, SETTLED_F, true),
  ...placesOf(FLOATS, COLD_F, true),
];

function ringPlaces(step: number, from: number, places: readonly number[]): number[] {
  return Array.from({ length: RECENT }, (_, n) => places.map((at) => from + n * step + at)).flat();
}

/** Those that are moments, or the others. */
function placesOf(names: readonly string[], from: number, moments: boolean): number[] {
  return names.flatMap((name, at) => (name.endsWith('Nanos') === moments ? [from + at] : []));
}

type Numbers<Names extends readonly string[]> = { [name in Names[number]]: number };

/** One direction of an association, by name. */
export interface DtlsHalf
  extends Numbers<typeof HOT_INTS>,
    Numbers<typeof HOT_FLOATS>,
    Numbers<typeof SETTLED_INTS>,
    Numbers<typeof SETTLED_FLOATS>,
    Numbers<typeof INTS>,
    Numbers<typeof FLOATS> {
  reset(): void;
  /** A record of any epoch by its content type. */
  countRecord(contentType: number): void;
  /** A record of epoch 0. */
  countClear(sequence: number, packet: number, nanos: number): void;
  /** A protected record: the first, and the last with data are kept. */
  countProtected(contentType: number, length: number, packet: number, nanos: number): void;
  /** The latest record of the epoch. @returns how many the epoch had before */
  countNumber(record: number, sequence: number, packet: number, nanos: number): number;
  /** The ring of recent records, `index` below `RECENT`; a packet of 0 marks an empty place. */
  recentPrint(index: number): number;
  recentPacket(index: number): number;
  recentRecord(index: number): number;
  recentSequence(index: number): number;
  recentNanos(index: number): number;
  /** Another epoch begins, whose numbers are others. */
  forgetRecent(): void;
  remember(print: number, packet: number, record: number, sequence: number, nanos: number): void;
}

/** One direction of an association, for those that ask about it: names for the numbers that `DtlsHalves` keeps. */
export class Half {
  readonly store: DtlsHalves;
  readonly at: number;
  readonly floatsAt: number;

  constructor(store: DtlsHalves, index: number) {
    this.store = store;
    this.at = index * INTS_PER_HALF;
    this.floatsAt = this.at >> 1;
  }

  reset(): void {
    this.store.ints.fill(0, this.at, this.at + INTS_PER_HALF);
  }

  countRecord(contentType: number): void {
    if (contentType === CONTENT_TYPE.applicationData) this.store.settle(this.at);
    const at = this.at + (PLACE_OF_TYPE[contentType] ?? OTHERS);
    const { ints } = this.store;
    ints[at] = (ints[at] as number) + 1;
  }

  countClear(sequence: number, packet: number, nanos: number): void {
    const { ints, floats } = this.store;
    const i = this.at + CLEAR;
    const f = this.floatsAt + CLEAR_F;
    const count = ints[i] as number;
    ints[i] = count + 1;
    ints[i + 2] = packet;
    floats[f + 3] = nanos;
    if (count === 0) {
      ints[i + 1] = packet;
      floats[f] = sequence;
      floats[f + 2] = nanos;
    }
    if (count === 0 || sequence > (floats[f + 1] as number)) floats[f + 1] = sequence;
  }

  countProtected(contentType: number, length: number, packet: number, nanos: number): void {
    this.store.settle(this.at);
    const { ints, floats } = this.store;
    const s = this.at + SETTLED;
    const count = ints[s + 5] as number;
    ints[s + 5] = count + 1;
    if (count === 0) {
      ints[this.at + FIRST] = packet;
      ints[this.at + FIRST + 1] = (contentType << 16) | length;
      floats[this.floatsAt + CLEAR_F + 4] = nanos;
    }
    if (contentType === CONTENT_TYPE.applicationData) {
      ints[s + 7] = packet;
      ints[s + 8] = length;
      floats[this.floatsAt + SETTLED_F + 1] = nanos;
    }
  }

  countNumber(record: number, sequence: number, packet: number, nanos: number): number {
    this.store.settle(this.at);
    const { ints, floats } = this.store;
    const s = this.at + SETTLED;
    const f = this.floatsAt + SETTLED_F;
    const count = ints[s] as number;
    ints[s] = count + 1;
    ints[s + 3] = packet;
    ints[s + 4] = record;
    floats[f] = nanos;
    floats[f + 2] = sequence;
    return count;
  }

  recentPrint(index: number): number {
    return this.store.ints[this.at + RING + index * RING_INTS] as number;
  }

  recentPacket(index: number): number {
    return this.store.ints[this.at + RING + index * RING_INTS + RING_PACKET] as number;
  }

  recentRecord(index: number): number {
    return this.store.ints[this.at + RING + index * RING_INTS + RING_RECORD] as number;
  }

  recentSequence(index: number): number {
    const k = (this.at + RING + index * RING_INTS) >> 1;
    return this.store.floats[k + RING_SEQUENCE_F] as number;
  }

  recentNanos(index: number): number {
    const k = (this.at + RING + index * RING_INTS) >> 1;
    return this.store.floats[k + RING_NANOS_F] as number;
  }

  forgetRecent(): void {
    // What is still to be worked out is read from the ring.
    this.store.settle(this.at);
    this.store.ints.fill(0, this.at + RING, this.at + RING + RECENT * RING_INTS);
  }

  remember(print: number, packet: number, record: number, sequence: number, nanos: number): void {
    // What is still to be worked out is read from the ring.
    this.store.settle(this.at);
    const { ints, floats } = this.store;
    const at = ints[this.at + RECENT_AT] as number;
    ints[this.at + RECENT_AT] = (at + 1) % RECENT;
    const k = this.at + RING + at * RING_INTS;
    ints[k] = print;
    ints[k + RING_PACKET] = packet;
    ints[k + RING_RECORD] = record;
    floats[(k >> 1) + RING_SEQUENCE_F] = sequence;
    floats[(k >> 1) + RING_NANOS_F] = nanos;
  }
}

// An accessor for each name: writing dozens of them out would hide the lists that they follow from. Those of one kind
// share their code, so each kind has its own and stays small.
function define<Value>(
  names: readonly string[],
  accessors: (offset: number) => { get(this: Half): Value; set(this: Half, value: Value): void },
): void {
  names.forEach((name, offset) => {
    Object.defineProperty(Half.prototype, name, accessors(offset));
  });
}

const plainInts = (from: number) => (offset: number) => {
  const index = from + offset;
  return {
    get(this: Half): number {
      return this.store.ints[this.at + index] as number;
    },
    set(this: Half, value: number) {
      this.store.ints[this.at + index] = value;
    },
  };
};
const plainFloats = (from: number) => (offset: number) => {
  const index = from + offset;
  return {
    get(this: Half): number {
      return this.store.floats[this.floatsAt + index] as number;
    },
    set(this: Half, value: number) {
      this.store.floats[this.floatsAt + index] = value;
    },
  };
};
define(HOT_INTS, plainInts(EPOCH));
define(INTS, plainInts(COLD));
define(HOT_FLOATS, plainFloats(HIGHEST_F));
define(FLOATS, plainFloats(COLD_F));
define(SETTLED_INTS, (offset) => {
  const index = SETTLED + offset;
  return {
    get(this: Half): number {
      this.store.settle(this.at);
      return this.store.ints[this.at + index] as number;
    },
    set(this: Half, value: number) {
      this.store.settle(this.at);
      this.store.ints[this.at + index] = value;
    },
  };
});
define(SETTLED_FLOATS, (offset) => {
  const index = SETTLED_F + offset;
  return {
    get(this: Half): number {
      this.store.settle(this.at);
      return this.store.floats[this.floatsAt + index] as number;
    },
    set(this: Half, value: number) {
      this.store.settle(this.at);
      this.store.floats[this.floatsAt + index] = value;
    },
  };
});
