import { describe, expect, it } from 'vitest';
import type { CaptureIndex } from '../../src/model/capture-index.ts';
import type { Finding, Severity } from '../../src/model/finding.ts';
import type { ConnectionHistory } from '../../src/model/history.ts';
import type { CaptureNotice } from '../../src/model/notice.ts';
import type { FindingVerdict, Rule, RuleMeta, Verdict } from '../../src/model/rule.ts';
import { RuleRunner, type RuleRunnerOptions } from '../../src/rules/run-rules.ts';
import { at, fakeHistory } from '../support/fake-history.ts';
import { fakeIndex, fakeServer, fakeSummary } from '../support/fake-index.ts';
import { reaches, withBounds } from '../support/reaches.ts';
import { path } from './misdelivery/connection-ids.ts';

const none = { previous: undefined, next: undefined };
const index = fakeIndex([fakeServer({ connections: [1, 2, 3].map((id) => fakeSummary({ id })) })]);

const meta = (id: string, more: Partial<RuleMeta> = {}): RuleMeta => ({
  id,
  group: 'handshake',
  title: id,
  severity: 'error',
  sources: ['RFC 5246 §7.2.2'],
  reports: '',
  matters: '',
  decides: '',
  silent: '',
  messages: { said: { what: 'It is {it}.', causes: [], remedies: [], commands: [] } },
  ...more,
});

function verdict(
  connections: readonly number[],
  severity?: Severity,
  data: FindingVerdict['data'] = { it: 'so' },
): FindingVerdict {
  const note = { ...at(5), connection: connections[0] ?? 0, note: 'seen' };
  return {
    kind: 'finding',
    message: 'said',
    confidence: 'likely',
    data,
    connections,
    evidence: [note],
    ...(severity === undefined ? {} : { severity }),
  };
}

type Check = (history: ConnectionHistory) => Verdict | readonly FindingVerdict[];
const accuse: Check = ({ id }) => verdict([id]);
const ofConnection = (id: string, check: Check, more: Partial<RuleMeta> = {}): Rule => ({
  kind: 'connection',
  meta: meta(id, more),
  check,
});
const ofCapture = (
  id: string,
  verdicts: readonly FindingVerdict[],
  more: Partial<RuleMeta> = {},
): Rule => ({ kind: 'capture', meta: meta(id, more), check: () => verdicts });

/** Runs rules over connections 1 to 3 and lists who was told about what, when. */
function run(
  rules: readonly Rule[],
  more: Partial<RuleRunnerOptions> = {},
  capture: CaptureIndex = index,
) {
  const told: string[] = [];
  const findings: Finding[] = [];
  const notices: CaptureNotice[] = [];
  const runner = new RuleRunner({
    rules,
    finding: (finding) => {
      findings.push(finding);
      told.push(`${finding.rule} ${finding.connections.join('+')}`);
    },
    notices: { notice: (notice) => notices.push(notice) },
    ...more,
  });
  for (const id of [1, 2, 3]) runner.connection(fakeHistory({ id, stream: id + 6 }), none);
  told.push('end');
  runner.capture(capture);
  return { told, findings, notices, runner };
}

