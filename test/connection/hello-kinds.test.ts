import { expect, test } from 'vitest';
import { HelloKinds } from '../../src/connection/hello-kinds.ts';
import { LIMITS } from '../../src/model/limits.ts';
import { reaches } from '../support/reaches.ts';

test('equal fingerprints have one number, and it leads back to them', () => {
  const kinds = new HelloKinds();
  const [one, two, again] = ['a', 'b', 'a'].map((ja4) => kinds.placeOf({ ja3: undefined, ja4 }));
  expect([one, two, again]).toEqual([1, 2, 1]);
  expect(kinds.at(2)).toEqual({ ja3: undefined, ja4: 'b' });
});

test('none is no number', () => {
  const kinds = new HelloKinds();
  expect(kinds.placeOf(undefined)).toBe(0);
  expect(kinds.placeOf({ ja3: 'a', ja4: undefined })).toBe(0);
  expect(kinds.at(0)).toBeUndefined();
});

reaches(
  'fingerprints',
  16,
  'beyond the limit fingerprints have no number, and the first keep theirs',
  (bound) => {
    const kinds = new HelloKinds();
    for (let n = 0; n < bound; n++) kinds.placeOf({ ja3: 'x', ja4: `${n}` });
    expect(kinds.placeOf({ ja3: 'x', ja4: 'one more' })).toBe(0);
    expect(kinds.placeOf({ ja3: 'x', ja4: '7' })).toBe(8);
  },
);

test('equal lists of suites are one, without what is none', () => {
  const kinds = new HelloKinds();
  const list = kinds.listed([0x0a0a, 0xc02f, 0x00ff, 0x5600, 0xc013]);
  expect(list).toEqual([0xc02f, 0xc013]);
  expect(kinds.listed([0xc02f, 0xc013])).toBe(list);
  for (let n = 0; n <= LIMITS.fingerprints; n++) kinds.listed([n, n + 1, n + 2]);
  expect(kinds.listed([0xc02f, 0xc013])).toEqual(list);
});
