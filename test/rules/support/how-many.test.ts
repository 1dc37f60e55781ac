import { expect, test } from 'vitest';
import { byChance, counted, howMany } from '../../../src/rules/support/how-many.ts';

test('one is told as one', () => {
  expect([counted(1, 'such pair'), counted(2, 'such pair')]).toEqual([
    '1 such pair',
    '2 such pairs',
  ]);
  expect(counted(3, 'entry', 'entries')).toBe('3 entries');
  expect(howMany(1, 'one refusal', 'refusals', 2)).toBe('at least one refusal');
  expect(byChance(1, -40)).toBe('by chance that would be so in one of 2^40 cases');
  expect(byChance(7, -40)).toBe('by chance one of 7 trials would do that in one of 2^40 cases');
});
