import type { FragmentedMessage } from '../../../src/model/flights.ts';
import type { ConnectionHistory } from '../../../src/model/history.ts';
import { dtlsRefragmentIntolerant } from '../../../src/rules/handshake/dtls-refragment-intolerant.ts';
import { fakeHistory, fakeMessage } from '../../support/fake-history.ts';
import { association, atMs } from '../support/dtls-history.ts';
import { flights, fragmented, repeatAt, stuck } from '../support/flights.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const recut = (more: Partial<FragmentedMessage> = {}) =>
  fragmented({
    transmissions: 2,
    recut: true,
    wholeAtOnce: false,
    completed: atMs(14, 1004),
    last: atMs(18, 1008),
    ...more,
  });
const repeats = [
  repeatAt('client', 10, 1000),
  repeatAt('server', 11, 1001),
  repeatAt('client', 30, 3000),
  repeatAt('client', 50, 7000),
];
const waiting = (
  more: Partial<ConnectionHistory> = {},
  message: Partial<FragmentedMessage> = {},
  others: readonly FragmentedMessage[] = [],
) => stuck(flights(repeats, [recut(message), ...others]), { stage: 'client-flight', ...more });
const found = (packets: number[], confidence: 'likely' | 'possible' = 'likely') =>
  [{ message: 'stuck', severity: 'error', confidence, packets }] as const;

testConnectionRule(dtlsRefragmentIntolerant, [
  { name: 'leaves TLS alone', history: fakeHistory(), want: 'not-applicable' },
  {
    name: 'says nothing about a receiver that joins them',
    history: association({
      id: 1,
      packet: 1,
      ms: 0,
      dtls: { flights: flights(repeats, [recut()]) },
    }),
    want: 'pass',
  },
  {
    name: 'tells of a receiver that stays where it is',
    history: waiting(),
    want: found([4, 14, 50]),
  },
  {
    name: 'is less sure where one transmission was whole',
    history: waiting({}, { wholeAtOnce: true }),
    want: found([4, 14, 50], 'possible'),
  },
  {
    name: 'tells of a certificate of the client, with the server waiting',
    history: {
      ...stuck(
        flights(
          [repeatAt('server', 30, 3000), repeatAt('server', 50, 7000)],
          [recut({ from: 'client' })],
        ),
      ),
      stage: 'server-finished',
    },
    want: found([4, 14, 50]),
  },
  {
    name: 'leaves a Finished that may not verify to its own rule',
    history: {
      ...stuck(
        flights(
          [repeatAt('server', 30, 3000), repeatAt('server', 50, 7000)],
          [recut({ from: 'client', wholeAtOnce: true })],
        ),
      ),
      stage: 'server-finished',
    },
    want: 'pass',
  },
  {
    name: 'takes the same boundaries for a loss behind the capture point',
    history: waiting({}, { recut: false }),
    want: 'pass',
  },
  {
    name: 'waits with the receiver for the rest of the flight',
    history: waiting({ stage: 'server-flight' }),
    want: 'pass',
  },
  {
    name: 'leaves a flight that lacks octets elsewhere',
    history: waiting({}, {}, [
      fragmented({ type: 12, completed: undefined, missing: [{ from: 0, to: 9 }] }),
    ]),
    want: 'pass',
  },
  {
    name: 'counts from when the last of the messages was whole',
    history: waiting({}, {}, [fragmented({ type: 12, completed: atMs(40, 5000) })]),
    want: 'pass',
  },
  {
    name: 'takes one repeat for one that crossed',
    history: stuck(flights(repeats.slice(0, 3), [recut()]), { stage: 'client-flight' }),
    want: 'pass',
  },
  {
    name: 'leaves a receiver that went on',
    history: waiting({ messages: [fakeMessage(16, 'client', 60)] }),
    want: 'pass',
  },
  {
    name: 'leaves a ClientHello to its own rule',
    history: waiting({ stage: 'server-hello' }, { from: 'client', type: 1 }),
    want: 'pass',
  },
  {
    name: 'cannot judge one direction alone',
    history: waiting({ bothDirections: false }),
    want: { missing: 'one-direction' },
  },
]);
