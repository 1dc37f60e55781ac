import { truncatedHmac } from '../../../src/rules/hmac/truncated-hmac.ts';
import { failing, fakeMistake } from '../../support/fake-decryption.ts';
import { fakeClientHello, fakeServerHello } from '../../support/fake-hello.ts';
import { at, fakeAlert, fakeHistory, fakeRecord } from '../../support/fake-history.ts';
import { association, atMs, HANDSHAKE, record } from '../support/dtls-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const extensions = [{ type: 4 }];
const hellos = {
  cipherSuite: 0x002f,
  clientHello: fakeClientHello({ extensions }),
  serverHello: fakeServerHello({ extensions }),
} as const;
const refused = {
  ...hellos,
  outcome: 'failed',
  stage: 'server-finished',
  changeCipherSpec: { client: at(8), server: undefined },
  protectedRecords: { client: { count: 1, first: fakeRecord(22, 'client', 8) } },
  alerts: [fakeAlert(20, 'server', 9)],
} as const;
const epoch = {
  epoch: 0,
  firstSequence: 0,
  highestSequence: 8,
  count: 9,
  first: atMs(2, 1),
  last: atMs(2, 1),
};
const found = (confidence: 'likely' | 'possible', packets: readonly number[] = [8, 9]) =>
  [{ message: 'refused', severity: 'error', confidence, packets }] as const;

testConnectionRule(
  truncatedHmac,
  [
    {
      name: 'proves with secrets which side it is',
      history: failing(
        fakeMistake('truncated-hmac-swapped+mac-key-shortened', { macOctets: 10 }),
        hellos,
      ),
      want: [{ message: 'disagrees', severity: 'error', confidence: 'proven', packets: [30, 31] }],
    },
    {
      name: 'leaves a record that fails otherwise to record-mac-mismatch',
      history: failing(fakeMistake('other-length'), hellos),
      want: 'pass',
    },
    {
      name: 'suspects the short MAC where the first record under it was refused',
      history: fakeHistory(refused),
      want: found('likely'),
    },
    {
      name: 'suspects it where a DTLS server drops the Finished in silence',
      history: association({
        ...hellos,
        id: 1,
        packet: 1,
        ms: 0,
        outcome: 'incomplete',
        stage: 'server-finished',
        changeCipherSpec: { client: atMs(10, 1), server: undefined },
        dtls: {
          finishedTransmissions: {
            client: [1, 1000, 3000].map((ms, i) =>
              record(HANDSHAKE, 'client', atMs(10 + i, ms), i),
            ),
            server: [],
          },
          epochs: { client: [], server: [{ ...epoch, last: atMs(30, 3001) }] },
        },
      }),
      want: found('likely', [10, 12]),
    },
    {
      name: 'is less sure where octets are missing',
      history: fakeHistory({ ...refused, tcp: { lostOctets: { client: 5, server: 0 } } }),
      want: found('possible'),
    },
    {
      name: 'passes a refusal without the extension',
      history: fakeHistory({ ...refused, serverHello: fakeServerHello() }),
      want: 'pass',
    },
    {
      name: 'passes an extension that only the server has',
      history: fakeHistory({ ...refused, clientHello: fakeClientHello() }),
      want: 'pass',
    },
    {
      name: 'passes a connection that works with it',
      history: fakeHistory(hellos),
      want: 'pass',
    },
    {
      name: 'leaves AEAD suites alone: they have no such MAC',
      history: fakeHistory({ ...refused, cipherSuite: 0xc02f }),
      want: 'not-applicable',
    },
  ],
  {
    'not-assessable':
      'what is missing hides the refusal as well, and then there is nothing to explain',
  },
);
