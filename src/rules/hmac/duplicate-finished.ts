import type { ConnectionHistory, RecordFact, Role } from '../../model/history.ts';
import { peerOf } from '../../model/history.ts';
import { formatDuration, SECOND } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { ownTransmissions, recordEvidence, weakenedBy } from '../support/records.ts';

/** What the other side does about it is looked for this long. */
const REACTION = SECOND;

/** Whose Finished comes first and is answered by the other: it knows that the handshake is over once it has the answer. */
const firstToFinish = ({ resumed }: ConnectionHistory): Role | undefined =>
  resumed === undefined ? undefined : resumed ? 'server' : 'client';

/** A Finished behind data of the same side, with room for that data between it and the one before. */
function duplicateOf(history: ConnectionHistory, role: Role) {
  const { lastData } = history.protectedRecords[role];
  const sent = ownTransmissions(history.dtls?.finishedTransmissions[role] ?? []);
  const again = sent.findIndex((record, i) => {
    const before = sent[i - 1];
    return (
      lastData !== undefined &&
      before !== undefined &&
      before.packet < lastData.packet &&
      lastData.packet < record.packet &&
      record.sequence - before.sequence > 1
    );
  });
  const [first] = sent;
  const record = sent[again];
  return first === undefined || record === undefined || lastData === undefined
    ? undefined
    : { first, record, data: lastData };
}

/** An alert of the peer that comes at once, and is no answer to a close. */
function alertAfter({ dtls }: ConnectionHistory, peer: Role, { nanos }: RecordFact) {
  const close = dtls?.probableClose[peer];
  const own = dtls?.probableClose[peerOf(peer)];
  if (close === undefined || close.nanos < nanos || close.nanos - nanos > REACTION)
    return undefined;
  return own !== undefined && own.nanos < close.nanos ? undefined : close;
}

/** After its own data a side has no reason to send its Finished again: that is no repair of a loss. */
export const duplicateFinished = defineConnectionRule({
  meta: {
    id: 'duplicate-finished',
    group: 'hmac',
    title: 'A second Finished came on a connection in use',
    severity: 'warning',
    sources: ['RFC 6347 §4.2.4', 'RFC 5246 §7.4.9'],
    reports:
      'A DTLS association on which the side that sends its Finished first sends another record of that length and type after its own application data.',
    matters:
      'Stacks differ in what they do with it: OpenSSL repeats its last flight, others drop it, some end the connection with an alert. Whoever sends it has two threads of state, or takes its own timer for running after the handshake is over.',
    decides:
      'A side that has sent data has the answer to its Finished, so a loss cannot be the reason; only the side whose Finished comes last may be asked to repeat it. The record follows data of the same side, its number leaves room for that data, and it has the type and length of the first Finished. What it holds is encrypted, so it is likely.',
    silent:
      'For repeats before any data, which repair a loss; for the side whose Finished comes last; where the handshake was renegotiated; where one direction is missing or packets were cut, since what the other side sent again is then not known.',
    messages: {
      again: {
        what: 'The {sender} of connection {id} sent another record like its Finished, {delay} after its application data of packet {data}{reaction}.',
        causes: [
          'the retransmission timer of the {sender} goes on after the handshake is over',
          'two threads or processes of the {sender} share the connection',
        ],
        remedies: [
          'stop the handshake timer of the {sender} when the Finished of the other side has been accepted',
          'update its stack',
        ],
        commands: [
          'tshark -r CAPTURE -Y "udp.stream == {stream} && dtls.record.content_type == 22"',
        ],
      },
    },
  },
  check(history) {
    const { dtls, id } = history;
    if (dtls === undefined || history.outcome !== 'established') return NOT_APPLICABLE;
    const sender = firstToFinish(history);
    if (sender === undefined || dtls.finishedTransmissions[sender].length < 2) return PASS;
    if (dtls.epochs[sender].some(({ epoch }) => epoch > 1)) return PASS;
    if (!history.bothDirections) return notAssessable('one-direction');
    // A repeat of the other side's flight, which this one answers with its Finished, shows by its messages.
    if (history.blindSpots.includes('cut-packets')) return notAssessable('cut-packets');
    const found = duplicateOf(history, sender);
    if (found === undefined) return PASS;
    const { first, record, data } = found;
    const peer = peerOf(sender);
    const alert = alertAfter(history, peer, record);
    return {
      kind: 'finding',
      message: 'again',
      severity: alert === undefined ? 'warning' : 'error',
      confidence: weakenedBy('likely', ['start-not-captured', 'lost-bytes'], history),
      data: {
        id,
        stream: history.stream,
        sender,
        data: data.packet,
        delay: formatDuration(record.nanos - data.nanos),
        reaction:
          alert === undefined
            ? ''
            : `, and the ${peer} answered with an alert in packet ${alert.packet}`,
      },
      evidence: [
        recordEvidence(record, id, 'like the Finished, behind data'),
        recordEvidence(first, id, `the Finished of the ${sender}`),
        recordEvidence(data, id, 'data of the same side: it had the answer to its Finished'),
        ...(alert === undefined ? [] : [recordEvidence(alert, id, 'an alert in answer')]),
      ],
      connections: [id],
    };
  },
});
