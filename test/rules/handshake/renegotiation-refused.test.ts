import { renegotiationRefused } from '../../../src/rules/handshake/renegotiation-refused.ts';
import { at, fakeAlert, fakeHistory, fakeMessage } from '../../support/fake-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const refused = {
  messages: [
    fakeMessage(1, 'client', 4),
    fakeMessage(2, 'server', 6),
    fakeMessage(0, 'server', 12),
  ],
  alerts: [fakeAlert(100, 'client', 13, { level: 1, encrypted: true })],
} as const;

testConnectionRule(
  renegotiationRefused,
  [
    {
      name: 'warns where the other side ends the connection over it',
      history: fakeHistory({
        ...refused,
        tcp: { fin: { client: undefined, server: at(14) } },
      }),
      want: [
        { message: 'refused', severity: 'warning', confidence: 'proven', packets: [12, 13, 14] },
      ],
    },
    {
      name: 'notes it where both go on',
      history: fakeHistory(refused),
      want: [{ message: 'refused', severity: 'info', confidence: 'proven', packets: [12, 13] }],
    },
    {
      name: 'leaves alerts before the end of the handshake alone',
      history: fakeHistory({ ...refused, stage: 'client-flight', outcome: 'failed' }),
      want: 'not-applicable',
    },
    { name: 'leaves healthy connections alone', history: fakeHistory(), want: 'not-applicable' },
  ],
  { pass: 'only the alert is looked at', 'not-assessable': 'the alert says all' },
);
