import type { FragmentedMessage } from '../../../src/model/flights.ts';
import type { ConnectionHistory } from '../../../src/model/history.ts';
import { dtlsClientHelloFragmented } from '../../../src/rules/handshake/dtls-clienthello-fragmented.ts';
import { fakeAlert, fakeHistory, fakeMessage } from '../../support/fake-history.ts';
import { association, atMs, dtlsIndex, hello, summaryOf, verify } from '../support/dtls-history.ts';
import { flights, fragmented, repeatAt, stuck } from '../support/flights.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const clientHello = (more: Partial<FragmentedMessage> = {}) =>
  fragmented({
    from: 'client',
    type: 1,
    length: 1400,
    fragments: 6,
    largest: 1100,
    first: atMs(3, 3),
    last: atMs(20, 3004),
    transmissions: 3,
    completed: atMs(4, 4),
    ...more,
  });
const repeats = [repeatAt('client', 10, 1000), repeatAt('client', 19, 3003)];

/** After a cookie, or from the beginning where `cookie` is false. */
function waiting(
  more: Partial<ConnectionHistory> = {},
  message: Partial<FragmentedMessage> = {},
  cookie = true,
): ConnectionHistory {
  const base = stuck(flights(repeats, [clientHello(message)]));
  return {
    ...base,
    stage: 'server-hello',
    messages: cookie
      ? [
          fakeMessage(1, 'client', 1),
          fakeMessage(3, 'server', 2),
          fakeMessage(1, 'client', 4, { length: 1400 }),
        ]
      : [fakeMessage(1, 'client', 4, { length: 1400 })],
    bothDirections: cookie,
    dtls: {
      ...(base.dtls as NonNullable<ConnectionHistory['dtls']>),
      answered: cookie ? atMs(2, 2) : undefined,
      verifyRequests: cookie ? [verify(atMs(2, 2), 1)] : [],
      clientHellos: cookie ? [hello(atMs(1, 1), 0), hello(atMs(4, 4), 1)] : [hello(atMs(4, 4), 0)],
    },
    ...more,
  };
}

const alone = waiting({}, {}, false);
const others = (octets: number) =>
  dtlsIndex([
    summaryOf(alone, { answered: undefined }),
    summaryOf(association({ id: 2, packet: 100, ms: 9000 }), { helloOctets: octets }),
  ]);

testConnectionRule(dtlsClientHelloFragmented, [
  { name: 'leaves TLS alone', history: fakeHistory(), want: 'not-applicable' },
  {
    name: 'says nothing where the ClientHello is whole',
    history: association({ id: 1, packet: 1, ms: 0 }),
    want: 'pass',
  },
  {
    name: 'says nothing where the server takes it',
    history: association({
      id: 1,
      packet: 1,
      ms: 0,
      dtls: { flights: flights([], [clientHello({ transmissions: 1 })]) },
    }),
    want: 'pass',
  },
  {
    name: 'tells of one that is ignored after the cookie',
    history: waiting(),
    want: [
      { message: 'after-cookie', severity: 'error', confidence: 'likely', packets: [2, 3, 4, 20] },
    ],
  },
  {
    name: 'tells of one that is ignored while others are answered',
    history: alone,
    index: others(300),
    want: [
      { message: 'ignored', severity: 'error', confidence: 'likely', packets: [3, 4, 20, 101] },
    ],
  },
  {
    name: 'takes larger ones that are answered for no comparison',
    history: alone,
    index: others(1500),
    want: [],
  },
  {
    name: 'and so those that the capture lacks',
    history: alone,
    index: others(0),
    want: [],
  },
  {
    name: 'says nothing about a server that may be down',
    history: alone,
    index: dtlsIndex([summaryOf(alone, { answered: undefined })]),
    want: [],
  },
  {
    name: 'waits for a repeat',
    history: waiting({}, { transmissions: 1 }),
    want: 'pass',
  },
  {
    name: 'leaves an answer',
    history: waiting({ messages: [fakeMessage(3, 'server', 15)] }),
    want: 'pass',
  },
  {
    name: 'leaves an alert',
    history: waiting({ alerts: [fakeAlert(50, 'server', 15)] }),
    want: 'pass',
  },
  {
    name: 'leaves what is missing to the rule about lost fragments',
    history: waiting({}, { completed: undefined, missing: [{ from: 1100, to: 1400 }] }),
    want: 'pass',
  },
  {
    name: 'leaves a later one that was whole',
    history: waiting({
      dtls: {
        ...(waiting().dtls as NonNullable<ConnectionHistory['dtls']>),
        clientHellos: [hello(atMs(4, 4), 1), hello(atMs(25, 4000), 1)],
      },
    }),
    want: 'pass',
  },
  {
    name: 'cannot judge the client’s direction alone',
    history: waiting({ bothDirections: false }),
    want: { missing: 'one-direction' },
  },
]);
