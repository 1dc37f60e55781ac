import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RandomIndex } from '../../src/connection/random-index.ts';

/** A random that no other number gives. */
function randomOf(n: number): Uint8Array {
  const octets = new Uint8Array(33);
  const view = new DataView(octets.buffer);
  for (let at = 1; at < 33; at += 4) view.setInt32(at, Math.imul(n + 1, 0x9e3779b1));
  return octets;
}

test('each random is compared with those seen last, however many came before', () => {
  fc.assert(
    fc.property(fc.array(fc.nat(60), { maxLength: 300 }), (randoms) => {
      const LIMIT = 40;
      const index = new RandomIndex(LIMIT);
      /** Those that are kept, the oldest first, with the connection that had each first. */
      const kept: { random: number; owner: number }[] = [];
      const pairs: string[] = [];
      randoms.forEach((random, at) => {
        const connection = at + 1;
        index.add(0, randomOf(random), 1, connection, connection);
        const known = kept.find((one) => one.random === random);
        if (known !== undefined) pairs.push(`${known.owner} ${connection}`);
        else {
          kept.push({ random, owner: connection });
          if (kept.length > LIMIT) kept.shift();
        }
      });
      const found = index
        .facts()
        .flatMap(({ connections: [owner, ...others] }) => others.map((id) => `${owner} ${id}`));
      expect(found.sort()).toEqual(pairs.sort());
      expect(index.size).toBe(kept.length);
    }),
  );
});
