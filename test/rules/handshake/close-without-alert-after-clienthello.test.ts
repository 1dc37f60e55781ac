import { closeWithoutAlertAfterClientHello } from '../../../src/rules/handshake/close-without-alert-after-clienthello.ts';
import { at, fakeAlert, fakeHistory, fakeMessage } from '../../support/fake-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const given = {
  outcome: 'aborted',
  stage: 'server-hello',
  version: undefined,
  cipherSuite: undefined,
  messages: [fakeMessage(1, 'client', 4)],
} as const;
const octets = { client: 325, server: 0 };
const tcp = { octets, fin: { client: undefined, server: at(6) } };
const found = (packets: readonly number[]) => [
  { message: 'closed', severity: 'error', confidence: 'possible', packets } as const,
];

testConnectionRule(closeWithoutAlertAfterClientHello, [
  {
    name: 'reports a FIN in answer to the ClientHello',
    history: fakeHistory({ ...given, tcp }),
    want: found([4, 6]),
  },
  {
    name: 'reports it although the client then sends an alert into the void',
    history: fakeHistory({
      ...given,
      outcome: 'failed',
      alerts: [fakeAlert(50, 'client', 7)],
      tcp: { ...tcp, lastDataAcknowledged: { client: at(5), server: undefined } },
    }),
    want: found([4, 5, 6]),
  },
  {
    name: 'reports a reset, and that it came late',
    history: fakeHistory({
      ...given,
      tcp: {
        octets,
        rst: { client: undefined, server: { ...at(9000), withAck: true, window: 1 } },
      },
    }),
    want: found([4, 9000]),
  },
  {
    name: 'reports it although a client on GnuTLS calls the end of file an unexpected message',
    history: fakeHistory({
      ...given,
      outcome: 'failed',
      alerts: [fakeAlert(10, 'client', 7)],
      tcp,
    }),
    want: found([4, 6]),
  },
  {
    name: 'tells of a server that had closed before the ClientHello came',
    history: fakeHistory({
      ...given,
      tcp: { octets, fin: { client: undefined, server: at(3) } },
    }),
    want: [{ message: 'unread', severity: 'error', confidence: 'proven', packets: [3, 4] }],
  },
  {
    name: 'passes a server that had answered something',
    history: fakeHistory({ ...given, tcp: { ...tcp, octets: { client: 325, server: 20 } } }),
    want: 'pass',
  },
  {
    name: 'passes a client that closes first',
    history: fakeHistory({ ...given, tcp: { octets, fin: { client: at(5), server: at(6) } } }),
    want: 'pass',
  },
  {
    name: 'passes without a ClientHello',
    history: fakeHistory({ ...given, messages: [], tcp }),
    want: 'pass',
  },
  {
    name: 'does not judge where octets are missing',
    history: fakeHistory({ ...given, tcp: { ...tcp, lostOctets: { client: 0, server: 7 } } }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'leaves later stages alone',
    history: fakeHistory({ ...given, stage: 'client-flight', tcp }),
    want: 'not-applicable',
  },
  { name: 'leaves established connections alone', history: fakeHistory(), want: 'not-applicable' },
]);
