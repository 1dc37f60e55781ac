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

test('a random that a client replaces gives way, unless another connection has it too', () => {
  const index = new RandomIndex(40);
  const add = (n: number, connection: number) =>
    index.add(0, randomOf(n), 1, connection, connection);
  const renew = (before: number, n: number, connection: number) =>
    index.renew(randomOf(before), 1, randomOf(n), 1, connection, connection);
  const shared = () => index.facts().map(({ connections }) => connections);
  add(1, 1);
  renew(1, 2, 1);
  expect(index.size).toBe(1);
  add(1, 2);
  expect(shared()).toEqual([]);
  add(2, 3);
  expect(shared()).toEqual([[1, 3]]);
  // The one that is shared stays, and the new one is found on whom it was seen on before.
  renew(2, 1, 1);
  add(2, 4);
  expect(shared()).toEqual([
    [1, 3, 4],
    [2, 1],
  ]);
  renew(9, 5, 5);
  add(5, 6);
  expect(shared().at(-1)).toEqual([5, 6]);
});
