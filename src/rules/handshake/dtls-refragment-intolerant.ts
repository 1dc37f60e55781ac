import { CLIENT_HELLO } from '../../model/code-points/handshake-types.ts';
import { formatDuration } from '../../model/time.ts';
import { defineConnectionRule, PASS } from '../define-rule.ts';
import { times } from '../support/records.ts';
import {
  describeMessage,
  receiverOf,
  repeatsAfter,
  unlessStuck,
  wentOn,
} from '../support/stuck-flight.ts';
import { witness } from '../support/witness.ts';

/** One repeat may have left before the message was whole, or have crossed it. */
const REPEATS = 2;

/** Fragments may be cut elsewhere when a flight is sent again; a receiver has to put overlapping ones together. */
export const dtlsRefragmentIntolerant = defineConnectionRule({
  meta: {
    id: 'dtls-refragment-intolerant',
    group: 'handshake',
    title: 'Receiver does not put together fragments that were cut anew',
    severity: 'error',
    sources: ['RFC 6347 §4.2.3', 'RFC 9147 §5.5', 'RFC 6347 §4.1.1.1'],
    reports:
      'A DTLS handshake that stopped although every octet of the flight came through: a message of it was repeated in fragments with other boundaries, and the receiver went on repeating its own flight.',
    matters:
      'A sender may choose other boundaries for a repeat, and is told to choose smaller ones after some losses. A receiver that expects the same ones again, or keeps the first set of fragments and drops the rest, never completes the message once a single datagram was lost.',
    decides:
      'Over all transmissions the message is whole, fragments of one overlap those of another without being the same, the flight is complete, and the receiver repeated its own flight at least twice after that. It is likely where no single transmission was whole, so that the receiver had to join fragments of several; possible where one was.',
    silent:
      'Where the receiver went on or sent an alert, where octets are missing from the capture, and where the boundaries stayed the same: then the loss may be behind the capture point.',
    yieldsTo: ['dtls-ip-fragmentation'],
    restsOnSilence: true,
    messages: {
      stuck: {
        what: 'The {sender} of connection {id} sent its {message} {count}, in fragments with different boundaries; packet {packet} brought the last octet that was missing, and the {receiver} repeated its own flight {repeats} over {span} after that.',
        causes: [
          'the {receiver}’s stack cannot join fragments of different transmissions that overlap',
          'the fragments are lost between this capture point and the {receiver}',
        ],
        remedies: [
          'update the stack of the {receiver}: overlapping ranges have to be handled',
          'until then avoid fragments: a smaller chain, ECDSA certificates, a handshake MTU that the whole path carries',
          'capture at the {receiver}: if all fragments arrive there, its reassembly is at fault',
        ],
        commands: [
          'tshark -r CAPTURE -Y "udp.stream == {stream} && dtls.handshake.type == {type}" -T fields -e frame.number -e dtls.handshake.fragment_offset -e dtls.handshake.fragment_length',
        ],
      },
    },
  },

  check(history) {
    const silent = unlessStuck(history);
    if (silent !== undefined) return silent;
    const messages = history.dtls?.flights?.fragmented ?? [];
    const recut = messages.find(
      ({ recut, completed, type }) => recut && completed !== undefined && type !== CLIENT_HELLO,
    );
    if (recut?.completed === undefined) return PASS;
    const ofFlight = messages.filter(({ from }) => from === recut.from);
    if (ofFlight.some(({ missing }) => missing.length > 0)) return PASS;
    const receiver = receiverOf(recut);
    // The receiver waits rightly for what the flight lacks.
    if (history.stage !== (recut.from === 'server' ? 'client-flight' : 'server-finished'))
      return PASS;
    // A Finished that does not verify has the same effect, and needs no fragments.
    if (recut.from === 'client' && recut.wholeAtOnce) return PASS;
    const { completed } = ofFlight.reduce((latest, one) =>
      (one.completed?.packet ?? 0) > (latest.completed?.packet ?? 0) ? one : latest,
    );
    if (completed === undefined || wentOn(history, receiver, completed)) return PASS;
    const repeats = repeatsAfter(history, receiver, completed);
    const last = repeats.at(-1);
    if (last === undefined || repeats.length < REPEATS) return PASS;
    return {
      kind: 'finding',
      message: 'stuck',
      confidence: recut.wholeAtOnce ? 'possible' : 'likely',
      connections: [history.id],
      evidence: [
        witness(recut.first, history.id, recut.from, `first fragment of ${describeMessage(recut)}`),
        witness(
          recut.completed,
          history.id,
          recut.from,
          'the fragment that brings what was still missing of it',
        ),
        witness(
          last,
          history.id,
          receiver,
          `the ${receiver} repeats its flight, ${times(repeats.length)} since then`,
        ),
      ],
      data: {
        id: history.id,
        stream: history.stream,
        type: recut.type,
        sender: recut.from,
        receiver,
        message: describeMessage(recut),
        packet: recut.completed.packet,
        count: times(recut.transmissions),
        repeats: times(repeats.length),
        span: formatDuration(last.nanos - completed.nanos),
      },
    };
  },
});
