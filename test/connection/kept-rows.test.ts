import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RowPages } from '../../src/bytes/row-pages.ts';
import { KeptRows } from '../../src/connection/kept-rows.ts';

const RECENT = 20;
const ELDERS = 7;

/** Rows with an id and whether it is worth keeping. */
function made() {
  const rows = new RowPages(2, 0);
  const word = (place: number) => rows.intsOf(place)?.[rows.intsAt(place) + 1];
  const gone: number[] = [];
  const kept: KeptRows = new KeptRows(
    rows,
    (place) => word(place) === 1,
    (place) => gone.push(kept.idAt(place)),
    { recent: RECENT, elders: ELDERS },
  );
  const add = (id: number, isWorth: boolean) => {
    const place = kept.add(id);
    (rows.intsOf(place) as Int32Array)[rows.intsAt(place) + 1] = Number(isWorth);
  };
  return { kept, gone, add };
}

test('the last rows are kept, and the last of those that are worth it, each under its id', () => {
  const ids = fc.uniqueArray(fc.tuple(fc.integer({ min: 1, max: 1e9 }), fc.boolean()), {
    selector: ([id]) => id,
    maxLength: 120,
  });
  fc.assert(
    fc.property(ids, (all) => {
      const { kept, gone, add } = made();
      for (const [id, isWorth] of all) add(id, isWorth);
      const recent = all.slice(-RECENT);
      const elders = all.slice(0, -RECENT).filter(([, isWorth]) => isWorth);
      const expected = [...elders.slice(-ELDERS), ...recent].map(([id]) => id);
      for (const [id] of all) {
        const place = kept.placeOf(id);
        expect(place >= 0).toBe(expected.includes(id));
        if (place >= 0) expect(kept.idAt(place)).toBe(id);
      }
      expect(gone.toSorted((a, b) => a - b)).toEqual(
        all.flatMap(([id]) => (expected.includes(id) ? [] : [id])).sort((a, b) => a - b),
      );
    }),
  );
});

test('there are no more rows after twice as many connections', () => {
  const { kept, add } = made();
  const most = RECENT + ELDERS;
  for (let id = 1; id <= 1000; id++) add(id, id % 3 === 0);
  expect(kept.end).toBe(most);
  for (let id = 1001; id <= 2000; id++) add(id, id % 3 === 0);
  expect(kept.end).toBe(most);
  expect(kept.forgotten).toBe(2000 - most);
});
