import { clip, pad, widthOf } from './style.ts';

/** Widest a column gets. */
const COLUMN_LIMIT = 60;

/** Widths that the columns of some rows need. */
export function columnWidths(rows: readonly (readonly string[])[]): number[] {
  const widths: number[] = [];
  for (const row of rows) {
    row.forEach((cell, column) => {
      widths[column] = Math.min(COLUMN_LIMIT, Math.max(widths[column] ?? 0, widthOf(cell)));
    });
  }
  return widths;
}

/** A row with its cells below those of other rows. Cells are printable; those too wide are cut. */
export function alignRow(row: readonly string[], widths: readonly number[]): string {
  return row
    .map((cell, column) => pad(clip(cell, COLUMN_LIMIT), widths[column] ?? 0))
    .join('  ')
    .trimEnd();
}
