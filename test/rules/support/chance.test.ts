import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  afterComparisons,
  chanceOfSpan,
  chanceOfSplit,
} from '../../../src/rules/support/chance.ts';

describe('chanceOfSplit', () => {
  it.each([
    // Published: the lady tasting tea (Fisher 1935), all and three of four right.
    [4, 4, 4, 0, 1 / 70],
    [4, 3, 4, 1, 17 / 70],
    [12, 10, 12, 2, (66 * 66 + 12 * 12 + 1) / 2_704_156],
    [2, 2, 5, 0, 1 / 21],
    [5, 0, 5, 5, 1],
  ])('of %i with %i and %i with %i', (all1, with1, all2, with2, chance) => {
    expect(chanceOfSplit(all1, with1, all2, with2)).toBeCloseTo(chance, 12);
  });

  /** By going through all ways to choose the first group. */
  function counted(all1: number, with1: number, all2: number, with2: number): number {
    const all = all1 + all2;
    let [ways, hits] = [0, 0];
    for (let set = 0; set < 2 ** all; set++) {
      const members = Array.from({ length: all }, (_, n) => (set >> n) & 1);
      if (members.reduce((a, b) => a + b, 0) !== all1) continue;
      ways++;
      const marked = members.slice(0, with1 + with2).reduce((a, b) => a + b, 0);
      if (marked >= with1) hits++;
    }
    return hits / ways;
  }

  it('is what counting all groups gives', () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 5 }),
        fc.nat(5),
        fc.nat(5),
        (all1, all2, some1, some2) => {
          const [with1, with2] = [Math.min(some1, all1), Math.min(some2, all2)];
          expect(chanceOfSplit(all1, with1, all2, with2)).toBeCloseTo(
            counted(all1, with1, all2, with2),
            9,
          );
        },
      ),
      { numRuns: 60 },
    );
  });

  it('stays a chance for a million handshakes', () => {
    expect(chanceOfSplit(500_000, 250_000, 500_000, 250_000)).toBeCloseTo(0.5, 2);
    expect(chanceOfSplit(500_000, 500_000, 500_000, 0)).toBe(0);
  });
});

describe('chanceOfSpan', () => {
  it('is what counting all orders gives', () => {
    for (const [all1, all2] of [
      [2, 5],
      [3, 4],
      [4, 6],
      [2, 0],
    ] as const) {
      for (let between = 0; between <= all2; between++) {
        let [ways, hits] = [0, 0];
        for (let set = 0; set < 2 ** (all1 + all2); set++) {
          const places = Array.from({ length: all1 + all2 }, (_, n) => n).filter(
            (n) => (set >> n) & 1,
          );
          if (places.length !== all1) continue;
          ways++;
          const [first = 0, last = 0] = [places[0], places.at(-1)];
          if (last - first + 1 - all1 <= between) hits++;
        }
        expect(chanceOfSpan(all1, all2, between)).toBeCloseTo(hits / ways, 9);
      }
    }
  });

  it('says nothing of a single one', () => {
    expect(chanceOfSpan(1, 100, 0)).toBe(1);
  });
});

describe('afterComparisons', () => {
  it('takes the smallest chance times all comparisons, and none below it for the next', () => {
    expect(afterComparisons([0.03, 0.001, 0.0002], 3)).toEqual([
      0.03, 0.002, 0.0006000000000000001,
    ]);
    expect(afterComparisons([0.01, 0.01], 10)).toEqual([0.1, 0.1]);
    expect(afterComparisons([0.9], 5)).toEqual([1]);
  });
});
