import type { FlightRepeat } from '../../model/flights.ts';
import { type At, type ConnectionHistory, ROLES, type Role } from '../../model/history.ts';
import { formatDuration } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, PASS } from '../define-rule.ts';
import { isDtls13 } from '../support/failed-record.ts';
import { helloAnswers, shortest } from '../support/hello-answers.ts';
import { times } from '../support/records.ts';
import { witness } from '../support/witness.ts';

/** What loss costs a handshake that comes through: the timer of whoever notices first. */
export const dtlsRetransmissionNormal = defineConnectionRule({
  meta: {
    id: 'dtls-retransmission-normal',
    group: 'handshake',
    title: 'Flights of the handshake were sent again',
    severity: 'info',
    sources: ['RFC 6347 §4.2.4', 'RFC 6347 §4.2.4.1', 'RFC 9147 §5.8.2'],
    reports:
      'A DTLS handshake that was completed after flights were repeated: how often, after what time, and how long a round trip takes.',
    matters:
      'Nothing is wrong: this is how DTLS repairs loss. It explains a handshake that takes a second or more on a fast path, and tells whether the timer suits the path.',
    decides:
      'A repeat has messages that were sent before, under new record numbers. The timer is the time between the first repeat and what its sender sent before; the round trip is the shortest time from a ClientHello to its answer, where it was not repeated before that: nobody knows which one is answered then.',
    silent:
      'Handshakes that were not completed have rules of their own, as have last flights that are repeated after both Finished, and repeats without pause.',
    yieldsTo: [
      'dtls-retransmission-storm',
      'dtls-final-flight-retransmission',
      'dtls13-ack-or-finished-loss',
      'dtls-restart-ignored',
      'dtls-late-close-notify',
      'dtls-late-record',
      'dtls-stale-record-before-hello',
      'duplicate-finished',
      'hvr-loop',
      'cookie-hmac-mismatch',
    ],
    messages: {
      repaired: {
        what: 'Flights were sent again in the handshake of connection {id} ({counts}), for the first time {timer} after they had been sent{roundTrip}; the handshake took {total} in all.',
        causes: [
          'a datagram of the handshake was lost on the path',
          'the answer took longer than the timer of the side that waited for it',
        ],
        remedies: ['nothing, unless it happens often: then look for what loses datagrams'],
        commands: [],
      },
      'too-early': {
        title: 'Flights of the handshake were sent again before an answer could come',
        what: 'Flights were sent again in the handshake of connection {id} ({counts}), for the first time {timer} after they had been sent, which is less than a round trip{roundTrip}; the handshake took {total} in all.',
        causes: [
          'the timer is shorter than the round trip, so that nothing needs to have been lost',
        ],
        remedies: ['begin with a timer of one second, or of twice the round trip if that is more'],
        commands: [],
      },
      acknowledged: {
        what: 'Records were sent again in the handshake of connection {id} ({counts}); DTLS 1.3 repeats what an ACK does not name, or all of it where none comes.',
        causes: ['a datagram of the handshake was lost on the path'],
        remedies: ['nothing, unless it happens often: then look for what loses datagrams'],
        commands: [],
      },
    },
  },

  check(history) {
    const { dtls } = history;
    if (dtls === undefined || history.stage === 'none') return NOT_APPLICABLE;
    const { flights } = dtls;
    const [first] = flights?.repeats ?? [];
    if (flights === undefined || first === undefined) return PASS;
    if (history.outcome !== 'established') return PASS;
    const before = sentBefore(history, first);
    if (before === undefined) return PASS;
    const timer = first.first.nanos - before.nanos;
    const roundTrip = shortest(helloAnswers(history).filter(({ once }) => once));
    const end = endOf(history);
    return {
      kind: 'finding',
      message: isDtls13(history)
        ? 'acknowledged'
        : roundTrip !== undefined && timer < roundTrip
          ? 'too-early'
          : 'repaired',
      confidence: 'proven',
      connections: [history.id],
      evidence: [
        witness(before, history.id, first.from, 'the flight'),
        witness(first.first, history.id, first.from, 'its first repeat'),
      ],
      data: {
        id: history.id,
        counts: countsOf(flights.repeated),
        timer: formatDuration(timer),
        roundTrip:
          roundTrip === undefined ? '' : ` (a round trip took ${formatDuration(roundTrip)})`,
        total: formatDuration(end - history.startNanos),
      },
    };
  },
});

/** `client twice, server once`. */
function countsOf(repeated: Readonly<Record<Role, number>>): string {
  return ROLES.filter((role) => repeated[role] > 0)
    .map((role) => `${role} ${times(repeated[role])}`)
    .join(', ');
}

/** What the side had sent of the handshake before it repeated it. */
function sentBefore(
  { messages, dtls }: ConnectionHistory,
  { from, first }: FlightRepeat,
): At | undefined {
  const sent: At[] = messages.filter((one) => one.from === from);
  const [finished] = dtls?.finishedTransmissions[from] ?? [];
  if (finished !== undefined) sent.push(finished);
  return sent.filter(({ packet }) => packet < first.packet).at(-1);
}

/** When the later of the two sides had sent its Finished. */
function endOf({ dtls, endNanos, protectedRecords }: ConnectionHistory): number {
  const { client, server } = dtls?.finishedTransmissions ?? { client: [], server: [] };
  const finished = [client[0], server[0]].flatMap((one) => (one === undefined ? [] : [one.nanos]));
  const data = [protectedRecords.client.first, protectedRecords.server.first];
  if (finished.length === 2) return Math.max(...finished);
  const firsts = data.flatMap((one) => (one === undefined ? [] : [one.nanos]));
  return firsts.length > 0 ? Math.max(...firsts) : endNanos;
}
