import type { SignatureCheck } from '../../../src/model/signature.ts';
import { keyExchangeSignatureInvalid } from '../../../src/rules/handshake/key-exchange-signature-invalid.ts';
import { fakeAlert, fakeConflict, fakeHistory, fakeMessage } from '../../support/fake-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const check = (given: Partial<SignatureCheck> = {}): SignatureCheck => ({
  packet: 6,
  nanos: 6_000_000,
  from: 'server',
  type: 12,
  verdict: 'wrong',
  explanation: undefined,
  excluded: ['signature-randoms-swapped'],
  scheme: 0x0804,
  certificate: { subject: 'CN=server.example.test', fingerprint: 'ab'.repeat(32) },
  ...given,
});
const serverFlight = [
  fakeMessage(1, 'client', 4),
  fakeMessage(2, 'server', 6),
  fakeMessage(11, 'server', 6),
  fakeMessage(12, 'server', 6),
  fakeMessage(14, 'server', 6),
];
const given = {
  outcome: 'failed',
  stage: 'client-flight',
  messages: serverFlight,
  signatures: [check()],
  alerts: [fakeAlert(51, 'client', 7)],
} as const;
const clientFlight = [
  fakeMessage(11, 'client', 8),
  fakeMessage(16, 'client', 8),
  fakeMessage(15, 'client', 8),
];
const explanation = {
  hypothesis: 'signature-randoms-swapped',
  meaning: 'the randoms were signed in the wrong order',
  source: 'RFC 5246 §7.4.3',
  details: {},
  trials: 1024,
  oddsLog2: -70,
};
/** Of TLS 1.3, opened with secrets. */
const flight13 = [1, 2, 8, 11, 15, 20].map((type) =>
  fakeMessage(type, type === 1 ? 'client' : 'server', type === 1 ? 4 : 6),
);
const opened = {
  ...given,
  version: 0x0304,
  cipherSuite: 0x1301,
  messages: flight13,
  signatures: [check({ type: 15 })],
};
const found = (message: string, packets: readonly number[] = [6, 7]) => [
  { message, severity: 'error', confidence: 'proven', packets, connections: [1] } as const,
];

