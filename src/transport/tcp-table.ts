import { Columns } from '../bytes/columns.ts';

const ROWS = 512;

/** Bits of `TcpTable.flags`, per direction. */
export const HALF = {
  /** `nextSequence` is known. */
  started: 1,
  fin: 4,
  rst: 8,
  /** The last payload is not yet acknowledged. */
  unacknowledged: 16,
  /** The peer acknowledged octets beyond a gap: they arrived there, only the capture lacks them. */
  gapAcknowledged: 32,
  rstWithAck: 64,
} as const;

/** Values of `TcpTable.state`; a row that is final is free. */
export const STATE = { open: 0, closed: 1, final: 2 } as const;

/**
 * State and facts of every TCP connection that is not final, as columns. A connection is a row; a direction ("half") is
 * `row * 2 + side`, the side being the sender's.
 */
export class TcpTable extends Columns {
  flow = new Int32Array(ROWS);
  stream = new Int32Array(ROWS);
  incarnation = new Int32Array(ROWS);
  firstPacket = new Int32Array(ROWS);
  firstNanos = new Float64Array(ROWS);
  lastPacket = new Int32Array(ROWS);
  lastNanos = new Float64Array(ROWS);
  /** Side of the initiator plus 1; 0 for unknown. */
  initiator = new Uint8Array(ROWS);
  synCount = new Int32Array(ROWS);
  synPacket = new Int32Array(ROWS);
  synNanos = new Float64Array(ROWS);
  lastSynPacket = new Int32Array(ROWS);
  lastSynNanos = new Float64Array(ROWS);
  synAckPacket = new Int32Array(ROWS);
  synAckNanos = new Float64Array(ROWS);
  /** One of `STATE`. */
  state = new Uint8Array(ROWS);
  /** Progress of a SOCKS negotiation, see `Tcp`. */
  socks = new Uint8Array(ROWS);
  /** Distinguishes successive connections in one row. */
  serial = new Int32Array(ROWS);

  nextSequence = new Int32Array(2 * ROWS);
  flags = new Uint8Array(2 * ROWS);
  octets = new Float64Array(2 * ROWS);
  lostOctets = new Float64Array(2 * ROWS);
  retransmissions = new Int32Array(2 * ROWS);
  lastDataPacket = new Int32Array(2 * ROWS);
  lastDataNanos = new Float64Array(2 * ROWS);
  ackPacket = new Int32Array(2 * ROWS);
  ackNanos = new Float64Array(2 * ROWS);
  /** End of the furthest payload sent, in or out of order. */
  furthest = new Int32Array(2 * ROWS);
  finPacket = new Int32Array(2 * ROWS);
  finNanos = new Float64Array(2 * ROWS);
  rstPacket = new Int32Array(2 * ROWS);
  rstNanos = new Float64Array(2 * ROWS);
  rstWindow = new Int32Array(2 * ROWS);
  /** Octets before the RST's sequence number that neither were delivered nor are kept beyond a gap. */
  rstAhead = new Int32Array(2 * ROWS);
  /** List in the early pool. */
  early = new Int32Array(2 * ROWS);
  earlyOctets = new Int32Array(2 * ROWS);
  earlyRanges = new Int32Array(2 * ROWS);
  /** When the first range beyond the present gap was kept. */
  gapSince = new Float64Array(2 * ROWS);

  /** Where the last stray ended, and `lastDataPacket` plus 1 at that time. */
  strayEnd = new Int32Array(2 * ROWS);
  strayAfter = new Int32Array(2 * ROWS);

  constructor() {
    super(ROWS);
  }
}
