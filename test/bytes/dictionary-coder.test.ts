import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { DictionaryCoder } from '../../src/bytes/dictionary-coder.ts';

const LONGEST = 1200;

interface Stored {
  readonly octets: Uint8Array;
  readonly packed: Uint8Array;
  readonly dictionary: number;
}

function store(coder: DictionaryCoder, octets: Uint8Array): Stored {
  coder.pack(octets, octets.length);
  const { dictionary } = coder;
  return { octets, packed: coder.packed.slice(0, coder.length), dictionary };
}

function read(coder: DictionaryCoder, { octets, packed, dictionary }: Stored): Uint8Array {
  const to = new Uint8Array(octets.length);
  // Other octets may lie in front.
  coder.unpack(dictionary, Uint8Array.of(9, ...packed), 1, octets.length, to);
  return to;
}

const like = (seed: number, change: number) =>
  Uint8Array.from({ length: 700 }, (_, i) =>
    i === change % 700 ? change & 255 : Math.imul((i + seed * 977) ** 2 + 1, 0x9e3779b1) >>> 24,
  );

describe('DictionaryCoder', () => {
  test('an item that differs in an octet from one before takes few', () => {
    const coder = new DictionaryCoder(2, 4096, LONGEST);
    store(coder, like(1, 0));
    const { packed } = store(coder, like(1, 333));
    expect(packed.length).toBeLessThan(14);
  });

  test('an item that is like nothing takes hardly more than it has', () => {
    const coder = new DictionaryCoder(1, 0, LONGEST);
    const one = store(coder, like(3, 0));
    expect(one.packed.length).toBeLessThan(708);
    expect(read(coder, one)).toEqual(one.octets);
  });

  test('a dictionary that no item needs is filled again', () => {
    const coder = new DictionaryCoder(2, 1000, LONGEST);
    const items = [1, 2].map((seed) => store(coder, like(seed, 0)));
    expect(items.map(({ dictionary }) => dictionary)).toEqual([0, 1]);
    expect(store(coder, like(3, 0)).packed.length).toBeGreaterThan(700);
    coder.release(0);
    const next = store(coder, like(4, 0));
    expect(next.dictionary).toBe(0);
    expect(next.packed.length).toBeLessThan(14);
    expect(read(coder, items[1] as Stored)).toEqual(items[1]?.octets);
  });

  test('items of any octets come back, whatever was packed and given up meanwhile', () => {
    const octets = fc.oneof(
      fc.uint8Array({ maxLength: LONGEST }),
      fc.tuple(fc.nat(3), fc.nat()).map(([seed, change]) => like(seed, change)),
      fc.tuple(fc.nat(1), fc.nat(300), fc.nat(300)).map(([value, zeros, ones]) => {
        const item = new Uint8Array(zeros + ones).fill(value);
        return item.fill(7, zeros);
      }),
    );
    const step = fc.record({ octets, gives: fc.boolean(), pick: fc.nat() });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 40 }), fc.nat(3000), (steps, room) => {
        const coder = new DictionaryCoder(3, room, LONGEST);
        const kept: Stored[] = [];
        for (const one of steps) {
          kept.push(store(coder, one.octets));
          if (!one.gives) continue;
          const [gone] = kept.splice(one.pick % kept.length, 1);
          if (gone !== undefined) coder.release(gone.dictionary);
        }
        for (const one of kept) expect(read(coder, one)).toEqual(one.octets);
      }),
      { seed: 5, numRuns: 150 },
    );
  });
});
