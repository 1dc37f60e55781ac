import { grown } from '../bytes/columns.ts';
import { type RowTape, signed, unsigned } from '../bytes/row-tape.ts';
import type { StrayFact } from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';

const FEW = 1024;
/** Memory that was never written costs nothing, and growing needs the old room beside the new: so it grows to much. */
const MANY = 131_072;

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
  /** A heartbeat: its type, in `epoch` the payload_length that it claims, in `sequence` how many such there were. */
  heartbeat: 10,
} as const;

/** What has octets or details beside its row. */
const DETAILED: ReadonlySet<number> = new Set([
  EVENT.helloMidConnection,
  EVENT.notARecord,
  EVENT.stray,
]);

/** `value` of a message event for a protected handshake record. */
export const ENCRYPTED = 0xffff;

/** In the place of an epoch: the event is of TLS, and its `sequence` is how many records its direction had by then. */
export const IN_STREAM = -1;

/** What a stray has besides its event; see `StrayFact`. */
export interface StrayDetail {
  kind: StrayFact['kind'];
  nonce: StrayFact['nonce'];
  after: StrayFact['after'];
  readonly other: StrayFact['other'];
  readonly peerRecords: number;
}

/** Places in a row: Int32, then Float64, over the same octets. */
const WHAT = 0;
const PACKET = 1;
const LENGTH = 2;
const EPOCH = 3;
const NEXT = 4;
const INTS = 10;
const NANOS = 3;
const SEQUENCE = 4;
const FLOATS = 5;

/**
 * Messages, alerts and oddities of all connections, in time order per connection, as linked rows: a list is named by its
 * first and last row plus 1, as is each event. The numbers of an event lie side by side, since lists are walked.
 */
export class EventLog {
  // None at first: see `Columns.grow` for why arrays that grow should do so early.
  private floats = new Float64Array(0);
  private ints = new Int32Array(this.floats.buffer);
  private used = 0;
  /** Rows given back, a list like the others, and how many. */
  private free = 0;
  private spare = 0;
  /** Octets kept with an oddity, by event; rare. */
  readonly octets = new Map<number, Uint8Array>();
  readonly strays = new Map<number, StrayDetail>();

  /** Events that are kept. */
  get size(): number {
    return this.used - this.spare;
  }

  /** Is there no room for another event of this kind over all connections? */
  isFull(kind: number): boolean {
    if (this.size >= LIMITS.events) return true;
    return DETAILED.has(kind) && this.octets.size + this.strays.size >= LIMITS.detailedEvents;
  }

  /** @returns the event; the caller links it */
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
    const event = this.take();
    const { ints, floats } = this;
    const i = (event - 1) * INTS;
    const f = (event - 1) * FLOATS;
    ints[i] = (kind << 20) | (side << 16) | value;
    ints[i + PACKET] = packet;
    ints[i + LENGTH] = length;
    ints[i + EPOCH] = epoch;
    ints[i + NEXT] = 0;
    floats[f + NANOS] = nanos;
    floats[f + SEQUENCE] = sequence;
    return event;
  }

  /** kind << 20 | side << 16 | value (message type, or level << 8 | description, or content type). */
  what(event: number): number {
    return this.ints[(event - 1) * INTS + WHAT] as number;
  }

  packet(event: number): number {
    return this.ints[(event - 1) * INTS + PACKET] as number;
  }

  nanos(event: number): number {
    return this.floats[(event - 1) * FLOATS + NANOS] as number;
  }

  length(event: number): number {
    return this.ints[(event - 1) * INTS + LENGTH] as number;
  }

  /** DTLS: epoch and sequence number; TLS: 0. */
  epoch(event: number): number {
    return this.ints[(event - 1) * INTS + EPOCH] as number;
  }

  sequence(event: number): number {
    return this.floats[(event - 1) * FLOATS + SEQUENCE] as number;
  }

  /** Counts one more like it. */
  again(event: number): void {
    const at = (event - 1) * FLOATS + SEQUENCE;
    this.floats[at] = (this.floats[at] as number) + 1;
  }

  /** The one after it; 0 for none. */
  next(event: number): number {
    return this.ints[(event - 1) * INTS + NEXT] as number;
  }

  link(event: number, next: number): void {
    this.ints[(event - 1) * INTS + NEXT] = next;
  }

  /** Writes a list of events without octets and details. */
  saveList(first: number, count: number, tape: RowTape): void {
    tape.putNatural(count);
    for (let event = first; event !== 0; event = this.next(event)) {
      tape.putInt(this.what(event));
      tape.putInt(this.packet(event));
      tape.putInt(this.length(event));
      tape.putInt(this.epoch(event));
      tape.putFloat(this.nanos(event));
      tape.putNatural(unsigned(this.sequence(event)));
    }
  }

  /** @returns the first and the last event of a list that was saved; 0 for none */
  restoreList(tape: RowTape): { readonly first: number; readonly last: number } {
    let first = 0;
    let last = 0;
    for (let left = tape.natural(); left > 0; left--) {
      const what = tape.int();
      const packet = tape.int();
      const length = tape.int();
      const epoch = tape.int();
      const event = this.add(
        what >>> 20,
        (what >>> 16) & 1,
        what & 0xffff,
        length,
        packet,
        tape.float(),
        epoch,
        signed(tape.natural()),
      );
      if (last === 0) first = event;
      else this.link(last, event);
      last = event;
    }
    return { first, last };
  }

  /** Has an event of this list octets or details? */
  hasMore(first: number): boolean {
    if (this.octets.size + this.strays.size === 0) return false;
    for (let event = first; event !== 0; event = this.next(event))
      if (this.octets.has(event) || this.strays.has(event)) return true;
    return false;
  }

  /** Gives back a whole list of so many events. */
  releaseList(first: number, last: number, count: number): void {
    if (first === 0) return;
    this.spare += count;
    if (this.octets.size > 0 || this.strays.size > 0) {
      for (let event = first; event !== 0; event = this.next(event)) {
        this.octets.delete(event);
        this.strays.delete(event);
      }
    }
    this.link(last, this.free);
    this.free = first;
  }

  private take(): number {
    const { free } = this;
    if (free !== 0) {
      this.free = this.next(free);
      this.spare--;
      return free;
    }
    if (this.used * INTS === this.ints.length) {
      const room = this.used === 0 ? FEW : Math.max(MANY, Math.ceil(this.used * 1.5));
      this.floats = grown(this.floats, room * FLOATS);
      this.ints = new Int32Array(this.floats.buffer);
    }
    return ++this.used;
  }
}
