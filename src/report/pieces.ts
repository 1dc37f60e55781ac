import { type Literal, literal } from './octet-writer.ts';

/** Finished pieces by their key, made when first needed. Keys are code points or few words, so there are few pieces. */
export class Pieces<Key extends string | number> {
  private readonly made = new Map<Key, Literal>();
  private readonly make: (key: Key) => string;
  /** The one asked for last: connections of a capture resemble each other. */
  private lastKey: Key | undefined;
  private last: Literal | undefined;

  constructor(make: (key: Key) => string) {
    this.make = make;
  }

  of(key: Key): Literal {
    if (key === this.lastKey && this.last !== undefined) return this.last;
    let piece = this.made.get(key);
    if (piece === undefined) {
      piece = literal(this.make(key));
      this.made.set(key, piece);
    }
    this.lastKey = key;
    this.last = piece;
    return piece;
  }
}

/** The same for keys that are small numbers from 0. */
export class PieceList {
  private readonly made: (Literal | undefined)[] = [];
  private readonly make: (index: number) => string;

  constructor(make: (index: number) => string) {
    this.make = make;
  }

  of(index: number): Literal {
    const piece = this.made[index];
    if (piece !== undefined) return piece;
    // Filled up to the index, so that the list has no holes.
    while (this.made.length <= index) this.made.push(undefined);
    const made = literal(this.make(index));
    this.made[index] = made;
    return made;
  }
}
