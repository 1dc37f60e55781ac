import type { Explanation } from '../model/finding.ts';
import type { FindingVerdict, RuleMeta } from '../model/rule.ts';

const LESS = { proven: 'likely', likely: 'possible', possible: 'possible' } as const;

/** What rests on silence is less sure where packets were dropped. */
export function doubted(meta: RuleMeta, verdict: FindingVerdict, dropped: number): FindingVerdict {
  if (meta.restsOnSilence !== true || dropped === 0) return verdict;
  const explanation: Explanation = {
    likelihood: 'medium',
    text: 'What is missing was sent, and the capture lacks it.',
    for: [`the capturing host dropped ${dropped} ${dropped === 1 ? 'packet' : 'packets'}`],
    against: [],
  };
  const explanations = [...(verdict.explanations ?? []), explanation];
  return { ...verdict, confidence: LESS[verdict.confidence], explanations };
}
