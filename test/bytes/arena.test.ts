import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Arena } from '../../src/bytes/arena.ts';

describe('Arena', () => {
  it('gives back what was detached, after the source has changed', () => {
    const arena = new Arena();
    const source = Uint8Array.from([1, 2, 3, 4, 5]);
    const handle = arena.detach(source, 1, 4);
    source.fill(0);
    expect(arena.view(handle, 3)).toEqual(Uint8Array.from([2, 3, 4]));
  });

  it('never hands out 0', () => {
    const arena = new Arena();
    expect(arena.detach(new Uint8Array(4), 2, 2)).not.toBe(0);
    expect(arena.detach(new Uint8Array(4), 0, 4)).not.toBe(0);
    expect(new Arena().detach(new Uint8Array(300_000), 0, 300_000)).not.toBe(0);
  });

  it('gives an empty view for an empty item and for a handle it never gave', () => {
    const arena = new Arena();
    expect(arena.view(arena.detach(new Uint8Array(4), 1, 1), 0)).toHaveLength(0);
    expect(arena.view(0, 0)).toHaveLength(0);
    expect(arena.view(1 << 25, 10)).toHaveLength(0);
  });

  it('keeps items whole over many chunks, with large ones between them', () => {
    const sizes = fc.array(
      fc.oneof(fc.nat(200), fc.integer({ min: 100_000, max: 140_000 }), fc.constant(2_000_000)),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(sizes, (lengths) => {
        const arena = new Arena();
        const source = new Uint8Array(2_000_000);
        const handles = lengths.map((length, i) => {
          source.fill(i + 1, 0, length);
          return arena.detach(source, 0, length);
        });
        lengths.forEach((length, i) => {
          const view = arena.view(handles[i] as number, length);
          expect(view.length).toBe(length);
          expect(view.findIndex((octet) => octet !== i + 1)).toBe(-1);
        });
      }),
      { numRuns: 20 },
    );
  });

  it('says how much memory it holds', () => {
    const arena = new Arena();
    expect(arena.octets).toBe(0);
    arena.detach(new Uint8Array(10), 0, 10);
    expect(arena.octets).toBe(1 << 20);
    arena.detach(new Uint8Array(500_000), 0, 500_000);
    expect(arena.octets).toBe((1 << 20) + 500_000);
  });
});
