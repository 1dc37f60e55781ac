import type { DtlsAnomaly } from '../../model/dtls-facts.ts';
import type { ConnectionHistory } from '../../model/history.ts';
import { CONTENT_TYPE } from '../../model/record.ts';
import { defineConnectionRule } from '../define-rule.ts';
import { lacksRecords } from '../support/ending.ts';
import { judgeLate, lateCase, lateMessages } from '../support/late-finding.ts';
import { isNumberTaken } from '../support/records.ts';

/**
 * Both connections count their protected records from epoch 1 on, so a left-over of the first looks at the record
 * layer like a record of the second that does not verify. Most stacks drop it; in the middle of a handshake some do not.
 */
export const dtlsOldEpochAfterNewHandshake = defineConnectionRule({
  meta: {
    id: 'dtls-old-epoch-after-new-handshake',
    group: 'misdelivery',
    title: 'Record of an older connection arrived in the one that replaced it',
    severity: 'warning',
    sources: ['RFC 6347 §4.1', 'RFC 6347 §4.1.2.7', 'RFC 6347 §4.2.8', 'RFC 9147 §5.11'],
    reports:
      'A protected handshake or data record that belongs to an older DTLS connection and arrived after the server had answered a newer ClientHello from the same addresses and ports.',
    matters:
      'What the record carried is lost. A receiver that keeps records of the next epoch during a handshake tries this one as soon as keys are there, and some end the connection with bad_record_mac over it: that alert then speaks of a record that was never meant for this connection.',
    decides:
      'The record continues the sequence numbers of the older connection and does not fit the newer one: that one has not reached the epoch, or counts elsewhere. It is a warning, an error where an alert, ICMP or silence followed that nothing else accounts for, and a note where the attribution is no more than a guess.',
    silent:
      'A server may go on serving the older connection until the new handshake is complete; its records in that time are not counted. Closing alerts have a rule of their own. Without the other direction nothing is said.',
    yieldsTo: ['dtls-late-close-notify'],
    messages: lateMessages(
      'record',
      'A record of connection {owner} from the {sender} ({record}) arrived {since}{where}',
    ),
  },

  check(history, { next }) {
    return judgeLate(history, (anomaly) => {
      if (!isOutOfPlace(history, anomaly)) return [];
      const late = lateCase(history, anomaly, next, 'warning');
      return late.effect === undefined && mayBeOf(next) ? [] : [late];
    });
  },
});

/** Of an association that the capture has with holes, the record may be one for which it lacks the handshake. */
const mayBeOf = (next: ConnectionHistory | undefined): boolean =>
  next !== undefined &&
  (next.outcome === 'incomplete' || next.blindSpots.includes('cut-packets') || lacksRecords(next));

function isOutOfPlace(history: ConnectionHistory, anomaly: DtlsAnomaly): boolean {
  const { kind, shape, record, owner, duringStage, sincePeerClose } = anomaly;
  if (kind !== 'late' || owner !== history.id || isNumberTaken(history, record)) return false;
  if (shape === 'alert' && record.contentType === CONTENT_TYPE.alert) return false;
  if (duringStage === undefined || duringStage === 'server-hello') return false;
  // RFC 6347 §4.2.8: the server keeps an open association until the new client has proven itself.
  const stillServed =
    record.from === 'server' && sincePeerClose === undefined && duringStage !== 'done';
  return !stillServed;
}
