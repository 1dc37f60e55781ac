import fc from 'fast-check';
import { expect, test } from 'vitest';
import { patternFor, patternOf } from '../../src/checks/pattern.ts';

test.each<[string, string[], string[]]>([
  ['example.org', ['example.org', 'EXAMPLE.org'], ['example.com', 'www.example.org', '']],
  ['*.example.org', ['www.example.org', '.example.org'], ['example.org', 'www.example.org.']],
  ['*_CBC_*', ['TLS_RSA_WITH_AES_128_CBC_SHA'], ['TLS_AES_128_GCM_SHA256', '_CBC']],
  ['a*b*a', ['aba', 'a-b-b-a'], ['aa', 'ab', 'ba']],
  ['ab*ba', ['abba'], ['aba']],
  ['*', ['', 'anything'], []],
  ['\\*.example.org', ['*.example.org'], ['www.example.org']],
  ['a\\\\', ['a\\'], ['a', 'a\\\\']],
])('%s', (pattern, yes, no) => {
  const matches = patternOf(pattern);
  expect(yes.filter((text) => !matches(text))).toEqual([]);
  expect(no.filter(matches)).toEqual([]);
});

const letters = fc.string({ unit: fc.constantFrom('a', 'b', '.', '*', '\\'), maxLength: 8 });

test('a pattern means what the regular expression does that is written for it', () => {
  const stars = fc.string({ unit: fc.constantFrom('a', 'b', '*'), maxLength: 8 });
  fc.assert(
    fc.property(stars, letters, (pattern, text) => {
      const expression = new RegExp(`^${pattern.replaceAll('*', '.*')}$`, 's');
      expect(patternOf(pattern)(text)).toBe(expression.test(text));
    }),
  );
});

test('a name made into a pattern is that name and no other', () => {
  fc.assert(
    fc.property(letters, letters, (name, other) => {
      const matches = patternOf(patternFor(name));
      expect(matches(name)).toBe(true);
      expect(matches(other)).toBe(other === name);
    }),
  );
});

test('takes no time over a long name, whatever the pattern', () => {
  const matches = patternOf(`${'*a'.repeat(30)}*b`);
  expect(matches('a'.repeat(64 * 1024))).toBe(false);
});
