import { pskUnknownIdentity } from '../../../src/rules/hmac/psk-unknown-identity.ts';
import { fakeAlert, fakeHistory, fakeMessage } from '../../support/fake-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const given = {
  outcome: 'failed',
  stage: 'client-finished',
  cipherSuite: 0x00a8,
  messages: [
    fakeMessage(1, 'client', 4),
    fakeMessage(2, 'server', 6),
    fakeMessage(16, 'client', 8),
  ],
  alerts: [fakeAlert(115, 'server', 9)],
} as const;

testConnectionRule(
  pskUnknownIdentity,
  [
    {
      name: 'repeats what the server says, and which message named the identity',
      history: fakeHistory(given),
      want: [{ message: 'unknown', severity: 'error', confidence: 'proven', packets: [8, 9] }],
    },
    {
      name: 'does so in TLS 1.3, where the ClientHello names it',
      history: fakeHistory({
        ...given,
        stage: 'server-hello',
        version: undefined,
        cipherSuite: undefined,
        messages: [fakeMessage(1, 'client', 4)],
      }),
      want: [{ message: 'unknown', severity: 'error', confidence: 'proven', packets: [4, 9] }],
    },
    {
      name: 'is less sure where octets are missing',
      history: fakeHistory({ ...given, tcp: { lostOctets: { client: 5, server: 0 } } }),
      want: [{ message: 'unknown', severity: 'error', confidence: 'likely', packets: [8, 9] }],
    },
    {
      name: 'passes the same number from a client, which has no identities to know',
      history: fakeHistory({ ...given, alerts: [fakeAlert(115, 'client', 9)] }),
      want: 'pass',
    },
    {
      name: 'leaves other alerts alone',
      history: fakeHistory({ ...given, alerts: [fakeAlert(51, 'server', 9)] }),
      want: 'not-applicable',
    },
    {
      name: 'leaves a handshake with a PSK suite that went well alone',
      history: fakeHistory({ cipherSuite: 0x00a8 }),
      want: 'not-applicable',
    },
  ],
  { 'not-assessable': 'the alert says all there is to say' },
);
