import { badRecordMacLater } from '../../../src/rules/hmac/bad-record-mac-later.ts';
import { fakeAlert, fakeHistory, fakeRecord } from '../../support/fake-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const data = fakeRecord(23, 'client', 30, { length: 80 });
const protectedRecords = {
  client: { count: 5, first: fakeRecord(22, 'client', 8), last: data, lastData: data },
};
const found = (confidence: 'proven' | 'likely') => [
  { message: 'later', severity: 'error', confidence, packets: [30, 31] } as const,
];

testConnectionRule(badRecordMacLater, [
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
