/** Recent protected records remembered for each direction, to tell a repeated number from a reused one. */
export const RECENT = 8;

/** One remembered record: entries of `DtlsHalf.recent`, `RECENT_INTS` each. */
export const RECENT_INTS = 4;
export const RECENT_PRINT = 0;
export const RECENT_PACKET = 1;
/** Content type << 16 | length. */
export const RECENT_RECORD = 2;
export const RECENT_IP_ID = 3;

/**
 * One direction of an association. Every record reads and writes a handful of these numbers, so they lie together in one
 * object that is reused, not in columns: with thousands of associations open at a time each column would be a cache miss.
 */
export class DtlsHalf {
  /** Counts by content type, in the order of the connection table. */
  changeCipherSpecs = 0;
  alerts = 0;
  handshakes = 0;
  applicationData = 0;
  others = 0;

  /** Epoch 0. */
  clearCount = 0;
  clearFirst = 0;
  clearHighest = 0;
  clearFirstPacket = 0;
  clearFirstNanos = 0.5;
  clearLastPacket = 0;
  clearLastNanos = 0.5;
  /** The present protected epoch: 0 for none. `window` bit n: number `highest - n` was seen. */
  epoch = 0;
  count = 0;
  first = 0;
  highest = 0;
  windowLow = 0;
  windowHigh = 0;
  firstPacket = 0;
  firstNanos = 0.5;
  firstRecord = 0;
  lastPacket = 0;
  lastNanos = 0.5;
  lastRecord = 0;
  /** Protected records in all epochs; the last one with application data. */
  protectedCount = 0;
  dataPacket = 0;
  dataNanos = 0.5;
  dataLength = 0;
  /** Low word of explicit nonce minus sequence number; state 0 unknown, 1 seen once, 2 constant, 3 varies. */
  nonceDelta = 0;
  nonceState = 0;
  /** First record that looks like a closing alert. */
  closePacket = 0;
  closeNanos = 0.5;
  closeSequence = 0;
  closeEpoch = 0;
  closeLength = 0;
  /** The first protected handshake record: the Finished. */
  finishedPacket = 0;
  finishedNanos = 0.5;
  finishedSequence = 0;
  finishedEpoch = 0;
  finishedLength = 0;
  /** Handshake message numbers seen complete, below 32. */
  messagesDone = 0;
  /** The last `RECENT` records: a ring. */
  recentAt = 0;
  readonly recent = new Int32Array(RECENT * RECENT_INTS);
  /** Sequence number and moment of each. */
  readonly recentTimes = new Float64Array(RECENT * 2);

  reset(): void {
    this.changeCipherSpecs = 0;
    this.alerts = 0;
    this.handshakes = 0;
    this.applicationData = 0;
    this.others = 0;
    this.clearCount = 0;
    this.epoch = 0;
    this.count = 0;
    this.protectedCount = 0;
    this.firstPacket = 0;
    this.lastPacket = 0;
    this.dataPacket = 0;
    this.nonceState = 0;
    this.closePacket = 0;
    this.finishedPacket = 0;
    this.messagesDone = 0;
    this.recentAt = 0;
    for (let i = RECENT_PACKET; i < this.recent.length; i += RECENT_INTS) this.recent[i] = 0;
  }
}

/** What DTLS keeps of one association; objects are reused. */
export class Association {
  /** Row in the connection table. */
  row = 0;
  /** A number of its own among the associations in memory. */
  readonly slot: number;
  flow = 0;
  /** Neighbours on the same 5-tuple. */
  previous: Association | undefined = undefined;
  ordinal = 0;
  firstPacket = 0;
  firstNanos = 0.5;
  lastPacket = 0;
  lastNanos = 0.5;
  /** Id of the open association that this one began over; 0 for none. */
  replacesOpen = 0;
  /** The last HelloVerifyRequest: handle into the slab, and length. */
  cookie = 0;
  cookieLength = 0;
  /** Octets of an explicit nonce in every protected record; 0 for none. */
  nonceOctets = 0;
  /** Lengths that the negotiated protection can give, see the connection table. */
  lengthMin = 0;
  lengthModulus = 0;
  lengthBase = 0;
  readonly sides: readonly [DtlsHalf, DtlsHalf] = [new DtlsHalf(), new DtlsHalf()];

  constructor(slot: number) {
    this.slot = slot;
  }

  reset(): void {
    this.previous = undefined;
    this.ordinal = 0;
    this.replacesOpen = 0;
    this.cookie = 0;
    this.nonceOctets = 0;
    this.lengthMin = 0;
    this.lengthModulus = 0;
    this.sides[0].reset();
    this.sides[1].reset();
  }
}

/** Hands out associations and takes them back. */
export class AssociationPool {
  private readonly free: Association[] = [];
  private made = 0;

  take(): Association {
    const association = this.free.pop() ?? new Association(this.made++);
    association.reset();
    return association;
  }

  release(association: Association): void {
    association.previous = undefined;
    this.free.push(association);
  }
}
