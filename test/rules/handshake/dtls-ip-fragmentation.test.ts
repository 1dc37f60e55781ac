import type { IpFragmentFact } from '../../../src/model/flights.ts';
import type { ConnectionHistory, Role } from '../../../src/model/history.ts';
import { dtlsIpFragmentation } from '../../../src/rules/handshake/dtls-ip-fragmentation.ts';
import { fakeAlert, fakeHistory, fakeMessage } from '../../support/fake-history.ts';
import { association, atMs } from '../support/dtls-history.ts';
import { flights, repeatAt, stuck } from '../support/flights.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const repeats = [
  repeatAt('client', 10, 1000),
  repeatAt('server', 11, 1001),
  repeatAt('client', 30, 3000),
  repeatAt('server', 31, 3001),
];
const halves: IpFragmentFact = {
  whole: 0,
  firstWhole: undefined,
  halves: [atMs(5, 5), atMs(12, 1002), atMs(32, 3002)],
  octets: 2838,
};
const whole: IpFragmentFact = { whole: 3, firstWhole: atMs(6, 6), halves: [], octets: 2838 };

const waiting = (
  fact: IpFragmentFact,
  more: Partial<ConnectionHistory> = {},
  sender: Role = 'server',
  told = repeats,
) =>
  stuck(
    {
      ...flights(told),
      ipFragments: { client: undefined, server: undefined, [sender]: fact },
    },
    { stage: 'client-flight', ...more },
  );

testConnectionRule(dtlsIpFragmentation, [
  { name: 'leaves TLS alone', history: fakeHistory(), want: 'not-applicable' },
  {
    name: 'says nothing about a handshake that works in IP fragments',
    history: association({
      id: 1,
      packet: 1,
      ms: 0,
      dtls: { flights: { ...flights([]), ipFragments: { client: undefined, server: whole } } },
    }),
    want: 'pass',
  },
  {
    name: 'says nothing about a handshake that stopped without them',
    history: stuck(flights(repeats)),
    want: 'pass',
  },
  {
    name: 'tells of fragments that are missing',
    history: waiting(halves, { stage: 'server-hello' }),
    want: [
      { message: 'rest-missing', severity: 'error', confidence: 'likely', packets: [5, 30, 32] },
    ],
  },
  {
    name: 'is less sure where the other side is not heard',
    history: waiting(halves, {}, 'server', []),
    want: [
      { message: 'rest-missing', severity: 'error', confidence: 'possible', packets: [5, 32] },
    ],
  },
  {
    name: 'tells of those of the client',
    history: waiting(halves, { stage: 'client-finished' }, 'client'),
    want: [
      { message: 'rest-missing', severity: 'error', confidence: 'likely', packets: [5, 31, 32] },
    ],
  },
  {
    name: 'tells of a client that goes on repeating although all are here',
    history: waiting(whole),
    want: [{ message: 'not-taken', severity: 'error', confidence: 'likely', packets: [6, 30] }],
  },
  {
    name: 'takes one datagram for a loss like any other',
    history: waiting({ ...halves, halves: [atMs(5, 5)] }),
    want: 'pass',
  },
  {
    name: 'takes one repeat for one that crossed',
    history: waiting(whole, {}, 'server', repeats.slice(0, 2)),
    want: 'pass',
  },
  {
    name: 'waits with the client for the rest of the flight',
    history: waiting(whole, { stage: 'server-flight' }),
    want: 'pass',
  },
  {
    name: 'leaves a last flight of the client that may not verify',
    history: waiting(whole, { stage: 'server-finished' }, 'client'),
    want: 'pass',
  },
  {
    name: 'leaves a side that went on: a filter left out the fragments',
    history: waiting(halves, { messages: [fakeMessage(16, 'client', 20)] }),
    want: 'pass',
  },
  {
    name: 'leaves an alert',
    history: waiting(halves, { outcome: 'failed', alerts: [fakeAlert(40, 'client', 20)] }),
    want: 'pass',
  },
  {
    name: 'cannot judge one direction alone',
    history: waiting(halves, { bothDirections: false }),
    want: { missing: 'one-direction' },
  },
  {
    name: 'cannot judge cut packets',
    history: waiting(halves, { blindSpots: ['cut-packets'] }),
    want: { missing: 'cut-packets' },
  },
]);
