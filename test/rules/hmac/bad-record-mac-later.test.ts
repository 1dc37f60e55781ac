import type { PerRole, ProtectedFacts, RecordFact } from '../../../src/model/history.ts';
import { badRecordMacLater } from '../../../src/rules/hmac/bad-record-mac-later.ts';
import { fakeDecryption } from '../../support/fake-decryption.ts';
import {
  at,
  type FakeHistory,
  fakeAlert,
  fakeHistory,
  fakeRecord,
} from '../../support/fake-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const data = fakeRecord(23, 'client', 30, { length: 80 });
const request = fakeRecord(23, 'client', 30, { length: 400 });

function withData(sent: RecordFact, answered?: RecordFact): PerRole<Partial<ProtectedFacts>> {
  return {
    client: { count: 5, last: sent, lastData: sent },
    server: { count: 5, last: answered, lastData: answered },
  };
}

const protectedRecords = {
  client: { count: 5, first: fakeRecord(22, 'client', 8), last: data, lastData: data },
};
const found = (confidence: 'proven' | 'likely') => [
  { message: 'later', severity: 'error', confidence, packets: [30, 31] } as const,
];

const answer = fakeRecord(23, 'server', 28, { length: 700 });
const unanswered: FakeHistory = {
  protectedRecords: {
    client: { count: 5, first: fakeRecord(22, 'client', 8), last: request, lastData: request },
    server: { count: 5, last: answer, lastData: answer },
  },
  records: { client: { applicationData: 3 }, server: { applicationData: 2 } },
  alerts: [fakeAlert(undefined, 'server', 31)],
};

testConnectionRule(badRecordMacLater, [
  {
    name: 'proves with secrets that all records were sound',
    history: fakeHistory({
      protectedRecords,
      alerts: [fakeAlert(20, 'server', 31, { encrypted: true })],
      decryption: fakeDecryption(),
    }),
    want: [{ message: 'sound', severity: 'error', confidence: 'proven', packets: [30, 31] }],
  },
  {
    name: 'looks for another culprit where the receiver went on with data after the last of them',
    history: fakeHistory({
      protectedRecords: withData(request, { ...answer, packet: 31 }),
      alerts: [fakeAlert(20, 'server', 33, { encrypted: true })],
      decryption: fakeDecryption(),
    }),
    want: [
      { message: 'elsewhere', severity: 'error', confidence: 'likely', packets: [30, 31, 33] },
    ],
  },
  {
    name: 'takes the alert behind data that was in order for what was refused',
    history: fakeHistory({
      protectedRecords: {
        ...protectedRecords,
        client: { ...protectedRecords.client, last: fakeRecord(21, 'client', 35) },
      },
      alerts: [fakeAlert(20, 'server', 36, { encrypted: true })],
      decryption: fakeDecryption(),
    }),
    want: [{ message: 'sound', severity: 'error', confidence: 'proven', packets: [35, 36] }],
  },
  {
    name: 'does not say so where one was not tried',
    history: fakeHistory({
      protectedRecords,
      alerts: [fakeAlert(20, 'server', 31, { encrypted: true })],
      decryption: fakeDecryption({ skipped: 1 }),
    }),
    want: found('proven'),
  },
  {
    name: 'warns where an alert that cannot be read is the only answer to data',
    history: fakeHistory(unanswered),
    want: [{ message: 'unread', severity: 'warning', confidence: 'possible', packets: [30, 31] }],
  },
  {
    name: 'goes by what a FIN acknowledges, not by when it was captured',
    history: fakeHistory({
      ...unanswered,
      tcp: { fin: { client: at(30), server: undefined } },
    }),
    want: [{ message: 'unread', severity: 'warning', confidence: 'possible', packets: [30, 31] }],
  },
  ...(
    [
      [
        'comes behind an answer',
        { protectedRecords: withData(request, { ...answer, packet: 31 }) },
      ],
      ['comes after a pause', { alerts: [fakeAlert(undefined, 'server', 31, { nanos: 2e9 })] }],
      [
        'answers the alert of the client',
        { alerts: [fakeAlert(undefined, 'client', 31), fakeAlert(undefined, 'server', 32)] },
      ],
      [
        'answers a close',
        {
          tcp: {
            fin: { client: at(30), server: undefined },
            octetsAfterPeerFin: { client: 0, server: 31 },
          },
        },
      ],
      ['takes its leave behind a short record', { protectedRecords: withData(data, answer) }],
      ['is the only thing that the server ever said', { protectedRecords: withData(request) }],
      ['is the client’s', { alerts: [fakeAlert(undefined, 'client', 31)] }],
      [
        'may stand behind what the capture lacks',
        { tcp: { lostOctets: { client: 0, server: 9 } } },
      ],
      [
        'may answer a close that the capture lacks',
        { tcp: { lostOctets: { client: 85, server: 0 } } },
      ],
    ] as const
  ).map(([what, more]) => ({
    name: `says nothing where such an alert ${what}`,
    history: fakeHistory({ ...unanswered, ...more }),
    want: 'not-applicable' as const,
  })),
  {
    name: 'proves it where secrets opened the alert',
    history: fakeHistory({
      protectedRecords,
      alerts: [fakeAlert(20, 'server', 31, { encrypted: true })],
    }),
    want: found('proven'),
  },
  {
    name: 'takes an alert in the clear at this point for likely',
    history: fakeHistory({ protectedRecords, alerts: [fakeAlert(20, 'server', 31)] }),
    want: found('likely'),
  },
  {
    name: 'says nothing about an alert that cannot be read: close_notify has the same length',
    history: fakeHistory({ protectedRecords, alerts: [fakeAlert(undefined, 'server', 31)] }),
    want: 'not-applicable',
  },
  {
    name: 'passes where nothing but the Finished had been sent',
    history: fakeHistory({
      protectedRecords: { client: { count: 1, first: data, last: data } },
      alerts: [fakeAlert(20, 'server', 31)],
    }),
    want: 'pass',
  },
  {
    name: 'passes an alert in the clear over DTLS, which anybody can send',
    history: fakeHistory({
      protocol: 'DTLS',
      protectedRecords,
      alerts: [fakeAlert(20, 'server', 31)],
    }),
    want: 'pass',
  },
  {
    name: 'does not judge where octets are missing',
    history: fakeHistory({
      protectedRecords,
      alerts: [fakeAlert(20, 'server', 31)],
      tcp: { lostOctets: { client: 100, server: 0 } },
    }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'leaves the handshake to bad-record-mac-first-record',
    history: fakeHistory({
      outcome: 'failed',
      stage: 'server-finished',
      protectedRecords,
      alerts: [fakeAlert(20, 'server', 31)],
    }),
    want: 'not-applicable',
  },
  { name: 'leaves healthy connections alone', history: fakeHistory(), want: 'not-applicable' },
]);
