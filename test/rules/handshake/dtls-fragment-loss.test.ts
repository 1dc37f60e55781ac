import type { FragmentedMessage } from '../../../src/model/flights.ts';
import type { ConnectionHistory } from '../../../src/model/history.ts';
import { dtlsFragmentLoss } from '../../../src/rules/handshake/dtls-fragment-loss.ts';
import { fakeAlert, fakeHistory, fakeMessage } from '../../support/fake-history.ts';
import { association, atMs } from '../support/dtls-history.ts';
import { flights, fragmented, repeatAt, stuck } from '../support/flights.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const lacking = (more: Partial<FragmentedMessage> = {}) =>
  fragmented({
    fragments: 12,
    last: atMs(40, 3040),
    transmissions: 3,
    passedOver: 3,
    missing: [{ from: 400, to: 600 }],
    completed: undefined,
    wholeAtOnce: false,
    ...more,
  });
const repeats = [
  repeatAt('client', 10, 1000),
  repeatAt('server', 11, 1001),
  repeatAt('client', 30, 3000),
  repeatAt('server', 31, 3001),
];
const lost = (more: Partial<ConnectionHistory> = {}, message: Partial<FragmentedMessage> = {}) =>
  stuck(flights(repeats, [lacking(message)]), more);
const found = (packets: number[], confidence: 'likely' | 'possible' = 'likely') =>
  [{ message: 'missing', severity: 'error', confidence, packets }] as const;

const hello = stuck(flights([], [lacking({ from: 'client', type: 1 })]));
const unanswered: ConnectionHistory = {
  ...hello,
  stage: 'server-hello',
  bothDirections: false,
  messages: [],
  dtls: { ...(hello.dtls as NonNullable<ConnectionHistory['dtls']>), answered: undefined },
};

testConnectionRule(dtlsFragmentLoss, [
  { name: 'leaves TLS alone', history: fakeHistory(), want: 'not-applicable' },
  {
    name: 'says nothing about a healthy association',
    history: association({ id: 1, packet: 1, ms: 0 }),
    want: 'pass',
  },
  {
    name: 'says nothing about a handshake that stopped without fragments',
    history: stuck(flights(repeats)),
    want: 'pass',
  },
  {
    name: 'says nothing about fragments that were put together in the end',
    history: association({
      id: 1,
      packet: 1,
      ms: 0,
      dtls: { flights: flights(repeats, [fragmented({ transmissions: 2 })]) },
    }),
    want: 'pass',
  },
  { name: 'tells of octets that never came', history: lost(), want: found([4, 30, 40]) },
  {
    name: 'tells of several ranges, the first of them',
    history: lost(
      {},
      { missing: [0, 1, 2, 3, 4].map((n) => ({ from: 100 * n, to: 100 * n + 50 })) },
    ),
    want: found([4, 30, 40]),
  },
  {
    name: 'is less sure where the receiver is not heard any more',
    history: stuck(flights([repeatAt('server', 11, 1001)], [lacking()])),
    want: found([4, 40], 'possible'),
  },
  {
    name: 'tells of a certificate of the client',
    history: lost({ stage: 'client-finished' }, { from: 'client' }),
    want: found([4, 31, 40]),
  },
  {
    name: 'tells of a ClientHello, of which nobody says anything',
    history: unanswered,
    want: found([4, 40], 'possible'),
  },
  {
    name: 'takes one transmission for a loss that a repeat may heal',
    history: lost({}, { passedOver: 1 }),
    want: 'pass',
  },
  {
    name: 'leaves it if the receiver went on: the capture lacks what came',
    history: lost({
      messages: [fakeMessage(1, 'client', 1), fakeMessage(16, 'client', 20)],
    }),
    want: 'pass',
  },
  {
    name: 'leaves it if the handshake went on elsewhere',
    history: lost({ stage: 'server-finished' }),
    want: 'pass',
  },
  {
    name: 'leaves a fatal alert to the rules about alerts',
    history: lost({ outcome: 'failed', alerts: [fakeAlert(40, 'client', 30)] }),
    want: 'pass',
  },
  {
    name: 'leaves an alert that ended nothing as well',
    history: lost({ alerts: [fakeAlert(90, 'client', 30)] }),
    want: 'pass',
  },
  {
    name: 'leaves a closed port',
    history: stuck(flights(repeats, [lacking()]), {
      dtls: {
        ...(lost().dtls as NonNullable<ConnectionHistory['dtls']>),
        portUnreachable: [{ ...atMs(12, 1002), role: 'server' }],
      },
    }),
    want: 'pass',
  },
  {
    name: 'cannot judge one direction alone',
    history: lost({ bothDirections: false }),
    want: { missing: 'one-direction' },
  },
  {
    name: 'cannot judge cut packets',
    history: lost({ blindSpots: ['cut-packets'] }),
    want: { missing: 'cut-packets' },
  },
]);
