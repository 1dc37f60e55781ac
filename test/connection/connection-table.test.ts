import { expect, it } from 'vitest';
import { SEEN } from '../../src/connection/connection-table.ts';

it('has a bit of its own for each thing seen, so that forgetting one forgets no other', () => {
  const bits = Object.values(SEEN);
  expect(new Set(bits).size).toBe(bits.length);
  for (const bit of bits) expect(Math.log2(bit) % 1).toBe(0);
});
