import { formatDuration, SECOND } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { counted } from '../support/how-many.ts';
import { recordEvidence } from '../support/records.ts';

/** Twice the first retransmission timer (RFC 6347 §4.2.4.1): later than what a path that doubles datagrams does. */
const REPLAYED_AFTER = 2 * SECOND;

/** A record that comes twice is the path's doing or somebody's; the receiver's window is there for both. */
export const dtlsReplay = defineConnectionRule({
  meta: {
    id: 'dtls-replay',
    group: 'misdelivery',
    title: 'The same protected record came twice',
    severity: 'info',
    sources: ['RFC 6347 §4.1.2.6', 'RFC 9147 §4.5.1'],
    reports:
      'Protected records of a DTLS connection that are on the wire a second time, octet for octet, under the same epoch and sequence number.',
    matters:
      'UDP may deliver a datagram twice, and a receiver that keeps its replay window drops the second. A copy that comes seconds later was not doubled by the path: somebody, or some queue, sent it again.',
    decides:
      'Epoch, sequence number and octets are those of an earlier record of the same direction; in DTLS 1.3, where the number is encrypted, its length and its first and last octets. A copy within two seconds counts as a doubled datagram; a later one is likely replayed.',
    silent:
      'A retransmission is a new record with a number of its own and no replay. Copies that the capture itself made, at two interfaces or on a mirrored port, are taken out before. Unprotected records are not counted, and records captured in part cannot be compared.',
    restsOnTime: true,
    messages: {
      doubled: {
        what: '{count} of connection {id} came twice; the first is {number} of the {sender}, {after} after the original.',
        causes: ['the path, or a capture at two points, doubles datagrams'],
        remedies: ['nothing: the receiver’s replay window drops the second copy'],
        commands: [],
      },
      replayed: {
        title: 'An old protected record was sent again',
        what: '{count} of connection {id} came twice; {number} of the {sender} came again {after} after the original.',
        causes: [
          'a queue or relay on the path held a datagram and sent it again',
          'somebody who can read the path sends recorded datagrams',
        ],
        remedies: [
          'check that replay detection is on at the receiver; it is optional in DTLS',
          'capture on both sides of the relay to see where the copy is made',
        ],
        commands: ['tshark -r CAPTURE -Y "udp.stream == {stream}" -w evidence.pcapng'],
      },
    },
  },

  check(history) {
    const { dtls } = history;
    if (dtls === undefined) return NOT_APPLICABLE;
    if (dtls.anomalies.length === 0) return PASS;
    const copies = dtls.anomalies.flatMap(({ kind, record, earlier }) =>
      kind === 'replay' && record.epoch > 0 && earlier !== undefined
        ? [{ record, earlier, after: record.nanos - earlier.nanos }]
        : [],
    );
    const old = copies.find(({ after }) => after > REPLAYED_AFTER);
    const shown = old ?? copies[0];
    if (shown === undefined) return PASS;
    if (history.blindSpots.includes('cut-packets')) return notAssessable('cut-packets');
    const { record, earlier, after } = shown;
    return {
      kind: 'finding',
      message: old === undefined ? 'doubled' : 'replayed',
      confidence: old === undefined ? 'proven' : 'likely',
      connections: [history.id],
      evidence: [
        recordEvidence(record, history.id, `again, ${formatDuration(after)} after the original`),
        { ...earlier, connection: history.id, from: record.from, note: 'the original' },
      ],
      data: {
        id: history.id,
        stream: history.stream,
        count: counted(copies.length, 'protected record'),
        // DTLS 1.3 encrypts it: then the octets alone tell.
        number:
          record.sequence < 0
            ? `a record of epoch ${record.epoch} with its number encrypted`
            : `epoch ${record.epoch} seq ${record.sequence}`,
        sender: record.from,
        after: formatDuration(after),
      },
    };
  },
});
