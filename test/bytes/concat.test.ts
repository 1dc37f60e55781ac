import { expect, test } from 'vitest';
import { ascii, concat, u16 } from '../../src/bytes/concat.ts';

test('parts are joined in an array of their own', () => {
  const part = Uint8Array.of(1, 2);
  const whole = concat(part, new Uint8Array(0), Uint8Array.of(3));
  part.fill(9);
  expect(whole).toEqual(Uint8Array.of(1, 2, 3));
  expect(concat()).toHaveLength(0);
});

test('integers in network order', () => {
  expect(u16(0xfefd)).toEqual(Uint8Array.of(0xfe, 0xfd));
});

test('ASCII', () => {
  expect(ascii('tls13 ')).toEqual(Uint8Array.of(0x74, 0x6c, 0x73, 0x31, 0x33, 0x20));
});
