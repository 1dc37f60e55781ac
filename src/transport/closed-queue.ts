import { grown } from '../bytes/columns.ts';
import { LIMITS } from '../model/limits.ts';

/** In the place of a row that was taken out from between others. */
const NONE = -1;

/**
 * Closed connections in the order in which they closed, a bounded queue. One that turns out to go on has to be taken out:
 * its row may be that of another by the time it would have come to the head.
 */
export class ClosedQueue {
  private readonly rows = new Int32Array(LIMITS.closedConnections);
  /** By row: its place in `rows`, as of the last time that it was added. */
  private places = new Int32Array(0);
  private head = 0;
  /** Places in use. */
  private count = 0;

  get isEmpty(): boolean {
    return this.count === 0;
  }

  get isFull(): boolean {
    return this.count === this.rows.length;
  }

  /** The row that closed first; the queue must not be empty. */
  get oldest(): number {
    return this.rows[this.head] as number;
  }

  /** The queue must not be full, and the row not be in it. */
  add(row: number): void {
    if (row >= this.places.length)
      this.places = grown(this.places, Math.max(512, 2 * this.places.length, row + 1));
    const place = (this.head + this.count++) % this.rows.length;
    this.rows[place] = row;
    this.places[row] = place;
  }

  /** Takes the row that closed first out. */
  shift(): number {
    const row = this.oldest;
    this.advance();
    return row;
  }

  /** Takes a row out that is in the queue. */
  remove(row: number): void {
    this.rows[this.places[row] as number] = NONE;
    if (this.oldest === NONE) this.advance();
  }

  /** The head is always a row. */
  private advance(): void {
    do {
      this.head = (this.head + 1) % this.rows.length;
      this.count--;
    } while (this.count > 0 && this.oldest === NONE);
  }
}
