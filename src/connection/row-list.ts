import type { ConnectionSummary, ServerConnections } from '../model/capture-index.ts';

/** The rows of a server that has very many: a summary is built when somebody comes to it, and let go behind it. */
export class RowList implements ServerConnections {
  private readonly places: Int32Array;
  private readonly summaryAt: (place: number) => ConnectionSummary | undefined;

  /** @param places of the rows, in the order in which they are to be told */
  constructor(places: Int32Array, summaryAt: (place: number) => ConnectionSummary | undefined) {
    this.places = places;
    this.summaryAt = summaryAt;
  }

  get length(): number {
    return this.places.length;
  }

  *[Symbol.iterator](): Iterator<ConnectionSummary> {
    for (const place of this.places) {
      const row = this.summaryAt(place);
      if (row !== undefined) yield row;
    }
  }

  filter(keep: (row: ConnectionSummary) => boolean): ConnectionSummary[] {
    const kept: ConnectionSummary[] = [];
    for (const row of this) if (keep(row)) kept.push(row);
    return kept;
  }

  map<T>(of: (row: ConnectionSummary) => T): T[] {
    return Array.from(this, of);
  }

  flatMap<T>(of: (row: ConnectionSummary) => T | readonly T[]): T[] {
    const all: T[] = [];
    for (const row of this) {
      const some = of(row);
      if (isList(some)) all.push(...some);
      else all.push(some);
    }
    return all;
  }
}

const isList = <T>(some: T | readonly T[]): some is readonly T[] => Array.isArray(some);
