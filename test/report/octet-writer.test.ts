import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { formatDate } from '../../src/model/time.ts';
import { literal, OctetWriter, toJson } from '../../src/report/octet-writer.ts';

/** What comes out of a writer, put together. */
function written(write: (out: OctetWriter) => void): string {
  const pieces: Buffer[] = [];
  const out = new OctetWriter((octets) => pieces.push(Buffer.from(octets)));
  write(out);
  out.flush();
  const whole = Buffer.concat(pieces);
  expect(out.length).toBe(whole.length);
  return whole.toString('utf8');
}

describe('pieces', () => {
  test('literals of every length, one behind the other', () => {
    const texts = Array.from({ length: 40 }, (_, length) =>
      '0123456789'.repeat(4).slice(0, length),
    );
    const pieces = texts.map(literal);
    const text = written((out) => {
      for (const piece of pieces) out.literal(piece);
    });
    expect(text).toBe(texts.join(''));
  });

  test('literals with names in any script', () => {
    const names = ['Facebook\u2019s draft 23', '\u00e9\u4e2d', '\ud83d\ude00', 'a\nb'];
    const text = written((out) => out.literal(literal(`${JSON.stringify(names)}\n`)));
    expect(text).toMatch(/^[\n -~]*$/);
    expect(JSON.parse(text)).toEqual(names);
  });

  test('numbers', () => {
    const powers = Array.from({ length: 16 }, (_, index) => 10 ** index);
    const numbers = [...powers, ...powers.map((power) => power - 1), 4_294_967_296, -1];
    const text = written((out) => {
      for (const value of numbers) {
        out.number(value);
        out.ascii(' ');
      }
    });
    expect(text).toBe(`${numbers.join(' ')} `);
  });

  test('dates as the model has them', () => {
    const moment = fc.tuple(
      fc.integer({ min: -70_000_000_000, max: 260_000_000_000 }),
      fc.oneof(
        fc.integer({ min: -(2 ** 53), max: 2 ** 53 }),
        fc.double({ min: 0, max: 1e12, noNaN: true }),
      ),
    );
    fc.assert(
      fc.property(fc.array(moment), (moments) => {
        const text = written((out) => {
          for (const [epoch, nanos] of moments) {
            out.reserve(64);
            out.date(epoch, nanos);
          }
        });
        expect(text).toBe(moments.map(([epoch, nanos]) => formatDate(epoch, nanos)).join(''));
      }),
    );
  });

  test('text of any length, whatever the buffer', () => {
    const text = 'añ例\u{1f600}'.repeat(100_000);
    expect(written((out) => out.text(text))).toBe(text);
  });

  test('strings read back as what they were', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const json = written((out) => out.quoted(text));
        expect(JSON.parse(json)).toBe(text);
        expect(json).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u);
        expect(json).toBe(toJson(text));
      }),
    );
  });
});

test('a long output leaves in pieces that fit together', () => {
  const line = literal('{"some":"thing"},\n');
  const text = written((out) => {
    for (let i = 0; i < 50_000; i++) {
      out.reserve(32);
      out.literal(line);
    }
  });
  expect(text).toBe('{"some":"thing"},\n'.repeat(50_000));
});
