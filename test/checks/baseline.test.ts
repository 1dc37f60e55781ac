import { describe, expect, test } from 'vitest';
import { Baseline } from '../../src/checks/baseline.ts';
import { BaselineDraft } from '../../src/checks/baseline-draft.ts';
import { type KnownInput, parseBaseline } from '../../src/checks/files.ts';
import { Parties } from '../../src/checks/parties.ts';
import type { BaselineResult } from '../../src/model/check.ts';
import type { Finding } from '../../src/model/finding.ts';
import { SECOND } from '../../src/model/time.ts';
import { fakeHistory } from '../support/fake-history.ts';
import { FAKE_EPOCH, fakeFinding } from '../support/fake-run.ts';
import { reaches } from '../support/reaches.ts';

const rule = 'fake-rule';
const reason = 'as agreed';
const other = { address: '192.0.2.3', port: 8443 };
const histories = [
  fakeHistory({ id: 1, serverName: 'api.example.org' }),
  fakeHistory({ id: 2 }),
  fakeHistory({ id: 3, server: other }),
];

function known(): Parties {
  const parties = new Parties();
  for (const history of histories) parties.add(history);
  return parties;
}

/** What a baseline with one entry hides, and what becomes of the entry. */
function hide(
  entry: Partial<KnownInput>,
  findings: readonly Finding[],
  ranAll = true,
): { readonly hidden: readonly boolean[]; readonly result: BaselineResult } {
  const parties = new Parties();
  const baseline = new Baseline('known.json', [{ rule, reason, ...entry }]);
  for (const history of histories) baseline.connection(parties.add(history));
  const hidden = findings.map((finding) =>
    baseline.hides(finding, parties.of(finding), FAKE_EPOCH),
  );
  return { hidden, result: baseline.end(() => ranAll) };
}

describe('an entry hides', () => {
  test.each<[string, Partial<KnownInput>, Partial<Finding>, boolean]>([
    ['what its rule finds', {}, {}, true],
    ['nothing of another rule', { rule: 'other-rule' }, {}, false],
    ['what is about its server', { server: '192.0.2.2', port: 443 }, {}, true],
    ['nothing about another one', { server: '192.0.2.2', port: 444 }, {}, false],
    ['what is about its name', { name: 'api.*' }, {}, true],
    ['nothing without a name', { name: '*' }, { connections: [2] }, false],
    ['what is about its client', { client: '192.0.2.1' }, {}, true],
    [
      'what is about several that it names all',
      { server: '192.0.2.2' },
      { connections: [1, 2] },
      true,
    ],
    ['nothing that is about one more', { server: '192.0.2.2' }, { connections: [1, 3] }, false],
    ['nothing about whom nobody knows', { server: '192.0.2.2' }, { connections: [99, 1] }, false],
    [
      'what is about its server alone',
      { server: other.address },
      { connections: [], server: other },
      true,
    ],
    [
      'nothing of a name where there is a server alone',
      { name: '*' },
      { connections: [], server: other },
      false,
    ],
    ['nothing about nobody', { server: other.address }, { connections: [] }, false],
    ['what is as grave as it says', { severity: 'error' }, {}, true],
    ['what is milder', { severity: 'error' }, { severity: 'info' }, true],
    ['nothing that is graver', { severity: 'warning' }, {}, false],
  ])('%s', (_, entry, finding, isHidden) => {
    const { hidden, result } = hide(entry, [fakeFinding(finding)]);
    expect(hidden).toEqual([isHidden]);
    expect(result.suppressedCount).toBe(isHidden ? 1 : 0);
    expect(result.entries[0]).toMatchObject({
      state: isHidden ? 'used' : 'stale',
      findings: isHidden ? 1 : 0,
      reason,
    });
  });
});

describe('a date', () => {
  // Fake captures begin at noon of the first of May.
  const atNoon = fakeFinding({ nanos: 0 });
  const afterMidnight = fakeFinding({ nanos: 12 * 3600 * SECOND });

  test.each<[string, Finding, boolean]>([
    ['2024-05-01', atNoon, true],
    ['2024-05-01', fakeFinding({ nanos: 12 * 3600 * SECOND - 1 }), true],
    ['2024-05-01', afterMidnight, false],
    ['2024-05-02', afterMidnight, true],
    ['2024-04-30', atNoon, false],
    ['2024-05-01T12:00:00Z', atNoon, true],
    ['2024-05-01T12:00:00Z', fakeFinding({ nanos: 1 }), false],
  ])('%s is compared with the time of the capture', (until, finding, isHidden) => {
    const { hidden, result } = hide({ until }, [finding]);
    expect(hidden).toEqual([isHidden]);
    expect(result.entries[0]?.state).toBe(isHidden ? 'used' : 'expired');
  });

  test('that is over does not keep another entry from hiding', () => {
    const baseline = new Baseline('known.json', [
      { rule, reason, until: '2020-01-01' },
      { rule, reason },
    ]);
    expect(baseline.hides(atNoon, known().of(atNoon), FAKE_EPOCH)).toBe(true);
    expect(baseline.end(() => true).entries.map(({ state }) => state)).toEqual(['expired', 'used']);
  });
});

