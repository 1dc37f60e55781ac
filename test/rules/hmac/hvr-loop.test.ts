import type { DtlsHelloFact } from '../../../src/model/dtls-facts.ts';
import type { ConnectionHistory } from '../../../src/model/history.ts';
import { hvrLoop } from '../../../src/rules/hmac/hvr-loop.ts';
import { fakeClientHello } from '../../support/fake-hello.ts';
import { fakeHistory } from '../../support/fake-history.ts';
import { association, atMs, hello, verify } from '../support/dtls-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const clientHello = fakeClientHello({ version: 0xfefd, cookie: new Uint8Array() });

interface Case {
  readonly rounds: number;
  readonly echoed?: boolean;
  readonly cookie?: (round: number) => number;
  readonly hello?: Partial<DtlsHelloFact>;
  readonly more?: Partial<ConnectionHistory>;
}

/** ClientHello in packet 1, then a HelloVerifyRequest and a ClientHello with its cookie per round, 40 ms apart. */
function rounds({
  rounds: count,
  echoed = true,
  cookie = () => 1,
  hello: given,
  more,
}: Case): ConnectionHistory {
  const each = Array.from({ length: count }, (_, round) => round);
  return {
    ...association({
      id: 1,
      packet: 1,
      ms: 0,
      outcome: 'incomplete',
      stage: 'server-hello',
      dtls: {
        clientHellos: [
          hello(atMs(1, 0), 0),
          ...each.map((round) => hello(atMs(3 + 2 * round, 41 + 40 * round), round + 1, given)),
        ],
        verifyRequests: each.map((round) =>
          verify(atMs(2 + 2 * round, 40 + 40 * round), cookie(round), echoed),
        ),
      },
    }),
    ...more,
  };
}

testConnectionRule(
  hvrLoop,
  [
    { name: 'leaves TLS over TCP alone', history: fakeHistory(), want: 'not-applicable' },
    {
      name: 'says nothing about one cookie',
      history: association({ id: 1, packet: 1, ms: 0 }),
      want: 'pass',
    },
    { name: 'lets a server refuse once', history: rounds({ rounds: 2 }), want: 'pass' },
    {
      name: 'says nothing about a handshake that got on',
      history: rounds({ rounds: 4, more: { stage: 'done', outcome: 'established' } }),
      want: 'pass',
    },
    {
      name: 'does not count HelloVerifyRequests that answer repeated first ClientHellos',
      history: association({
        id: 1,
        packet: 1,
        ms: 0,
        stage: 'server-hello',
        dtls: {
          clientHellos: [0, 1000, 3000].map((ms, again) =>
            hello(atMs(1 + 2 * again, ms), 0, { retransmission: again > 0 }),
          ),
          verifyRequests: [1, 1001, 3001].map((ms, again) =>
            verify(atMs(2 + 2 * again, ms), 1, false),
          ),
        },
      }),
      want: 'pass',
    },
    {
      name: 'tells of a server that refuses its own cookies',
      history: rounds({ rounds: 5, cookie: (round) => round }),
      want: [{ message: 'refused', severity: 'error', confidence: 'proven', packets: [2, 3, 10] }],
    },
    {
      name: 'tells of a server that refuses the same cookie each time',
      history: rounds({ rounds: 3 }),
      want: [{ message: 'refused', severity: 'error', confidence: 'proven', packets: [2, 3, 6] }],
    },
    {
      name: 'tells of cookies that come back changed',
      history: rounds({ rounds: 3, echoed: false, hello: { cookieLength: 16 } }),
      want: [{ message: 'altered', severity: 'error', confidence: 'proven', packets: [2, 3, 6] }],
    },
    {
      name: 'compares the cookie of the last ClientHello where it is kept',
      history: rounds({
        rounds: 3,
        more: { clientHello: { ...clientHello, cookie: new Uint8Array(20).fill(9) } },
      }),
      want: [{ message: 'altered', severity: 'error', confidence: 'proven', packets: [2, 3, 6] }],
    },
    {
      name: 'names the fields that the client did not keep',
      history: rounds({ rounds: 3, hello: { changed: ['cipher_suites'] } }),
      want: [
        { message: 'hello-changed', severity: 'error', confidence: 'proven', packets: [2, 3, 6] },
      ],
    },
    {
      name: 'is sure of less when packets were lost',
      history: rounds({ rounds: 3, more: { blindSpots: ['lost-bytes'] } }),
      want: [{ message: 'refused', severity: 'error', confidence: 'likely', packets: [2, 3, 6] }],
    },
  ],
  {
    'not-assessable':
      'a HelloVerifyRequest and a cookie are in clear, and what is missing only makes rounds fewer',
  },
);
