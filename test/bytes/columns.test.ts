import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Columns, grown } from '../../src/bytes/columns.ts';
import { RowFields } from '../../src/bytes/packed-rows.ts';
import { RowTape } from '../../src/bytes/row-tape.ts';

class Table extends Columns {
  octet = new Uint8Array(4);
  number = new Int32Array(4);
  float = new Float64Array(4);
  /** Three entries for each row. */
  triples = new Int32Array(12);

  constructor() {
    super(4);
  }

  write(row: number, value: number): void {
    this.octet[row] = value & 255;
    this.number[row] = -value;
    this.float[row] = value / 2;
    for (let i = 0; i < 3; i++) this.triples[row * 3 + i] = value * 10 + i;
  }

  read(row: number): number[] {
    const triple = this.triples.subarray(row * 3, row * 3 + 3);
    return [this.octet[row], this.number[row], this.float[row], ...triple] as number[];
  }
}

const expected = (value: number) => [
  value & 255,
  value === 0 ? 0 : -value,
  value / 2,
  ...[0, 1, 2].map((i) => (value === 0 ? 0 : value * 10 + i)),
];

describe('Columns', () => {
  test('a row taken is zero, also where it was used before', () => {
    const table = new Table();
    const row = table.take();
    table.write(row, 77);
    table.release(row);
    expect(table.take()).toBe(row);
    expect(table.read(row)).toEqual(expected(0));
  });

  test('a row that was written onto a tape can be read into another one', () => {
    const table = new Table();
    const rows = Array.from({ length: 9 }, () => table.take());
    rows.forEach((row, i) => {
      table.write(row, i * 1000);
    });
    const tape = new RowTape(200);
    table.writeRow(rows[7] as number, tape);
    const end = tape.at;
    tape.rewind();
    table.readRow(rows[2] as number, tape);
    expect(tape.at).toBe(end);
    expect(table.read(rows[2] as number)).toEqual(expected(7000));
    expect(table.read(rows[3] as number)).toEqual(expected(3000));
  });

  test('says where the numbers of a column are among those of a row', () => {
    const table = new Table();
    const rows = Array.from({ length: 20 }, () => table.take());
    const row = rows.at(-1) as number;
    table.write(row, 77);
    const whole = new RowFields(table.width);
    table.writeRow(row, whole);
    const at = (name: string, more = 0) => whole.values[table.fieldOf(name) + more];
    expect([at('octet'), at('number'), at('float'), at('triples', 2)]).toEqual([
      77, -77, 38.5, 772,
    ]);
    expect(() => table.fieldOf('quadruples')).toThrow(RangeError);
  });

  test('size counts rows in use, end bounds them', () => {
    const table = new Table();
    const rows = Array.from({ length: 10 }, () => table.take());
    expect([table.size, table.end]).toEqual([10, 10]);
    table.release(rows[3] as number);
    table.release(rows[9] as number);
    expect([table.size, table.end]).toEqual([8, 10]);
  });

  test('takes and releases in any order keep every row, over growth of rows and of the free list', () => {
    const step = fc.record({ release: fc.boolean(), pick: fc.nat(1000), value: fc.nat(100_000) });
    fc.assert(
      fc.property(fc.array(step, { minLength: 50, maxLength: 400 }), (steps) => {
        const table = new Table();
        const model = new Map<number, number>();
        for (const { release, pick, value } of steps) {
          if (release && model.size > 0) {
            const row = [...model.keys()][pick % model.size] as number;
            model.delete(row);
            table.release(row);
            continue;
          }
          const row = table.take();
          expect(model.has(row)).toBe(false);
          table.write(row, value + 1);
          model.set(row, value + 1);
        }
        for (const [row, value] of model) expect(table.read(row)).toEqual(expected(value));
        expect(table.size).toBe(model.size);
      }),
      { seed: 11, numRuns: 60 },
    );
  });

  test('many rows given back at once are all taken again', () => {
    const table = new Table();
    const rows = Array.from({ length: 500 }, () => table.take());
    for (const row of rows) table.release(row);
    const again = new Set(Array.from({ length: 500 }, () => table.take()));
    expect(again).toEqual(new Set(rows));
    expect(table.end).toBe(500);
  });
});

test('grown keeps what is there and the kind of array', () => {
  expect(grown(Uint8Array.of(1, 2), 4)).toEqual(Uint8Array.of(1, 2, 0, 0));
  expect(grown(Float64Array.of(0.5), 2)).toEqual(Float64Array.of(0.5, 0));
});
