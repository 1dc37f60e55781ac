import { finishedDecryptError } from '../../../src/rules/hmac/finished-decrypt-error.ts';
import { fakeDecryption, fakeFinished } from '../../support/fake-decryption.ts';
import { fakeClientHello } from '../../support/fake-hello.ts';
import { at, fakeAlert, fakeHistory, fakeMessage, fakeRecord } from '../../support/fake-history.ts';
import { ext } from '../../support/hello-builder.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const serverFlight = [
  fakeMessage(1, 'client', 4),
  fakeMessage(2, 'server', 6),
  fakeMessage(12, 'server', 6),
];
const clientKeyExchange = fakeMessage(16, 'client', 8);
const given = {
  outcome: 'failed',
  stage: 'server-finished',
  extendedMasterSecret: false,
  messages: [...serverFlight, clientKeyExchange],
  changeCipherSpec: { client: at(8), server: undefined },
  protectedRecords: { client: { count: 1, first: fakeRecord(22, 'client', 9) } },
  alerts: [fakeAlert(51, 'server', 10)],
} as const;
const pskHello = fakeClientHello({ extensions: [ext.offeredPsk('sensor-7')] });
const onHello = {
  outcome: 'failed',
  stage: 'server-hello',
  version: undefined,
  cipherSuite: undefined,
  messages: serverFlight.slice(0, 1),
  alerts: [fakeAlert(51, 'server', 6)],
} as const;
const found = (message: string, confidence: 'proven' | 'likely', packets: readonly number[]) => [
  { message, severity: 'error', confidence, packets } as const,
];

const withVerified = fakeDecryption({
  finished: { client: fakeFinished({ verified: true }), server: undefined },
});

testConnectionRule(finishedDecryptError, [
  {
    name: 'proves with secrets that the Finished was sound',
    history: fakeHistory({ ...given, decryption: withVerified }),
    want: found('sound', 'proven', [9, 10]),
  },
  {
    name: 'settles on the signature where secrets show the Finished to be right',
    history: fakeHistory({
      ...given,
      messages: [...given.messages, fakeMessage(15, 'client', 8)],
      decryption: withVerified,
    }),
    want: found('signature', 'proven', [8, 10]),
  },
  {
    name: 'proves that verify_data was refused',
    history: fakeHistory(given),
    want: found('finished', 'proven', [9, 10]),
  },
  {
    name: 'narrows it down with the extended master secret',
    history: fakeHistory({ ...given, extendedMasterSecret: true }),
    want: found('finished', 'proven', [9, 10]),
  },
  {
    name: 'is less sure over DTLS, where some stacks use it for any MAC problem',
    history: fakeHistory({ ...given, protocol: 'DTLS' }),
    want: found('finished', 'likely', [9, 10]),
  },
  {
    name: 'leaves open which of CertificateVerify and Finished it was',
    history: fakeHistory({ ...given, messages: [...given.messages, fakeMessage(15, 'client', 8)] }),
    want: found('either', 'likely', [8, 10]),
  },
  {
    name: 'proves that the client refused the signature of ServerKeyExchange',
    history: fakeHistory({
      ...given,
      stage: 'client-flight',
      messages: serverFlight,
      protectedRecords: {},
      alerts: [fakeAlert(51, 'client', 7)],
    }),
    want: found('signature', 'proven', [6, 7]),
  },
  {
    name: 'leaves open in TLS 1.3 what the client refused',
    history: fakeHistory({
      ...given,
      stage: 'client-flight',
      version: 0x0304,
      messages: serverFlight.slice(0, 2),
      alerts: [fakeAlert(51, 'client', 7)],
    }),
    want: found('either', 'likely', [6, 7]),
  },
  {
    name: 'suspects the binder where a PSK was offered',
    history: fakeHistory({ ...onHello, clientHello: pskHello }),
    want: found('binder', 'likely', [4, 6]),
  },
  { name: 'passes it where none was offered', history: fakeHistory(onHello), want: 'pass' },
  {
    name: 'does not judge where the messages before it are missing',
    history: fakeHistory({ ...onHello, tcp: { lostOctets: { client: 300, server: 0 } } }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'leaves other alerts alone',
    history: fakeHistory({ ...given, alerts: [fakeAlert(20, 'server', 10)] }),
    want: 'not-applicable',
  },
  { name: 'leaves healthy connections alone', history: fakeHistory(), want: 'not-applicable' },
]);
