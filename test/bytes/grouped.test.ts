import fc from 'fast-check';
import { expect, test } from 'vitest';
import { Grouped } from '../../src/bytes/grouped.ts';

test('numbers are found by their group, in their order', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: -1, max: 9 })), (groups) => {
      const grouped = new Grouped(10, groups.length, (number) => groups[number] ?? -1);
      for (let group = 0; group < 10; group++)
        expect([...grouped.of(group)]).toEqual(
          groups.flatMap((one, number) => (one === group ? [number] : [])),
        );
      expect([10, 11].map((group) => grouped.of(group).length)).toEqual([0, 0]);
    }),
  );
});
