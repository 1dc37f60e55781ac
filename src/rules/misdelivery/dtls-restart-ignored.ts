import type { CaptureIndex } from '../../model/capture-index.ts';
import type { At, ConnectionHistory, RecordFact } from '../../model/history.ts';
import { LIMITS } from '../../model/limits.ts';
import type { FindingVerdict } from '../../model/rule.ts';
import { formatDuration } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { mayHaveClosedUnread } from '../support/closing-alert.ts';
import { ignoredRestart } from '../support/ignored-restart.ts';
import { recordEvidence, times, weakenedBy } from '../support/records.ts';
import { connectionsAnsweredIn, dtlsServerOf } from '../support/servers.ts';
import { witness } from '../support/witness.ts';

const ADVICE = {
  causes: [
    'the server’s stack does not look for a new handshake on a 5-tuple that it has a connection on',
    'the server drops the ClientHello as a replay: epoch 0 and sequence number 0 were used before',
  ],
  remedies: [
    'switch the feature on where the stack has it (in Mbed TLS: client port reuse, together with cookies)',
    'let the server give up idle connections sooner, and have clients prove themselves alive now and then',
    'have clients take a random source port for each handshake',
  ],
  commands: ['tshark -r CAPTURE -Y "udp.stream == {stream}"'],
};

/** The server should take part in a new handshake although it still has the old connection (RFC 6347 §4.2.8). */
export const dtlsRestartIgnored = defineConnectionRule({
  meta: {
    id: 'dtls-restart-ignored',
    group: 'misdelivery',
    title: 'Server did not answer a client that began again',
    severity: 'error',
    sources: ['RFC 6347 §4.2.8', 'RFC 6347 §4.2.4.1', 'RFC 9147 §5.11'],
    reports:
      'A ClientHello, on addresses and ports that still carry an open DTLS connection, that was sent at least twice without any answer while the server was at work.',
    matters:
      'The client has lost its keys and cannot go back; the server waits for a client that is gone. Until the server forgets the old connection the device is off-line, and every attempt from the same port makes it look like packet loss.',
    decides:
      'The ClientHello has a new random, its retransmissions stayed unanswered, and meanwhile the server sent protected records within the old connection or answered another client. How long it took until the server answered after all is reported: often that is the server’s idle timeout.',
    silent:
      'Without a sign of life from the server nothing is said: then it, or the path, may be down. One unanswered transmission is no more than a lost packet. Without secrets nothing is said of DTLS 1.3 where the last record of a side has the size of an alert, which may have closed the old connection.',
    restsOnSilence: true,
    yieldsTo: ['webrtc-dtls-not-restarted'],
    restsOnTime: true,
    messages: {
      'still-serving': {
        what: 'The ClientHello of connection {id} was sent {count} over {span} without an answer, while the server went on sending within connection {older}{end}.',
        ...ADVICE,
      },
      'answers-others': {
        what: 'The ClientHello of connection {id} was sent {count} over {span} without an answer, while connection {older} was open on its addresses and ports and the server answered another client{end}.',
        ...ADVICE,
      },
    },
  },

  check(history, { previous }) {
    const { dtls } = history;
    if (dtls === undefined) return NOT_APPLICABLE;
    if (dtls.replacesOpen === 0) return PASS;
    const restart = ignoredRestart(history, previous);
    if ('kind' in restart) return restart;
    const { older, ignored, unanswered, first, last } = restart;
    const { answered } = dtls;
    // No client repeats its ClientHello so soon: it was doubled on the way, or in the capture.
    if (last.nanos - first.nanos < LIMITS.promptAnswerNanos) return PASS;
    // A server that closed the old connection does not stick to it: something else keeps it from answering.
    const closed = older.dtls?.probableClose.server;
    if (closed !== undefined && closed.nanos <= first.nanos) return PASS;
    if (mayHaveClosedUnread(older, first.packet)) return notAssessable('no-secrets');
    const life = signOfLife(older, first, answered ?? { packet: 0, nanos: history.endNanos });
    return {
      kind: 'finding',
      message: life === undefined ? 'answers-others' : 'still-serving',
      confidence: weakenedBy(life === undefined ? 'likely' : 'proven', ['lost-bytes'], history),
      connections: [history.id, older.id],
      evidence: [
        witness(first, history.id, 'client', 'ClientHello with a new random'),
        witness(last, history.id, 'client', `transmission ${unanswered.length} of it`),
        ...(life === undefined
          ? []
          : [recordEvidence(life, older.id, 'the server still serves the old connection')]),
        ...(answered === undefined
          ? []
          : [
              {
                ...answered,
                connection: history.id,
                from: 'server' as const,
                note: 'the server answers',
              },
            ]),
      ],
      data: {
        id: history.id,
        stream: history.stream,
        older: older.id,
        count: times(ignored.length),
        span: formatDuration((ignored.at(-1) ?? first).nanos - first.nanos),
        end:
          answered === undefined
            ? ''
            : `; it answered after ${formatDuration(answered.nanos - first.nanos)}`,
      },
      explanations: [
        {
          likelihood: 'high',
          text: 'The server keeps to the old connection and drops the ClientHello.',
          for: ['it was at work in that time'],
          against: [],
        },
        {
          likelihood: 'low',
          text: 'The ClientHellos were lost between this capture point and the server.',
          for: [],
          against: [`${ignored.length} in a row`],
        },
      ],
    };
  },

  complete(verdict, index) {
    if (verdict.message === 'still-serving') return verdict;
    return withOtherClient(verdict, index);
  },
});

/** A protected record of the server within the old connection, sent while the new ClientHello waited. */
function signOfLife(older: ConnectionHistory, from: At, until: At): RecordFact | undefined {
  const { last, lastData } = older.protectedRecords.server;
  const late = older.dtls?.anomalies.map(({ record }) => record) ?? [];
  return [lastData, last, ...late].find(
    (record) =>
      record?.from === 'server' && record.nanos > from.nanos && record.nanos < until.nanos,
  );
}

/** The finding stands only if the server answered somebody else while this client waited. */
function withOtherClient(verdict: FindingVerdict, index: CaptureIndex): FindingVerdict | undefined {
  const own = index.summary(verdict.connections[0] ?? 0);
  const server = own && dtlsServerOf(index, own.server);
  if (own?.hello === undefined || server === undefined) return undefined;
  const until = own.answered?.nanos ?? own.end.nanos;
  const from = own.hello.nanos;
  for (const { id, answered } of connectionsAnsweredIn(server, index, from, until)) {
    if (id === own.id || answered === undefined || answered.nanos <= from) continue;
    if (answered.nanos >= until) break;
    const [first, ...rest] = verdict.evidence;
    return {
      ...verdict,
      evidence: [
        first,
        ...rest,
        {
          ...answered,
          connection: id,
          from: 'server',
          note: `the server answers connection ${id}`,
        },
      ],
    };
  }
  return undefined;
}
