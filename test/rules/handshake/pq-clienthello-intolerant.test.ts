import { pqClientHelloIntolerant } from '../../../src/rules/handshake/pq-clienthello-intolerant.ts';
import { fakeClientHello } from '../../support/fake-hello.ts';
import type { FakeHistory } from '../../support/fake-history.ts';
import { at } from '../../support/fake-history.ts';
import { ext } from '../../support/hello-builder.ts';
import { among, failure, offer, success, unanswered } from '../support/retries.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const clientHello = fakeClientHello({ extensions: [ext.keyShares([0x11ec])] });
const large = (given: FakeHistory = {}) => unanswered({ clientHello, ...given });

const hybrid = offer({ postQuantum: true });
const classic = offer();
const own = failure(hybrid);
const again = failure(hybrid, { id: 2, start: at(500) });

const found = (packets: readonly number[], confidence: 'likely' | 'possible') => [
  { message: 'intolerant', severity: 'error', confidence, packets } as const,
];

testConnectionRule(pqClientHelloIntolerant, [
  {
    name: 'reports two failures with the key share, and a success without',
    history: large(),
    index: among(own, again, success(classic)),
    want: found([4, 10, 1003], 'likely'),
  },
  {
    name: 'takes one failure for possible',
    history: large(),
    index: among(own, success(classic)),
    want: found([4, 10, 1003], 'possible'),
  },
  {
    name: 'reports a server that stays silent until the client gives up',
    history: large({ tcp: { fin: { client: at(9000), server: undefined } } }),
    index: among(own, success(classic)),
    want: found([4, 1003, 9000], 'possible'),
  },
  {
    name: 'says nothing where such a ClientHello was answered at another time: the server was overloaded',
    history: large(),
    index: among(own, again, success(classic), success(hybrid, { id: 10 })),
    want: [],
  },
  {
    name: 'says nothing where another one with such a key share was answered',
    history: large(),
    index: among(own, success(classic), success(offer({ postQuantum: true, extensions: [0] }))),
    want: [],
  },
  {
    name: 'leaves a success with a lower version to another rule: the version may be what matters',
    history: large(),
    index: among(own, again, success(offer({ highestVersion: 0x0303 }))),
    want: [],
  },
  ...[
    ['before it', { start: at(0), end: at(0) }],
    ['long after it', { start: at(100_000) }],
    ['for another name', { serverName: 'other.example' }],
    ['of another client', { client: { address: '192.0.2.9', port: 1 } }],
    ['that failed later on', { outcome: 'failed' as const }],
  ].map(([what, given]) => ({
    name: `draws nothing from a connection ${what}`,
    history: large(),
    index: among(own, again, success(classic, given as object)),
    want: [],
  })),
  {
    name: 'passes a ClientHello without such a key share',
    history: large({ clientHello: fakeClientHello({ extensions: [ext.keyShares([29])] }) }),
    want: 'pass',
  },
  {
    name: 'does not judge where octets are missing',
    history: large({ tcp: { lostOctets: { client: 0, server: 9 } } }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'leaves a ClientHello alone that was not acknowledged',
    history: large({ tcp: { lastDataAcknowledged: { client: undefined, server: undefined } } }),
    want: 'not-applicable',
  },
  {
    name: 'leaves a client alone that left at once',
    history: large({ tcp: { fin: { client: at(9), server: undefined } } }),
    want: 'not-applicable',
  },
  {
    name: 'leaves established connections alone',
    history: large({ outcome: 'established', stage: 'done' }),
    want: 'not-applicable',
  },
]);
