import { describe, expect, it } from 'vitest';
import { CATALOGUE } from '../../../src/rules/catalogue.ts';
import { LEANINGS } from '../../../src/rules/fault/fault-book.ts';

const messagesOf = (table: Readonly<Record<string, object>>): string[] =>
  Object.entries(table)
    .flatMap(([rule, messages]) => Object.keys(messages).map((message) => `${rule} ${message}`))
    .sort();

describe('whose fault each message of each rule says it is', () => {
  it('is said, or that it says nothing of it, for every message there is and for no other', () => {
    const rules = Object.fromEntries(CATALOGUE.map(({ meta }) => [meta.id, meta.messages]));
    expect(
      messagesOf(LEANINGS),
      'a new message needs a line in src/rules/fault/leanings-*.ts; null where it does not say why a handshake fails',
    ).toEqual(messagesOf(rules));
  });

  it('names only sides that the rule names too', () => {
    for (const { meta } of CATALOGUE) {
      const words = JSON.stringify(Object.values(meta.messages));
      for (const [id, leaning] of Object.entries(LEANINGS[meta.id] ?? {})) {
        if (leaning === null) continue;
        const named = 'named' in leaning ? [leaning.named] : [];
        const suspects = 'open' in leaning ? (leaning.suspects ?? []).map(([key]) => key) : [];
        for (const key of [...named, ...suspects])
          expect(words, `${meta.id}, ${id}`).toContain(`{${key}}`);
      }
    }
  });

  it('gives a reading for two sides at least where it is left open, and always what would settle it', () => {
    for (const [rule, messages] of Object.entries(LEANINGS)) {
      for (const [id, leaning] of Object.entries(messages)) {
        if (leaning === null || 'alert' in leaning) continue;
        expect(leaning.settle.length, `${rule}, ${id}`).toBeGreaterThan(0);
        if (!('open' in leaning)) continue;
        const sides = Object.keys(leaning.open).length + (leaning.suspects?.length ?? 0);
        expect(sides, `${rule}, ${id}`).toBeGreaterThan(1);
      }
    }
  });
});
