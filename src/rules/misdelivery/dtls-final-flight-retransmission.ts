import type { DtlsFacts } from '../../model/dtls-facts.ts';
import { type ConnectionHistory, peerOf, type RecordFact, type Role } from '../../model/history.ts';
import { formatDuration, MILLISECOND, SECOND } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { counted } from '../support/how-many.ts';
import { ownTransmissions, recordEvidence, times, weakenedBy } from '../support/records.ts';

/** One unanswered repeat is a lost answer; the timer that follows is at least this far away (RFC 6347 §4.2.4.1). */
const REPEATS = 2;
/** A repeat this close to the answer had left before that came: timers are far longer. */
const CROSSED = 10 * MILLISECOND;

/**
 * Nobody acknowledges the last flight. Whoever sent it learns of its loss only from the peer's repeat, and has to
 * repeat it in turn (RFC 6347 §4.2.4); else the peer waits for ever, each side sure that the other is at fault.
 */
export const dtlsFinalFlightRetransmission = defineConnectionRule({
  meta: {
    id: 'dtls-final-flight-retransmission',
    group: 'misdelivery',
    title: 'Last flight of the handshake was repeated',
    severity: 'info',
    sources: ['RFC 6347 §4.2.4', 'RFC 6347 §4.2.2', 'RFC 9147 §5.8.1'],
    reports:
      'A side repeats the flight with its Finished although the Finished of both sides is in the capture, and what the other side does about it.',
    matters:
      'The repeat says that the last flight did not arrive. Its sender must repeat it, for twice the maximum segment lifetime; one that takes itself for connected and drops the repeat leaves its peer in the handshake for good. One that answers with an alert ends a connection that a single lost datagram had delayed.',
    decides:
      'Transmissions of each side’s Finished flight are counted. A repeat that the sender of the last flight answers with its own is normal and a note. At least two repeats without one, and no sign that the repeating side got on, are an error; so is an alert in answer.',
    silent:
      'A single repeat may have crossed the answer on its way. A side that goes on with data has what it needs. Where one direction or the beginning is missing, or numbers are left out, silence proves nothing.',
    yieldsTo: ['duplicate-finished'],
    restsOnTime: true,
    messages: {
      answered: {
        what: 'The {repeater} repeated its last flight {count} in connection {id}, and the {finisher} answered with its own again.',
        causes: ['a datagram of the last flight was lost on the path'],
        remedies: ['nothing: this is how the protocol repairs a loss'],
        commands: [],
      },
      'not-resent': {
        title: 'Last flight of the handshake was asked for again and not sent again',
        what: 'The {repeater} repeated its last flight {count} over {span} after the {finisher} had sent its Finished in connection {id}; the {finisher} never repeated that.',
        causes: [
          'the stack forgets its last flight once the handshake is done for it',
          'the stack drops records of epoch 0 as soon as the keys are in use, and the repeat begins with them',
          'the repeated answer was lost between its sender and this capture point',
        ],
        remedies: [
          'keep the last flight for twice the maximum segment lifetime and send it again whenever the peer repeats its own',
          'update the stack: several have had this fault',
        ],
        commands: ['tshark -r CAPTURE -Y "udp.stream == {stream}"'],
      },
      'answered-by-alert': {
        title: 'Repeat of the last flight was answered with an alert',
        what: 'The {repeater} repeated its last flight in connection {id}; {wait} later the {finisher} sent an alert instead of its own last flight.',
        causes: ['the stack takes the repeated flight for a message out of order'],
        remedies: ['answer a repeat of the last flight with a repeat, and drop what else is old'],
        commands: ['tshark -r CAPTURE -Y "udp.stream == {stream}"'],
      },
    },
  },

  check(history) {
    const { dtls } = history;
    if (dtls === undefined || history.stage === 'none') return NOT_APPLICABLE;
    if (!history.bothDirections) return notAssessable('one-direction');
    const finisher = lastToFinish(dtls);
    if (finisher === undefined) return NOT_APPLICABLE;
    const repeater = peerOf(finisher);
    const [finished] = dtls.finishedTransmissions[finisher];
    const repeats = ownTransmissions(dtls.finishedTransmissions[repeater]).filter(
      ({ nanos }) => nanos > (finished?.nanos ?? 0),
    );
    const [first] = repeats;
    const last = repeats.at(-1);
    if (finished === undefined || first === undefined || last === undefined) return PASS;
    const told = {
      kind: 'finding' as const,
      connections: [history.id],
      data: {
        id: history.id,
        stream: history.stream,
        repeater,
        finisher,
        count: times(repeats.length),
        span: formatDuration(last.nanos - finished.nanos),
      },
    };
    const seen = [
      recordEvidence(first, history.id, `first repeat of the ${repeater}’s Finished`),
      recordEvidence(finished, history.id, `Finished of the ${finisher}, the last one due`),
    ] as const;
    // Packets may be captured in another order than they passed.
    const answer = dtls.finishedTransmissions[finisher].find(
      ({ nanos }, at) => nanos > first.nanos - (at > 0 ? CROSSED : 0),
    );
    if (answer !== undefined) {
      return {
        ...told,
        message: 'answered',
        confidence: 'proven',
        evidence: [...seen, recordEvidence(answer, history.id, `the ${finisher} sends it again`)],
      };
    }
    const crossed = first.nanos - finished.nanos < CROSSED;
    const alert = crossed ? undefined : alertInAnswer(history, first, finisher);
    if (alert !== undefined) {
      // Without the beginning it is not known whose Finished was the last one due.
      if (history.blindSpots.includes('start-not-captured'))
        return notAssessable('start-not-captured');
      if (numbersAreMissing(dtls, finisher)) return notAssessable('lost-bytes');
      return {
        ...told,
        message: 'answered-by-alert',
        severity: 'error',
        confidence: weakenedBy('likely', ['lost-bytes'], history),
        evidence: [...seen, alert],
        data: { ...told.data, wait: formatDuration(alert.nanos - first.nanos) },
      };
    }
    if (repeats.length < REPEATS || gotOn(history, repeater, finished)) return PASS;
    if (history.blindSpots.includes('start-not-captured'))
      return notAssessable('start-not-captured');
    if (history.blindSpots.includes('lost-bytes') || numbersAreMissing(dtls, finisher))
      return notAssessable('lost-bytes');
    return {
      ...told,
      message: 'not-resent',
      severity: 'error',
      confidence: 'likely',
      evidence: [...seen, recordEvidence(last, history.id, `repeat ${repeats.length}, unanswered`)],
      explanations: [
        {
          likelihood: 'medium',
          text: `The ${finisher} does not repeat its last flight.`,
          for: [`${counted(repeats.length, 'repeat')} passed this capture point, and no answer`],
          against: [],
        },
        {
          likelihood: 'medium',
          text: `The ${finisher} repeats it, and the repeats are lost before this capture point.`,
          for: [],
          against: ['its first transmission passed this point'],
        },
      ],
    };
  },
});

