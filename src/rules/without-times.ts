import type { FindingVerdict, RuleMeta, Verdict } from '../model/rule.ts';
import { notAssessable } from './define-rule.ts';

/** What is left of a verdict that rests on time where no time passes: a note, or that it does not concern this connection. */
export function withoutTimes(
  verdict: Verdict | readonly FindingVerdict[],
  meta: RuleMeta,
): Verdict | readonly FindingVerdict[] {
  const isNote = ({ severity }: FindingVerdict): boolean => (severity ?? meta.severity) === 'info';
  const notes = ('kind' in verdict ? [verdict] : verdict).filter(
    (one): one is FindingVerdict => one.kind === 'finding' && isNote(one),
  );
  if (notes.length > 0) return notes;
  return 'kind' in verdict &&
    (verdict.kind === 'not-applicable' || verdict.kind === 'not-assessable')
    ? verdict
    : notAssessable('no-times');
}
