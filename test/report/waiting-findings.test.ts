import { describe, expect, it } from 'vitest';
import type { Finding } from '../../src/model/finding.ts';
import { WaitingFindings, WaitingTexts } from '../../src/report/waiting-findings.ts';

describe('texts that wait', () => {
  it('come back as they were, in their order, from many pages', () => {
    const given = [
      '',
      'plain',
      'zwölf – “quoted” 漢字 🙂',
      'x'.repeat(100_000),
      ...Array.from({ length: 5000 }, (_, n) => `${n} ${'é'.repeat(n % 40)}`),
    ];
    const texts = new WaitingTexts();
    expect(given.map((text) => texts.add(text))).toEqual(given.map((_, number) => number));
    const found: string[] = [];
    texts.forEach((text, number) => {
      found[number] = text;
    });
    expect(found).toEqual(given);
    expect(texts.count).toBe(given.length);
  });

  it('are kept in one piece where the end of a page cuts a character of several octets', () => {
    for (let room = 0; room < 4; room++) {
      const texts = new WaitingTexts();
      texts.add('x'.repeat(64 * 1024 - room));
      expect(texts.of(texts.add('🙂'))).toBe('🙂');
    }
  });
});

it('gives each finding the parts it came with, alike or not', () => {
  const findings = new WaitingFindings();
  const parts = ['a', 'a', 'b', 'a'].map((alike, n) => ({ own: `own ${n}`, alike, last: `${n}` }));
  for (const [n, part] of parts.entries())
    findings.add({ rule: 'r', packets: [n, 99] } as unknown as Finding, part);
  const list = findings.list();
  expect(list.map((one) => findings.partsOf(one))).toEqual(parts);
  expect(list.map(({ packets }) => packets)).toEqual([[0], [1], [2], [3]]);
});
