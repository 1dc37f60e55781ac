import type { ConnectionHistory } from '../model/history.ts';
import type { FindingVerdict, RuleMeta, Verdict } from '../model/rule.ts';
import { notAssessable } from './define-rule.ts';

/** Nobody is accused where it is not known which records came first: notes only. */
export function inOrder(
  verdict: Verdict | readonly FindingVerdict[],
  meta: RuleMeta,
  { dtls }: Pick<ConnectionHistory, 'dtls'>,
): Verdict | readonly FindingVerdict[] {
  if (dtls === undefined || !dtls.isOrderUnknown) return verdict;
  const isNote = ({ severity = meta.severity }: FindingVerdict): boolean => severity === 'info';
  if (!('kind' in verdict)) return verdict.filter(isNote);
  return verdict.kind === 'finding' && !isNote(verdict) ? notAssessable('order-unknown') : verdict;
}
