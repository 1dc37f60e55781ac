import type { ConnectionHistory, Role } from '../../../src/model/history.ts';
import { dtlsStaleRecordBeforeHello } from '../../../src/rules/misdelivery/dtls-stale-record-before-hello.ts';
import { fakeHistory } from '../../support/fake-history.ts';
import { anomaly, association, atMs, DATA, hello, record } from '../support/dtls-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

interface Case {
  /** When the stray records come, in packets 1 and 2 unless another is given. */
  readonly strays: readonly number[];
  readonly packet?: number;
  readonly from?: Role;
  /** When the first ClientHello is sent, in packet 3 and following. */
  readonly hellos: readonly number[];
  readonly answered?: number;
}

const flow = ({ strays, packet = 1, from = 'client', hellos, answered }: Case): ConnectionHistory =>
  association({
    id: 1,
    packet: 3,
    ms: hellos[0] ?? 0,
    messages: [],
    dtls: {
      anomalies: strays.map((ms, at) =>
        anomaly(record(DATA, from, atMs(packet + at, ms), 40 + at), 0, { kind: 'no-association' }),
      ),
      clientHellos: hellos.map((ms, at) => hello(atMs(3 + at, ms), 0, { retransmission: at > 0 })),
      verifyRequests: [],
      answered: answered === undefined ? undefined : atMs(10, answered),
    },
  });

testConnectionRule(dtlsStaleRecordBeforeHello, [
  { name: 'leaves TLS over TCP alone', history: fakeHistory(), want: 'not-applicable' },
  {
    name: 'says nothing about a healthy association',
    history: association({ id: 1, packet: 1, ms: 0 }),
    want: 'pass',
  },
  {
    name: 'has nothing to say about a flow without a handshake',
    history: flow({ strays: [], hellos: [] }),
    want: 'not-applicable',
  },
  {
    name: 'takes a flow without a ClientHello for one whose start was missed',
    history: flow({ strays: [9000, 9500], hellos: [] }),
    want: { missing: 'start-not-captured' },
  },
  {
    name: 'takes a flow on which the server speaks for one whose start was missed',
    history: flow({ strays: [9000], from: 'server', hellos: [9500], answered: 9501 }),
    want: { missing: 'start-not-captured' },
  },
  {
    name: 'notes records into the void',
    history: flow({ strays: [9000, 9500], hellos: [10_000], answered: 10_001 }),
    want: [
      {
        message: 'harmless',
        severity: 'info',
        confidence: 'likely',
        packets: [1, 2, 3],
        connections: [1],
      },
    ],
  },
  {
    name: 'notes a record that comes while the ClientHello waits, which cannot be of its connection',
    history: flow({ strays: [9600], packet: 8, hellos: [9000, 9500] }),
    want: [{ message: 'in-between', severity: 'info', confidence: 'likely', packets: [3, 8] }],
  },
  {
    name: 'is less sure at the start of a capture',
    history: flow({ strays: [100], hellos: [200, 1200], answered: 1201 }),
    want: [
      { message: 'hello-repeated', severity: 'info', confidence: 'possible', packets: [1, 3, 4] },
    ],
  },
  {
    name: 'tells of the ClientHello that was swallowed behind them',
    history: flow({ strays: [9000], hellos: [9100, 10_100], answered: 10_101 }),
    want: [
      { message: 'hello-repeated', severity: 'error', confidence: 'likely', packets: [1, 3, 4] },
    ],
  },
  {
    name: 'tells of a server that stayed deaf',
    history: flow({ strays: [9000], hellos: [9100, 10_100, 12_100] }),
    want: [
      { message: 'hello-ignored', severity: 'error', confidence: 'likely', packets: [1, 3, 4] },
    ],
  },
]);
