import type { DtlsAnomaly } from '../../model/dtls-facts.ts';
import type { ConnectionHistory } from '../../model/history.ts';
import { peerOf } from '../../model/history.ts';
import { formatDuration } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { recordEvidence } from '../support/records.ts';

/** An epoch says which keys protect a record; one that says so and has no protection was written by mistake, or forged. */
export const dtlsEpochConfusion = defineConnectionRule({
  meta: {
    id: 'dtls-epoch-confusion',
    group: 'misdelivery',
    title: 'The epoch of a record and its protection contradict each other',
    severity: 'warning',
    sources: ['RFC 6347 §4.1', 'RFC 6347 §4.2.4', 'RFC 9147 §6.1'],
    reports:
      'A handshake message, an alert or a ChangeCipherSpec in the clear under an epoch from 1 on, and a Finished in epoch 0.',
    matters:
      'A receiver that goes by the rules drops such a record, and the handshake stands still; one that does not takes what nobody protected for authentic. The alerts that some stacks answer unknown epochs with look like failures of cryptography and are none.',
    decides:
      'The content can be read: a message with all lengths in agreement, or an alert or ChangeCipherSpec shorter than any protection makes it. That is proven. It is an error where the handshake was not completed.',
    silent:
      'Where the content is encrypted, or captured in part. A ChangeCipherSpec of a renegotiation is itself protected. An alert in epoch 0 has a rule of its own, dtls-epoch0-alert.',
    messages: {
      unprotected: {
        what: 'In packet {packet} the {sender} of connection {id} sent {content} in the clear under epoch {epoch}{more}; {after}.',
        causes: [
          'the {sender} counts its epoch on before it has the keys, or does not set it back when it begins again',
          'the {sender} lost its keys and answers a record of an epoch that it does not know',
          'somebody else sent the record in its name',
        ],
        remedies: [
          'update the DTLS stack of the {sender}: epoch 0 is that of records without protection, and of no others',
          'see that the {receiver} drops such records, and takes none of them for protected',
        ],
        commands: ['tshark -r CAPTURE -Y "udp.stream == {stream} && dtls.record.epoch > 0" -V'],
      },
      'finished-unprotected': {
        title: 'A Finished was sent without protection',
        what: 'In packet {packet} the {sender} of connection {id} sent its Finished in the clear in epoch 0{more}; {after}.',
        causes: ['the {sender} does not turn to its keys with its ChangeCipherSpec'],
        remedies: ['update the DTLS stack of the {sender}'],
        commands: ['tshark -r CAPTURE -Y "udp.stream == {stream} && dtls.handshake.type == 20" -V'],
      },
    },
  },

  check(history) {
    const { dtls, id } = history;
    if (dtls === undefined) return NOT_APPLICABLE;
    const confused = dtls.anomalies.filter(({ kind }) => kind === 'epoch-confusion');
    const [first] = confused;
    // Of a record captured in part it is not known whether it is in the clear.
    if (first === undefined)
      return history.blindSpots.includes('cut-packets') ? notAssessable('cut-packets') : PASS;
    const { record, reason } = first;
    const more = confused.length - 1;
    return {
      kind: 'finding',
      message: record.epoch === 0 ? 'finished-unprotected' : 'unprotected',
      severity: history.stage === 'done' ? 'warning' : 'error',
      confidence: 'proven',
      connections: [id],
      evidence: [recordEvidence(record, id, `${reason}, in the clear`)],
      data: {
        id,
        stream: history.stream,
        packet: record.packet,
        sender: record.from,
        receiver: peerOf(record.from),
        content: reason,
        epoch: record.epoch,
        more: more > 0 ? `, and ${more} more such records` : '',
        after: afterwards(history, first),
      },
    };
  },
});

/** What the other side did, as far as it shows. */
function afterwards(history: ConnectionHistory, { record }: DtlsAnomaly): string {
  const by = peerOf(record.from);
  const next = history.messages.find(({ from, packet }) => from === by && packet > record.packet);
  if (next !== undefined)
    return `the ${by} sent its next message ${formatDuration(next.nanos - record.nanos)} later`;
  return `no message of the ${by} followed`;
}
