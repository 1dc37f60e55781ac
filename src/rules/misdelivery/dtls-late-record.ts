import type { DtlsAnomaly } from '../../model/dtls-facts.ts';
import type { ConnectionHistory } from '../../model/history.ts';
import { CONTENT_TYPE } from '../../model/record.ts';
import { defineConnectionRule } from '../define-rule.ts';
import { judgeLate, lateCase, lateMessages } from '../support/late-finding.ts';
import { isPromptAnswer } from '../support/prompt-answer.ts';
import { isNumberTaken } from '../support/records.ts';

/** The records beside alerts that outlive their connection: a repeated Finished, or data that was under way. */
export const dtlsLateRecord = defineConnectionRule({
  meta: {
    id: 'dtls-late-record',
    group: 'misdelivery',
    title: 'Record of a finished connection arrived late',
    severity: 'info',
    sources: ['RFC 5246 §7.2.1', 'RFC 6347 §4.1', 'RFC 6347 §4.1.2.7', 'RFC 9147 §5.10'],
    reports:
      'A protected handshake or data record of a DTLS connection that the receiver had already closed, with no newer connection answered yet on the same addresses and ports.',
    matters:
      'Data after a close is lost by specification. A listener that does not tell a beginning from a left-over may fail its next accept on the record, or keep it and put it into the next handshake, where a type-22 record of epoch 1 looks like a Finished that does not verify.',
    decides:
      'The record has an epoch of 1 or more, continues the sequence numbers of the older connection and came after the receiver had sent a closing alert. It is a note by itself and an error where the next ClientHello close to it was repeated or never answered.',
    silent:
      'Closing alerts have a rule of their own, and so have records that arrive once a newer handshake was answered. Without the other direction the close cannot be seen. What was under way within a round trip of the close is not counted.',
    yieldsTo: ['dtls-late-close-notify'],
    messages: lateMessages(
      'record',
      'A record of connection {owner} from the {sender} ({record}) arrived {since}{where}',
    ),
  },

  check(history, { next }) {
    return judgeLate(history, (anomaly) =>
      isLateRecord(history, anomaly) ? [lateCase(history, anomaly, next, 'info')] : [],
    );
  },
});

function isLateRecord(history: ConnectionHistory, anomaly: DtlsAnomaly): boolean {
  const { kind, shape, record, owner, sincePeerClose, duringStage } = anomaly;
  const closingAlert = shape === 'alert' && record.contentType === CONTENT_TYPE.alert;
  const unanswered = duringStage === undefined || duringStage === 'server-hello';
  return (
    kind === 'late' &&
    !closingAlert &&
    unanswered &&
    owner === history.id &&
    sincePeerClose !== undefined &&
    !isNumberTaken(history, record) &&
    !isPromptAnswer(history, anomaly)
  );
}
