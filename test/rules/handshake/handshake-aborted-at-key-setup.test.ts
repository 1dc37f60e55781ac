import { handshakeAbortedAtKeySetup } from '../../../src/rules/handshake/handshake-aborted-at-key-setup.ts';
import { at, fakeAlert, fakeHistory, fakeMessage } from '../../support/fake-history.ts';
import { fakeIndex, fakeServer, fakeSummary } from '../../support/fake-index.ts';
import { PASSES_CLIENT_THAT_WENT_ON } from '../support/gone-on.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const CBC_SHA = 0xc013;
const serverFlight = [
  fakeMessage(1, 'client', 4),
  fakeMessage(2, 'server', 6),
  fakeMessage(11, 'server', 6),
  fakeMessage(14, 'server', 6),
];
const given = {
  outcome: 'aborted',
  stage: 'server-finished',
  cipherSuite: CBC_SHA,
  messages: [...serverFlight, fakeMessage(16, 'client', 8)],
} as const;
const tcp = {
  fin: { client: undefined, server: at(9) },
  lastData: { client: at(8), server: at(6) },
};
const index = fakeIndex([
  fakeServer({
    connections: [
      fakeSummary({ id: 1, outcome: 'aborted', stage: 'server-finished', cipherSuite: CBC_SHA }),
      fakeSummary({ id: 2 }),
      fakeSummary({ id: 3 }),
    ],
  }),
]);
const found = (message: string, confidence: 'likely' | 'possible', packets: readonly number[]) => [
  { message, severity: 'error', confidence, packets } as const,
];

testConnectionRule(handshakeAbortedAtKeySetup, [
  {
    name: 'reports a server that closes on ClientKeyExchange and Finished, beside others that succeed',
    history: fakeHistory({ ...given, tcp }),
    index,
    want: found('server', 'likely', [8, 9]),
  },
  {
    name: 'reports it without a word about others where there are none',
    history: fakeHistory({ ...given, tcp }),
    index: fakeIndex([]),
    want: found('server', 'likely', [8, 9]),
  },
  {
    name: 'reports a reset in the same way',
    history: fakeHistory({
      ...given,
      tcp: {
        ...tcp,
        fin: { client: undefined, server: undefined },
        rst: { client: undefined, server: { ...at(9), withAck: true, window: 1 } },
      },
    }),
    want: found('server', 'likely', [8, 9]),
  },
  {
    name: 'reports the mirror: a client that closes on the flight of the server',
    history: fakeHistory({
      ...given,
      stage: 'client-flight',
      messages: serverFlight,
      tcp: { ...tcp, fin: { client: at(9), server: undefined } },
    }),
    want: found('client', 'possible', [6, 9]),
  },
  {
    name: 'passes after an alert: the code still ran',
    history: fakeHistory({
      ...given,
      outcome: 'failed',
      tcp,
      alerts: [fakeAlert(80, 'server', 8)],
    }),
    want: 'pass',
  },
  {
    name: 'passes after an alert that cannot be read',
    history: fakeHistory({ ...given, tcp, alerts: [fakeAlert(undefined, 'client', 8)] }),
    want: 'pass',
  },
  {
    name: 'passes when the side that was waiting closes',
    history: fakeHistory({ ...given, tcp: { ...tcp, fin: { client: at(9), server: undefined } } }),
    want: 'pass',
  },
  {
    name: 'passes a close after a long pause: that is a timeout',
    history: fakeHistory({
      ...given,
      tcp: { ...tcp, fin: { client: undefined, server: at(5000) } },
    }),
    want: 'pass',
  },
  PASSES_CLIENT_THAT_WENT_ON,
  {
    name: 'passes a handshake that nothing ended',
    history: fakeHistory({ ...given }),
    want: 'pass',
  },
  {
    name: 'does not judge where octets are missing',
    history: fakeHistory({ ...given, tcp: { ...tcp, lostOctets: { client: 0, server: 7 } } }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'leaves other stages to handshake-aborted',
    history: fakeHistory({ ...given, stage: 'server-hello', tcp }),
    want: 'not-applicable',
  },
  { name: 'leaves established connections alone', history: fakeHistory(), want: 'not-applicable' },
]);