describe('the rule runner', () => {
  it('tells a finding right after its connection, and those about the capture at the end', () => {
    const { told } = run([ofConnection('a', accuse), ofCapture('b', [verdict([1, 3])])]);
    expect(told).toEqual(['a 1', 'a 2', 'a 3', 'end', 'b 1+3']);
  });

  it('counts what each rule judged and could not judge', () => {
    const answers: Record<number, Verdict> = {
      1: { kind: 'pass' },
      2: { kind: 'not-assessable', missing: 'lost-bytes' },
      3: { kind: 'not-applicable' },
    };
    const { runner } = run([
      ofConnection('a', ({ id }) => answers[id] ?? { kind: 'pass' }),
      ofConnection('b', () => []),
      ofCapture('c', []),
    ]);
    expect(runner.coverage()).toEqual([
      { rule: 'a', assessed: 1, notAssessable: { 'lost-bytes': 1 } },
      { rule: 'b', assessed: 3, notAssessable: {} },
      { rule: 'c', assessed: 3, notAssessable: {} },
    ]);
  });

  it.each([
    ['as it is where no packet was dropped', 0, 'likely', 0],
    ['as it is where nobody counted', undefined, 'likely', 0],
    ['with less confidence and the reason for it where packets were dropped', 7, 'possible', 1],
  ] as const)('tells what rests on silence %s', (_, droppedPackets, confidence, doubts) => {
    const silence = { restsOnSilence: true };
    const { told, findings } = run(
      [ofConnection('a', accuse, silence), ofConnection('b', accuse)],
      {},
      { ...index, droppedPackets },
    );
    expect(told).toEqual(['b 1', 'b 2', 'b 3', 'end', 'a 1', 'a 2', 'a 3']);
    const [said] = findings.filter(({ rule }) => rule === 'a');
    expect(said?.confidence).toBe(confidence);
    expect(said?.explanations ?? []).toHaveLength(doubts);
    expect(findings.find(({ rule }) => rule === 'b')?.confidence).toBe('likely');
  });

  it('tells what rests on the order of both sides only where neither was captured late', () => {
    const judged = (isBehindAnswer: boolean) => {
      const order = ofConnection('order', accuse, { restsOnOrder: true });
      const runner = new RuleRunner({
        rules: [
          order,
          ofConnection('in another message', accuse, { restsOnOrder: ['elsewhere'] }),
          ofConnection('other', accuse),
        ],
        finding: ({ rule }) => told.push(rule),
      });
      const told: string[] = [];
      runner.connection(fakeHistory({ tcp: { isBehindAnswer } }), none);
      return [told, runner.coverage()[0]?.notAssessable];
    };
    expect(judged(false)).toEqual([['order', 'in another message', 'other'], {}]);
    expect(judged(true)).toEqual([['in another message', 'other'], { 'order-unknown': 1 }]);
  });

  it.each([
    ['one key, and their owners are views of one connection', true, ['a', 'a'], 1],
    ['other keys', true, ['a', 'b'], 2],
    ['one key, and owners of their own', false, ['a', 'a'], 2],
  ] as const)('knows connections without a handshake by %s', (_, areViews, keys, count) => {
    const rule = ofConnection('pair', ({ id }) => [
      { ...verdict([id, id + 10]), secondKey: keys[id - 1] ?? '' },
    ]);
    let told = 0;
    const runner = new RuleRunner({
      rules: [rule],
      finding: () => told++,
      otherViews: (id) => (areViews && id < 10 ? [3 - id] : []),
    });
    for (const id of [1, 2]) runner.connection(fakeHistory({ id }), none);
    expect(told).toBe(count);
  });

  it('tells once what several views of a connection show, and lets the special rule of one speak for all', () => {
    const views = { otherViews: (id: number) => (id === 2 ? [] : [4 - id]) };
    const special = ofConnection('special', ({ id }) =>
      id === 1 ? verdict([1]) : { kind: 'pass' },
    );
    const general = ofConnection('general', accuse, { yieldsTo: ['special'] });
    const grave = ofConnection('grave', ({ id }) => verdict([id], id === 3 ? 'critical' : 'error'));
    const pair = ofConnection('pair', ({ id }) => (id === 2 ? { kind: 'pass' } : verdict([2, id])));
    expect(run([pair], views).told).toEqual(['pair 2+1', 'end']);
    expect(run([pair]).told).toEqual(['pair 2+1', 'pair 2+3', 'end']);
    const fading = ofConnection('fading', ({ id }) =>
      verdict([id], id === 1 ? 'critical' : 'error'),
    );
    expect(run([fading], views).told).toEqual(['fading 1', 'fading 2', 'end']);
    const rules = [ofConnection('plain', accuse), special, general, grave];
    const all = ['plain 1', 'special 1', 'grave 1', 'plain 2', 'general 2', 'grave 2'];
    expect(run(rules, views).told).toEqual([...all, 'grave 3', 'end']);
    expect(run(rules).told).toEqual([...all, 'plain 3', 'general 3', 'grave 3', 'end']);
  });

  it('runs the selected rules only', () => {
    const { told, runner } = run([ofConnection('a', accuse), ofConnection('b', accuse)], {
      selected: new Set(['b']),
    });
    expect(told).toEqual(['b 1', 'b 2', 'b 3', 'end']);
    expect(runner.coverage().map(({ rule }) => rule)).toEqual(['b']);
  });

  it('keeps a rule that fails from costing more than its answer', () => {
    const { told, notices, runner } = run([
      ofConnection('a', ({ id }) => {
        if (id === 2) throw new Error('broken');
        return verdict([id]);
      }),
      ofConnection('b', ({ id }) => (id === 2 ? verdict([id], 'info', {}) : { kind: 'pass' })),
    ]);
    expect(told).toEqual(['a 1', 'a 3', 'end']);
    expect(runner.internalErrors).toBe(2);
    expect(notices.map(({ code, detail }) => [code, detail])).toEqual([
      ['internal-error', 'rule a: broken'],
      ['internal-error', 'rule b: no figure for {it}'],
    ]);
  });

  reaches('findingsPerRule', 2, 'keeps so many findings of a rule and counts the rest', () => {
    const { told, runner } = run([ofConnection('a', accuse)]);
    expect(told).toEqual(['a 1', 'a 2', 'end']);
    expect(runner.findingsOmitted).toEqual({ a: 1 });
  });

  reaches('movedConnections', 1, 'names no stream where many connections have several', () => {
    const moved = fakeHistory({ id: 9, dtls: { paths: [path()] } });
    const runner = (history: ConnectionHistory) => {
      const findings: Finding[] = [];
      const rules = [ofConnection('a', accuse)];
      const runner = new RuleRunner({ rules, finding: (finding) => findings.push(finding) });
      for (const one of [history, fakeHistory({ id: 1, stream: 7 })]) runner.connection(one, none);
      return findings.at(-1)?.displayFilter;
    };
    expect(runner(fakeHistory({ id: 9 }))).toBe('tcp.stream eq 7 && frame.number in {5}');
    expect(runner(moved)).toBe('frame.number in {5}');
  });

  it('finds the stream for the display filter while the connection and at the end', () => {
    const { findings } = run([ofConnection('a', accuse), ofCapture('b', [verdict([3])])]);
    expect(findings.map(({ displayFilter }) => displayFilter)).toEqual([
      'tcp.stream eq 7 && frame.number in {5}',
      'tcp.stream eq 8 && frame.number in {5}',
      'tcp.stream eq 9 && frame.number in {5}',
      'tcp.stream eq 2 && frame.number in {5}',
    ]);
  });
});

