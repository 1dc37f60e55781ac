import { sniUnrecognized } from '../../../src/rules/handshake/sni-unrecognized.ts';
import { at, fakeAlert, fakeHistory, fakeMessage } from '../../support/fake-history.ts';
import { fakeIndex, fakeServer, fakeSummary } from '../../support/fake-index.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const failed = fakeSummary({ id: 1, outcome: 'failed' });
const index = fakeIndex([
  fakeServer({ connections: [failed, fakeSummary({ id: 2, serverName: 'known.org' })] }),
]);
const refused = {
  outcome: 'failed',
  stage: 'server-hello',
  serverName: 'unknown.org',
  messages: [fakeMessage(1, 'client', 4)],
  alerts: [fakeAlert(112, 'server', 6)],
} as const;
const warned = { ...refused, alerts: [fakeAlert(112, 'server', 6, { level: 1 })] } as const;
const closedBy = (role: 'client' | 'server') => ({
  fin: { client: undefined, server: undefined, [role]: at(8) },
});

testConnectionRule(
  sniUnrecognized,
  [
    {
      name: 'tells a fatal one',
      history: fakeHistory(refused),
      index,
      want: [{ message: 'fatal', severity: 'error', confidence: 'proven', packets: [4, 6] }],
    },
    {
      name: 'tells it without other names to compare with',
      history: fakeHistory(refused),
      index: fakeIndex([fakeServer({ connections: [failed] })]),
      want: [{ message: 'fatal', severity: 'error', confidence: 'proven', packets: [4, 6] }],
    },
    {
      name: 'tells of a client that gives up on the warning',
      history: fakeHistory({ ...warned, outcome: 'aborted', tcp: closedBy('client') }),
      index,
      want: [{ message: 'warning', severity: 'error', confidence: 'likely', packets: [4, 6] }],
    },
    {
      name: 'leaves a warning alone that the server closes after',
      history: fakeHistory({ ...warned, outcome: 'aborted', tcp: closedBy('server') }),
      want: 'not-applicable',
    },
    {
      name: 'leaves a warning alone that harmed nobody',
      history: fakeHistory({ alerts: warned.alerts }),
      want: 'not-applicable',
    },
  ],
  { pass: 'only the alert is looked at', 'not-assessable': 'the alert says all' },
);
