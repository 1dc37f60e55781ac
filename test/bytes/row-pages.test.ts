import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RowPages } from '../../src/bytes/row-pages.ts';

const INTS = 3;
const FLOATS = 2;

describe('RowPages', () => {
  it('has no room where none was made', () => {
    const rows = new RowPages(INTS, FLOATS);
    expect(rows.intsOf(0)).toBeUndefined();
    rows.reserve(0);
    expect(rows.intsOf(0)?.[rows.intsAt(0)]).toBe(0);
    expect(rows.intsOf(5000)).toBeUndefined();
    expect(rows.floatsOf(5000)).toBeUndefined();
  });

  it('keeps what was written to each row, in whatever order room was made', () => {
    fc.assert(
      fc.property(fc.uniqueArray(fc.nat(5000), { minLength: 1 }), (written) => {
        const rows = new RowPages(INTS, FLOATS);
        for (const row of written) {
          rows.reserve(row);
          for (let k = 0; k < INTS; k++)
            (rows.intsOf(row) as Int32Array)[rows.intsAt(row) + k] = row * 7 + k;
          for (let k = 0; k < FLOATS; k++)
            (rows.floatsOf(row) as Float64Array)[rows.floatsAt(row) + k] = row + k / 2;
        }
        for (const row of written) {
          for (let k = 0; k < INTS; k++)
            expect(rows.intsOf(row)?.[rows.intsAt(row) + k]).toBe(row * 7 + k);
          for (let k = 0; k < FLOATS; k++)
            expect(rows.floatsOf(row)?.[rows.floatsAt(row) + k]).toBe(row + k / 2);
        }
      }),
    );
  });
});
