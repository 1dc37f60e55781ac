import { clientCertRequired } from '../../../src/rules/handshake/client-cert-required.ts';
import { at, fakeAlert, fakeHistory, fakeMessage, fakeRecord } from '../../support/fake-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const flight = [
  fakeMessage(1, 'client', 4),
  fakeMessage(2, 'server', 6),
  fakeMessage(13, 'server', 6),
];
const refused = {
  outcome: 'failed',
  stage: 'server-finished',
  messages: [...flight, fakeMessage(11, 'client', 8, { length: 3 })],
  alerts: [fakeAlert(40, 'server', 9)],
} as const;
const hidden = {
  version: 0x0304,
  outcome: 'failed',
  stage: 'done',
  messages: flight.slice(0, 2),
  protectedRecords: {
    client: { count: 2, first: fakeRecord(23, 'client', 8, { length: 25 }) },
    server: { count: 3 },
  },
  tcp: { fin: { client: undefined, server: at(10) } },
} as const;

testConnectionRule(
  clientCertRequired,
  [
    {
      name: 'proves it where all is in the clear',
      history: fakeHistory(refused),
      want: [{ message: 'refused', severity: 'error', confidence: 'proven', packets: [6, 8, 9] }],
    },
    {
      name: 'tells it by the size in TLS 1.3',
      history: fakeHistory(hidden),
      want: [{ message: 'refused', severity: 'error', confidence: 'likely', packets: [8, 10] }],
    },
    {
      name: 'leaves a server alone that goes on and closes later',
      history: fakeHistory({ ...hidden, outcome: 'established' }),
      want: 'not-applicable',
    },
    {
      name: 'leaves a client with a certificate alone',
      history: fakeHistory({
        ...refused,
        messages: [...flight, fakeMessage(11, 'client', 8, { length: 900 })],
      }),
      want: 'not-applicable',
    },
    {
      name: 'leaves alerts alone that are about something else',
      history: fakeHistory({ ...refused, alerts: [fakeAlert(20, 'server', 9)] }),
      want: 'not-applicable',
    },
    {
      name: 'does not judge where octets are missing',
      history: fakeHistory({ ...refused, tcp: { lostOctets: { client: 1, server: 0 } } }),
      want: { missing: 'lost-bytes' },
    },
    { name: 'leaves healthy handshakes alone', history: fakeHistory(), want: 'not-applicable' },
  ],
  { pass: 'whoever sends no empty list, or is not refused, is no case for the rule' },
);
