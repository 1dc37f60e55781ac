import { Columns } from '../bytes/columns.ts';
import type { StrayFact } from '../model/history.ts';

const ROWS = 4096;

/** What an event is. */
export const EVENT = {
  message: 0,
  alert: 1,
  encryptedAlert: 2,
  helloMidConnection: 3,
  impossibleLength: 4,
  notARecord: 5,
  helloAgain: 6,
  stray: 7,
  /** A ClientHello from the side that had received one. */
  helloReflected: 8,
  /** A ServerHello of TLS 1.3 with a foreign session id; the connection that sent it stands in `epoch`. */
  sessionIdNotEchoed: 9,
} as const;

/** `value` of a message event for a protected handshake record. */
export const ENCRYPTED = 0xffff;

/** What a stray has besides its event; see `StrayFact`. */
export interface StrayDetail {
  kind: StrayFact['kind'];
  nonce: StrayFact['nonce'];
  after: StrayFact['after'];
  readonly other: StrayFact['other'];
}

/**
 * Messages, alerts and oddities of all connections, in time order per connection, as linked rows: a list is named by its
 * first and last row plus 1.
 */
export class EventLog extends Columns {
  /** kind << 20 | side << 16 | value (message type, or level << 8 | description, or content type). */
  what = new Int32Array(ROWS);
  packet = new Int32Array(ROWS);
  nanos = new Float64Array(ROWS);
  length = new Int32Array(ROWS);
  /** DTLS: epoch and sequence number; TLS: 0. */
  epoch = new Int32Array(ROWS);
  sequence = new Float64Array(ROWS);
  next = new Int32Array(ROWS);
  /** Octets kept with an oddity, by row; rare. */
  readonly octets = new Map<number, Uint8Array>();
  readonly strays = new Map<number, StrayDetail>();

  constructor() {
    super(ROWS);
  }

  protected override zero(): void {}

  /** @returns the new row plus 1; the caller links it */
  add(
    kind: number,
    side: number,
    value: number,
    length: number,
    packet: number,
    nanos: number,
    epoch: number,
    sequence: number,
  ): number {
    const row = this.take();
    this.what[row] = (kind << 20) | (side << 16) | value;
    this.packet[row] = packet;
    this.nanos[row] = nanos;
    this.length[row] = length;
    this.epoch[row] = epoch;
    this.sequence[row] = sequence;
    this.next[row] = 0;
    return row + 1;
  }

  releaseList(first: number): void {
    let at = first;
    while (at !== 0) {
      const next = this.next[at - 1] as number;
      if (this.octets.size > 0) this.octets.delete(at - 1);
      if (this.strays.size > 0) this.strays.delete(at - 1);
      this.release(at - 1);
      at = next;
    }
  }
}
