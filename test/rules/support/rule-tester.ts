import { describe, expect, it } from 'vitest';
import type { CaptureIndex } from '../../../src/model/capture-index.ts';
import type { BlindSpot, Confidence, Finding, Severity } from '../../../src/model/finding.ts';
import type { ConnectionHistory } from '../../../src/model/history.ts';
import type {
  CaptureRule,
  ConnectionRule,
  FindingVerdict,
  Rule,
  Verdict,
} from '../../../src/model/rule.ts';
import { isKnownClause } from '../../../src/rules/references.ts';
import { renderFinding } from '../../../src/rules/render.ts';

/** What a finding must be: its message and packets, never its prose. */
interface ExpectedFinding {
  readonly message: string;
  readonly severity: Severity;
  readonly confidence: Confidence;
  /** All packets of the evidence, ascending. */
  readonly packets: readonly number[];
  /** Ids, owner first; not compared unless given. */
  readonly connections?: readonly number[];
}

/** A silent verdict by its name (`not-assessable` with what was missing), or the findings. */
type Expected =
  | 'not-applicable'
  | 'pass'
  | { readonly missing: BlindSpot }
  | readonly ExpectedFinding[];

export interface ConnectionCase {
  /** Completes "it …". */
  readonly name: string;
  readonly history: ConnectionHistory;
  readonly previous?: ConnectionHistory | undefined;
  readonly next?: ConnectionHistory | undefined;
  /** For a rule that completes its findings at the end of the capture. */
  readonly index?: CaptureIndex;
  readonly want: Expected;
}

export interface CaptureCase {
  readonly name: string;
  readonly index: CaptureIndex;
  readonly want: readonly ExpectedFinding[];
}

type VerdictKind = Verdict['kind'];

/** A verdict or message that no case shows, and why none can. */
export type Unreachable = Readonly<Partial<Record<VerdictKind | (string & {}), string>>>;

const findingsOf = (
  verdict: Verdict | readonly FindingVerdict[],
): readonly FindingVerdict[] | undefined => {
  if (!('kind' in verdict)) return verdict.length > 0 ? verdict : undefined;
  return verdict.kind === 'finding' ? [verdict] : undefined;
};

const silentOf = (verdict: Verdict | readonly FindingVerdict[]): Expected => {
  if (!('kind' in verdict) || verdict.kind === 'finding') return 'pass';
  return verdict.kind === 'not-assessable' ? { missing: verdict.missing } : verdict.kind;
};

function expectFindings(
  rule: Rule,
  verdicts: readonly FindingVerdict[],
  want: readonly ExpectedFinding[],
): void {
  const rendered = verdicts.map((verdict) => {
    const finding = renderFinding(rule.meta, verdict, () => undefined);
    expectTellable(finding);
    return { finding, verdict };
  });
  expect(
    rendered.map(({ finding, verdict }, at) => ({
      message: verdict.message,
      severity: finding.severity,
      confidence: finding.confidence,
      packets: finding.packets,
      ...(want[at]?.connections === undefined ? {} : { connections: finding.connections }),
    })),
  ).toEqual(want);
}

/** No hole in any text, and a reader is told what to do. */
function expectTellable(finding: Finding): void {
  const texts = [
    finding.title,
    finding.summary,
    ...finding.causes,
    ...finding.remedies,
    ...finding.commands,
    ...finding.evidence.map(({ note }) => note),
    ...finding.explanations.flatMap((one) => [one.text, ...one.for, ...one.against]),
    ...(finding.table ?? []).flat(),
  ];
  for (const text of texts) {
    expect(text).not.toMatch(/undefined|NaN|Infinity|\[object|\{[A-Za-z]\w*\}/);
    expect(text.trim()).not.toBe('');
  }
  expect(finding.summary).toMatch(/\.$/);
  expect(finding.references.length).toBeGreaterThan(0);
  if (finding.severity !== 'info') {
    expect(finding.causes.length).toBeGreaterThan(0);
    expect(finding.remedies.length).toBeGreaterThan(0);
  }
}

function testMeta(rule: Rule): void {
  it('is documented and cites clauses that were checked', () => {
    const { meta } = rule;
    expect(meta.id).toMatch(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/);
    for (const clause of meta.sources) expect(isKnownClause(clause), clause).toBe(true);
    for (const paragraph of [meta.reports, meta.matters, meta.decides, meta.silent]) {
      expect(paragraph.length).toBeGreaterThan(80);
    }
  });
}

function testReach(
  rule: Rule,
  seen: { readonly kinds: ReadonlySet<string>; readonly messages: ReadonlySet<string> },
  kinds: readonly VerdictKind[],
  unreachable: Unreachable,
): void {
  it('shows every verdict and message that it can give', () => {
    for (const kind of kinds) {
      expect(seen.kinds.has(kind) || unreachable[kind] !== undefined, `verdict ${kind}`).toBe(true);
    }
    for (const message of Object.keys(rule.meta.messages)) {
      expect(seen.messages.has(message) || unreachable[message] !== undefined, message).toBe(true);
    }
  });
}

/** Runs a rule over one connection per case and checks that the cases show all it can say. */
export function testConnectionRule(
  rule: ConnectionRule,
  cases: readonly ConnectionCase[],
  unreachable: Unreachable = {},
): void {
  describe(rule.meta.id, () => {
    testMeta(rule);
    const kinds = new Set<string>();
    const messages = new Set<string>();
    for (const { want } of cases) {
      if (typeof want === 'string') kinds.add(want);
      else if ('missing' in want) kinds.add('not-assessable');
      else {
        kinds.add('finding');
        for (const { message } of want) messages.add(message);
      }
    }
    testReach(
      rule,
      { kinds, messages },
      ['not-applicable', 'not-assessable', 'pass', 'finding'],
      unreachable,
    );
    it.each(cases)('$name', ({ history, previous, next, index, want }) => {
      const verdict = rule.check(history, { previous, next });
      const findings = findingsOf(verdict);
      if (findings === undefined || !Array.isArray(want)) {
        expect(findings?.map(({ message }) => message) ?? silentOf(verdict)).toEqual(want);
        return;
      }
      const final =
        index === undefined || rule.complete === undefined
          ? findings
          : findings.flatMap((one) => rule.complete?.(one, index) ?? []);
      expectFindings(rule, final, want);
    });
  });
}

/** Runs a rule over a whole capture per case. */
export function testCaptureRule(
  rule: CaptureRule,
  cases: readonly CaptureCase[],
  unreachable: Unreachable = {},
): void {
  describe(rule.meta.id, () => {
    testMeta(rule);
    const messages = new Set(cases.flatMap(({ want }) => want.map(({ message }) => message)));
    const kinds = new Set(cases.map(({ want }) => (want.length === 0 ? 'pass' : 'finding')));
    testReach(rule, { kinds, messages }, ['pass', 'finding'], unreachable);
    it.each(cases)('$name', ({ index, want }) => {
      expectFindings(rule, [...rule.check(index)], want);
    });
  });
}
