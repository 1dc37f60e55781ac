import { noSharedGroup } from '../../../src/rules/handshake/no-shared-group.ts';
import { fakeClientHello } from '../../support/fake-hello.ts';
import { fakeAlert, fakeHistory, fakeMessage } from '../../support/fake-history.ts';
import { fakeIndex, fakeServer, fakeSummary } from '../../support/fake-index.ts';
import { ext } from '../../support/hello-builder.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const offering = (...groups: number[]) =>
  fakeClientHello({ extensions: [ext.supportedGroups(groups)] });
const refused = {
  outcome: 'failed',
  stage: 'server-hello',
  version: undefined,
  cipherSuite: undefined,
  clientHello: offering(0x2a2a, 25),
  messages: [fakeMessage(1, 'client', 4)],
  alerts: [fakeAlert(40, 'server', 6)],
} as const;
const failed = fakeSummary({ id: 1, outcome: 'failed', group: undefined });
const others = (...groups: number[]) => {
  const rows = groups.map((group, i) => fakeSummary({ id: 2 + i, group }));
  return fakeIndex([fakeServer({ connections: [failed, ...rows] })]);
};

testConnectionRule(
  noSharedGroup,
  [
    {
      name: 'suspects it where the server used other groups only',
      history: fakeHistory(refused),
      index: others(29, 23),
      want: [{ message: 'refused', severity: 'error', confidence: 'likely', packets: [4, 6] }],
    },
    {
      name: 'is less sure where it used one only',
      history: fakeHistory(refused),
      index: others(29),
      want: [{ message: 'refused', severity: 'error', confidence: 'possible', packets: [4, 6] }],
    },
    {
      name: 'says nothing where the server used an offered one',
      history: fakeHistory(refused),
      index: others(29, 25),
      want: [],
    },
    {
      name: 'does not judge where octets are missing',
      history: fakeHistory({ ...refused, tcp: { lostOctets: { client: 1, server: 0 } } }),
      want: { missing: 'lost-bytes' },
    },
    {
      name: 'leaves a ClientHello without groups alone',
      history: fakeHistory({ ...refused, clientHello: fakeClientHello({ extensions: [] }) }),
      want: 'not-applicable',
    },
    { name: 'leaves healthy handshakes alone', history: fakeHistory(), want: 'not-applicable' },
  ],
  { pass: 'decided at the end of the capture' },
);
