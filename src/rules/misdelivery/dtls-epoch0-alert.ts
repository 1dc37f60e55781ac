import { alertDescriptionName, alertLevelName } from '../../model/code-points/alerts.ts';
import type { DtlsAnomaly } from '../../model/dtls-facts.ts';
import { type At, type ConnectionHistory, peerOf, type Role } from '../../model/history.ts';
import { formatDuration, SECOND } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { lacksRecords } from '../support/ending.ts';
import { recordEvidence, weakenedBy, weaker } from '../support/records.ts';

/** How soon a receiver that obeys an alert closes. */
const OBEYED_WITHIN = SECOND;

/** Once keys are in use, an alert without protection proves nothing about its sender, and should be dropped. */
export const dtlsEpoch0Alert = defineConnectionRule({
  meta: {
    id: 'dtls-epoch0-alert',
    group: 'misdelivery',
    title: 'Unprotected alert within a protected connection',
    severity: 'warning',
    sources: ['RFC 6347 §4.1', 'RFC 6347 §4.1.2.7', 'RFC 9147 §4.2.1'],
    reports:
      'An alert in epoch 0, readable and unauthenticated, on a DTLS connection whose sender had its keys in use.',
    matters:
      'Anybody who can guess the addresses can send such an alert. A receiver that obeys it lets strangers end its connections. Where the true peer sent it, that peer has lost the connection: it was restarted, or answers a stray record it could not place.',
    decides:
      'The record is of type 21 and epoch 0 and comes after protected records of the same side. If the receiver goes on, it is a warning (a note if the alert is no fatal one); if the receiver closes at once or never speaks again, an error.',
    silent:
      'An alert before its sender has used its keys is a normal end of a handshake. Who sent it cannot be told from the capture, and is not.',
    restsOnTime: true,
    messages: {
      ignored: {
        what: 'An unprotected alert ({alert}) in packet {packet} claims to come from the {sender} of connection {id}; the {receiver} went on.',
        causes: [
          'the sender’s process was restarted and answers records of a connection that it no longer has',
          'somebody off the path tries to end the connection',
          'a device on the path ends connections with forged alerts',
        ],
        remedies: [
          'nothing on the receiver: it did as it should',
          'compare the time to live of the packet with that of the sender’s other packets to see where it came from',
        ],
        commands: ['tshark -r CAPTURE -Y "frame.number == {packet}" -T fields -e ip.ttl -e ip.id'],
      },
      obeyed: {
        title: 'Unprotected alert seems to have ended a protected connection',
        what: 'An unprotected alert ({alert}) in packet {packet} claims to come from the {sender} of connection {id}; {reaction}.',
        causes: [
          'the receiver acts on alerts of epoch 0 although it has keys',
          'the sender’s process was restarted and answers records of a connection that it no longer has',
          'somebody off the path ended the connection',
        ],
        remedies: [
          'update or configure the receiver so that it drops records of earlier epochs once the handshake is complete',
          'compare the time to live of the packet with that of the sender’s other packets to see where it came from',
        ],
        commands: ['tshark -r CAPTURE -Y "frame.number == {packet}" -T fields -e ip.ttl -e ip.id'],
      },
    },
  },

  check(history) {
    const { dtls } = history;
    if (dtls === undefined) return NOT_APPLICABLE;
    if (dtls.anomalies.length === 0) return PASS;
    const found = dtls.anomalies.find(({ kind }) => kind === 'epoch0-alert');
    if (found?.alert === undefined) return PASS;
    if (!history.bothDirections) return notAssessable('one-direction');
    const { record, alert } = found;
    const receiver = peerOf(record.from);
    const reaction = reactionOf(history, record, receiver);
    const fatal = alert.level === 2;
    // What is missing may have come between the two.
    const isDoubtful = lacksRecords(history);
    return {
      kind: 'finding',
      message: reaction === undefined ? 'ignored' : 'obeyed',
      severity: fatal ? (reaction === undefined || isDoubtful ? 'warning' : 'error') : 'info',
      confidence: weakenedBy(
        weaker(
          found.confidence,
          reaction === undefined ? 'proven' : isDoubtful ? 'possible' : 'likely',
        ),
        ['start-not-captured', 'lost-bytes'],
        history,
      ),
      connections: [history.id],
      evidence: [
        recordEvidence(record, history.id, alertText(alert)),
        ...(reaction?.at === undefined
          ? []
          : [{ ...reaction.at, connection: history.id, from: receiver, note: reaction.words }]),
      ],
      data: {
        id: history.id,
        packet: record.packet,
        sender: record.from,
        receiver,
        alert: alertText(alert),
        reaction: reaction?.words ?? '',
      },
    };
  },
});

const alertText = ({ level, description }: NonNullable<DtlsAnomaly['alert']>): string =>
  `${alertLevelName(level)} ${alertDescriptionName(description)}, ${description}`;

interface Reaction {
  readonly at: At | undefined;
  readonly words: string;
}

/** Did the receiver close, or never speak again, because of the alert as far as one can see? */
function reactionOf(history: ConnectionHistory, alert: At, receiver: Role): Reaction | undefined {
  const { last, lastData } = history.protectedRecords[receiver];
  if (lastData !== undefined && lastData.nanos > alert.nanos) return undefined;
  const close = history.dtls?.probableClose[receiver];
  const wait = (close?.nanos ?? Number.NEGATIVE_INFINITY) - alert.nanos;
  if (close !== undefined && wait >= 0) {
    if (wait > OBEYED_WITHIN) return undefined;
    return { at: close, words: `the ${receiver} closed ${formatDuration(wait)} later` };
  }
  if (last !== undefined && last.nanos > alert.nanos) return undefined;
  // Silence means something only if the peer went on, so that there was something to answer.
  const heard = history.protectedRecords[peerOf(receiver)].last;
  if (heard === undefined || heard.nanos - alert.nanos < OBEYED_WITHIN) return undefined;
  return { at: undefined, words: `the ${receiver} sent nothing more` };
}
