const SHIFT = 9;
/** Rows of a page: those that are given up together. */
export const PAGE_ROWS = 1 << SHIFT;

/**
 * Rows of numbers that are only ever added, as many as there are items: in pages, so that growing copies nothing and never
 * needs the old room beside the new, and old ones can be given up.
 */
export class RowPages {
  private readonly ints: (Int32Array | undefined)[] = [];
  private readonly floats: (Float64Array | undefined)[] = [];
  private readonly intsPerRow: number;
  private readonly floatsPerRow: number;

  constructor(intsPerRow: number, floatsPerRow: number) {
    this.intsPerRow = intsPerRow;
    this.floatsPerRow = floatsPerRow;
  }

  /** Makes room for a row and all before it; they are zero. */
  reserve(row: number): void {
    while (row >> SHIFT >= this.ints.length) {
      this.ints.push(new Int32Array(PAGE_ROWS * this.intsPerRow));
      this.floats.push(new Float64Array(PAGE_ROWS * this.floatsPerRow));
    }
  }

  /** Gives up the page of a row; there is never room for its rows again. */
  drop(row: number): void {
    this.ints[row >> SHIFT] = undefined;
    this.floats[row >> SHIFT] = undefined;
  }

  /** The page with a row's integers, which begin at `intsAt`; undefined for a row without room. */
  intsOf(row: number): Int32Array | undefined {
    return this.ints[row >> SHIFT];
  }

  intsAt(row: number): number {
    return (row & (PAGE_ROWS - 1)) * this.intsPerRow;
  }

  floatsOf(row: number): Float64Array | undefined {
    return this.floats[row >> SHIFT];
  }

  floatsAt(row: number): number {
    return (row & (PAGE_ROWS - 1)) * this.floatsPerRow;
  }
}
