import type { SignatureCheck } from '../../../src/model/signature.ts';
import { noSharedSigalg } from '../../../src/rules/handshake/no-shared-sigalg.ts';
import { fakeClientHello } from '../../support/fake-hello.ts';
import { at, fakeAlert, fakeHistory, fakeMessage } from '../../support/fake-history.ts';
import { concat, u16, vector } from '../../support/hello-builder.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const offering = (...schemes: number[]) =>
  fakeClientHello({ extensions: [{ type: 13, data: vector(2, concat(...schemes.map(u16))) }] });
const signedWith = (scheme: number): SignatureCheck => ({
  ...at(6),
  from: 'server',
  type: 12,
  verdict: 'verified',
  explanation: undefined,
  excluded: [],
  scheme,
  certificate: { subject: 'CN=server', fingerprint: '00' },
});
const refused = {
  outcome: 'failed',
  stage: 'client-flight',
  clientHello: offering(0x0403, 0x0804),
  messages: [
    fakeMessage(1, 'client', 4),
    fakeMessage(2, 'server', 6),
    fakeMessage(12, 'server', 6),
  ],
  signatures: [signedWith(0x0201)],
  alerts: [fakeAlert(80, 'client', 7)],
} as const;

testConnectionRule(noSharedSigalg, [
  {
    name: 'proves a signature that was not offered',
    history: fakeHistory(refused),
    want: [{ message: 'signed', severity: 'error', confidence: 'proven', packets: [6, 7] }],
  },
  {
    name: 'passes one that was',
    history: fakeHistory({ ...refused, signatures: [signedWith(0x0403)] }),
    want: 'pass',
  },
  {
    name: 'passes a client without a list',
    history: fakeHistory({ ...refused, clientHello: fakeClientHello({ extensions: [] }) }),
    want: 'pass',
  },
  {
    name: 'does not judge where octets are missing',
    history: fakeHistory({ ...refused, tcp: { lostOctets: { client: 0, server: 1 } } }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'leaves alerts alone that are about certificates',
    history: fakeHistory({ ...refused, alerts: [fakeAlert(48, 'client', 7)] }),
    want: 'not-applicable',
  },
  { name: 'leaves healthy handshakes alone', history: fakeHistory(), want: 'not-applicable' },
]);
