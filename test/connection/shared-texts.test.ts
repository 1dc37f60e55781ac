import { expect, test } from 'vitest';
import { SharedTexts } from '../../src/connection/shared-texts.ts';

test('equal texts are one, and stay as long as a row has them', () => {
  const texts = new SharedTexts();
  expect(texts.take(undefined)).toBe(0);
  expect(texts.at(0)).toBeUndefined();
  const [one, again, other] = ['a.example', 'a.example', 'b.example'].map((text) =>
    texts.take(text),
  );
  expect(again).toBe(one);
  texts.release(one ?? 0);
  expect([one, other].map((place) => texts.at(place ?? 0))).toEqual(['a.example', 'b.example']);
  texts.release(one ?? 0);
  expect(texts.at(one ?? 0)).toBeUndefined();
  expect(texts.size).toBe(1);
});

test('places are used again, so that new names for ever take no more of them', () => {
  const texts = new SharedTexts();
  const most = (from: number) =>
    Math.max(
      ...Array.from({ length: 500 }, (_, n) => {
        const place = texts.take(`${from + n}.example`);
        if (n > 0) texts.release(place);
        return place;
      }),
    );
  const first = most(0);
  expect(most(1000)).toBeLessThanOrEqual(first + 1);
  expect(texts.size).toBe(2);
});

test('texts come back as they were, whatever they are made of and however often others left', () => {
  const texts = new SharedTexts();
  const kept = new Map<number, string>();
  const odd = ['', '\ufeffbom', 'zwölf', '漢字 🙂', 'x'.repeat(70_000), '\0', 'é'.repeat(40_000)];
  for (const text of odd) kept.set(texts.take(text), text);
  // Enough of them leave that the rest is moved together several times.
  const most = 60_000;
  for (let n = 0; n < most; n++) {
    const text = `name-${n}.of-a-server.example.test`;
    const place = texts.take(text);
    if (n % 7 === 0) kept.set(place, text);
    else texts.release(place);
  }
  expect(kept.size).toBe(odd.length + Math.ceil(most / 7));
  expect(texts.size).toBe(kept.size);
  const wrong = [...kept].filter(([place, text]) => texts.at(place) !== text);
  expect(wrong).toEqual([]);
  for (const [place, text] of kept) expect(texts.take(text)).toBe(place);
});