/** Whose Finished came second and closes the handshake: the server's, or the client's when a session is resumed. */
function lastToFinish({ finishedTransmissions }: DtlsFacts): Role | undefined {
  const client = finishedTransmissions.client[0];
  const server = finishedTransmissions.server[0];
  if (client === undefined || server === undefined) return undefined;
  return server.packet >= client.packet ? 'server' : 'client';
}

function alertInAnswer(history: ConnectionHistory, repeat: RecordFact, finisher: Role) {
  const close = history.dtls?.probableClose[finisher];
  if (close === undefined || close.nanos < repeat.nanos || close.nanos - repeat.nanos > SECOND) {
    return undefined;
  }
  const { client, server } = history.protectedRecords;
  const talked = [client, server].some(({ lastData }) => (lastData?.nanos ?? -1) > repeat.nanos);
  const answersClose =
    (history.dtls?.probableClose[peerOf(finisher)]?.nanos ?? Number.POSITIVE_INFINITY) <
    close.nanos;
  if (talked || answersClose) return undefined;
  return recordEvidence(close, history.id, 'an alert and no repeat of the last flight');
}

/** The capture lacks protected records of this side, and its last flight may be among them. */
function numbersAreMissing({ epochs }: DtlsFacts, role: Role): boolean {
  return epochs[role].some(
    ({ epoch, firstSequence, highestSequence, count }) =>
      epoch > 0 && highestSequence - firstSequence >= count,
  );
}

/** Data shows that the repeating side has the Finished it was waiting for. */
function gotOn(history: ConnectionHistory, repeater: Role, finished: RecordFact): boolean {
  const { lastData } = history.protectedRecords[repeater];
  return lastData !== undefined && lastData.nanos > finished.nanos;
}
