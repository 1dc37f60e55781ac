import type { FlightRepeat } from '../../model/flights.ts';
import { type ConnectionHistory, peerOf, ROLES } from '../../model/history.ts';
import { formatDuration, MILLISECOND } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, PASS } from '../define-rule.ts';
import { times } from '../support/records.ts';
import { witness } from '../support/witness.ts';

/** Of each side in one run: a timer that doubles is past `APART` by then, even one that begins at 50 ms. */
const REPEATS = 5;
/** Half of the shortest timer that RFC 6347 §4.2.4.1 has in mind. */
const APART = 500 * MILLISECOND;
/** Of one side in a row, with nothing new or repeated of the peer in between: its own timer, whatever the peer does. */
const IN_A_ROW = 4;
/** What several old records of the peer provoke comes in less. */
const TICK = 10 * MILLISECOND;
const EVEN = 1.5;
/** Timers double; what follows from the peer’s repeat comes after the same time again and again. */
const GROWTH = 2;

/** A repeat that is answered by a repeat that is answered by a repeat: nobody waits for a timer any more. */
export const dtlsRetransmissionStorm = defineConnectionRule({
  meta: {
    id: 'dtls-retransmission-storm',
    group: 'handshake',
    title: 'Both sides repeat their flights without waiting',
    severity: 'warning',
    sources: ['RFC 6347 §4.2.4', 'RFC 6347 §4.2.4.1', 'RFC 9147 §5.8.2'],
    reports:
      'A DTLS handshake in which both sides send their flights again and again, each a moment after the other, and the intervals do not grow: because each repeat provokes the next, or because a timer is shorter than the path needs for an answer.',
    matters:
      'Each repeat provokes the next: a single lost or doubled datagram turns into traffic at the speed of the path, which fills queues and causes the next loss. On radio links and with many clients at once the handshake never ends.',
    decides:
      'Repeats are told by new record numbers of messages that were sent before. In a run of them, at most half a second apart, each side has at least five and its last interval is no longer than twice its first; timers that back off, as they have to, leave that pattern after three. Four of one side in a row at even intervals, with nothing from the peer in between, are those of a timer and no answers.',
    silent:
      'Repeats at growing intervals, a repeat and its single answer, datagrams that the path or the capture doubled (their record numbers are the same), and cookies that go round, which have rules of their own.',
    yieldsTo: ['hvr-loop', 'cookie-hmac-mismatch'],
    restsOnTime: true,
    messages: {
      storm: {
        what: 'The client of connection {id} repeated its flights {client} and the server {server}; in a run of {count} repeats over {span} one followed the other after {interval} on average, without backing off{outcome}.',
        causes: [
          'a stack answers every repeat with its whole flight, and takes the answer for a request to repeat in turn',
          'a stack repeats at a fixed interval that is shorter than the peer needs for its answer',
        ],
        remedies: [
          'let repeats follow a timer that begins at one second and doubles, and answer a repeat of an old flight once per interval only',
          'update both stacks: several had this fault',
        ],
        commands: ['tshark -r CAPTURE -Y "udp.stream == {stream} && dtls.handshake"'],
      },
      timer: {
        title: 'Both sides repeat their flights faster than the peer can answer',
        what: 'The client of connection {id} repeated its flights {client} and the server {server}, in a run of {count} repeats over {span}; the {side} repeated {row} in a row, every {interval} on average, before anything new came from the {peer}, and did not back off{outcome}.',
        causes: [
          'the {side} repeats at a fixed interval that is shorter than the path and the {peer} need for an answer, such as a timer that was set for a local network',
        ],
        remedies: [
          'let the timer begin at one second, or at twice the round trip if that is more, and double with every repeat',
          'on slow paths set it in the configuration of both sides',
        ],
        commands: ['tshark -r CAPTURE -Y "udp.stream == {stream} && dtls.handshake"'],
      },
    },
  },

  check(history) {
    const flights = history.dtls?.flights;
    if (history.dtls === undefined || history.stage === 'none') return NOT_APPLICABLE;
    if (flights === undefined) return PASS;
    const { client, server } = flights.repeated;
    if (client < REPEATS || server < REPEATS) return PASS;
    const run = runsOf(flights.repeats).find(isStorm);
    const [first] = run ?? [];
    const last = run?.at(-1);
    if (run === undefined || first === undefined || last === undefined) return PASS;
    const span = last.first.nanos - first.first.nanos;
    const row = rowsOf(run, history).find(isTimer);
    const shown = row ?? run;
    const [begin = first] = shown;
    const end = shown.at(-1) ?? last;
    return {
      kind: 'finding',
      message: row === undefined ? 'storm' : 'timer',
      confidence: 'proven',
      connections: [history.id],
      evidence: [
        witness(
          begin.first,
          history.id,
          begin.from,
          row === undefined ? 'the first repeat of the run' : 'the first repeat in a row',
        ),
        ...shown
          .slice(1, 4)
          .map((repeat) => witness(repeat.first, history.id, repeat.from, 'repeats as well')),
        witness(last.first, history.id, last.from, `repeat ${run.length} of the run`),
      ],
      data: {
        id: history.id,
        stream: history.stream,
        client: times(client),
        server: times(server),
        count: run.length,
        span: formatDuration(span),
        side: begin.from,
        peer: peerOf(begin.from),
        row: times(shown.length),
        interval: formatDuration((end.first.nanos - begin.first.nanos) / (shown.length - 1)),
        outcome:
          history.outcome === 'established' ? '; the handshake came to its end all the same' : '',
      },
    };
  },
});

/** Repeats of either side that follow each other closely. */
function runsOf(repeats: readonly FlightRepeat[]): FlightRepeat[][] {
  const runs: FlightRepeat[][] = [];
  let before: FlightRepeat | undefined;
  for (const repeat of repeats) {
    const run = runs.at(-1);
    const gap = repeat.first.nanos - (before?.first.nanos ?? 0);
    if (run !== undefined && gap <= APART) run.push(repeat);
    else runs.push([repeat]);
    before = repeat;
  }
  return runs;
}

/** Repeats of one side, up to the next flight or repeat of the other. */
function rowsOf(run: readonly FlightRepeat[], { messages }: ConnectionHistory): FlightRepeat[][] {
  const rows: FlightRepeat[][] = [];
  for (const repeat of run) {
    const row = rows.at(-1);
    const before = row?.at(-1);
    if (
      row !== undefined &&
      before?.from === repeat.from &&
      !messages.some(
        ({ from, packet }) =>
          from !== repeat.from && packet > before.first.packet && packet < repeat.first.packet,
      )
    )
      row.push(repeat);
    else rows.push([repeat]);
  }
  return rows;
}

function isTimer(row: readonly FlightRepeat[]): boolean {
  if (row.length < IN_A_ROW) return false;
  const intervals = row.slice(1).map((_, at) => intervalAt(row, at + 1));
  const shortest = Math.min(...intervals);
  return shortest >= TICK && Math.max(...intervals) <= EVEN * shortest;
}

function isStorm(run: readonly FlightRepeat[]): boolean {
  return ROLES.every((side) => {
    const own = run.filter(({ from }) => from === side);
    if (own.length < REPEATS) return false;
    return intervalAt(own, own.length - 1) <= GROWTH * intervalAt(own, 1);
  });
}

function intervalAt(repeats: readonly FlightRepeat[], at: number): number {
  return (repeats[at]?.first.nanos ?? 0) - (repeats[at - 1]?.first.nanos ?? 0);
}
