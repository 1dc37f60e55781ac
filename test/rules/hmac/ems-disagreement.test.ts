import type { IssuedSession } from '../../../src/model/history.ts';
import { emsDisagreement } from '../../../src/rules/hmac/ems-disagreement.ts';
import { fakeDecryption, fakeMistake } from '../../support/fake-decryption.ts';
import { fakeClientHello } from '../../support/fake-hello.ts';
import { at, fakeAlert, fakeHistory, fakeMessage, fakeRecord } from '../../support/fake-history.ts';
import { ext } from '../../support/hello-builder.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const offering = fakeClientHello({ extensions: [ext.extendedMasterSecret()] });
const silent = fakeClientHello({ extensions: [] });
const hellos = [fakeMessage(1, 'client', 24), fakeMessage(2, 'server', 26)];
const given = { id: 2, firstPacket: 21, clientHello: offering, messages: hellos } as const;

const session = (extendedMasterSecret: boolean) => {
  const issued: IssuedSession = {
    ...at(9),
    by: 'ticket',
    connection: 1,
    keyName: '11'.repeat(16),
    extendedMasterSecret,
    cipherSuite: 0xc02f,
  };
  return { by: 'ticket', keyName: issued.keyName, issued, renewed: undefined } as const;
};
const resumedWithout = {
  ...given,
  resumed: true,
  extendedMasterSecret: false,
  resumption: session(true),
} as const;
const refused = {
  outcome: 'failed',
  stage: 'client-finished',
  protectedRecords: { server: { count: 1, first: fakeRecord(22, 'server', 27) } },
  alerts: [fakeAlert(20, 'client', 28)],
} as const;
const turnedAway = {
  ...given,
  outcome: 'failed',
  stage: 'server-hello',
  resumed: undefined,
  extendedMasterSecret: undefined,
  clientHello: silent,
  messages: hellos.slice(0, 1),
  resumption: session(true),
  alerts: [fakeAlert(40, 'server', 26)],
} as const;

testConnectionRule(emsDisagreement, [
  ...(
    [
      ['unused', 'classic-master-secret'],
      ['unasked', 'extended-master-secret'],
      ['range', 'session-hash-range'],
    ] as const
  ).map(([message, hypothesis]) => ({
    name: `proves with a secret that it is ${message}`,
    history: fakeHistory({
      ...given,
      ...refused,
      decryption: fakeDecryption({
        masterExplanation: { ...fakeMistake(hypothesis), from: 'server' },
      }),
    }),
    want: [{ message, severity: 'error', confidence: 'proven', packets: [27, 28] } as const],
  })),
  {
    name: 'proves that the server answers what was not offered',
    history: fakeHistory({ ...given, clientHello: silent }),
    want: [{ message: 'not-offered', severity: 'warning', confidence: 'proven', packets: [26] }],
  },
  {
    name: 'takes it for the cause where the client refuses the answer',
    history: fakeHistory({
      ...given,
      clientHello: silent,
      outcome: 'failed',
      stage: 'client-flight',
      alerts: [fakeAlert(110, 'client', 27)],
    }),
    want: [{ message: 'not-offered', severity: 'error', confidence: 'likely', packets: [26, 27] }],
  },
  {
    name: 'does not take it for the cause of another failure',
    history: fakeHistory({
      ...given,
      clientHello: silent,
      outcome: 'failed',
      stage: 'client-flight',
      alerts: [fakeAlert(48, 'client', 27)],
    }),
    want: [{ message: 'not-offered', severity: 'info', confidence: 'proven', packets: [26] }],
  },
  {
    name: 'proves that a session with it is resumed without',
    history: fakeHistory(resumedWithout),
    want: [
      { message: 'resumed-without', severity: 'warning', confidence: 'proven', packets: [9, 26] },
    ],
  },
  {
    name: 'takes that for the cause where the first record under the keys is refused',
    history: fakeHistory({ ...resumedWithout, ...refused }),
    want: [
      { message: 'resumed-without', severity: 'error', confidence: 'likely', packets: [9, 26, 28] },
    ],
  },
  {
    name: 'proves that a session without it is resumed with it',
    history: fakeHistory({ ...given, resumed: true, resumption: session(false) }),
    want: [
      { message: 'resumed-with', severity: 'warning', confidence: 'proven', packets: [9, 26] },
    ],
  },
  {
    name: 'tells of a client that offers a session with it, and not the extension',
    history: fakeHistory(turnedAway),
    want: [
      { message: 'offer-without', severity: 'error', confidence: 'likely', packets: [9, 24, 26] },
    ],
  },
  {
    name: 'passes that offer where the server makes a full handshake of it',
    history: fakeHistory({
      ...turnedAway,
      outcome: 'established',
      stage: 'done',
      resumed: false,
      extendedMasterSecret: false,
      alerts: [],
    }),
    want: 'pass',
  },
  {
    name: 'passes a session without it that is offered with it and not resumed',
    history: fakeHistory({ ...given, resumed: false, resumption: session(false) }),
    want: 'pass',
  },
  {
    name: 'passes a session that is resumed as it was made',
    history: fakeHistory({ ...given, resumed: true, resumption: session(true) }),
    want: 'pass',
  },
  { name: 'passes an offer that was answered', history: fakeHistory(given), want: 'pass' },
  {
    name: 'does not judge without the ClientHello',
    history: fakeHistory({ ...given, clientHello: undefined }),
    want: { missing: 'start-not-captured' },
  },
  {
    name: 'does not judge where octets are missing',
    history: fakeHistory({ ...resumedWithout, tcp: { lostOctets: { client: 0, server: 3 } } }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'leaves handshakes alone that do not use it and resume nothing',
    history: fakeHistory({ ...given, extendedMasterSecret: false }),
    want: 'not-applicable',
  },
  {
    name: 'leaves TLS 1.3 alone',
    history: fakeHistory({ ...given, version: 0x0304, clientHello: silent }),
    want: 'not-applicable',
  },
]);
