import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ByteReader } from '../../src/bytes/reader.ts';

const octets = (...values: number[]) => Uint8Array.from(values);

describe('ByteReader', () => {
  it('reads integers in network order', () => {
    const r = new ByteReader(octets(1, 2, 3, 4, 5, 6, 0xff, 0xff, 0xff, 0xff, 9, 8, 7, 6, 5, 4));
    expect(r.u8('a')).toBe(0x01);
    expect(r.u16('b')).toBe(0x0203);
    expect(r.u24('c')).toBe(0x040506);
    expect(r.u32('d')).toBe(0xffffffff);
    expect(r.u48('e')).toBe(0x090807060504);
    expect(r.remaining).toBe(0);
    expect(r.shortfalls).toEqual([]);
  });

  it('yields 0 past the end, stops, and notes it once', () => {
    const r = new ByteReader(octets(1, 2, 3));
    expect(r.u16('first')).toBe(0x0102);
    expect(r.u16('second')).toBe(0);
    expect(r.u8('third')).toBe(0);
    expect(r.view('fourth', 1)).toHaveLength(0);
    expect(r.window('fifth', 1).u8('inner')).toBe(0);
    expect(r.rest()).toHaveLength(0);
    expect(r.remaining).toBe(0);
    expect(r.stopped).toBe(true);
    expect(r.shortfalls).toEqual([{ field: 'second', offset: 2, needed: 2, available: 1 }]);
  });

  it('keeps the damage of a window inside it', () => {
    const r = new ByteReader(octets(0xaa, 0xbb, 0xcc));
    const inner = r.window('vector', 2);
    expect(inner.u24('too long')).toBe(0);
    expect(r.u8('after')).toBe(0xcc);
    expect(r.shortfalls).toEqual([{ field: 'too long', offset: 0, needed: 3, available: 2 }]);
  });

  it('gives a stopped window where the vector is cut, with one shortfall for both', () => {
    const r = new ByteReader(octets(1, 2));
    const inner = r.window('vector', 3);
    expect(inner.remaining).toBe(0);
    expect(inner.stopped).toBe(true);
    expect(inner.u8('element')).toBe(0);
    expect(r.shortfalls).toEqual([{ field: 'vector', offset: 0, needed: 3, available: 2 }]);
  });

  it('shares memory with the buffer', () => {
    const bytes = octets(1, 2, 3, 4);
    const r = new ByteReader(bytes, 1);
    const view = r.view('view', 2);
    bytes[1] = 9;
    expect(view).toEqual(octets(9, 3));
    expect(r.rest()).toEqual(octets(4));
  });

  it('reads again what was kept: two readers, one list', () => {
    const r = new ByteReader(octets(1, 2, 3, 4), 1);
    r.view('kept', 2);
    const twin = r.again(1, 3);
    expect(r.rest()).toEqual(octets(4));
    expect(twin.u16('b')).toBe(0x0203);
    expect(twin.u8('c')).toBe(0);
    expect(r.shortfalls).toEqual([{ field: 'c', offset: 3, needed: 1, available: 0 }]);
  });

  it('counts offsets from the start of the buffer', () => {
    const r = new ByteReader(octets(1, 2, 3, 4), 1, 3);
    expect(r.offset).toBe(1);
    r.u8('a');
    r.u16('b');
    expect(r.shortfalls).toEqual([{ field: 'b', offset: 2, needed: 2, available: 1 }]);
  });

  it('brings a window that lies outside the buffer inside', () => {
    expect(new ByteReader(octets(1, 2), 5, 9).remaining).toBe(0);
    expect(new ByteReader(octets(1, 2), -5, 9).remaining).toBe(2);
    expect(new ByteReader(octets(1, 2), 1, 0).remaining).toBe(0);
  });

  it('never throws and never reads outside its window, whatever is read', () => {
    const reads = fc.array(
      fc.record({
        kind: fc.constantFrom('u8', 'u16', 'u24', 'u32', 'u48', 'view', 'window', 'up', 'rest'),
        length: fc.oneof(fc.nat(12), fc.nat(0xffffff)),
      }),
      { maxLength: 40 },
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), reads, fc.nat(8), (inside, steps, margin) => {
        // The margins hold 0xff so that an octet read outside the window shows up in the result.
        const padded = new Uint8Array(inside.length + 2 * margin).fill(0xff);
        padded.set(inside, margin);
        const alone = run(new ByteReader(inside), steps);
        const embedded = run(new ByteReader(padded, margin, margin + inside.length), steps);
        expect(embedded.values).toEqual(alone.values);
        expect(embedded.shortfalls).toEqual(
          alone.shortfalls.map((s) => ({ ...s, offset: s.offset + margin })),
        );
      }),
    );
  });
});

type Step = { kind: string; length: number };

function run(root: ByteReader, steps: readonly Step[]) {
  const stack = [root];
  const values: unknown[] = [];
  for (const { kind, length } of steps) {
    const r = stack.at(-1) as ByteReader;
    if (kind === 'window') stack.push(r.window('window', length));
    else if (kind === 'up') stack.length > 1 && stack.pop();
    else if (kind === 'view') values.push([...r.view('view', length)]);
    else if (kind === 'rest') values.push([...r.rest()]);
    else values.push(r[kind as 'u8' | 'u16' | 'u24' | 'u32' | 'u48'](kind));
  }
  return { values, shortfalls: root.shortfalls };
}
