import { noSharedCipher } from '../../../src/rules/handshake/no-shared-cipher.ts';
import { fakeClientHello } from '../../support/fake-hello.ts';
import { fakeAlert, fakeHistory, fakeMessage } from '../../support/fake-history.ts';
import { fakeIndex, fakeServer, fakeSummary } from '../../support/fake-index.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const refused = {
  outcome: 'failed',
  stage: 'server-hello',
  version: undefined,
  cipherSuite: undefined,
  clientHello: fakeClientHello({ cipherSuites: [0x0005, 0x000a] }),
  messages: [fakeMessage(1, 'client', 4)],
  alerts: [fakeAlert(40, 'server', 6)],
} as const;
const failed = fakeSummary({ id: 1, outcome: 'failed', cipherSuite: undefined });
const others = (...suites: number[]) => {
  const rows = suites.map((cipherSuite, i) => fakeSummary({ id: 2 + i, cipherSuite }));
  return fakeIndex([fakeServer({ connections: [failed, ...rows] })]);
};

testConnectionRule(noSharedCipher, [
  {
    name: 'suspects it where the server chose other suites only',
    history: fakeHistory(refused),
    index: others(0xc02f, 0xc030),
    want: [{ message: 'refused', severity: 'error', confidence: 'likely', packets: [4, 6] }],
  },
  {
    name: 'is less sure where it chose one only',
    history: fakeHistory(refused),
    index: others(0xc02f, 0xc02f),
    want: [{ message: 'refused', severity: 'error', confidence: 'possible', packets: [4, 6] }],
  },
  {
    name: 'says nothing where the server chose an offered one',
    history: fakeHistory(refused),
    index: others(0xc02f, 0x000a),
    want: [],
  },
  {
    name: 'says nothing where others got suites of TLS 1.3, and these are not for the version that is offered',
    history: fakeHistory(refused),
    index: others(0x1301, 0x1302),
    want: [],
  },
  {
    name: 'is no surer for suites of TLS 1.3 beside one',
    history: fakeHistory(refused),
    index: others(0xc02f, 0x1301),
    want: [{ message: 'refused', severity: 'error', confidence: 'possible', packets: [4, 6] }],
  },
  {
    name: 'compares suites of TLS 1.3 with an offer of such',
    history: fakeHistory({ ...refused, clientHello: fakeClientHello({ cipherSuites: [0x1304] }) }),
    index: others(0x1301, 0x1302),
    want: [{ message: 'refused', severity: 'error', confidence: 'likely', packets: [4, 6] }],
  },
  {
    name: 'says nothing without other connections',
    history: fakeHistory(refused),
    index: others(),
    want: [],
  },
  {
    name: 'passes a ClientHello that was not captured',
    history: fakeHistory({ ...refused, clientHello: undefined }),
    want: 'pass',
  },
  {
    name: 'does not judge where octets are missing',
    history: fakeHistory({ ...refused, tcp: { lostOctets: { client: 1, server: 0 } } }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'leaves alerts alone that come later',
    history: fakeHistory({ ...refused, stage: 'client-finished' }),
    want: 'not-applicable',
  },
  { name: 'leaves healthy handshakes alone', history: fakeHistory(), want: 'not-applicable' },
]);
