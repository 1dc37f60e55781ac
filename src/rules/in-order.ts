import type { ConnectionHistory } from '../model/history.ts';
import type { FindingVerdict, RuleMeta, Verdict } from '../model/rule.ts';
import { notAssessable } from './define-rule.ts';

type Judged = Pick<ConnectionHistory, 'dtls' | 'tcp'>;

/** Nobody is accused where it is not known which packets came first: notes only. */
export function inOrder(
  verdict: Verdict | readonly FindingVerdict[],
  meta: RuleMeta,
  history: Judged,
): Verdict | readonly FindingVerdict[] {
  const isNote = ({ severity = meta.severity }: FindingVerdict): boolean => severity === 'info';
  if ('kind' in verdict)
    return verdict.kind === 'finding' && !isNote(verdict) && isOrderUnknown(history, meta)
      ? notAssessable('order-unknown')
      : verdict;
  return verdict.every(isNote) || !isOrderUnknown(history, meta) ? verdict : verdict.filter(isNote);
}

const isOrderUnknown = ({ dtls, tcp }: Judged, { restsOnOrder }: RuleMeta): boolean =>
  dtls?.isOrderUnknown === true ||
  tcp?.isOrderUnknown === true ||
  (restsOnOrder === true && tcp?.isBehindAnswer === true);
