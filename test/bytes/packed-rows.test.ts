import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { PackedRows } from '../../src/bytes/packed-rows.ts';

/** Twenty fields: two that lead, some told by others, two of them modulo 2^32. */
const FIELDS = 20;
const order = Array.from({ length: FIELDS }, (_, field) => ({
  field,
  from: field > 3 && field % 3 !== 0 ? field - 2 : undefined,
  serial: field === 10 || field === 11,
}));
const rows = () => new PackedRows(order, 2);

const number = fc.oneof(
  fc.constant(0),
  fc.integer({ min: -200, max: 200 }),
  fc.integer(),
  fc.integer({ min: -(2 ** 49), max: 2 ** 49 }),
);
const row = fc.array(number, { minLength: FIELDS, maxLength: FIELDS }).map((values) => {
  for (const field of [8, 9, 10, 11]) values[field] = (values[field] as number) | 0;
  return Float64Array.from(values, (value) => value + 0);
});

describe('PackedRows', () => {
  test('gives every row back as it was, in whatever order they come and go', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ row, drop: fc.nat(40) }), { maxLength: 60 }), (steps) => {
        const packed = rows();
        const kept = new Map<number, Float64Array>();
        for (const { row: values, drop } of steps) {
          const handle = packed.pack(values);
          expect(handle).toBeGreaterThan(0);
          expect(kept.has(handle)).toBe(false);
          kept.set(handle, values);
          const old = [...kept.keys()][drop];
          if (old === undefined) continue;
          packed.release(old);
          kept.delete(old);
        }
        const found = new Float64Array(FIELDS);
        for (const [handle, values] of kept) {
          packed.unpack(handle, found.fill(7));
          expect(found).toEqual(values);
          expect([packed.lead(handle, 0), packed.lead(handle, 1)]).toEqual([values[0], values[1]]);
        }
      }),
      { seed: 51, numRuns: 200 },
    );
  });

  test.each([0.5, Number.NaN, Number.POSITIVE_INFINITY, 2 ** 52, -(2 ** 52)])(
    'refuses %f, which it could not give back',
    (value) => {
      for (const field of [0, 5, 19]) {
        const values = new Float64Array(FIELDS);
        values[field] = value;
        expect(rows().pack(values)).toBe(0);
      }
    },
  );

  test('numbers of a sequence are told by the short way around', () => {
    const values = new Float64Array(FIELDS);
    values[8] = 0x7fff_ffff;
    values[10] = -0x8000_0000;
    const packed = rows();
    const found = new Float64Array(FIELDS);
    packed.unpack(packed.pack(values), found);
    expect([found[8], found[10]]).toEqual([0x7fff_ffff, -0x8000_0000]);
  });
});
