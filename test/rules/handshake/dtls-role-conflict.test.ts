import { expect, it } from 'vitest';
import type { ConnectionHistory } from '../../../src/model/history.ts';
import { dtlsRoleConflict } from '../../../src/rules/handshake/dtls-role-conflict.ts';
import { analyse } from '../../support/analyse.ts';
import { type FakeHistory, fakeAlert, fakeHistory } from '../../support/fake-history.ts';
import {
  clientHello,
  concat,
  dtlsFragment,
  dtlsRecord,
  filled,
  serverHello,
  u8,
} from '../../support/hello-builder.ts';
import { captureFile, type Peer, UdpFlow } from '../../support/network.ts';
import { atMs, hello, verify } from '../support/dtls-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const a = { address: '192.0.2.1', port: 50_000 };
const b = { address: '192.0.2.2', port: 5684 };

/** Hellos at these milliseconds; packet N is that of N milliseconds. */
const asking = (id: number, hellos: readonly number[], more: FakeHistory = {}): ConnectionHistory =>
  fakeHistory({
    id,
    protocol: 'DTLS',
    client: id === 1 ? a : b,
    server: id === 1 ? b : a,
    stage: 'server-hello',
    outcome: 'incomplete',
    version: undefined,
    ...more,
    dtls: {
      ordinal: id - 1,
      siblings: [1, 2],
      clientHellos: hellos.map((ms, n) => hello(atMs(ms, ms), 0, { retransmission: n > 0 })),
      ...more.dtls,
    },
  });

testConnectionRule(
  dtlsRoleConflict,
  [
    {
      name: 'proves it from both ClientHellos',
      history: asking(2, [500, 1500]),
      previous: asking(1, [10, 1010]),
      want: [
        {
          message: 'both',
          severity: 'error',
          confidence: 'proven',
          packets: [10, 500, 1010],
          connections: [2, 1],
        },
      ],
    },
    {
      name: 'shows the alert of a client that takes no ClientHello',
      history: asking(2, [500], { outcome: 'failed', alerts: [fakeAlert(10, 'server', 501)] }),
      previous: asking(1, [10]),
      want: [{ message: 'both', severity: 'error', confidence: 'proven', packets: [10, 500, 501] }],
    },
    {
      name: 'is less sure where packets were cut',
      history: asking(2, [500], { blindSpots: ['cut-packets'] }),
      previous: asking(1, [10]),
      want: [{ message: 'both', severity: 'error', confidence: 'likely', packets: [10, 500] }],
    },
    {
      name: 'passes where one handshake went on',
      history: asking(2, [500], { stage: 'done', outcome: 'established' }),
      previous: asking(1, [10]),
      want: 'pass',
    },
    {
      name: 'passes a handshake after the roles were changed',
      history: asking(2, [500]),
      previous: asking(1, [10], { stage: 'done', outcome: 'established' }),
      want: 'pass',
    },
    {
      name: 'passes where a cookie was asked for',
      history: asking(2, [500], { dtls: { verifyRequests: [verify(atMs(501, 501), 1, false)] } }),
      previous: asking(1, [10]),
      want: 'pass',
    },
    {
      name: 'passes where the first side had given up',
      history: asking(2, [70_000]),
      previous: asking(1, [10]),
      want: 'pass',
    },
    {
      name: 'leaves a client alone that begins again',
      history: asking(2, [500], { client: a, server: b }),
      previous: asking(1, [10]),
      want: 'not-applicable',
    },
    {
      name: 'leaves the first association alone',
      history: asking(1, [10]),
      want: 'not-applicable',
    },
    { name: 'leaves TLS alone', history: fakeHistory(), want: 'not-applicable' },
  ],
  { 'not-assessable': 'both ClientHellos were captured' },
);

const helloOf = (n: number, sequence: number) =>
  dtlsRecord(
    22,
    0xfefd,
    0,
    sequence,
    dtlsFragment(
      1,
      0,
      clientHello({ version: 0xfefd, cookie: new Uint8Array(0), random: filled(32, n) }),
    ),
  );

/** Both sides send a ClientHello three times, as stacks do. */
function conflict(): UdpFlow {
  const flow = new UdpFlow();
  for (let n = 0; n < 3; n++) {
    flow.datagram('client', helloOf(1, n)).wait(0.3e9);
    flow.datagram('server', helloOf(2, n)).wait(0.7e9 * 2 ** n);
  }
  return flow;
}

const rulesOf = (flow: UdpFlow) =>
  analyse(captureFile(flow.frames)).findings.map(({ rule, connections }) => [rule, connections]);

it('is found on the wire', () => {
  expect(rulesOf(conflict())).toEqual([['dtls-role-conflict', [2, 1]]]);
});

it.each(['client', 'server'] as const)('is found where the %s complains of it', (peer: Peer) => {
  const flow = conflict();
  flow.datagram(peer, dtlsRecord(21, 0xfefd, 0, 9, concat(u8(2), u8(10))));
  expect(rulesOf(flow)).toEqual([['dtls-role-conflict', [2, 1]]]);
});

it('is none where one side gives way', () => {
  const flow = new UdpFlow();
  flow.datagram('client', helloOf(1, 0)).datagram('server', helloOf(2, 0));
  const answer = serverHello({ version: 0xfefd });
  flow.datagram('client', dtlsRecord(22, 0xfefd, 0, 1, dtlsFragment(2, 0, answer)));
  expect(rulesOf(flow).filter(([rule]) => rule === 'dtls-role-conflict')).toEqual([]);
});
