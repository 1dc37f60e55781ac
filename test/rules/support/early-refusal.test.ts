import { expect, test } from 'vitest';
import type { FindingVerdict } from '../../../src/model/rule.ts';
import { agreedWith } from '../../../src/rules/support/early-refusal.ts';
import { at } from '../../support/fake-history.ts';
import { fakeIndex, fakeServer, fakeSummary } from '../../support/fake-index.ts';
import { reaches } from '../../support/reaches.ts';

const about = (id: number): FindingVerdict => ({
  kind: 'finding',
  message: 'said',
  confidence: 'likely',
  data: {},
  connections: [id],
  evidence: [{ ...at(1), connection: id, note: '' }],
});
const failed = fakeSummary({ id: 1, outcome: 'failed', serverName: 'never.test' });
const indexOf = (names: readonly (string | undefined)[]) =>
  fakeIndex([
    fakeServer({
      connections: [
        failed,
        ...names.map((serverName, n) => fakeSummary({ id: n + 2, serverName })),
      ],
    }),
  ]);

test('values come once, those of most connections first, and not those of failures', () => {
  const agreed = agreedWith(about(1), indexOf(['a.test', 'b.test', 'b.test']));
  expect(agreed.names).toEqual(['b.test', 'a.test']);
  expect(agreed).toMatchObject({ connections: 3, versions: [0x0303], isWithoutName: false });
});

test('a connection does not agree with itself', () => {
  const index = indexOf(['a.test', 'b.test', 'b.test', undefined]);
  expect(agreedWith(about(2), index)).toMatchObject({ names: ['b.test'], connections: 3 });
  expect(agreedWith(about(3), index).names).toEqual(['b.test', 'a.test']);
  expect(agreedWith(about(3), index).isWithoutName).toBe(true);
  expect(agreedWith(about(5), index).isWithoutName).toBe(false);
});

reaches(
  'agreedValues',
  10,
  'no more values are told apart than the limit, and all connections count',
  (bound) => {
    const all = bound + 50;
    const index = indexOf(Array.from({ length: all }, (_, n) => `name-${n}.test`));
    const agreed = agreedWith(about(1), index);
    expect(agreed.names).toHaveLength(bound);
    expect(agreed.connections).toBe(all);
  },
);

test('nothing is known of a server that is not in the capture', () => {
  expect(agreedWith(about(99), indexOf([]))).toMatchObject({ connections: 0, names: [] });
});
