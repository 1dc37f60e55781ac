import type { CertificateFact } from '../../../src/model/certificate.ts';
import { dtlsFingerprintMismatch } from '../../../src/rules/handshake/dtls-fingerprint-mismatch.ts';
import { fakeCertificate } from '../../support/fake-certificate.ts';
import { fakeClientHello } from '../../support/fake-hello.ts';
import {
  type FakeHistory,
  fakeAlert,
  fakeHistory,
  fakeMessage,
} from '../../support/fake-history.ts';
import { ext } from '../../support/hello-builder.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const own = fakeCertificate({ subject: 'CN=WebRTC', isSelfIssued: true, issuedBy: -1 });
const offering = (...types: readonly number[]) =>
  fakeClientHello({ version: 0xfefd, extensions: types.map((type) => ({ type, data: SRTP })) });
const SRTP = Uint8Array.of(0, 2, 0, 1, 0);
const USE_SRTP = 14;

/** A client that ends the handshake with this alert when it has seen this certificate. */
const refused = (
  alert: number,
  certificates: readonly CertificateFact[] = [own],
  more: FakeHistory = {},
) =>
  fakeHistory({
    protocol: 'DTLS',
    outcome: 'failed',
    stage: 'client-flight',
    clientHello: offering(USE_SRTP),
    messages: [fakeMessage(1, 'client', 4), fakeMessage(11, 'server', 7)],
    alerts: [fakeAlert(alert, 'client', 9)],
    certificates: { client: [], server: certificates },
    ...more,
  });

testConnectionRule(
  dtlsFingerprintMismatch,
  [
    ...[42, 46, 48].map((alert) => ({
      name: `suspects it behind alert ${alert}`,
      history: refused(alert),
      want: [
        {
          message: 'mismatch',
          severity: 'error',
          confidence: 'likely',
          packets: [7, 9],
        } as const,
      ],
    })),
    {
      name: 'suspects the certificate of the client as well',
      history: refused(42, [], {
        stage: 'client-finished',
        messages: [fakeMessage(1, 'client', 4), fakeMessage(11, 'client', 7)],
        alerts: [fakeAlert(42, 'server', 9)],
        certificates: { client: [own], server: [] },
      }),
      want: [{ message: 'mismatch', severity: 'error', confidence: 'likely', packets: [7, 9] }],
    },
    {
      name: 'passes a certificate that somebody issued',
      history: refused(42, [fakeCertificate({ issuedBy: -1 })]),
      want: 'pass',
    },
    { name: 'passes a list', history: refused(42, [own, fakeCertificate()]), want: 'pass' },
    {
      name: 'leaves handshakes alone that are not for SRTP',
      history: refused(42, [own], { clientHello: offering(ext.extendedMasterSecret().type) }),
      want: 'not-applicable',
    },
    { name: 'leaves other alerts alone', history: refused(40), want: 'not-applicable' },
    {
      name: 'leaves TLS alone',
      history: refused(42, [own], { protocol: 'TLS' }),
      want: 'not-applicable',
    },
  ],
  { 'not-assessable': 'what it looks at was captured, or there is no such alert' },
);