testConnectionRule(keyExchangeSignatureInvalid, [
  {
    name: 'proves that ServerKeyExchange is not signed with the key of the certificate',
    history: fakeHistory(given),
    want: found('invalid'),
  },
  {
    name: 'names the mistake that makes it',
    history: fakeHistory({ ...given, signatures: [check({ explanation })] }),
    want: found('mistake'),
  },
  {
    name: 'leaves it open whether the sender or a device took the random of another handshake',
    history: fakeHistory({
      ...given,
      signatures: [
        check({
          explanation: { ...explanation, hypothesis: 'signature-random-of-other-handshake' },
        }),
      ],
    }),
    want: found('exchanged'),
  },
  {
    name: 'names the other handshake, and a second mistake that fits as well',
    history: fakeHistory({
      ...given,
      signatures: [
        check({
          explanation: {
            ...explanation,
            details: { detail: 'server_random of connection 7', alike: 'signature-random-zero' },
          },
        }),
      ],
    }),
    want: found('mistake'),
  },
  {
    name: 'speaks about a client that closes without a word, and of a raw key without a scheme',
    history: fakeHistory({
      ...given,
      version: 0x0301,
      outcome: 'aborted',
      alerts: [],
      signatures: [
        check({ scheme: undefined, certificate: { subject: undefined, fingerprint: '00' } }),
      ],
    }),
    want: found('invalid', [6]),
  },
  {
    name: 'makes a note where the client went on all the same',
    history: fakeHistory({
      ...given,
      messages: [...serverFlight, fakeMessage(16, 'client', 8)],
      alerts: [fakeAlert(20, 'server', 10)],
    }),
    want: [
      {
        message: 'invalid',
        severity: 'info',
        confidence: 'likely',
        packets: [6, 10],
        connections: [1],
      },
    ],
  },
  ...(
    [
      ['and where octets are missing with which it may have gone on', 'server', 'info', 'likely'],
      ['and none of a client that ended the handshake itself', 'client', 'error', 'proven'],
    ] as const
  ).map(([name, by, severity, confidence]) => ({
    name,
    history: fakeHistory({
      ...given,
      alerts: [fakeAlert(51, by, 10)],
      tcp: { lostOctets: { client: 75, server: 0 } },
    }),
    want: [{ message: 'invalid', severity, confidence, packets: [6, 10] }],
  })),
  {
    name: 'makes a note of it also where the server was captured late',
    history: fakeHistory({
      ...given,
      blindSpots: ['order-unknown'],
      messages: [fakeMessage(16, 'client', 3), ...serverFlight],
      alerts: [fakeAlert(20, 'server', 10)],
      tcp: { isBehindAnswer: true },
    }),
    want: [
      {
        message: 'invalid',
        severity: 'info',
        confidence: 'likely',
        packets: [6, 10],
        connections: [1],
      },
    ],
  },
  {
    name: 'speaks about the CertificateVerify of a client',
    history: fakeHistory({
      ...given,
      messages: [...serverFlight, ...clientFlight],
      alerts: [fakeAlert(51, 'server', 10)],
      signatures: [check({ verdict: 'verified' }), check({ type: 15, from: 'client', packet: 8 })],
    }),
    want: found('invalid', [8, 10]),
  },
  {
    name: 'is content with signatures that verify',
    history: fakeHistory({ ...given, signatures: [check({ verdict: 'verified' })] }),
    want: 'pass',
  },
  {
    name: 'does not ask about a handshake that was completed',
    history: fakeHistory({ ...given, outcome: 'established', alerts: [] }),
    want: 'not-applicable',
  },
  {
    name: 'does not ask where nothing is signed: RSA_PSK sends a hint only',
    history: fakeHistory({ ...given, cipherSuite: 0x00ac, signatures: [] }),
    want: 'not-applicable',
  },
  {
    name: 'does not ask where no certificate was sent',
    history: fakeHistory({
      ...given,
      messages: serverFlight.filter(({ type }) => type !== 11),
      signatures: [],
    }),
    want: 'not-applicable',
  },
  {
    name: 'does not ask in TLS 1.3 where no secrets show its signatures',
    history: fakeHistory({ ...given, version: 0x0304, messages: serverFlight.slice(0, 2) }),
    want: 'not-applicable',
  },
  {
    name: 'proves it in TLS 1.3 where the Finished behind the signature is right',
    history: fakeHistory(opened),
    want: found('opened'),
  },
  {
    name: 'names the mistake there too',
    history: fakeHistory({ ...opened, signatures: [check({ type: 15, explanation })] }),
    want: found('mistake'),
  },
  {
    name: 'makes it also where the server was captured late, so that the client seems to have gone on before',
    history: fakeHistory({
      ...given,
      messages: [...serverFlight, fakeMessage(16, 'client', 5)],
      alerts: [fakeAlert(20, 'server', 10)],
      tcp: { isBehindAnswer: true },
    }),
    want: [{ message: 'invalid', severity: 'info', confidence: 'likely', packets: [6, 10] }],
  },
  {
    name: 'only notes it there where the client went on with its Finished',
    history: fakeHistory({
      ...opened,
      messages: [...flight13, fakeMessage(20, 'client', 7)],
      alerts: [fakeAlert(51, 'server', 8)],
    }),
    want: [
      {
        message: 'opened',
        severity: 'info',
        confidence: 'likely',
        packets: [6, 8],
        connections: [1],
      },
    ],
  },
  {
    name: 'accuses nobody there where the Finished was wrong or missing, so that nothing was verified',
    history: fakeHistory({ ...opened, signatures: [] }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'is not content there with one of two signatures',
    history: fakeHistory({
      ...opened,
      messages: [...flight13, fakeMessage(15, 'client', 7)],
      signatures: [check({ type: 15, verdict: 'verified' })],
    }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'says when this machine cannot judge',
    history: fakeHistory({ ...given, signatures: [check({ verdict: 'not-comparable' })] }),
    want: { missing: 'cipher-unsupported' },
  },
  {
    name: 'says when octets are missing',
    history: fakeHistory({ ...given, signatures: [], blindSpots: ['lost-bytes'] }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'accuses nobody where a signature could not be put together and none is wrong',
    history: fakeHistory({
      ...given,
      messages: [...serverFlight, ...clientFlight],
      signatures: [check({ verdict: 'verified' })],
    }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'accuses nobody where two copies of a segment differ',
    history: fakeHistory({ ...given, tcp: { conflicts: [fakeConflict(6)] } }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'accuses nobody where two associations share the ports',
    history: fakeHistory({ ...given, protocol: 'DTLS', dtls: { siblings: [1, 2] } }),
    want: { missing: 'lost-bytes' },
  },
]);
