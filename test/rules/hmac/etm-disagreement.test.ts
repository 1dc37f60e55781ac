import { etmDisagreement } from '../../../src/rules/hmac/etm-disagreement.ts';
import { failing, fakeMistake } from '../../support/fake-decryption.ts';
import { fakeClientHello } from '../../support/fake-hello.ts';
import { at, fakeAlert, fakeHistory, fakeMessage, fakeRecord } from '../../support/fake-history.ts';
import { ext } from '../../support/hello-builder.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const CBC_SHA = 0xc013;
const offering = fakeClientHello({ extensions: [ext.encryptThenMac()] });
const silent = fakeClientHello({ extensions: [ext.extendedMasterSecret()] });
const answered = {
  encryptThenMac: true,
  clientHello: offering,
  cipherSuite: CBC_SHA,
  messages: [fakeMessage(1, 'client', 4), fakeMessage(2, 'server', 6)],
} as const;
const refusedRecord = {
  outcome: 'failed',
  stage: 'server-finished',
  changeCipherSpec: { client: at(8), server: undefined },
  protectedRecords: { client: { count: 1, first: fakeRecord(22, 'client', 8) } },
  alerts: [fakeAlert(20, 'server', 9)],
} as const;

testConnectionRule(etmDisagreement, [
  ...(
    [
      ['unused', true],
      ['unasked', false],
    ] as const
  ).map(([message, encryptThenMac]) => ({
    name: `proves with secrets that it is ${message}`,
    history: failing(fakeMistake('encrypt-then-mac-swapped'), { encryptThenMac }),
    want: [{ message, severity: 'error', confidence: 'proven', packets: [30, 31] } as const],
  })),
  {
    name: 'notes the extension with an AEAD suite where nothing came of it',
    history: fakeHistory({ ...answered, cipherSuite: 0xc02f }),
    want: [{ message: 'aead', severity: 'info', confidence: 'proven', packets: [6] }],
  },
  {
    name: 'notes the extension with a stream suite',
    history: fakeHistory({ ...answered, cipherSuite: 0x0005 }),
    want: [{ message: 'aead', severity: 'info', confidence: 'proven', packets: [6] }],
  },
  {
    name: 'takes it for the cause where the first protected record was refused',
    history: fakeHistory({ ...answered, ...refusedRecord, cipherSuite: 0xc02f }),
    want: [{ message: 'aead', severity: 'error', confidence: 'likely', packets: [6, 9] }],
  },
  {
    name: 'takes it for the cause where the client refused the ServerHello',
    history: fakeHistory({
      ...answered,
      clientHello: silent,
      outcome: 'failed',
      stage: 'client-flight',
      alerts: [fakeAlert(110, 'client', 7)],
    }),
    want: [{ message: 'not-offered', severity: 'error', confidence: 'likely', packets: [6, 7] }],
  },
  {
    name: 'does not take it for the cause of another failure',
    history: fakeHistory({
      ...answered,
      clientHello: silent,
      outcome: 'failed',
      stage: 'client-flight',
      alerts: [fakeAlert(48, 'client', 7)],
    }),
    want: [{ message: 'not-offered', severity: 'info', confidence: 'proven', packets: [6] }],
  },
  {
    name: 'is less sure where octets are missing',
    history: fakeHistory({
      ...answered,
      clientHello: silent,
      tcp: { lostOctets: { client: 9, server: 0 } },
    }),
    want: [{ message: 'not-offered', severity: 'info', confidence: 'likely', packets: [6] }],
  },
  {
    name: 'does not judge without the ClientHello',
    history: fakeHistory({ ...answered, clientHello: undefined }),
    want: { missing: 'start-not-captured' },
  },
  {
    name: 'passes an offer that was answered with a CBC suite',
    history: fakeHistory(answered),
    want: 'pass',
  },
  {
    name: 'passes the same where the first record was refused for another reason',
    history: fakeHistory({ ...answered, ...refusedRecord }),
    want: 'pass',
  },
  {
    name: 'leaves connections alone where it was offered and not answered',
    history: fakeHistory({ ...answered, encryptThenMac: false }),
    want: 'not-applicable',
  },
]);
