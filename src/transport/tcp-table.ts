import { Columns } from '../bytes/columns.ts';
import { LIMITS } from '../model/limits.ts';
import type { Side } from '../model/stream.ts';
import { ahead } from './sequence.ts';

const ROWS = 512;

/** Words of one direction, and its numbers, which are larger. */
export const WORDS = 16;
export const NUMBERS = WORDS / 2;

/** What the words of a direction are, from its place on. */
export const FLAGS = 0;
export const NEXT_SEQUENCE = 1;
/** End of the furthest payload sent, in or out of order. */
export const FURTHEST = 2;
/** List in the early pool. */
export const EARLY = 3;
/** The last packet that this side sent; the last of them with payload. */
export const LAST_PACKET = 4;
export const LAST_DATA_PACKET = 5;
/** The packet of the peer that acknowledged all that was sent. */
export const ACK_PACKET = 6;
export const EARLY_OCTETS = 7;
export const EARLY_RANGES = 8;
export const RETRANSMISSIONS = 9;
/** Where the last stray ended, and `LAST_DATA_PACKET` plus 1 at that time. */
export const STRAY_END = 10;
export const STRAY_AFTER = 11;
export const FIN_PACKET = 12;
export const RST_PACKET = 13;
/** The number that the rooms behind know the connection by. */
export const ID = 14;
/** Twice the number of its stream, and the side. */
export const SENDER = 15;

/** What its numbers are, from half of its place on. */
export const LAST_NANOS = 0;
export const LAST_DATA_NANOS = 1;
export const ACK_NANOS = 2;
export const OCTETS = 3;
export const LOST_OCTETS = 4;
/** When the first range beyond the present gap was kept. */
export const GAP_SINCE = 5;
export const FIN_NANOS = 6;
export const RST_NANOS = 7;

/** Bits of a direction's `FLAGS`. */
export const HALF = {
  /** `NEXT_SEQUENCE` is known. */
  started: 1,
  /** The connection is settled to be no SOCKS negotiation. */
  noSocks: 2,
  fin: 4,
  rst: 8,
  /** The last payload is not yet acknowledged. */
  unacknowledged: 16,
  /** The peer acknowledged octets beyond a gap: they arrived there, only the capture lacks them. */
  gapAcknowledged: 32,
  rstWithAck: 64,
  /** Its segments may take the short way: the flow has one connection, and neither its beginning nor its end is in doubt. */
  certain: 128,
  /** The peer acknowledged something that was not captured, see `TcpTable.acknowledged`. */
  acknowledged: 256,
  /** Octets are missing because the snap length cut packets; because packets are not in the capture. */
  cut: 512,
  holed: 1024,
  /** Its SYN was seen with several hop limits: at several points of its way. */
  hopsDiffer: 2048,
  /** Some of it was captured behind the packet of its peer that acknowledges it. */
  late: 4096,
} as const;

/** Values of `TcpTable.state`; a row is `final` while it is free. */
export const STATE = { open: 0, closed: 1, final: 2 } as const;

/**
 * State and facts of every TCP connection that is awake, see `Connections`. A connection is a row. A direction, named
 * after its sender, is a place: its words lie side by side from there on, and its numbers from half of it on, so that a
 * segment touches few cache lines. What few segments touch has columns.
 */
export class TcpTable extends Columns {
  words = new Int32Array(2 * ROWS * WORDS);
  numbers = new Float64Array(2 * ROWS * NUMBERS);

  flow = new Int32Array(ROWS);
  stream = new Int32Array(ROWS);
  incarnation = new Int32Array(ROWS);
  firstPacket = new Int32Array(ROWS);
  firstNanos = new Float64Array(ROWS);
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
  /** Of a direction: the first acknowledgement before it `started`, then the furthest one beyond what was captured. */
  acknowledged = new Int32Array(2 * ROWS);
  /** Of a direction: its first octet; the furthest octet when the peer's FIN was seen, and when its own RST was. */
  first = new Int32Array(2 * ROWS);
  atPeerFin = new Int32Array(2 * ROWS);
  atReset = new Int32Array(2 * ROWS);
  /** Of a direction: the window of its RST; octets before that which neither were delivered nor are kept beyond a gap. */
  rstWindow = new Int32Array(2 * ROWS);
  rstAhead = new Int32Array(2 * ROWS);
  /** Of a direction: TTL or hop limit of its SYN, and of its RST; 0 for none. */
  synHopLimit = new Uint8Array(2 * ROWS);
  rstHopLimit = new Uint8Array(2 * ROWS);
  /** Of a direction: the segment size that its last SYN asks the peer to keep to; 0 for none. */
  synSegment = new Uint16Array(2 * ROWS);
  /** 1 while nothing but a SYN, and answers to another connection, were seen of it. */
  asking = new Uint8Array(ROWS);
  /** The connection before it on its flow plus 1, as long as that one is not final; of it, the same. Not further. */
  former = new Int32Array(ROWS);
  /** Distinguishes successive connections in one row. */
  serial = new Int32Array(ROWS);

  constructor() {
    super(ROWS);
  }

  /** From now on segments of the direction may take the short way. */
  trust(place: number): void {
    this.words[place + FLAGS] = (this.words[place + FLAGS] as number) | HALF.certain;
  }

  /** From now on every segment of the connection is looked at. */
  doubt(row: number): void {
    const { words } = this;
    for (const place of [placeOf(row, 0), placeOf(row, 1)])
      words[place + FLAGS] = (words[place + FLAGS] as number) & ~HALF.certain;
  }

  /** The direction sent something new under this number: was that acknowledged before it was captured? */
  noteLate(place: number, sequence: number): void {
    const { words, acknowledged } = this;
    const beyond = ahead(acknowledged[halfOf(place)] as number, sequence);
    if (beyond > 0 && beyond <= LIMITS.tcpWindowOctets)
      words[place + FLAGS] = (words[place + FLAGS] as number) | HALF.late;
  }

  /** Had a connection any data? */
  hasData(row: number): boolean {
    const place = placeOf(row, 0);
    const { words } = this;
    return (
      ((words[place + LAST_DATA_PACKET] as number) |
        (words[peerOf(place) + LAST_DATA_PACKET] as number)) !==
      0
    );
  }

  /** The direction that sent the last packet of a connection. */
  lastPlace(row: number): number {
    const place = placeOf(row, 0);
    const peer = peerOf(place);
    const { words } = this;
    return (words[place + LAST_PACKET] as number) > (words[peer + LAST_PACKET] as number)
      ? place
      : peer;
  }

  /** When a connection had its last packet. */
  lastNanos(row: number): number {
    return this.numbers[(this.lastPlace(row) >> 1) + LAST_NANOS] as number;
  }
}

/** Where the words of a direction begin; its numbers lie at half of it. */
export function placeOf(row: number, side: number): number {
  return (row * 2 + side) * WORDS;
}

/** The connection that a place is of. */
export function rowOf(place: number): number {
  return place >> 5;
}

/** The direction that a place is of. */
export function sideOf(place: number): Side {
  return ((place >> 4) & 1) as Side;
}

/** The entry of a place in columns that have one for each direction. */
export function halfOf(place: number): number {
  return place >> 4;
}

/** The place of the other direction of the same connection. */
export function peerOf(place: number): number {
  return place ^ WORDS;
}
