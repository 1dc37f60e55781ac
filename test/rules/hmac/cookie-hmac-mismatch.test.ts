import type { ConnectionHistory } from '../../../src/model/history.ts';
import { cookieHmacMismatch } from '../../../src/rules/hmac/cookie-hmac-mismatch.ts';
import { fakeClientHello } from '../../support/fake-hello.ts';
import { fakeAlert, fakeHistory } from '../../support/fake-history.ts';
import { association, atMs, hello, verify } from '../support/dtls-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const cookieOf = (octet: number) =>
  fakeClientHello({ version: 0xfefd, cookie: new Uint8Array(20).fill(octet) });

interface Case {
  /** The first octet of the cookie of each round. */
  readonly cookies: readonly number[];
  readonly every?: number;
  readonly changed?: readonly string[];
  readonly more?: Partial<ConnectionHistory>;
}

/** ClientHello in packet 1, then HelloVerifyRequest and ClientHello with its cookie in turn. */
function rounds({ cookies, every = 40, changed, more }: Case): ConnectionHistory {
  return {
    ...association({
      id: 1,
      packet: 1,
      ms: 0,
      outcome: 'incomplete',
      stage: 'server-hello',
      clientHello: cookieOf(cookies.at(-1) ?? 0),
      dtls: {
        clientHellos: [
          hello(atMs(1, 0), 0),
          ...cookies.map((_, i) =>
            hello(atMs(3 + 2 * i, i * every + 2), 1 + i, changed === undefined ? {} : { changed }),
          ),
        ],
        verifyRequests: cookies.map((octet, i) => verify(atMs(2 + 2 * i, i * every + 1), octet)),
      },
    }),
    ...more,
  };
}

const altered = { clientHello: cookieOf(99), outcome: 'failed' } as const;

testConnectionRule(cookieHmacMismatch, [
  {
    name: 'sees the secret change where every cookie is another one',
    history: rounds({ cookies: [1, 2, 3, 4] }),
    want: [{ message: 'rotating', severity: 'error', confidence: 'likely', packets: [2, 4, 6] }],
  },
  {
    name: 'tells of an alert to a cookie that nobody issued',
    history: rounds({ cookies: [1], more: { ...altered, alerts: [fakeAlert(40, 'server', 9)] } }),
    want: [{ message: 'alert', severity: 'error', confidence: 'likely', packets: [2, 3, 9] }],
  },
  {
    name: 'passes cookies that change with a clock',
    history: rounds({ cookies: [1, 1, 1, 2, 2, 2] }),
    want: 'pass',
  },
  {
    name: 'passes cookies that change from second to second',
    history: rounds({ cookies: [1, 2, 3, 4], every: 1000 }),
    want: 'pass',
  },
  {
    name: 'passes a single refusal',
    history: rounds({ cookies: [1, 2] }),
    want: 'pass',
  },
  {
    name: 'passes a client that changed its hello, which explains the refusal',
    history: rounds({ cookies: [1, 2, 3], changed: ['cipher_suites'] }),
    want: 'pass',
  },
  {
    name: 'passes an alert to the cookie that was issued',
    history: rounds({
      cookies: [1],
      more: { outcome: 'failed', alerts: [fakeAlert(40, 'server', 9)] },
    }),
    want: 'pass',
  },
  {
    name: 'passes an alert about something else',
    history: rounds({ cookies: [1], more: { ...altered, alerts: [fakeAlert(70, 'server', 9)] } }),
    want: 'pass',
  },
  {
    name: 'does not judge where datagrams were cut',
    history: rounds({ cookies: [1, 2, 3], more: { blindSpots: ['cut-packets'] } }),
    want: { missing: 'cut-packets' },
  },
  {
    name: 'says nothing about a healthy association with a cookie',
    history: association({ id: 1, packet: 1, ms: 0 }),
    want: 'pass',
  },
  { name: 'leaves TLS over TCP alone', history: fakeHistory(), want: 'not-applicable' },
]);