test('an entry that matched nothing is out of date only where everything was looked at', () => {
  const entry = { server: '192.0.2.2' };
  expect(hide(entry, []).result.entries[0]).toMatchObject({ state: 'stale', connections: 2 });
  expect(hide(entry, [], false).result.entries[0]).toMatchObject({ state: 'unused' });
});

test('an entry tells of how many connections it is, whoever they are between', () => {
  const parties = new Parties();
  const baseline = new Baseline('known.json', [
    { rule, reason },
    { rule, reason, server: '192.0.2.2', port: 443 },
    { rule, reason, name: 'api.*' },
    { rule, reason, server: '198.51.100.1' },
  ]);
  for (let n = 0; n < 3; n++)
    for (const history of histories) baseline.connection(parties.add(history));
  const counted = () => baseline.end(() => true).entries.map(({ connections }) => connections);
  expect(counted()).toEqual([9, 6, 3, 0]);
  expect(counted()).toEqual([9, 6, 3, 0]);
});

reaches(
  'suppressedFindings',
  5,
  'hidden findings are kept up to a limit and counted beyond',
  (bound) => {
    const findings = Array.from({ length: bound + 3 }, () => fakeFinding());
    const { result } = hide({}, findings);
    expect(result.suppressed).toHaveLength(bound);
    expect(result.suppressedCount).toBe(findings.length);
  },
);

describe('a draft', () => {
  const draftOf = (findings: readonly Finding[], before: readonly KnownInput[] = []) => {
    const parties = known();
    const draft = new BaselineDraft(before);
    for (const finding of findings) draft.add(finding, parties.of(finding));
    return draft;
  };
  const withReasons = (draft: BaselineDraft): string => {
    const file = draft.file();
    return JSON.stringify({ ...file, known: file.known.map((one) => ({ ...one, reason })) });
  };
  const vocabulary = { rules: new Set([rule]), address: (text: string) => text };

  test('groups findings by rule, server and name, with the gravest severity', () => {
    const findings = [
      fakeFinding({ severity: 'info' }),
      fakeFinding({ severity: 'critical' }),
      fakeFinding({ severity: 'warning' }),
      fakeFinding({ connections: [3] }),
      fakeFinding({ connections: [], server: other }),
    ];
    expect(draftOf(findings).file().known).toEqual([
      {
        rule,
        server: '192.0.2.2',
        port: 443,
        name: 'api.example.org',
        severity: 'critical',
        reason: '',
      },
      { rule, server: other.address, port: other.port, severity: 'error', reason: '' },
    ]);
  });

  test('is refused until it has reasons, and then hides what it was made from and nothing else', () => {
    const findings = [fakeFinding(), fakeFinding({ connections: [3] })];
    const draft = draftOf(findings);
    expect(() => parseBaseline(JSON.stringify(draft.file()), vocabulary)).toThrow('reason');
    const file = parseBaseline(withReasons(draft), vocabulary);
    const baseline = new Baseline('known.json', file.known);
    const hides = (finding: Finding) => baseline.hides(finding, known().of(finding), FAKE_EPOCH);
    expect(findings.map(hides)).toEqual([true, true]);
    expect(hides(fakeFinding({ connections: [2] }))).toBe(false);
  });

  test('keeps what was known, and leaves out what is about several servers or about nobody', () => {
    const before = [{ rule, reason, name: '*.example.com' }];
    const findings = [fakeFinding({ connections: [1, 3] }), fakeFinding({ connections: [] })];
    const draft = draftOf(findings, before);
    expect(draft.file().known).toEqual(before);
    expect([draft.added, draft.omitted]).toEqual([0, 2]);
  });

  reaches('baselineEntries', 5, 'takes no more than a file may hold', (bound) => {
    const before = Array.from({ length: bound }, () => ({ rule, reason }));
    const draft = draftOf([fakeFinding()], before);
    expect([draft.omitted, draft.beyond]).toEqual([0, 1]);
    expect(draft.file().known).toEqual(before);
    const last = draftOf([fakeFinding()], before.slice(1));
    expect([last.added, last.beyond]).toEqual([1, 0]);
  });

  test('takes stars in names for what they are', () => {
    const parties = new Parties();
    parties.add(fakeHistory({ id: 1, serverName: '*.example.org' }));
    const draft = new BaselineDraft([]);
    draft.add(fakeFinding(), parties.of(fakeFinding()));
    expect(draft.file().known[0]?.name).toBe('\\*.example.org');
  });
});
