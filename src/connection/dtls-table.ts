import { Columns } from '../bytes/columns.ts';

const ROWS = 512;
/** Recent protected records remembered for each direction, to tell a repeated number from a reused one. */
export const RECENT = 8;

/** What DTLS keeps of each association, as columns; a direction is `row * 2 + side`. */
export class DtlsTable extends Columns {
  /** Row in the connection table. */
  connection = new Int32Array(ROWS);
  flow = new Int32Array(ROWS);
  /** Neighbours on the same 5-tuple, row plus 1. */
  previous = new Int32Array(ROWS);
  next = new Int32Array(ROWS);
  ordinal = new Int32Array(ROWS);
  firstPacket = new Int32Array(ROWS);
  firstNanos = new Float64Array(ROWS);
  lastPacket = new Int32Array(ROWS);
  lastNanos = new Float64Array(ROWS);
  /** Id of the open association that this one began over; 0 for none. */
  replacesOpen = new Int32Array(ROWS);
  /** The last HelloVerifyRequest: handle into the slab, and length. */
  cookie = new Int32Array(ROWS);
  cookieLength = new Int32Array(ROWS);
  /** Octets of an explicit nonce in every protected record; 0 for none. */
  nonceOctets = new Uint8Array(ROWS);

  /** Epoch 0. */
  clearCount = new Int32Array(2 * ROWS);
  clearFirst = new Float64Array(2 * ROWS);
  clearHighest = new Float64Array(2 * ROWS);
  clearFirstPacket = new Int32Array(2 * ROWS);
  clearFirstNanos = new Float64Array(2 * ROWS);
  clearLastPacket = new Int32Array(2 * ROWS);
  clearLastNanos = new Float64Array(2 * ROWS);
  /** The present protected epoch: 0 for none. `window` bit n: number `highest - n` was seen. */
  epoch = new Int32Array(2 * ROWS);
  count = new Int32Array(2 * ROWS);
  first = new Float64Array(2 * ROWS);
  highest = new Float64Array(2 * ROWS);
  windowLow = new Int32Array(2 * ROWS);
  windowHigh = new Int32Array(2 * ROWS);
  firstEpochPacket = new Int32Array(2 * ROWS);
  firstEpochNanos = new Float64Array(2 * ROWS);
  lastEpochPacket = new Int32Array(2 * ROWS);
  lastEpochNanos = new Float64Array(2 * ROWS);
  /** Low word of explicit nonce minus sequence number; state 0 unknown, 1 seen once, 2 constant, 3 varies. */
  nonceDelta = new Int32Array(2 * ROWS);
  nonceState = new Uint8Array(2 * ROWS);
  /** First record that looks like a closing alert. */
  closePacket = new Int32Array(2 * ROWS);
  closeNanos = new Float64Array(2 * ROWS);
  closeSequence = new Float64Array(2 * ROWS);
  closeEpoch = new Int32Array(2 * ROWS);
  closeLength = new Int32Array(2 * ROWS);
  /** The first protected handshake record: the Finished. */
  finishedPacket = new Int32Array(2 * ROWS);
  finishedNanos = new Float64Array(2 * ROWS);
  finishedSequence = new Float64Array(2 * ROWS);
  finishedEpoch = new Int32Array(2 * ROWS);
  finishedLength = new Int32Array(2 * ROWS);
  /** Handshake message numbers seen complete, below 32. */
  messagesDone = new Int32Array(2 * ROWS);

  recentAt = new Uint8Array(2 * ROWS);
  recentSequence = new Float64Array(2 * ROWS * RECENT);
  recentPrint = new Int32Array(2 * ROWS * RECENT);
  recentPacket = new Int32Array(2 * ROWS * RECENT);
  recentNanos = new Float64Array(2 * ROWS * RECENT);
  /** Content type << 16 | length. */
  recentRecord = new Int32Array(2 * ROWS * RECENT);
  recentIpId = new Int32Array(2 * ROWS * RECENT);

  constructor() {
    super(ROWS);
  }
}