describe('one cause, one finding', () => {
  const specific: Check = ({ id }) => (id === 2 ? verdict([id]) : { kind: 'pass' });

  it('silences a general rule where a specific one spoke, whichever comes first', () => {
    const general = ofConnection('general', accuse, { yieldsTo: ['specific'] });
    const special = ofConnection('specific', specific);
    expect(run([general, special]).told).toEqual(['general 1', 'specific 2', 'general 3', 'end']);
    expect(run([special, general]).told).toEqual(['general 1', 'specific 2', 'general 3', 'end']);
  });

  it('silences it about a later connection that the finding named', () => {
    const { told } = run([
      ofConnection('specific', ({ id }) => (id === 1 ? verdict([1, 2]) : { kind: 'pass' })),
      ofConnection('general', ({ id }) => (id === 1 ? { kind: 'pass' } : verdict([id])), {
        yieldsTo: ['specific'],
      }),
    ]);
    expect(told).toEqual(['specific 1+2', 'general 3', 'end']);
  });

  it('holds a general finding back until the rules over the capture have spoken', () => {
    const { told } = run([
      ofConnection('aborted', accuse, { yieldsTo: ['died'] }),
      ofCapture('died', [verdict([1, 3], 'critical')]),
    ]);
    expect(told).toEqual(['end', 'aborted 2', 'died 1+3']);
  });

  it('does not hold back for a rule that was not selected', () => {
    const rules = [
      ofConnection('aborted', accuse, { yieldsTo: ['died'] }),
      ofCapture('died', [verdict([1, 3])]),
    ];
    const { told } = run(rules, { selected: new Set(['aborted']) });
    expect(told).toEqual(['aborted 1', 'aborted 2', 'aborted 3', 'end']);
  });

  it('lets no note silence a warning or worse', () => {
    const note = ofConnection('note', ({ id }) => verdict([id], 'info'));
    const grave = ofConnection('grave', accuse, { yieldsTo: ['note'] });
    const light = ofConnection('light', ({ id }) => verdict([id], 'info'), { yieldsTo: ['note'] });
    expect(run([note, grave, light]).told).toEqual([
      ...['note 1', 'grave 1', 'note 2', 'grave 2', 'note 3', 'grave 3'],
      'end',
    ]);
  });

  it('silences a finding about several connections only where all are explained', () => {
    const { told } = run([
      ofConnection('specific', specific),
      ofCapture('correlation', [verdict([1, 2]), verdict([2])], { yieldsTo: ['specific'] }),
    ]);
    expect(told).toEqual(['specific 2', 'end', 'correlation 1+2']);
  });

  it('leaves findings about no connection alone', () => {
    const { told } = run([
      ofConnection('specific', specific),
      ofCapture('refused', [verdict([])], { yieldsTo: ['specific'] }),
    ]);
    expect(told).toEqual(['specific 2', 'end', 'refused ']);
  });

  it('does not count silenced findings among the omitted ones', () => {
    const { told, runner } = run(
      [
        ofConnection('aborted', accuse, { yieldsTo: ['died'] }),
        ofCapture('died', [verdict([1, 2])]),
      ],
      { findingsPerRule: 1 },
    );
    expect(told).toEqual(['end', 'died 1+2']);
    expect(runner.findingsOmitted).toEqual({ aborted: 1 });
  });
});

