import { emsRequired } from '../../../src/rules/hmac/ems-required.ts';
import { fakeClientHello, fakeServerHello } from '../../support/fake-hello.ts';
import { fakeAlert, fakeHistory, fakeMessage } from '../../support/fake-history.ts';
import { ext } from '../../support/hello-builder.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const offering = fakeClientHello({ extensions: [ext.extendedMasterSecret()] });
const flight = [
  fakeMessage(1, 'client', 4),
  fakeMessage(2, 'server', 6),
  fakeMessage(11, 'server', 6),
];
const keys = fakeMessage(16, 'client', 8);
const byServer = {
  outcome: 'failed',
  stage: 'server-finished',
  extendedMasterSecret: false,
  clientHello: fakeClientHello({ extensions: [] }),
  serverHello: fakeServerHello({ extensions: [ext.renegotiationInfo()] }),
  messages: [...flight, keys],
  alerts: [fakeAlert(40, 'server', 9)],
} as const;
const byClient = {
  ...byServer,
  stage: 'client-flight',
  clientHello: offering,
  messages: flight,
  alerts: [fakeAlert(40, 'client', 7)],
} as const;

testConnectionRule(emsRequired, [
  {
    name: 'suspects a server that gives up when the keys are due',
    history: fakeHistory(byServer),
    want: [{ message: 'server', severity: 'error', confidence: 'likely', packets: [8, 9] }],
  },
  {
    name: 'suspects a client that gives up on a ServerHello without it',
    history: fakeHistory(byClient),
    want: [{ message: 'client', severity: 'error', confidence: 'likely', packets: [6, 7] }],
  },
  {
    name: 'passes a server that was offered it',
    history: fakeHistory({ ...byServer, clientHello: offering }),
    want: 'pass',
  },
  {
    name: 'passes a server that asked for a client certificate',
    history: fakeHistory({
      ...byServer,
      messages: [...flight, fakeMessage(13, 'server', 6), keys],
    }),
    want: 'pass',
  },
  {
    name: 'passes a client that did not get secure renegotiation either',
    history: fakeHistory({ ...byClient, serverHello: fakeServerHello() }),
    want: 'pass',
  },
  {
    name: 'passes a client that may dislike the DHE group',
    history: fakeHistory({ ...byClient, cipherSuite: 0x009e }),
    want: 'pass',
  },
  {
    name: 'passes PSK suites, where the alert may be about the identity',
    history: fakeHistory({ ...byServer, cipherSuite: 0x00a8 }),
    want: 'pass',
  },
  {
    name: 'does not judge where octets are missing',
    history: fakeHistory({ ...byServer, tcp: { lostOctets: { client: 3, server: 0 } } }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'leaves handshakes alone that negotiated it',
    history: fakeHistory({ ...byServer, extendedMasterSecret: true }),
    want: 'not-applicable',
  },
  {
    name: 'leaves alone whoever gets on without it',
    history: fakeHistory({ extendedMasterSecret: false }),
    want: 'not-applicable',
  },
]);
