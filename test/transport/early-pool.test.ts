import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { EarlyPool } from '../../src/transport/early-pool.ts';
import { reaches } from '../support/reaches.ts';

interface Range {
  readonly at: number;
  readonly text: string;
  readonly cut?: number;
}

/** Inserts ranges one after the other with their index as the packet. */
function inserted(pool: EarlyPool, ranges: readonly Range[], base = 0): number {
  return ranges.reduce((list, { at, text, cut = 0 }, packet) => {
    // The octets do not begin at the beginning of their block.
    const block = Buffer.from(`--${text}--`, 'latin1');
    return pool.insert(list, (base + at) | 0, block, 2, 2 + text.length, cut, packet, packet);
  }, 0);
}

function contents(pool: EarlyPool, list: number, base = 0): string[] {
  const found: string[] = [];
  for (let at = list; at !== 0; at = pool.shift(at)) {
    const offset = pool.offsetOf(at);
    const text = Buffer.from(pool.octets.subarray(offset, offset + pool.lengthOf(at)));
    const cut = pool.cutOf(at) === 0 ? '' : ` +${pool.cutOf(at)}`;
    const sequence = (pool.sequenceOf(at) - base) | 0;
    found.push(`${sequence} ${text.toString('latin1')}${cut} @${pool.packetOf(at)}`);
  }
  return found;
}

describe('EarlyPool', () => {
  test.each<{ name: string; ranges: Range[]; kept: string[]; conflict?: boolean }>([
    {
      name: 'sorts',
      ranges: [
        { at: 20, text: 'c' },
        { at: 10, text: 'b' },
        { at: 30, text: 'd' },
        { at: 5, text: 'a' },
      ],
      kept: ['5 a @3', '10 b @1', '20 c @0', '30 d @2'],
    },
    {
      name: 'keeps the first copy and fills around it',
      ranges: [
        { at: 2, text: 'CD' },
        { at: 0, text: 'abcdef' },
      ],
      kept: ['0 ab @1', '2 CD @0', '4 ef @1'],
      conflict: true,
    },
    {
      name: 'notices a difference in the last octet',
      ranges: [
        { at: 2, text: 'cd' },
        { at: 0, text: 'abcX' },
      ],
      kept: ['0 ab @1', '2 cd @0'],
      conflict: true,
    },
    {
      name: 'equal copies',
      ranges: [
        { at: 2, text: 'cd' },
        { at: 2, text: 'cd' },
        { at: 3, text: 'd' },
      ],
      kept: ['2 cd @0'],
    },
    {
      name: 'remembers what is known to be missing behind a range',
      ranges: [
        { at: 2, text: 'cd', cut: 5 },
        { at: 2, text: 'c', cut: 9 },
        { at: 20, text: '', cut: 3 },
      ],
      kept: ['2 cd +8 @0', '20  +3 @2'],
    },
    {
      name: 'the longest of those that end at the same octet',
      ranges: [
        { at: 2, text: 'cd', cut: 5 },
        { at: 3, text: 'd', cut: 7 },
        { at: 4, text: '', cut: 6 },
      ],
      kept: ['2 cd +7 @0'],
    },
    {
      name: 'nothing before a range that is there',
      ranges: [
        { at: 4, text: 'efg' },
        { at: 2, text: 'cd', cut: 0 },
        { at: 4, text: '', cut: 2 },
      ],
      kept: ['2 cd @1', '4 efg @0'],
    },
  ])('$name', ({ ranges, kept, conflict = false }) => {
    const pool = new EarlyPool();
    const list = inserted(pool, ranges);
    expect(pool.conflict).toBe(conflict);
    expect(contents(pool, list)).toEqual(kept);
    expect(pool.size).toBe(0);
  });

  test('cuts what is longer than a slot', () => {
    const pool = new EarlyPool();
    const text = Array.from({ length: 5000 }, (_, i) => String.fromCharCode(i & 255)).join('');
    const list = inserted(pool, [{ at: 0, text, cut: 9 }]);
    expect([pool.added, pool.addedOctets]).toEqual([3, 5000]);
    const found = contents(pool, list).map((line) => line.match(/^\d+ (.*?)(?: \+9)? @0$/s)?.[1]);
    expect(found.join('')).toBe(text);
  });

  reaches('tcpEarlyOctets', 65536, 'says when it is full, and has room again', (bound) => {
    const pool = new EarlyPool();
    const octet = Uint8Array.of(1);
    let list = 0;
    for (let i = 0; pool.hasRoom(1); i++) list = pool.insert(list, -2 * i, octet, 0, 1, 0, 1, 1);
    expect(pool.size * 2048).toBe(bound);
    expect(pool.hasRoom(0)).toBe(true);
    pool.shift(list);
    expect(pool.hasRoom(2048)).toBe(true);
    expect(pool.hasRoom(2049)).toBe(false);
  });

  test('agrees with an array of octets', () => {
    const range = fc.record({
      at: fc.nat(60),
      text: fc.stringMatching(/^[ab]{0,20}$/),
      cut: fc.constantFrom(0, 0, 0, 4),
    });
    fc.assert(
      fc.property(
        fc.array(range, { maxLength: 20 }),
        fc.constantFrom(0, 0x7fff_fff0, 0xffff_fff0),
        (ranges, base) => {
          const pool = new EarlyPool();
          const model: string[] = [];
          let differs = false;
          let list = 0;
          ranges.forEach(({ at, text, cut }, packet) => {
            const octets = Buffer.from(text, 'latin1');
            const before = pool.size;
            list = pool.insert(list, (base + at) | 0, octets, 0, text.length, cut, packet, packet);
            expect(pool.size - before).toBe(pool.added);
            differs = false;
            let added = 0;
            [...text].forEach((octet, i) => {
              const kept = model[at + i];
              if (kept === undefined) added++;
              else if (kept !== octet) differs = true;
              model[at + i] = kept ?? octet;
            });
            expect(pool.conflict).toBe(differs);
            expect(pool.addedOctets).toBe(added);
          });
          let last = Number.NEGATIVE_INFINITY;
          for (const line of contents(pool, list, base)) {
            const [, at = '', text = ''] = line.match(/^(-?\d+) ([ab]*)/) ?? [];
            expect(Number(at)).toBeGreaterThanOrEqual(last);
            last = Number(at) + text.length;
            [...text].forEach((octet, i) => {
              expect(model[Number(at) + i]).toBe(octet);
              delete model[Number(at) + i];
            });
          }
          expect(model.filter((octet) => octet !== undefined)).toEqual([]);
        },
      ),
      { seed: 5, numRuns: 1000 },
    );
  });
});
