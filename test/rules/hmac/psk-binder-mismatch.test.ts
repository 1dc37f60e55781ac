import { HELLO_RETRY_REQUEST } from '../../../src/model/history.ts';
import { pskBinderMismatch } from '../../../src/rules/hmac/psk-binder-mismatch.ts';
import { fakeDecryption, fakeMistake } from '../../support/fake-decryption.ts';
import { fakeClientHello } from '../../support/fake-hello.ts';
import { at, fakeAlert, fakeHistory, fakeMessage } from '../../support/fake-history.ts';
import { fakeIndex, fakeServer, fakeSummary } from '../../support/fake-index.ts';
import { ext } from '../../support/hello-builder.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const external = fakeClientHello({ extensions: [ext.offeredPsk('sensor-7')] });
const ticket = fakeClientHello({ extensions: [ext.offeredPsk('ticket', 4711)] });
const given = {
  outcome: 'failed',
  stage: 'server-hello',
  version: undefined,
  cipherSuite: undefined,
  clientHello: external,
  messages: [fakeMessage(1, 'client', 4)],
} as const;
const answeredBy = (alert: number, more: object = {}) =>
  fakeHistory({ ...given, alerts: [fakeAlert(alert, 'server', 6)], ...more });
const found = (
  message: 'binder' | 'unusable',
  confidence: 'likely' | 'possible',
  packets: readonly number[] = [4, 6],
) => [{ message, severity: 'error', confidence, packets } as const];
const retried = [
  fakeMessage(1, 'client', 2),
  fakeMessage(HELLO_RETRY_REQUEST, 'server', 3),
  fakeMessage(1, 'client', 4),
];

testConnectionRule(pskBinderMismatch, [
  ...(
    [
      ['other', 'the server has another key where it verifies', { verified: true }],
      ['other', 'the client has another key where it does not', { verified: false }],
      [
        'explained',
        'it was computed otherwise',
        { verified: false, explanation: fakeMistake('binder-over-binders') },
      ],
    ] as const
  ).map(([message, name, check]) => ({
    name: `proves from the binder that ${name}`,
    history: answeredBy(47, {
      messages: retried,
      decryption: fakeDecryption({
        source: 'psk',
        binder: { ...at(4), explanation: undefined, excluded: [], ...check },
      }),
    }),
    want: [{ message, severity: 'error', confidence: 'proven', packets: [4, 6] } as const],
  })),
  {
    name: 'suspects the key after decrypt_error',
    history: answeredBy(51),
    want: found('binder', 'likely'),
  },
  {
    name: 'suspects it after illegal_parameter, and counts who got in with a key',
    history: answeredBy(47),
    index: fakeIndex([
      fakeServer({
        connections: [
          fakeSummary({ outcome: 'failed', stage: 'server-hello' }),
          fakeSummary({ id: 2, version: 0x0304, resumed: true }),
        ],
      }),
    ]),
    want: found('binder', 'likely'),
  },
  {
    name: 'suspects it for a ticket',
    history: answeredBy(51, { clientHello: ticket }),
    want: found('binder', 'likely'),
  },
  {
    name: 'suspects the identity after handshake_failure',
    history: answeredBy(40),
    want: found('unusable', 'likely'),
  },
  {
    name: 'suspects the identity after missing_extension',
    history: answeredBy(109),
    want: found('unusable', 'likely'),
  },
  {
    name: 'is less sure of illegal_parameter after a HelloRetryRequest',
    history: answeredBy(47, { messages: retried }),
    want: found('binder', 'possible'),
  },
  {
    name: 'passes handshake_failure where the key is only a ticket',
    history: answeredBy(40, { clientHello: ticket }),
    want: 'pass',
  },
  {
    name: 'passes the alert to a ClientHello without a key',
    history: answeredBy(47, { clientHello: fakeClientHello() }),
    want: 'pass',
  },
  {
    name: 'does not judge without the ClientHello',
    history: answeredBy(47, { clientHello: undefined, messages: [] }),
    want: { missing: 'start-not-captured' },
  },
  {
    name: 'does not judge where octets are missing',
    history: answeredBy(47, { tcp: { lostOctets: { client: 0, server: 7 } } }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'leaves unknown_psk_identity and other alerts alone',
    history: answeredBy(115),
    want: 'not-applicable',
  },
  {
    name: 'leaves an alert of the client alone',
    history: fakeHistory({ ...given, alerts: [fakeAlert(47, 'client', 6)] }),
    want: 'not-applicable',
  },
  {
    name: 'leaves alone whoever got in with a key',
    history: fakeHistory({ version: 0x0304, resumed: true, clientHello: external }),
    want: 'not-applicable',
  },
]);