describe('findings beyond the limit', () => {
  const beyond = { findingsPerRule: 1 };

  it('are counted by what they say and of which server', () => {
    const { runner } = run([ofConnection('a', accuse)], beyond);
    const [only, ...more] = runner.omittedAlike;
    expect(more).toEqual([]);
    expect(only).toMatchObject({ rule: 'a', title: 'a', severity: 'error', count: 2 });
    expect(only?.server).toEqual({ address: '192.0.2.2', port: 443 });
  });

  const sometimes = (takesBack: boolean): Rule => ({
    kind: 'connection',
    meta: meta('sometimes'),
    check: accuse,
    complete: (one) => (takesBack ? undefined : one),
  });
  const general = ofConnection('general', accuse, { yieldsTo: ['sometimes'] });

  it('are not counted where those like them were taken back, and silence nobody', () => {
    const { told, runner } = run([sometimes(true), general], beyond);
    expect(told).toEqual(['end', 'general 1']);
    expect(runner.findingsOmitted).toEqual({ general: 2 });
  });

  it('stand with those like them that were confirmed, and silence as these do', () => {
    const { told, runner } = run([sometimes(false), general], beyond);
    expect(told).toEqual(['end', 'sometimes 1']);
    expect(runner.findingsOmitted).toEqual({ sometimes: 2 });
  });

  it('do not stand where some like them were taken back', () => {
    const complete = (one: FindingVerdict) => (one.connections[0] === 1 ? undefined : one);
    const mixed: Rule = { kind: 'connection', meta: meta('mixed'), check: accuse, complete };
    const { told, runner } = run([mixed], { findingsPerRule: 2 });
    expect(told).toEqual(['end', 'mixed 2']);
    expect(runner.findingsOmitted).toEqual({});
  });
});

describe('findings that wait for the end', () => {
  const waiting = (id: string): Rule => ofConnection(id, accuse, { restsOnSilence: true });

  const both = () => {
    const { told, runner } = run([waiting('a'), waiting('b')]);
    return [told, runner.findingsOmitted];
  };
  const first = [['end', 'a 1', 'b 1'], { a: 2, b: 2 }];

  reaches('findingsHeld', 2, 'are bounded over all rules', async () => {
    expect(await withBounds({ findingsHeldEach: 1 }, both)).toEqual(first);
  });

  reaches('findingsHeldEach', 1, 'and each rule may have some beyond that', async () => {
    expect(await withBounds({ findingsHeld: 2 }, both)).toEqual(first);
  });

  it('of which each rule has as many as it may', () => {
    const findingsHeld = { inAll: 2, each: 2 };
    const { told } = run([waiting('a'), waiting('b')], { findingsHeld });
    expect(told).toEqual(['end', 'a 1', 'a 2', 'b 1', 'b 2']);
  });
});

describe('a rule that completes its findings', () => {
  const completing = (complete: (verdict: FindingVerdict) => FindingVerdict | undefined): Rule => ({
    kind: 'connection',
    meta: meta('completing'),
    check: accuse,
    complete,
  });

  it('is heard at the end of the capture', () => {
    const { told, findings } = run([
      completing((one) => ({ ...one, data: { it: 'complete' } })),
      ofConnection('general', accuse, { yieldsTo: ['completing'] }),
    ]);
    expect(told).toEqual(['end', 'completing 1', 'completing 2', 'completing 3']);
    expect(findings[0]?.summary).toBe('It is complete.');
  });

  it('silences nobody with a finding that it took back', () => {
    const { told } = run([
      completing((one) => (one.connections[0] === 2 ? undefined : one)),
      ofConnection('general', accuse, { yieldsTo: ['completing'] }),
    ]);
    expect(told).toEqual(['end', 'completing 1', 'completing 3', 'general 2']);
  });

  it('loses only the finding that it fails on', () => {
    const { told, runner } = run([
      completing((one) => {
        if (one.connections[0] === 2) throw new Error('broken');
        return one;
      }),
    ]);
    expect(told).toEqual(['end', 'completing 1', 'completing 3']);
    expect(runner.internalErrors).toBe(1);
  });
});
