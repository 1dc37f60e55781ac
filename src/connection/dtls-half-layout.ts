import { CONTENT_TYPE } from '../model/record.ts';

/** Recent protected records remembered for each direction, to tell a repeated number from a reused one. */
export const RECENT = 4;

/**
 * Where the numbers of a direction lie, in units of an Int32 and of a Float64 over the same octets. First what every
 * record of application data reads and writes, then the ring of recent records: two cache lines for each record (a large
 * array begins 16 octets behind the start of one).
 */
export const HOT_INTS = [
  /** The present protected epoch: 0 for none. */
  'epoch',
  /** Bits of `HALF_FLAG`. */
  'flags',
  /** Lengths that the negotiated protection can give, see the connection table; modulus << 8 | base. */
  'lengthMin',
  'lengthRule',
  /** Low word of explicit nonce minus sequence number; state 0 unknown, 1 seen once, 2 constant, 3 varies. */
  'nonceDelta',
  'nonceState',
] as const;

/** `first` and `highest` number of the epoch. */
export const HOT_FLOATS = ['highest', 'first'] as const;

/** What the short way leaves to be worked out when somebody asks. */
export const SETTLED_INTS = [
  /** Records of the epoch. `window` bit n: number `highest - n` was seen. */
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
] as const;

/** The same for numbers that need a Float64: times in nanoseconds, sequence numbers of 48 bits. */
export const SETTLED_FLOATS = ['lastNanos', 'dataNanos', 'lastSequence'] as const;

/** What only other records than application data touch, and the first of each kind; kept away from the hot numbers. */
export const INTS = [
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
  /** Numbers of epoch 0 that were seen, below 32; those of the latest datagram. */
  'clearSeen',
  'clearLatest',
] as const;

/** The Float64s that go with `INTS`. */
export const FLOATS = [
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

/** Places of the hot integers, in the order of `HOT_INTS`. */
export const EPOCH = 0;
export const FLAGS = 1;
export const LENGTH_MIN = 2;
export const LENGTH_RULE = 3;
export const NONCE_DELTA = 4;
export const NONCE_STATE = 5;
/** Records that went the short way since the settled numbers were worked out. */
export const PENDING = 6;
/** Next place in the ring of recent records. */
export const RECENT_AT = 7;
/** Behind the eight integers. */
export const HIGHEST_F = 4;
/** The ring: print, packet, record and nothing, then sequence number and moment. */
export const RING = 12;
/** An entry of the ring: how many integers it takes, and where its parts lie (`_F`: in Float64s). */
export const RING_INTS = 8;
export const RING_PACKET = 1;
export const RING_RECORD = 2;
export const RING_SEQUENCE_F = 2;
export const RING_NANOS_F = 3;
/** Where the further lists begin, behind the ring. */
export const SETTLED = RING + RECENT * RING_INTS;
export const COLD = SETTLED + SETTLED_INTS.length;
export const SETTLED_F = (COLD + INTS.length + 1) >> 1;
export const COLD_F = SETTLED_F + SETTLED_FLOATS.length;
/** Integers of a direction, filled up to whole cache lines. */
export const INTS_PER_HALF = 96;
/** Directions there is room for at first, and as soon as those are taken. */
export const FEW = 64;
export const MANY = 32_768;
/** Places that the counting below goes to at once; the lists above are their order. */
export const PLACE_OF_TYPE: Readonly<Record<number, number>> = {
  [CONTENT_TYPE.changeCipherSpec]: COLD,
  [CONTENT_TYPE.alert]: COLD + 1,
  [CONTENT_TYPE.handshake]: COLD + 2,
  [CONTENT_TYPE.applicationData]: SETTLED + 6,
};
/** The place for the records of all other types. */
export const OTHERS = COLD + 3;
/** Where the counting of epoch 0 begins, and the first record of the direction. */
export const CLEAR = COLD + INTS.indexOf('clearCount');
export const FIRST = COLD + INTS.indexOf('firstPacket');
export const CLEAR_F = COLD_F + FLOATS.indexOf('clearFirst');
