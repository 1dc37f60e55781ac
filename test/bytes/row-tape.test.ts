import fc from 'fast-check';
import { expect, test } from 'vitest';
import { RowTape } from '../../src/bytes/row-tape.ts';

const int = fc.oneof(fc.integer({ min: -(2 ** 31), max: 2 ** 31 - 1 }), fc.nat(300));
const float = fc.oneof(
  fc.double({ noNaN: true }),
  fc.integer({ min: -1e6, max: 1e6 }),
  fc.maxSafeInteger(),
  fc.constantFrom(1, 2, 3),
);
const item = fc.oneof(
  fc.record({ kind: fc.constant('int' as const), value: int }),
  fc.record({ kind: fc.constant('float' as const), value: float.map((n) => n + 0 || 0) }),
  fc.record({ kind: fc.constant('natural' as const), value: fc.maxSafeInteger().map(Math.abs) }),
);

test('what is written is read, in the same order', () => {
  fc.assert(
    fc.property(fc.nat(), fc.array(item, { maxLength: 150 }), (origin, items) => {
      const tape = new RowTape(4096);
      tape.rewind();
      tape.putOrigin(origin);
      for (const { kind, value } of items) {
        if (kind === 'int') tape.putInt(value);
        else if (kind === 'float') tape.putFloat(value);
        else tape.putNatural(value);
      }
      tape.putOctets(Uint8Array.of(1, 2, 3, 4), 1, 3);
      const end = tape.at;
      tape.rewind();
      tape.takeOrigin();
      const read = items.map(({ kind }) => tape[kind]());
      expect(read).toEqual(items.map(({ value }) => value));
      const at = tape.octets(2);
      expect([...tape.bytes.subarray(at, at + 2)]).toEqual([2, 3]);
      expect(tape.at).toBe(end);
    }),
    { seed: 3, numRuns: 300 },
  );
});

test('numbers near the origin and times that come again take few octets', () => {
  const tape = new RowTape(100);
  tape.putOrigin(10_000_000);
  tape.putFloat(1e15);
  const before = tape.at;
  for (const packet of [10_000_003, 9_999_990]) tape.putInt(packet);
  for (let n = 0; n < 4; n++) tape.putFloat(1e15);
  expect(tape.at - before).toBe(6);
});
