import { grown } from '../bytes/columns.ts';
import { freeSlot, vacate } from '../bytes/open-slots.ts';
import type { RowPages } from '../bytes/row-pages.ts';
import { LIMITS } from '../model/limits.ts';

const FIRST_SLOTS = 1024;
/** The first integer of a row is the id of its connection. */
const ID = 0;

/**
 * Rows of the connections that became final last, and of those before them that are worth keeping, in the order in which
 * they became final. A row that is given up is used again, so that memory does not follow the number of connections.
 */
export class KeptRows {
  private readonly rows: RowPages;
  private readonly keeps: (place: number) => boolean;
  private readonly gone: (place: number) => void;
  private readonly recent: Places;
  private readonly elders: Places;
  private free = new Int32Array(64);
  private freeCount = 0;
  /** One more than the highest place ever taken. */
  end = 0;
  /** Rows that were given up. */
  forgotten = 0;
  /** Place plus 1 by id: open addressing. */
  private slots = new Int32Array(FIRST_SLOTS);
  private used = 0;

  /**
   * @param keeps is the row worth keeping when it is no longer among the last?
   * @param gone is told of each row that is given up
   */
  constructor(
    rows: RowPages,
    keeps: (place: number) => boolean,
    gone: (place: number) => void,
    limits: { recent: number; elders: number } = {
      recent: LIMITS.connectionsKept,
      elders: LIMITS.remarkableConnectionsKept,
    },
  ) {
    this.rows = rows;
    this.keeps = keeps;
    this.gone = gone;
    this.recent = new Places(limits.recent);
    this.elders = new Places(limits.elders);
  }

  /** A row for a connection that became final; its integers but the first, and its times, are what they were. */
  add(id: number): number {
    const last = this.recent.isFull ? this.recent.shift() : -1;
    if (last >= 0) {
      if (!this.keeps(last)) this.release(last);
      else {
        if (this.elders.isFull) this.release(this.elders.shift());
        this.elders.push(last);
      }
    }
    const place = this.freeCount > 0 ? (this.free[--this.freeCount] as number) : this.end++;
    this.rows.reserve(place);
    (this.rows.intsOf(place) as Int32Array)[this.rows.intsAt(place) + ID] = id;
    this.recent.push(place);
    this.enter(id, place);
    return place;
  }

  /** -1 if its row was given up, or has yet to come. */
  placeOf(id: number): number {
    const { slots } = this;
    let slot = hashOf(id) & (slots.length - 1);
    for (let place = slots[slot] as number; place !== 0; place = slots[slot] as number) {
      if (this.idAt(place - 1) === id) return place - 1;
      slot = (slot + 1) & (slots.length - 1);
    }
    return -1;
  }

  /** 0 for a place without a row. */
  idAt(place: number): number {
    return this.rows.intsOf(place)?.[this.rows.intsAt(place) + ID] ?? 0;
  }

  private release(place: number): void {
    this.forgotten++;
    this.gone(place);
    vacate(this.slots, place + 1, (entry) => hashOf(this.idAt(entry - 1)));
    this.used--;
    (this.rows.intsOf(place) as Int32Array)[this.rows.intsAt(place) + ID] = 0;
    if (this.freeCount === this.free.length) this.free = grown(this.free, this.freeCount * 2);
    this.free[this.freeCount++] = place;
  }

  private enter(id: number, place: number): void {
    if (++this.used * 2 > this.slots.length) {
      const old = this.slots;
      this.slots = new Int32Array(old.length * 2);
      for (const other of old) if (other !== 0) this.put(this.idAt(other - 1), other);
    }
    this.put(id, place + 1);
  }

  private put(id: number, entry: number): void {
    this.slots[freeSlot(this.slots, hashOf(id))] = entry;
  }
}

/** Ids are counted up. */
const hashOf = (id: number): number => Math.imul(id, 0x9e3779b1) >>> 8;

/** A queue of numbers with a bound, which takes the room that it needed at most. */
class Places {
  private places = new Int32Array(64);
  private head = 0;
  private count = 0;
  private readonly limit: number;

  constructor(limit: number) {
    this.limit = limit;
  }

  get isFull(): boolean {
    return this.count === this.limit;
  }

  push(place: number): void {
    const { length } = this.places;
    if (this.count === length) {
      // The ring begins anew at its first number.
      const larger = new Int32Array(Math.min(length * 2, Math.max(this.limit, length)));
      for (let n = 0; n < length; n++) larger[n] = this.places[(this.head + n) % length] as number;
      this.places = larger;
      this.head = 0;
    }
    this.places[(this.head + this.count++) % this.places.length] = place;
  }

  shift(): number {
    const place = this.places[this.head] as number;
    this.head = (this.head + 1) % this.places.length;
    this.count--;
    return place;
  }
}
