import { LIMITS } from '../model/limits.ts';

/** Closed connections in the order in which they closed, a bounded queue. */
export class ClosedQueue {
  private readonly rows = new Int32Array(LIMITS.closedConnections);
  private head = 0;
  /** Connections in the queue. */
  size = 0;

  get isFull(): boolean {
    return this.size === this.rows.length;
  }

  /** The row that closed first; the queue must not be empty. */
  get oldest(): number {
    return this.rows[this.head] as number;
  }

  /** The queue must not be full. */
  add(row: number): void {
    this.rows[(this.head + this.size++) % this.rows.length] = row;
  }

  /** Takes the row that closed first out. */
  shift(): number {
    const row = this.oldest;
    this.head = (this.head + 1) % this.rows.length;
    this.size--;
    return row;
  }
}
