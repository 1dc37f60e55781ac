const SHIFT = 9;
const PAGE_ROWS = 1 << SHIFT;

/**
 * Rows of numbers that are only ever added, as many as there are items and kept to the end: in pages, so that growing
 * copies nothing and never needs the old room beside the new.
 */
export class RowPages {
  private readonly ints: Int32Array[] = [];
  private readonly floats: Float64Array[] = [];
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
