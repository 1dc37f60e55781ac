import { beforeAll, describe, expect, test } from 'vitest';
import { nearest } from '../../src/cli/usage-error.ts';
import { Places } from '../../src/pipeline/packet-places.ts';
import { noticeText } from '../../src/report/notice-text.ts';
import { printable, toAscii } from '../../src/report/printable.ts';
import { RunContext } from '../../src/report/run-context.ts';
import { clip, pad, plural, prepareWidths, widthOf, wrap } from '../../src/report/style.ts';

beforeAll(() => prepareWidths('例'));

describe('printable', () => {
  test.each([
    ['plain text, §4.2 → µs', 'plain text, §4.2 → µs'],
    ['\u001b[31m', '\\e[31m'],
    ['a\tb\nc\rd', 'a\\tb\\nc\\rd'],
    ['\u0000\u007f\u009b', '\\u{0}\\u{7f}\\u{9b}'],
    ['\u202ea\u2066b\u200fc', '\\u{202e}a\\u{2066}b\\u{200f}c'],
    ['\u2028\u2029\ufeff\u00ad', '\\u{2028}\\u{2029}\\u{feff}\\u{ad}'],
    ['\ud800\u{e0041}\ue000', '\\u{d800}\\u{e0041}\\u{e000}'],
    ['e\u0301\u0301\u0301\u0301', 'e\u0301\u0301\\u{301}\\u{301}'],
  ])('%j', (text, harmless) => {
    expect(printable(text)).toBe(harmless);
  });

  test('in ASCII keeps the sense of our own signs', () => {
    expect(toAscii('§4 → 5 µs ≤ 1 – “x”…')).toBe('section 4 -> 5 us <= 1 - "x"...');
    expect(toAscii('例')).toBe('\\u{4f8b}');
  });
});

describe('width', () => {
  test.each([
    ['abc', 3],
    ['──▶', 3],
    ['例え', 4],
    ['e\u0301', 1],
  ])('of %s is %i', (text, width) => {
    expect(widthOf(text)).toBe(width);
    expect(widthOf(pad(text, 9))).toBe(9);
  });

  test('clip never exceeds it and marks the cut', () => {
    expect(clip('例え.テスト', 8)).toBe('例え....');
    expect(clip('short', 8)).toBe('short');
  });

  test('wrap breaks at blanks, and in words only where it must', () => {
    expect(wrap('one two three', 8)).toEqual(['one two', 'three']);
    expect(wrap('abcdefghij kl', 4)).toEqual(['abcd', 'efgh', 'ij', 'kl']);
    expect(wrap('例え例え', 5)).toEqual(['例え', '例え']);
    expect(wrap('', 5)).toEqual(['']);
  });
});

test('counts are readable', () => {
  expect([1, 999, 1000, 1_234_567].map((count) => plural(count, 'packet'))).toEqual([
    '1 packet',
    '999 packets',
    '1,000 packets',
    '1,234,567 packets',
  ]);
});

test.each([
  ['seen-on-both-sides', 1, '1 handshake, on both sides'],
  ['seen-on-both-sides', 2, '2 handshakes, on both sides'],
  ['captured-at-two-points', 1, 'shows 1 packet of this one'],
  ['capture-dropped-packets', 1, 'dropped 1 packet for want of room'],
  ['packet-malformed', 1, '1 needed, 1 there'],
  ['capture-truncated', 1, '1 octet needed'],
] as const)('the notice %s about %i', (code, needed, words) => {
  const notice = { code, needed, available: 1, packetNumber: 0, offset: -1 };
  expect(noticeText(notice)).toContain(words);
});

test('the nearest word is one that could be meant', () => {
  const words = ['analyze', 'connections', 'rules'];
  expect(nearest('analyse', words)).toBe('analyze');
  expect(nearest('conn', words)).toBe('connections');
  expect(nearest('rule', words)).toBe('rules');
  expect(nearest('something', words)).toBeUndefined();
});

test('packets are numbered within their file', () => {
  const places = new Places(true);
  const run = new RunContext(() => ({ epochSeconds: 0, places, hostName: () => undefined }));
  expect([run.captureOf(5), run.numberInFile(5)]).toEqual([0, 5]);
  for (const [capture, base] of [0, 10, 10, 30].entries()) places.follow(base + 1, capture, 1);
  // The second file is empty.
  expect([1, 10, 11, 30, 31].map((packet) => run.captureOf(packet))).toEqual([0, 0, 2, 2, 3]);
  expect([1, 10, 11, 30, 31].map((packet) => run.numberInFile(packet))).toEqual([1, 10, 1, 20, 1]);
});
