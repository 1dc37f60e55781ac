import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Slab } from '../../src/bytes/slab.ts';

const octets = (length: number, seed: number) =>
  Uint8Array.from({ length }, (_, i) => (seed * 31 + i * 7) & 255);

describe('Slab', () => {
  test('gives back what was stored, after the source has changed', () => {
    const slab = new Slab();
    const source = octets(20, 1);
    const handle = slab.store(source, 5, 15);
    source.fill(0);
    expect(slab.view(handle, 10)).toEqual(octets(20, 1).slice(5, 15));
  });

  test.each([0, 1, 63, 64, 65, 1024, 1025, 2048, 2049, 4095, 4096, 4097, 100_000])(
    '%i octets',
    (length) => {
      const slab = new Slab();
      const one = slab.store(octets(length, 2), 0, length);
      const two = slab.store(octets(length, 3), 0, length);
      expect(one).toBeGreaterThan(0);
      expect(two).not.toBe(one);
      expect(slab.view(one, length)).toEqual(octets(length, 2));
      expect(slab.view(two, length)).toEqual(octets(length, 3));
      const at = slab.offsetOf(two);
      expect(slab.bytesOf(two).slice(at, at + length)).toEqual(octets(length, 3));
    },
  );

  test.each([
    [15, 16],
    [255, 256],
    [257, 288],
    [1000, 1024],
  ])('in short steps %i octets lie %i apart', (length, apart) => {
    const slab = new Slab(4);
    const [one, two] = [1, 2].map((seed) => slab.store(octets(length, seed), 0, length));
    expect(slab.offsetOf(two as number) - slab.offsetOf(one as number)).toBe(apart);
    expect(slab.view(one as number, length)).toEqual(octets(length, 1));
  });

  test('what is given back is used again', () => {
    const slab = new Slab();
    const first = slab.store(octets(200, 1), 0, 200);
    slab.release(first);
    expect(slab.store(octets(193, 2), 0, 193)).toBe(first);
  });

  test('what is stored stays where it is, however much follows', () => {
    const slab = new Slab();
    const handle = slab.store(octets(100, 1), 0, 100);
    const before = slab.bytesOf(handle);
    for (let i = 0; i < 1000; i++) slab.store(octets(100, i), 0, 100);
    expect(slab.bytesOf(handle)).toBe(before);
    expect(slab.view(handle, 100)).toEqual(octets(100, 1));
  });

  test('once nothing more is stored, pages are given up with their last item', () => {
    const length = fc.oneof(fc.integer({ min: 1, max: 200 }), fc.constant(5000));
    const item = fc.tuple(length, fc.boolean(), fc.nat());
    fc.assert(
      fc.property(fc.array(item, { minLength: 1, maxLength: 300 }), (items) => {
        const slab = new Slab();
        const kept = new Map<number, Uint8Array>();
        items.forEach(([size, isGone], seed) => {
          const handle = slab.store(octets(size, seed), 0, size);
          if (isGone) slab.release(handle);
          else kept.set(handle, octets(size, seed));
        });
        slab.drain();
        const order = [...kept.keys()].sort((a, b) => ((a * 7) % 64) - ((b * 7) % 64));
        for (const handle of order) {
          expect(slab.view(handle, kept.get(handle)?.length ?? 0)).toEqual(kept.get(handle));
          slab.release(handle);
        }
        for (const handle of order) expect(slab.bytesOf(handle)).toHaveLength(0);
      }),
      { seed: 8, numRuns: 60 },
    );
  });

  test('nothing is given back for 0, and what was large is gone', () => {
    const slab = new Slab();
    slab.release(0);
    const large = slab.store(octets(9000, 1), 0, 9000);
    slab.release(large);
    expect(slab.view(large, 9000)).toHaveLength(0);
  });

  test('items of any size, stored and given back in any order, keep their octets', () => {
    const step = fc.record({
      release: fc.boolean(),
      pick: fc.nat(1000),
      length: fc.oneof(fc.nat(300), fc.nat(5000)),
      seed: fc.nat(255),
    });
    fc.assert(
      fc.property(fc.array(step, { minLength: 20, maxLength: 250 }), (steps) => {
        const slab = new Slab();
        const model = new Map<number, Uint8Array>();
        for (const { release, pick, length, seed } of steps) {
          if (release && model.size > 0) {
            const handle = [...model.keys()][pick % model.size] as number;
            model.delete(handle);
            slab.release(handle);
            continue;
          }
          const handle = slab.store(octets(length, seed), 0, length);
          expect(model.has(handle)).toBe(false);
          model.set(handle, octets(length, seed));
        }
        for (const [handle, item] of model)
          expect(Buffer.compare(slab.view(handle, item.length), item)).toBe(0);
      }),
      { seed: 12, numRuns: 60 },
    );
  });
});
