import type { ConnectionHistory, RecordFact } from '../../../src/model/history.ts';
import { dtlsRestartKillsOld } from '../../../src/rules/misdelivery/dtls-restart-kills-old.ts';
import { type FakeHistory, fakeAlert, fakeHistory } from '../../support/fake-history.ts';
import {
  ALERT,
  anomaly,
  association,
  atMs,
  DATA,
  hello,
  record,
  verify,
} from '../support/dtls-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const open = { client: undefined, server: undefined };
/** Records of the old client at these milliseconds behind the ClientHello of packet 11. */
const late = (...ms: readonly number[]): readonly RecordFact[] =>
  ms.map((at, n) => record(DATA, 'client', atMs(12 + n, at), 10 + n));
const older = (records: readonly RecordFact[], more: FakeHistory = {}): ConnectionHistory =>
  association({
    id: 1,
    packet: 1,
    ms: 0,
    ...more,
    dtls: {
      probableClose: open,
      anomalies: records.map((one) => anomaly(one, 1)),
      ...more.dtls,
    },
    protectedRecords: {
      client: { count: 9 },
      server: {
        count: 2,
        first: record(DATA, 'server', atMs(5, 5), 0),
        last: record(DATA, 'server', atMs(7, 7), 1),
      },
    },
  });
/** A ClientHello at 60 ms that leads to nothing. */
const begun = (more: FakeHistory = {}): ConnectionHistory =>
  association({
    id: 2,
    packet: 11,
    ms: 60,
    stage: 'server-hello',
    outcome: 'incomplete',
    ...more,
    dtls: {
      replacesOpen: 1,
      probableClose: open,
      clientHellos: [hello(atMs(11, 60), 0)],
      verifyRequests: [],
      ...more.dtls,
    },
  });
const finding = (message: 'silent' | 'alert', ...packets: number[]) =>
  [{ message, severity: 'warning', confidence: 'possible', packets, connections: [2, 1] }] as const;
const asks = late(100, 1100, 2200);

testConnectionRule(dtlsRestartKillsOld, [
  {
    name: 'suspects it where the server falls silent',
    history: begun(),
    previous: older(asks),
    want: finding('silent', 11, 12, 14),
  },
  {
    name: 'suspects it where the cookie never came back',
    history: begun({ dtls: { verifyRequests: [verify(atMs(12, 61), 1, false)] } }),
    previous: older(asks),
    want: finding('silent', 11, 12, 14),
  },
  {
    name: 'suspects it where the server answers the old client with an alert',
    history: begun({ alerts: [fakeAlert(10, 'server', 13)] }),
    previous: older(late(100)),
    want: finding('alert', 11, 12, 13),
  },
  {
    name: 'passes a restart: the old client is gone',
    history: begun(),
    previous: older([]),
    want: 'pass',
  },
  {
    name: 'passes two records: their answers may be on their way',
    history: begun(),
    previous: older(late(100, 2200)),
    want: 'pass',
  },
  {
    name: 'passes records within a second',
    history: begun(),
    previous: older(late(100, 400, 700)),
    want: 'pass',
  },
  {
    name: 'passes where the server still answers',
    history: begun(),
    previous: older([...asks, record(DATA, 'server', atMs(20, 1200), 3)]),
    want: 'pass',
  },
  {
    name: 'passes where the cookie came back',
    history: begun({
      dtls: {
        clientHellos: [hello(atMs(11, 60), 0), hello(atMs(13, 62), 1)],
        verifyRequests: [verify(atMs(12, 61), 1)],
      },
    }),
    previous: older(asks),
    want: 'pass',
  },
  {
    name: 'passes where the new handshake was completed',
    history: begun({ stage: 'done', outcome: 'established' }),
    previous: older(asks),
    want: 'pass',
  },
  {
    name: 'passes where the old connection was closed',
    history: begun(),
    previous: older(asks, {
      dtls: {
        probableClose: { client: undefined, server: record(ALERT, 'server', atMs(9, 9), 2) },
      },
    }),
    want: 'pass',
  },
  {
    name: 'cannot tell where the server’s direction is missing',
    history: begun(),
    previous: older(asks, { bothDirections: false }),
    want: { missing: 'one-direction' },
  },
  {
    name: 'leaves associations alone that replace nothing',
    history: begun({ dtls: { replacesOpen: 0 } }),
    want: 'not-applicable',
  },
  { name: 'leaves TLS alone', history: fakeHistory(), want: 'not-applicable' },
]);
