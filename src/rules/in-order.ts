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
  const mayStand = (one: FindingVerdict): boolean =>
    (one.severity ?? meta.severity) === 'info' || !isOrderUnknown(history, meta, one);
  if ('kind' in verdict)
    return verdict.kind !== 'finding' || mayStand(verdict)
      ? verdict
      : notAssessable('order-unknown');
  return verdict.every(mayStand) ? verdict : verdict.filter(mayStand);
}

function isOrderUnknown(
  { dtls, tcp }: Judged,
  { restsOnOrder }: RuleMeta,
  { message }: FindingVerdict,
): boolean {
  if (dtls?.isOrderUnknown === true || tcp?.isOrderUnknown === true) return true;
  if (restsOnOrder === undefined || tcp?.isBehindAnswer !== true) return false;
  return restsOnOrder === true || restsOnOrder.includes(message);
}
