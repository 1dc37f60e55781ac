import type { ConnectionHistory } from '../../../src/model/history.ts';
import { dtlsRestartIgnored } from '../../../src/rules/misdelivery/dtls-restart-ignored.ts';
import { fakeHistory } from '../../support/fake-history.ts';
import {
  anomaly,
  association,
  atMs,
  DATA,
  dtlsIndex,
  hello,
  record,
  summaryOf,
} from '../support/dtls-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

/** Association 2 on the 5-tuple of the open association 1: its ClientHellos in packets 11 and following. */
function restart(
  hellos: readonly number[],
  answered?: number,
  unreachable = false,
): ConnectionHistory {
  return association({
    id: 2,
    packet: 11,
    ms: hellos[0] ?? 0,
    endNanos: 20_000e6,
    dtls: {
      replacesOpen: 1,
      clientHellos: hellos.map((ms, at) => hello(atMs(11 + at, ms), 0, { retransmission: at > 0 })),
      verifyRequests: [],
      answered: answered === undefined ? undefined : atMs(30, answered),
      portUnreachable: unreachable ? [{ ...atMs(31, 5000), role: 'server' }] : [],
    },
  });
}

/** Association 1, whose server may send once more, in packet 20. */
function older(servedAt?: number): ConnectionHistory {
  const stray = record(DATA, 'server', atMs(20, servedAt ?? 0), 3);
  return association({
    id: 1,
    packet: 1,
    ms: 0,
    dtls: {
      probableClose: { client: undefined, server: undefined },
      ...(servedAt === undefined
        ? {}
        : { anomalies: [anomaly(stray, 1, { during: 2, duringStage: 'server-hello' })] }),
    },
  });
}

const other = (ms: number): ConnectionHistory =>
  association({ id: 3, packet: 40, ms, client: { address: '192.0.2.9', port: 1 } });

const ignored = restart([60, 1060, 3060]);

testConnectionRule(dtlsRestartIgnored, [
  { name: 'leaves TLS over TCP alone', history: fakeHistory(), want: 'not-applicable' },
  {
    name: 'says nothing where nothing was open',
    history: association({ id: 1, packet: 1, ms: 0 }),
    want: 'pass',
  },
  {
    name: 'takes one unanswered ClientHello for a loss',
    history: restart([60, 1060], 1061),
    previous: older(500),
    want: 'pass',
  },
  {
    name: 'takes a ClientHello that comes again within a millisecond for a copy',
    history: restart([60, 60.2]),
    previous: older(500),
    want: 'pass',
  },
  {
    name: 'says nothing of a server that is down',
    history: restart([60, 1060, 3060], undefined, true),
    previous: older(),
    want: 'pass',
  },
  {
    name: 'says nothing of a server that had closed the older association',
    history: ignored,
    previous: association({ id: 1, packet: 1, ms: 0 }),
    want: 'pass',
  },
  {
    name: 'cannot tell without secrets of DTLS 1.3 whether the older association was closed',
    history: ignored,
    previous: {
      ...older(),
      version: 0xfefc,
      cipherSuite: 0x1301,
      protectedRecords: {
        ...older().protectedRecords,
        client: {
          count: 3,
          first: undefined,
          last: record(DATA, 'client', atMs(10, 9), 4, { length: 19 }),
          lastData: undefined,
        },
      },
    },
    want: { missing: 'no-secrets' },
  },
  {
    name: 'cannot tell without the older association',
    history: ignored,
    want: { missing: 'start-not-captured' },
  },
  {
    name: 'tells of a server that goes on with the old association',
    history: ignored,
    previous: older(2600),
    want: [
      {
        message: 'still-serving',
        severity: 'error',
        confidence: 'proven',
        packets: [11, 13, 20],
        connections: [2, 1],
      },
    ],
  },
  {
    name: 'tells how long it took until the server answered after all',
    history: restart([60, 1060, 3060, 7060], 7060.1),
    previous: older(6000),
    want: [
      {
        message: 'still-serving',
        severity: 'error',
        confidence: 'proven',
        packets: [11, 14, 20, 30],
      },
    ],
  },
  {
    name: 'takes an answer to another client for a sign of life',
    history: ignored,
    previous: older(),
    index: dtlsIndex([summaryOf(older()), summaryOf(ignored), summaryOf(other(2000))]),
    want: [
      { message: 'answers-others', severity: 'error', confidence: 'likely', packets: [11, 13, 41] },
    ],
  },
  {
    name: 'takes the finding back without any sign of life',
    history: ignored,
    previous: older(),
    index: dtlsIndex([summaryOf(older()), summaryOf(ignored)]),
    want: [],
  },
]);
