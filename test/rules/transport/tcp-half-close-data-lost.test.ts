import { tcpHalfCloseDataLost } from '../../../src/rules/transport/tcp-half-close-data-lost.ts';
import type { FakeHistory } from '../../support/fake-history.ts';
import { at, fakeAlert, fakeHistory, fakeRecord } from '../../support/fake-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

/** The server closes in packet 20, the client sends in 200, and gets a bare RST in 201. */
const tcp = {
  fin: { client: undefined, server: at(20) },
  rst: { client: undefined, server: { ...at(201), withAck: false, window: 0 } },
  lastData: { client: at(200), server: at(18) },
  octetsAfterPeerFin: { client: 44, server: 0 },
} satisfies FakeHistory['tcp'];
const data = { client: { count: 3, last: fakeRecord(23, 'client', 200, { length: 39 }) } };
const history = (given: FakeHistory = {}) => fakeHistory({ tcp, protectedRecords: data, ...given });
const found = (severity: 'warning' | 'info', packets: readonly number[] = [20, 200, 201]) => [
  { message: 'lost', severity, confidence: 'proven' as const, packets },
];

testConnectionRule(tcpHalfCloseDataLost, [
  { name: 'reports data for a closed socket', history: history(), want: found('warning') },
  {
    name: 'only notes that of the server, whose client had done with it',
    history: history({
      tcp: {
        fin: { client: at(20), server: undefined },
        rst: { client: { ...at(201), withAck: false, window: 0 }, server: undefined },
        lastData: { client: at(18), server: at(200) },
        octetsAfterPeerFin: { client: 0, server: 44 },
      },
    }),
    want: found('info'),
  },
  {
    name: 'reports it behind a close_notify that had long arrived',
    history: history({ alerts: [fakeAlert(undefined, 'server', 19)] }),
    want: found('warning'),
  },
  {
    name: 'only notes what was under way when close_notify came',
    history: history({
      tcp: { ...tcp, lastData: { client: at(21), server: at(18) } },
      alerts: [fakeAlert(undefined, 'server', 19)],
    }),
    want: found('info', [20, 21, 201]),
  },
  {
    name: 'passes an alert in answer to close_notify',
    history: history({
      tcp: { ...tcp, octetsAfterPeerFin: { client: 31, server: 0 } },
      protectedRecords: {
        client: { count: 3, last: fakeRecord(21, 'client', 200, { length: 26 }) },
      },
      alerts: [fakeAlert(undefined, 'server', 19), fakeAlert(undefined, 'client', 200)],
    }),
    want: 'pass',
  },
  {
    name: 'passes an alert of the JDK, which pads as its Finished did',
    history: history({
      version: 0x0304,
      cipherSuite: 0x1302,
      tcp: { ...tcp, octetsAfterPeerFin: { client: 40, server: 0 } },
      protectedRecords: {
        client: {
          count: 3,
          first: fakeRecord(23, 'client', 12, { length: 85 }),
          last: fakeRecord(23, 'client', 200, { length: 35 }),
        },
      },
    }),
    want: 'pass',
  },
  {
    name: 'passes an alert in the clear',
    history: history({
      tcp: { ...tcp, octetsAfterPeerFin: { client: 7, server: 0 } },
      protectedRecords: {},
      alerts: [fakeAlert(40, 'client', 200)],
    }),
    want: 'pass',
  },
  {
    name: 'passes an alert in the clear before any ServerHello',
    history: history({
      version: undefined,
      tcp: { ...tcp, octetsAfterPeerFin: { client: 7, server: 0 } },
      protectedRecords: {},
      alerts: [fakeAlert(50, 'client', 200)],
    }),
    want: 'pass',
  },
  {
    name: 'passes what may be an alert of TLS 1.3',
    history: history({
      version: 0x0304,
      cipherSuite: 0x1301,
      tcp: { ...tcp, octetsAfterPeerFin: { client: 24, server: 0 } },
      protectedRecords: {
        client: { count: 3, last: fakeRecord(23, 'client', 200, { length: 19 }) },
      },
    }),
    want: 'pass',
  },
  {
    name: 'does not judge a connection that was captured from its middle',
    history: history({ blindSpots: ['start-not-captured'] }),
    want: { missing: 'start-not-captured' },
  },
  {
    name: 'does not judge where octets of the sender are missing',
    history: history({ tcp: { ...tcp, lostOctets: { client: 39, server: 0 } } }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'leaves a RST with ACK to others',
    history: history({
      tcp: { ...tcp, rst: { client: undefined, server: { ...at(201), withAck: true, window: 0 } } },
    }),
    want: 'not-applicable',
  },
  {
    name: 'is not about a RST that came before the data',
    history: history({
      tcp: {
        ...tcp,
        rst: { client: undefined, server: { ...at(190), withAck: false, window: 0 } },
      },
    }),
    want: 'not-applicable',
  },
  {
    name: 'is not about data sent again',
    history: history({ tcp: { ...tcp, octetsAfterPeerFin: { client: 0, server: 0 } } }),
    want: 'not-applicable',
  },
  { name: 'is not about DTLS', history: fakeHistory({ protocol: 'DTLS' }), want: 'not-applicable' },
]);
