import { sniMissing } from '../../../src/rules/handshake/sni-missing.ts';
import { fakeClientHello } from '../../support/fake-hello.ts';
import { fakeAlert, fakeHistory, fakeMessage } from '../../support/fake-history.ts';
import { fakeIndex, fakeServer, fakeSummary } from '../../support/fake-index.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const refused = {
  outcome: 'failed',
  stage: 'server-hello',
  version: undefined,
  cipherSuite: undefined,
  clientHello: fakeClientHello({ extensions: [] }),
  messages: [fakeMessage(1, 'client', 4)],
  alerts: [fakeAlert(40, 'server', 6)],
} as const;
const failed = fakeSummary({ id: 1, outcome: 'failed', serverName: undefined });
const others = (...names: (string | undefined)[]) => {
  const rows = names.map((serverName, i) => fakeSummary({ id: 2 + i, serverName }));
  return fakeIndex([fakeServer({ connections: [failed, ...rows] })]);
};

testConnectionRule(
  sniMissing,
  [
    {
      name: 'suspects it where only clients with a name succeed',
      history: fakeHistory(refused),
      index: others('a.example', 'b.example'),
      want: [{ message: 'refused', severity: 'error', confidence: 'likely', packets: [4, 6] }],
    },
    {
      name: 'is less sure after one success',
      history: fakeHistory(refused),
      index: others('a.example'),
      want: [{ message: 'refused', severity: 'error', confidence: 'possible', packets: [4, 6] }],
    },
    {
      name: 'holds it for possible after internal_error, as Go sends it, whatever succeeded with a name',
      history: fakeHistory({ ...refused, alerts: [fakeAlert(80, 'server', 6)] }),
      index: others('a.example', 'b.example'),
      want: [{ message: 'refused', severity: 'error', confidence: 'possible', packets: [4, 6] }],
    },
    {
      name: 'says nothing after internal_error where one succeeded without a name',
      history: fakeHistory({ ...refused, alerts: [fakeAlert(80, 'server', 6)] }),
      index: others('a.example', undefined),
      want: [],
    },
    {
      name: 'says nothing where one succeeded without a name',
      history: fakeHistory(refused),
      index: others('a.example', undefined),
      want: [],
    },
    {
      name: 'says nothing without other connections',
      history: fakeHistory(refused),
      index: others(),
      want: [],
    },
    {
      name: 'does not judge where octets are missing',
      history: fakeHistory({ ...refused, tcp: { lostOctets: { client: 1, server: 0 } } }),
      want: { missing: 'lost-bytes' },
    },
    {
      name: 'leaves clients with a name alone',
      history: fakeHistory({ ...refused, serverName: 'a.example' }),
      want: 'not-applicable',
    },
  ],
  { pass: 'decided at the end of the capture' },
);
