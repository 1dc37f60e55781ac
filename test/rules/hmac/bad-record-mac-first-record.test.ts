import { badRecordMacFirstRecord } from '../../../src/rules/hmac/bad-record-mac-first-record.ts';
import { fakeDecryption, fakeFailure, fakeMistake } from '../../support/fake-decryption.ts';
import { at, fakeAlert, fakeHistory, fakeMessage, fakeRecord } from '../../support/fake-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const finished = fakeRecord(22, 'client', 8, { length: 64 });
const given = {
  outcome: 'failed',
  stage: 'server-finished',
  cipherSuite: 0xc013,
  messages: [
    fakeMessage(1, 'client', 4),
    fakeMessage(2, 'server', 6),
    fakeMessage(16, 'client', 8),
  ],
  changeCipherSpec: { client: at(8), server: undefined },
  protectedRecords: { client: { count: 1, first: finished, last: finished } },
  alerts: [fakeAlert(20, 'server', 9)],
} as const;
const found = (
  message: string,
  confidence: 'proven' | 'likely',
  packets: readonly number[] = [8, 9],
) => [{ message, severity: 'error', confidence, packets } as const];

testConnectionRule(badRecordMacFirstRecord, [
  {
    name: 'proves with secrets that the record was sound',
    history: fakeHistory({ ...given, decryption: fakeDecryption() }),
    want: found('sound', 'proven'),
  },
  {
    name: 'does not call a record sound that failed',
    history: fakeHistory({
      ...given,
      decryption: fakeDecryption({ failures: [fakeFailure({ packet: 8 })] }),
    }),
    want: found('finished', 'proven'),
  },
  {
    name: 'does not call one sound that may not have been tried',
    history: fakeHistory({ ...given, decryption: fakeDecryption({ skipped: 1 }) }),
    want: found('finished', 'proven'),
  },
  {
    name: 'does not call one sound whose keys were derived otherwise',
    history: fakeHistory({
      ...given,
      decryption: fakeDecryption({
        masterExplanation: { ...fakeMistake('classic-master-secret'), from: 'client' },
      }),
    }),
    want: found('finished', 'proven'),
  },
  {
    name: 'proves that the Finished of the client did not authenticate',
    history: fakeHistory(given),
    want: found('finished', 'proven'),
  },
  {
    name: 'suspects the key with a PSK suite, and encrypt-then-MAC where it was negotiated',
    history: fakeHistory({ ...given, cipherSuite: 0x008c, encryptThenMac: true }),
    want: found('finished', 'proven'),
  },
  {
    name: 'suspects leading zeros with DHE',
    history: fakeHistory({ ...given, cipherSuite: 0x0033, extendedMasterSecret: false }),
    want: found('finished', 'proven'),
  },
  {
    name: 'tells it of the client when a session is resumed',
    history: fakeHistory({
      ...given,
      resumed: true,
      stage: 'client-finished',
      changeCipherSpec: { client: undefined, server: at(6) },
      protectedRecords: { server: { count: 1, first: fakeRecord(22, 'server', 6) } },
      alerts: [fakeAlert(20, 'client', 7)],
    }),
    want: found('finished', 'proven', [6, 7]),
  },
  {
    name: 'tells it over DTLS',
    history: fakeHistory({ ...given, protocol: 'DTLS', cipherSuite: 0xc02b }),
    want: found('finished', 'proven'),
  },
  {
    name: 'is less sure if a record of the association before arrived in this handshake',
    history: fakeHistory({ ...given, id: 2, protocol: 'DTLS' }),
    previous: fakeHistory({
      id: 1,
      protocol: 'DTLS',
      dtls: {
        anomalies: [
          {
            kind: 'late',
            record: fakeRecord(22, 'client', 7, { epoch: 1 }),
            owner: 1,
            reason: 'continues its numbers',
            confidence: 'likely',
            shape: 'finished',
            sincePeerClose: undefined,
            sinceOwnPrevious: undefined,
            during: 2,
            duringStage: 'client-flight',
            earlier: undefined,
            alert: undefined,
          },
        ],
      },
    }),
    want: found('finished', 'likely', [7, 8, 9]),
  },
  {
    name: 'is less sure in TLS 1.3, where the flight has several records',
    history: fakeHistory({
      ...given,
      stage: 'client-flight',
      version: 0x0304,
      cipherSuite: 0x1301,
      changeCipherSpec: { client: undefined, server: at(6) },
      protectedRecords: { server: { count: 4, first: fakeRecord(23, 'server', 6) } },
      alerts: [fakeAlert(20, 'client', 7)],
    }),
    want: found('flight13', 'likely', [6, 7]),
  },
  {
    name: 'is less sure where octets are missing',
    history: fakeHistory({ ...given, tcp: { lostOctets: { client: 30, server: 0 } } }),
    want: found('finished', 'likely'),
  },
  {
    name: 'does not judge where the record itself is missing',
    history: fakeHistory({
      ...given,
      protectedRecords: {},
      tcp: { lostOctets: { client: 30, server: 0 } },
    }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'does not judge half a conversation',
    history: fakeHistory({ ...given, protectedRecords: {}, bothDirections: false }),
    want: { missing: 'one-direction' },
  },
  {
    name: 'passes an alert before any protected record',
    history: fakeHistory({ ...given, protectedRecords: {} }),
    want: 'pass',
  },
  {
    name: 'passes an alert of a side that had accepted records before',
    history: fakeHistory({ ...given, changeCipherSpec: { client: at(8), server: at(8) } }),
    want: 'pass',
  },
  {
    name: 'leaves other alerts to handshake-alert',
    history: fakeHistory({ ...given, alerts: [fakeAlert(40, 'server', 9)] }),
    want: 'not-applicable',
  },
  { name: 'leaves healthy connections alone', history: fakeHistory(), want: 'not-applicable' },
]);
