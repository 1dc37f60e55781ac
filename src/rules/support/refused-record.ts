import {
  type AlertFact,
  type ConnectionHistory,
  peerOf,
  type RecordFact,
} from '../../model/history.ts';
import type { Neighbours, Verdict } from '../../model/rule.ts';
import { NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { endingOf, lostOctets } from './ending.ts';

/** The first record under its sender's new keys, and the alert in the clear that ended the handshake after it. */
interface RefusedRecord {
  readonly kind: 'refused';
  readonly alert: AlertFact;
  readonly record: RecordFact;
}

/**
 * Was the first protected record of a side answered by one of these alerts, from a side that had not switched to its own
 * keys yet? Up to TLS 1.2 nothing but that record can have raised it. Otherwise the verdict that is due.
 */
export function refusedFirstRecord(
  history: ConnectionHistory,
  descriptions: readonly number[],
): RefusedRecord | Exclude<Verdict, { kind: 'finding' }> {
  if (history.alerts.length === 0 || history.stage === 'done') return NOT_APPLICABLE;
  const alert = endingOf(history)?.alert;
  if (alert?.description === undefined || alert.encrypted) return NOT_APPLICABLE;
  if (!descriptions.includes(alert.description)) return NOT_APPLICABLE;
  const record = history.protectedRecords[peerOf(alert.from)].first;
  if (record === undefined || record.packet > alert.packet) {
    if (lostOctets(history) > 0) return notAssessable('lost-bytes');
    return history.bothDirections ? PASS : notAssessable('one-direction');
  }
  return hadNotSwitched(history, alert) ? { kind: 'refused', alert, record } : PASS;
}

/** Did the sender of the alert still write in the clear, so that it had not yet accepted anything protected? */
function hadNotSwitched(
  { changeCipherSpec, protectedRecords }: ConnectionHistory,
  alert: AlertFact,
): boolean {
  const own = changeCipherSpec[alert.from];
  const first = protectedRecords[alert.from].first;
  return (
    (own === undefined || own.packet > alert.packet) &&
    (first === undefined || first.packet > alert.packet)
  );
}

/** A record of the association before this one that arrived here could have raised an alert instead (RFC 6347 §4.2.8). */
export function strayRecord(
  { previous }: Neighbours,
  { id }: ConnectionHistory,
  before: number,
): RecordFact | undefined {
  return previous?.dtls?.anomalies.find(
    ({ during, record }) => during === id && record.packet < before,
  )?.record;
}
