import { LIMITS } from '../model/limits.ts';

/**
 * Connections that a rule spoke about, and how gravely. Of many only the first and the last are remembered: findings that
 * are told are about the first ones, and those that are told at once about the last.
 */
export class Spoken {
  private readonly first = new Map<number, number>();
  private former = new Map<number, number>();
  private last = new Map<number, number>();
  private readonly limit: number;

  constructor(limit: number = LIMITS.spokenConnections) {
    this.limit = limit;
  }

  get(connection: number): number | undefined {
    return this.first.get(connection) ?? this.last.get(connection) ?? this.former.get(connection);
  }

  set(connection: number, rank: number): void {
    const third = this.limit / 3;
    if (this.first.has(connection) || this.first.size < third) {
      this.first.set(connection, rank);
      return;
    }
    if (this.last.size >= third) {
      this.former = this.last;
      this.last = new Map();
    }
    this.last.set(connection, rank);
  }

  get size(): number {
    return this.first.size + this.former.size + this.last.size;
  }
}
