import type { Evidence, Explanation } from '../../model/finding.ts';
import type { At } from '../../model/history.ts';
import { formatDuration, SECOND } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { helloTrouble } from '../support/late-effect.ts';
import { LATE_ADVICE } from '../support/late-finding.ts';
import { describeRecord, recordEvidence, weakenedBy } from '../support/records.ts';

/** A flow that stays idle for this long from the capture's start on is unlikely to be one whose start was missed. */
const IDLE_AT_START = 5 * SECOND;

const REMEDIES = [
  ...LATE_ADVICE.remedies.slice(0, 2),
  'let clients notice on their own that nobody answers, and begin a new handshake from a new source port',
  'keep sessions or connection ids across a restart of the server if clients outlive it',
];

/** What a listener sees first should be a ClientHello; what a client of its former life sends is epoch 1 or more. */
export const dtlsStaleRecordBeforeHello = defineConnectionRule({
  meta: {
    id: 'dtls-stale-record-before-hello',
    group: 'misdelivery',
    title: 'Protected record reached a server that shows no connection for it',
    severity: 'info',
    sources: ['RFC 6347 §4.1.2.7', 'RFC 6347 §4.2.8', 'RFC 9147 §4.5.2', 'RFC 9147 §6.1'],
    reports:
      'A protected DTLS record from a client that comes before its ClientHello, with no connection in the capture that could own it: the client still talks within a connection from before, the server was restarted or has forgotten it.',
    matters:
      'Without keys the server can only drop such a record, and most do. Some fail their next accept on it, some spin, and some put it before the ClientHello that follows and then never answer that one.',
    decides:
      'A record with an epoch of 1 or more is the first thing on its addresses and ports, and a ClientHello follows; or it comes behind a ClientHello that has led to no keys. It is a note by itself, and an error where that ClientHello was close to it and was repeated or never answered. Within the first seconds of a capture the connection may simply have begun earlier; then it is never more than possible.',
    silent:
      'Where the server sends protected records as well, or no ClientHello follows, the start of a living connection was missed: that is a limit of the capture and no fault. Records of a connection that the capture does show belong to other rules.',
    yieldsTo: [
      'record-decrypts-under-other-connection',
      'dtls-late-close-notify',
      'dtls-late-record',
    ],
    messages: {
      harmless: {
        what: 'Protected records of no known connection came from the client ({count}, first: {record}) {gap} before its ClientHello.',
        causes: [
          'the server was restarted, or dropped the connection, and its client did not know',
        ],
        remedies: REMEDIES,
        commands: LATE_ADVICE.commands,
      },
      'in-between': {
        title:
          'Protected record of no known connection came while a ClientHello waited for its answer',
        what: 'Protected records of no known connection came from the client ({count}, first: {record}) {gap} after its ClientHello (packet {hello}), which had led to no keys.',
        causes: [
          'a connection of before, on the same addresses and ports, was not over for everybody: a record of it was held up on its way',
          'something between client and server sent a record from the wrong address or port: it belongs to another client',
        ],
        remedies: [
          'compare what has the same size and comes at the same time from other clients of this server: a key log shows whose it is',
          ...REMEDIES.slice(0, 1),
        ],
        commands: LATE_ADVICE.commands,
      },
      'hello-ignored': {
        title: 'ClientHello after a record of no known connection was not answered',
        what: 'Protected records of no known connection came from the client ({count}, first: {record}); the ClientHello {gap} after the last of them was repeated and never answered.',
        causes: [
          'the server keeps the stray record and stumbles over it before it reads the ClientHello',
          ...LATE_ADVICE.causes.slice(0, 1),
        ],
        remedies: REMEDIES,
        commands: LATE_ADVICE.commands,
      },
      'hello-repeated': {
        title: 'ClientHello after a record of no known connection had to be repeated',
        what: 'Protected records of no known connection came from the client ({count}, first: {record}); the ClientHello {gap} after the last of them was answered only when it was repeated {wait} later.',
        causes: [
          'the server spent its accept on the stray record and lost the ClientHello that was queued behind it',
          ...LATE_ADVICE.causes.slice(0, 1),
        ],
        remedies: REMEDIES,
        commands: LATE_ADVICE.commands,
      },
    },
  },

  check(history) {
    const { dtls } = history;
    if (dtls === undefined) return NOT_APPLICABLE;
    const strays = dtls.anomalies.filter(({ kind }) => kind === 'no-association');
    const [first] = strays;
    const last = strays.at(-1);
    if (first === undefined || last === undefined) {
      return dtls.clientHellos.length === 0 ? NOT_APPLICABLE : PASS;
    }
    const [hello] = dtls.clientHellos;
    const alive = strays.some(({ record }) => record.from === 'server');
    if (hello === undefined || alive) return notAssessable('start-not-captured');
    const effect = helloTrouble(history, last.record);
    const early = first.record.nanos < IDLE_AT_START;
    const repeated = effect?.kind === 'hello-repeated';
    const isBehind = first.record.packet > hello.packet;
    const unharmed = isBehind ? 'in-between' : 'harmless';
    return {
      kind: 'finding',
      message: effect === undefined ? unharmed : repeated ? 'hello-repeated' : 'hello-ignored',
      severity: effect === undefined || (early && repeated) ? 'info' : 'error',
      confidence: early ? 'possible' : weakenedBy('likely', ['lost-bytes'], history),
      connections: [history.id],
      evidence: [
        recordEvidence(first.record, 0, 'no connection in the capture owns it'),
        ...(last === first ? [] : [recordEvidence(last.record, 0, 'the last of them')]),
        ...(effect?.evidence ?? [helloEvidence(hello, history.id)]),
      ],
      data: {
        stream: history.stream,
        count: strays.length,
        record: describeRecord(first.record),
        hello: hello.packet,
        gap: formatDuration(
          Math.max(
            0,
            isBehind ? first.record.nanos - hello.nanos : hello.nanos - last.record.nanos,
          ),
        ),
        wait: effect === undefined ? '' : formatDuration(effect.after),
      },
      explanations: isBehind ? [] : explanationsFor(early, effect !== undefined),
    };
  },
});

const helloEvidence = ({ packet, nanos }: At, connection: number): Evidence => ({
  packet,
  nanos,
  connection,
  from: 'client',
  note: 'ClientHello',
});

function explanationsFor(early: boolean, hurt: boolean): Explanation[] {
  return [
    {
      likelihood: early ? 'medium' : 'high',
      text: 'The client still spoke within a connection that the server no longer knew.',
      for: ['nothing but these records precedes the ClientHello on these addresses and ports'],
      against: [],
    },
    {
      likelihood: early ? 'medium' : 'low',
      text: 'A connection that began before the capture was still alive.',
      for: early ? ['the records come within the first seconds of the capture'] : [],
      against: ['the server sends nothing within it'],
    },
    ...(hurt
      ? [
          {
            likelihood: 'low' as const,
            text: 'The ClientHello or its answer was lost on the path.',
            for: [],
            against: ['the stray record passed this point of the path shortly before'],
          },
        ]
      : []),
  ];
}
