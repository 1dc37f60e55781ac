import type { DtlsAnomaly } from '../../model/dtls-facts.ts';
import type { ConnectionHistory } from '../../model/history.ts';
import { CONTENT_TYPE } from '../../model/record.ts';
import type { FindingVerdict } from '../../model/rule.ts';
import { formatDuration } from '../../model/time.ts';
import { defineConnectionRule } from '../define-rule.ts';
import {
  judgeLate,
  LATE_ADVICE,
  type LateCase,
  lateCase,
  lateMessages,
} from '../support/late-finding.ts';
import { type NextClient, nextClientAfter } from '../support/next-client.ts';
import { isPromptAnswer } from '../support/prompt-answer.ts';
import { quietPeriods } from '../support/quiet-periods.ts';
import { isNumberTaken } from '../support/records.ts';

const ARRIVED =
  'A closing alert of connection {owner} from the {sender} ({record}) arrived {since}{where}';

/**
 * The answer to close_notify is a MUST and waiting for it is not (RFC 5246 §7.2.1), so over UDP it may find a listener
 * that has moved on: it is of epoch 1 and belongs to nobody there.
 */
export const dtlsLateCloseNotify = defineConnectionRule({
  meta: {
    id: 'dtls-late-close-notify',
    group: 'misdelivery',
    title: 'Closing alert of a finished connection arrived late',
    severity: 'info',
    sources: [
      'RFC 5246 §7.2.1',
      'RFC 6347 §4.1.2.7',
      'RFC 6347 §4.2.7',
      'RFC 6347 §4.2.8',
      'RFC 9147 §5.10',
    ],
    reports:
      'A protected record of the size of an alert that belongs to a DTLS connection which the other side had already closed, and that arrived when the receiver had moved on: between two connections on the same addresses and ports, or inside the next one.',
    matters:
      'Records carry no name of their connection. A server that takes every datagram for a new client fails its next accept on such a record or swallows the ClientHello that follows it; one that treats it as part of the next connection ends that one with bad_record_mac. The logs then blame the client that came next.',
    decides:
      'The record is of type 21 with an epoch of 1 or more, is as long as an alert under the suite of the older connection and continues its sequence numbers, and the receiver had sent its own closing alert or had answered a newer ClientHello. By itself that is a note. It becomes an error where the next ClientHello close to it was repeated or never answered, or where the next connection was cut by an alert, by ICMP or by silence right after it and for no other visible reason. At the end of the capture the next client from another port is looked at as well, and the delays of all late closing alerts are set against possible quiet periods.',
    silent:
      'An answer within the usual round trip, with nothing begun and nothing hurt, is how a connection should end. Without the other direction the close cannot be seen. Where the record could as well belong to the newer connection, no harm is laid to it.',
    messages: {
      ...lateMessages('closing alert', ARRIVED),
      'other-client': {
        title: 'After a late closing alert the next client had to wait',
        what: `${ARRIVED}; the ClientHello of another client, {gap} it, was repeated before any answer came.`,
        ...LATE_ADVICE,
      },
    },
  },

  check(history, { next }) {
    return judgeLate(history, (anomaly) =>
      isLateClose(history, anomaly) ? caseOf(history, anomaly, next) : [],
    );
  },

  complete(verdict, index) {
    const table = quietPeriods(index);
    const dated = table === undefined ? verdict : { ...verdict, table };
    const other = verdict.message === 'harmless' ? nextClientAfter(verdict, index) : undefined;
    return other === undefined ? dated : withNextClient(dated, other);
  },
});

function isLateClose(history: ConnectionHistory, anomaly: DtlsAnomaly): boolean {
  const { kind, shape, record, owner, sincePeerClose, duringStage } = anomaly;
  if (kind !== 'late' || shape !== 'alert' || record.contentType !== CONTENT_TYPE.alert)
    return false;
  if (isNumberTaken(history, record)) return false;
  const movedOn = duringStage !== undefined && duringStage !== 'server-hello';
  return owner === history.id && (sincePeerClose !== undefined || movedOn);
}

function caseOf(
  history: ConnectionHistory,
  anomaly: DtlsAnomaly,
  next: ConnectionHistory | undefined,
): LateCase[] {
  const found = lateCase(history, anomaly, next, 'info');
  const prompt = anomaly.during === 0 && isPromptAnswer(history, anomaly);
  if (prompt && found.effect === undefined) return [];
  return [{ ...found, prompt }];
}

function withNextClient(verdict: FindingVerdict, other: NextClient): FindingVerdict {
  const [record, ...rest] = verdict.evidence;
  const shown: FindingVerdict = { ...verdict, evidence: [record, ...rest, other.evidence] };
  if (other.hurt === undefined || verdict.confidence === 'possible') return shown;
  return {
    ...shown,
    message: 'other-client',
    severity: other.hurt === 'unanswered' ? 'error' : 'warning',
    confidence: 'possible',
    connections: [...verdict.connections, other.connection],
    data: { ...verdict.data, gap: `${formatDuration(other.gap)} after` },
    explanations: [
      {
        likelihood: 'medium',
        text: 'The late record occupied the listener when that ClientHello came.',
        for: ['both reached the same server within a second', 'no third client was answered then'],
        against: [],
      },
      {
        likelihood: 'medium',
        text: 'That ClientHello or its answer was lost on the path.',
        for: ['it came from another port'],
        against: [],
      },
    ],
  };
}
