import { alpnMismatch } from '../../../src/rules/handshake/alpn-mismatch.ts';
import { fakeAlert, fakeHistory, fakeMessage } from '../../support/fake-history.ts';
import { fakeIndex, fakeServer, fakeSummary } from '../../support/fake-index.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const refused = {
  outcome: 'failed',
  stage: 'server-hello',
  messages: [fakeMessage(1, 'client', 4)],
  alerts: [fakeAlert(120, 'server', 6)],
} as const;
const finding = [
  { message: 'refused', severity: 'error', confidence: 'proven', packets: [4, 6] },
] as const;
const failed = fakeSummary({ id: 1, outcome: 'failed' });

testConnectionRule(
  alpnMismatch,
  [
    {
      name: 'tells it from the alert alone',
      history: fakeHistory(refused),
      index: fakeIndex([fakeServer({ connections: [failed] })]),
      want: finding,
    },
    {
      name: 'tells what the server chose with others',
      history: fakeHistory(refused),
      index: fakeIndex([fakeServer({ connections: [failed, fakeSummary({ id: 2, alpn: 'h2' })] })]),
      want: finding,
    },
    {
      name: 'leaves the alert of a client alone',
      history: fakeHistory({ ...refused, alerts: [fakeAlert(120, 'client', 6)] }),
      want: 'not-applicable',
    },
    { name: 'leaves healthy handshakes alone', history: fakeHistory(), want: 'not-applicable' },
  ],
  { pass: 'only the alert is looked at', 'not-assessable': 'the alert says all' },
);
