import { pskMismatch } from '../../../src/rules/hmac/psk-mismatch.ts';
import { fakeDecryption, fakeMistake } from '../../support/fake-decryption.ts';
import { at, fakeAlert, fakeHistory, fakeMessage, fakeRecord } from '../../support/fake-history.ts';
import { fakeIndex, fakeServer, fakeSummary } from '../../support/fake-index.ts';
import { anomaly, association, atMs, HANDSHAKE, record } from '../support/dtls-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const PSK_AES_128_GCM = 0x00a8;
const refused = {
  outcome: 'failed',
  stage: 'server-finished',
  cipherSuite: PSK_AES_128_GCM,
  messages: [
    fakeMessage(1, 'client', 4),
    fakeMessage(2, 'server', 6),
    fakeMessage(16, 'client', 8),
  ],
  changeCipherSpec: { client: at(8), server: undefined },
  protectedRecords: { client: { count: 1, first: fakeRecord(22, 'client', 8) } },
  alerts: [fakeAlert(20, 'server', 9)],
} as const;
const row = {
  id: 1,
  cipherSuite: PSK_AES_128_GCM,
  outcome: 'failed',
  stage: 'server-finished',
  fatalAlert: { description: 20, from: 'server', packet: 9 },
} as const;

/** The client's Finished in packets 10 to 13, the server heard from in 30. */
const silence = association({
  id: 1,
  packet: 1,
  ms: 0,
  outcome: 'incomplete',
  stage: 'server-finished',
  changeCipherSpec: { client: atMs(10, 1), server: undefined },
  cipherSuite: PSK_AES_128_GCM,
  dtls: {
    finishedTransmissions: {
      client: [1, 1020, 3036, 7068].map((ms, i) =>
        record(HANDSHAKE, 'client', atMs(10 + i, ms), i, { length: 48 }),
      ),
      server: [],
    },
    epochs: {
      client: [],
      server: [
        {
          epoch: 0,
          firstSequence: 0,
          highestSequence: 8,
          count: 9,
          first: atMs(2, 1),
          last: atMs(30, 7067),
        },
      ],
    },
  },
});

const misfit = {
  source: 'psk',
  obstacle: 'secret-does-not-fit',
  authenticated: 0,
  perRole: { client: { authenticated: 0, failed: 1 }, server: { authenticated: 0, failed: 0 } },
} as const;

testConnectionRule(pskMismatch, [
  {
    name: 'names the form in which the key was entered',
    history: fakeHistory({
      ...refused,
      decryption: fakeDecryption({
        source: 'psk',
        masterExplanation: { ...fakeMistake('psk-encoding'), from: 'client' },
      }),
    }),
    want: [{ message: 'form', severity: 'error', confidence: 'proven', packets: [8, 9] }],
  },
  ...(
    [
      ['the server where the record opens under the key', { source: 'psk' }],
      ['the client where it does not', { ...misfit, isKeyNamed: true }],
    ] as const
  ).map(([name, decryption]) => ({
    name: `proves another key of ${name}`,
    history: fakeHistory({ ...refused, decryption: fakeDecryption(decryption) }),
    want: [
      { message: 'proven', severity: 'error', confidence: 'proven', packets: [8, 9] } as const,
    ],
  })),
  ...(
    [
      ['a key without identity that does not fit', misfit],
      ['a key log', {}],
    ] as const
  ).map(([name, decryption]) => ({
    name: `takes ${name} for no proof`,
    history: fakeHistory({ ...refused, decryption: fakeDecryption(decryption) }),
    want: [
      { message: 'refused', severity: 'error', confidence: 'likely', packets: [8, 9] } as const,
    ],
  })),
  {
    name: 'names the key where the server refuses the first protected record',
    history: fakeHistory(refused),
    want: [{ message: 'refused', severity: 'error', confidence: 'likely', packets: [8, 9] }],
  },
  {
    name: 'does so for decrypt_error and for ECDHE_PSK, and counts the others with the suite',
    history: fakeHistory({
      ...refused,
      cipherSuite: 0xc037,
      alerts: [fakeAlert(51, 'server', 9)],
    }),
    index: fakeIndex([
      fakeServer({ connections: [fakeSummary(row), fakeSummary({ ...row, id: 2 })] }),
    ]),
    want: [{ message: 'refused', severity: 'error', confidence: 'likely', packets: [8, 9] }],
  },
  {
    name: 'is less sure where octets are missing',
    history: fakeHistory({ ...refused, tcp: { lostOctets: { client: 5, server: 0 } } }),
    want: [{ message: 'refused', severity: 'error', confidence: 'possible', packets: [8, 9] }],
  },
  {
    name: 'names it where a server over DTLS says nothing',
    history: silence,
    want: [{ message: 'dropped', severity: 'error', confidence: 'likely', packets: [10, 13, 30] }],
  },
  {
    name: 'passes where a record of an earlier association can have raised the alert',
    history: fakeHistory({ ...refused, id: 2, protocol: 'DTLS' }),
    previous: association({
      id: 1,
      packet: 1,
      ms: 0,
      dtls: { anomalies: [anomaly(record(22, 'client', at(7), 3), 1, { during: 2 })] },
    }),
    want: 'pass',
  },
  {
    name: 'passes another alert',
    history: fakeHistory({ ...refused, alerts: [fakeAlert(40, 'server', 9)] }),
    want: 'pass',
  },
  {
    name: 'passes a client that gives up',
    history: fakeHistory({
      ...refused,
      protectedRecords: { server: { count: 1, first: fakeRecord(22, 'server', 8) } },
      alerts: [fakeAlert(20, 'client', 9)],
    }),
    want: 'pass',
  },
  {
    name: 'passes a handshake with a PSK suite that went well',
    history: fakeHistory({ cipherSuite: PSK_AES_128_GCM }),
    want: 'pass',
  },
  {
    name: 'does not judge half a conversation',
    history: fakeHistory({ ...refused, alerts: [], bothDirections: false }),
    want: { missing: 'one-direction' },
  },
  {
    name: 'leaves resumed sessions alone: their secret is not the key',
    history: fakeHistory({ ...refused, resumed: true }),
    want: 'not-applicable',
  },
  {
    name: 'leaves suites with certificates alone',
    history: fakeHistory({ ...refused, cipherSuite: 0xc02f }),
    want: 'not-applicable',
  },
]);
