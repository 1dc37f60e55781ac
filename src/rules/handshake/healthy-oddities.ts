import type { SoundOddity } from '../../model/sound-oddities.ts';
import { defineCaptureRule } from '../define-rule.ts';
import { witness } from '../support/witness.ts';

/** What each is, and why it is sound. */
const KINDS: Readonly<Record<SoundOddity, readonly [what: string, why: string]>> = {
  'repeated-flight': ['flights sent again', 'DTLS repairs loss by repeating (RFC 6347 §4.2.4)'],
  'hello-verify-request': [
    'HelloVerifyRequest',
    'the server wants to hear from the client’s address once more (RFC 6347 §4.2.1)',
  ],
  'hello-retry-request': [
    'HelloRetryRequest',
    'the server wants a key share of another group, or a cookie (RFC 8446 §4.1.4)',
  ],
  'dummy-ccs': [
    'ChangeCipherSpec in TLS 1.3',
    'it is for devices on the way, and means nothing (RFC 8446 appendix D.4)',
  ],
  'answered-close': ['close_notify answered by close_notify', 'both sides close (RFC 5246 §7.2.1)'],
  'reset-after-close': [
    'RST after close_notify',
    'the one that closed throws away what it does not read any more; no octet was lost by it',
  ],
  'replayed-datagram': [
    'datagram that came twice',
    'the receiver drops the second one by its number (RFC 6347 §4.1.2.6)',
  ],
};

/** Answers the question what this or that in the packets is, before anybody takes it for the fault. */
export const healthyOddities = defineCaptureRule({
  meta: {
    id: 'healthy-oddities',
    group: 'handshake',
    title: 'Normal events that look odd',
    severity: 'info',
    sources: ['RFC 6347 §4.2.1', 'RFC 6347 §4.2.4', 'RFC 8446 §4.1.4', 'RFC 5246 §7.2.1'],
    reports:
      'What the connections of a capture have that is normal and catches the eye of who looks at the packets: repeated flights, HelloVerifyRequest, HelloRetryRequest, ChangeCipherSpec in TLS 1.3, answered closing alerts, RST after them, datagrams that came twice.',
    matters:
      'Nothing is wrong. Who searches a capture for a fault finds these first, and much time goes into them.',
    decides:
      'Connections that completed their handshake are counted by kind, each kind with its first example. A RST counts only where no octet was lost by it. Closing alerts are protected: they are told by their type, or in TLS 1.3 by their length.',
    silent:
      'Unless it is asked for by its name (--only healthy-oddities): it would be in nearly every report. The text report has the counts in one line of its remarks, the JSON report in summary.oddities.',
    onRequest: true,
    messages: {
      seen: {
        what: 'Normal, though it may look odd: {kinds}.',
        causes: [],
        remedies: ['look elsewhere for the fault'],
        commands: [],
      },
    },
  },

  check({ oddities }) {
    const [first, ...rest] = oddities.map(({ kind, first }) =>
      witness(first, first.connection, undefined, KINDS[kind][0]),
    );
    if (first === undefined) return [];
    return [
      {
        kind: 'finding',
        message: 'seen',
        confidence: 'likely',
        connections: [],
        evidence: [first, ...rest],
        data: {
          kinds: oddities
            .map(({ kind, connections }) => `${KINDS[kind][0]} (${connections})`)
            .join(', '),
        },
        table: [
          ['what', 'connections', 'why it is sound'],
          ...oddities.map(({ kind, connections }) => [
            KINDS[kind][0],
            String(connections),
            KINDS[kind][1],
          ]),
        ],
      },
    ];
  },
});
