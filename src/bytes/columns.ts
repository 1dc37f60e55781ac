/** Takes the numbers of a row: those of `Int32Array`, `Float64Array`, and of octets. */
export interface RowWriter {
  putInt(value: number): void;
  putFloat(value: number): void;
  putNatural(value: number): void;
}

/** Gives them back, in the same order. */
export interface RowReader {
  int(): number;
  float(): number;
  natural(): number;
}

/**
 * A table kept as columns: typed arrays of equal capacity, one row per item, no object per row. Subclasses declare their
 * columns as fields; a column's length divided by the capacity is how many entries belong to one row (2 for columns with
 * one entry per side).
 *
 * Rows are handed out by `take` and given back by `release`; every row taken is zero.
 */
export abstract class Columns {
  private capacity: number;
  /** Rows there is room for: none at first, see `grow`. */
  private room = 0;
  private used = 0;
  private free = new Int32Array(64);
  private freeCount = 0;
  private ints: Int32Array[] | undefined;
  private floats: Float64Array[] = [];
  private small: Uint8Array[] = [];

  protected constructor(capacity: number) {
    this.capacity = capacity;
  }

  /** Rows in use. */
  get size(): number {
    return this.used - this.freeCount;
  }

  /** One more than the highest row ever taken: the bound of a walk over all rows. */
  get end(): number {
    return this.used;
  }

  take(): number {
    if (this.freeCount > 0) {
      const row = this.free[--this.freeCount] as number;
      this.zero(row);
      return row;
    }
    if (this.used === this.room) this.grow();
    return this.used++;
  }

  release(row: number): void {
    if (this.freeCount === this.free.length) this.free = grown(this.free, this.free.length * 2);
    this.free[this.freeCount++] = row;
  }

  /** Writes all numbers of a row, so that `readRow` can bring them back into another one. */
  writeRow(row: number, tape: RowWriter): void {
    if (this.ints === undefined) this.sortColumns();
    for (const column of this.ints ?? []) {
      const width = column.length / this.capacity;
      for (let i = row * width; i < (row + 1) * width; i++) tape.putInt(column[i] as number);
    }
    for (const column of this.floats) {
      const width = column.length / this.capacity;
      for (let i = row * width; i < (row + 1) * width; i++) tape.putFloat(column[i] as number);
    }
    for (const column of this.small) {
      const width = column.length / this.capacity;
      for (let i = row * width; i < (row + 1) * width; i++) tape.putNatural(column[i] as number);
    }
  }

  readRow(row: number, tape: RowReader): void {
    if (this.ints === undefined) this.sortColumns();
    for (const column of this.ints ?? []) {
      const width = column.length / this.capacity;
      for (let i = row * width; i < (row + 1) * width; i++) column[i] = tape.int();
    }
    for (const column of this.floats) {
      const width = column.length / this.capacity;
      for (let i = row * width; i < (row + 1) * width; i++) column[i] = tape.float();
    }
    for (const column of this.small) {
      const width = column.length / this.capacity;
      for (let i = row * width; i < (row + 1) * width; i++) column[i] = tape.natural();
    }
  }

  /** Subclasses whose rows are always written whole may override this with nothing. */
  protected zero(row: number): void {
    // One loop for each kind of array keeps the stores monomorphic: zeroing a row of 50 columns takes some 0.1 µs.
    if (this.ints === undefined) this.sortColumns();
    for (const column of this.ints ?? []) {
      const width = column.length / this.capacity;
      for (let i = row * width; i < (row + 1) * width; i++) column[i] = 0;
    }
    for (const column of this.floats) {
      const width = column.length / this.capacity;
      for (let i = row * width; i < (row + 1) * width; i++) column[i] = 0;
    }
    for (const column of this.small) {
      const width = column.length / this.capacity;
      for (let i = row * width; i < (row + 1) * width; i++) column[i] = 0;
    }
  }

  /** Entries of a row over all columns. */
  get width(): number {
    let width = 0;
    for (const [, column] of this.columns()) width += column.length / this.capacity;
    return width;
  }

  /** How many numbers `writeRow` writes before those of a column. */
  fieldOf(name: string): number {
    let field = 0;
    for (const [other, column] of this.inKinds()) {
      if (other === name) return field;
      field += column.length / this.capacity;
    }
    throw new RangeError(`no column ${name}`);
  }

  /**
   * The first row already has the columns replaced, by copies of the same length: until a field is assigned anew the
   * engine takes it for a constant, and later that would cost the machine code of every function that reads it.
   */
  private grow(): void {
    const next = this.room === 0 ? this.capacity : Math.ceil(this.capacity * 1.5);
    for (const [name, column] of this.columns()) {
      (this as unknown as Record<string, Column>)[name] = grown(
        column,
        (column.length / this.capacity) * next,
      );
    }
    this.capacity = next;
    this.room = next;
    this.ints = undefined;
  }

  private sortColumns(): void {
    this.ints = [];
    this.floats = [];
    this.small = [];
    for (const [, column] of this.columns()) {
      if (column instanceof Int32Array) this.ints.push(column);
      else if (column instanceof Float64Array) this.floats.push(column);
      else this.small.push(column);
    }
  }

  /** In the order of `writeRow`. */
  private inKinds(): [string, Column][] {
    const columns = this.columns();
    const isInt = ([, column]: [string, Column]) => column instanceof Int32Array;
    const isFloat = ([, column]: [string, Column]) => column instanceof Float64Array;
    return [
      ...columns.filter(isInt),
      ...columns.filter(isFloat),
      ...columns.filter((one) => !isInt(one) && !isFloat(one)),
    ];
  }

  private columns(): [string, Column][] {
    const found: [string, Column][] = [];
    for (const [name, value] of Object.entries(this)) {
      if (ArrayBuffer.isView(value) && name !== 'free') found.push([name, value as Column]);
    }
    return found;
  }
}

type Column = Uint8Array | Int32Array | Float64Array;

/** A copy with room for `length` entries. */
export function grown<T extends Column>(column: T, length: number): T {
  const larger = new (column.constructor as new (length: number) => T)(length);
  larger.set(column);
  return larger;
}
