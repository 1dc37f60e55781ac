import { unsafeLegacyRenegotiation } from '../../../src/rules/handshake/unsafe-legacy-renegotiation.ts';
import { fakeClientHello, fakeServerHello } from '../../support/fake-hello.ts';
import { fakeAlert, fakeHistory, fakeMessage } from '../../support/fake-history.ts';
import { ext } from '../../support/hello-builder.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const refused = {
  outcome: 'failed',
  stage: 'client-flight',
  clientHello: fakeClientHello({ cipherSuites: [0xc02f, 0x00ff] }),
  serverHello: fakeServerHello({ extensions: [] }),
  messages: [fakeMessage(1, 'client', 4), fakeMessage(2, 'server', 6)],
  alerts: [fakeAlert(40, 'client', 7)],
} as const;
const finding = [
  { message: 'refused', severity: 'error', confidence: 'likely', packets: [6, 7] },
] as const;

testConnectionRule(unsafeLegacyRenegotiation, [
  { name: 'suspects it after the signalling suite', history: fakeHistory(refused), want: finding },
  {
    name: 'suspects it after the extension',
    history: fakeHistory({
      ...refused,
      clientHello: fakeClientHello({ extensions: [ext.renegotiationInfo()] }),
    }),
    want: finding,
  },
  {
    name: 'passes a server that answers it',
    history: fakeHistory({
      ...refused,
      serverHello: fakeServerHello({ extensions: [ext.renegotiationInfo()] }),
    }),
    want: 'pass',
  },
  {
    name: 'passes a client that does not ask',
    history: fakeHistory({ ...refused, clientHello: fakeClientHello({ extensions: [] }) }),
    want: 'pass',
  },
  {
    name: 'does not judge where octets are missing',
    history: fakeHistory({ ...refused, tcp: { lostOctets: { client: 0, server: 1 } } }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'leaves TLS 1.3 alone',
    history: fakeHistory({ ...refused, version: 0x0304 }),
    want: 'not-applicable',
  },
  {
    name: 'leaves other alerts alone',
    history: fakeHistory({ ...refused, alerts: [fakeAlert(48, 'client', 7)] }),
    want: 'not-applicable',
  },
  { name: 'leaves healthy handshakes alone', history: fakeHistory(), want: 'not-applicable' },
]);
