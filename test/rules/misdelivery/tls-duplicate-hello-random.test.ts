import { describe, expect, it } from 'vitest';
import type { SharedRandomFact } from '../../../src/model/capture-index.ts';
import { tlsDuplicateHelloRandom } from '../../../src/rules/misdelivery/tls-duplicate-hello-random.ts';
import { analyse } from '../../support/analyse.ts';
import { TlsWriter } from '../../support/conversation.ts';
import { at } from '../../support/fake-history.ts';
import { fakeIndex, fakeServer, fakeSummary } from '../../support/fake-index.ts';
import {
  captureFile,
  type Frame,
  HOSTS,
  inTime,
  MS,
  TcpFlow,
  twice,
} from '../../support/network.ts';
import { testCaptureRule } from '../support/rule-tester.ts';

/** Connection N begins in packet 10 N, its hellos in packets 10 N + 3 and 10 N + 4. */
const rows = [1, 2, 3].map((id) => fakeSummary({ id }));
const shared = (role: 'client' | 'server', ...connections: number[]): SharedRandomFact => ({
  role,
  connections,
  packets: connections.map((id) => 10 * id + (role === 'client' ? 3 : 4)),
  keyShares: connections.map(() => 0),
});
const withShares = (...keyShares: number[]): SharedRandomFact => ({
  ...shared('server', 1, 2),
  keyShares,
});
const elsewhere = { address: '198.51.100.7', port: 4711 };
const index = (sharedRandoms: readonly SharedRandomFact[], connections = rows) =>
  fakeIndex([fakeServer({ connections })], { sharedRandoms });

testCaptureRule(tlsDuplicateHelloRandom, [
  { name: 'says nothing where every random is new', index: index([]), want: [] },
  {
    name: 'warns of a client random that two handshakes share',
    index: index([shared('client', 1, 3)]),
    want: [
      {
        message: 'client',
        severity: 'warning',
        confidence: 'proven',
        packets: [13, 33],
        connections: [1, 3],
      },
    ],
  },
  {
    name: 'tells of a server random that two handshakes share',
    index: index([shared('server', 1, 2)]),
    want: [
      {
        message: 'server',
        severity: 'error',
        confidence: 'proven',
        packets: [14, 24],
        connections: [1, 2],
      },
    ],
  },
  {
    name: 'tells of a server that repeats its key share too: its generator is in the state of before',
    index: index([withShares(77, 77)]),
    want: [
      {
        message: 'state',
        severity: 'critical',
        confidence: 'proven',
        packets: [14, 24],
        connections: [1, 2],
      },
    ],
  },
  {
    name: 'does so of two machines from one snapshot',
    index: index(
      [withShares(77, 77)],
      [fakeSummary({ id: 1 }), fakeSummary({ id: 2, server: elsewhere })],
    ),
    want: [{ message: 'state', severity: 'critical', confidence: 'proven', packets: [14, 24] }],
  },
  {
    name: 'leaves it at the random where the key shares differ',
    index: index([withShares(77, 78)]),
    want: [{ message: 'server', severity: 'error', confidence: 'proven', packets: [14, 24] }],
  },
  {
    name: 'leaves it at the random where one handshake came to nothing, as a hello does that a device passed to another',
    index: index(
      [withShares(77, 77)],
      [fakeSummary({ id: 1 }), fakeSummary({ id: 2, outcome: 'failed' })],
    ),
    want: [{ message: 'server', severity: 'error', confidence: 'proven', packets: [14, 24] }],
  },
  {
    name: 'is silent where key share and both randoms are the same: one handshake, captured twice',
    index: index([shared('client', 1, 2), withShares(77, 77)]),
    want: [],
  },
  {
    name: 'takes a handshake with both randoms the same for one that was captured twice',
    index: index([shared('client', 1, 2), shared('server', 1, 2)]),
    want: [],
  },
  {
    name: 'sees past the copy to a third handshake',
    index: index([shared('client', 1, 2, 3), shared('server', 1, 2)]),
    want: [
      {
        message: 'client',
        severity: 'warning',
        confidence: 'proven',
        packets: [13, 33],
        connections: [1, 3],
      },
    ],
  },
  {
    name: 'takes an unanswered ClientHello at nearly the same time for one on its way',
    index: index(
      [shared('client', 1, 2)],
      [fakeSummary({ id: 1 }), fakeSummary({ id: 2, answered: undefined })],
    ),
    want: [],
  },
  {
    name: 'takes a ServerHello whose ClientHello was not captured for a copy or a repeat',
    index: index(
      [shared('server', 1, 2)],
      [fakeSummary({ id: 1, hello: undefined }), fakeSummary({ id: 2 })],
    ),
    want: [],
  },
  {
    name: 'takes one between the same addresses and ports for what a second point has later',
    index: index(
      [shared('client', 1, 2)],
      [1, 2].map((id) => fakeSummary({ id, client: elsewhere, start: at(20_000 * id) })),
    ),
    want: [],
  },
  {
    name: 'only notes a client random that two hosts share',
    index: index(
      [shared('client', 1, 2)],
      [fakeSummary({ id: 1 }), fakeSummary({ id: 2, client: elsewhere })],
    ),
    want: [{ message: 'client', severity: 'info', confidence: 'proven', packets: [13, 23] }],
  },
  {
    name: 'only notes a server random that two hosts share',
    index: index(
      [shared('server', 1, 2)],
      [fakeSummary({ id: 1 }), fakeSummary({ id: 2, server: elsewhere })],
    ),
    want: [{ message: 'server', severity: 'info', confidence: 'proven', packets: [14, 24] }],
  },
  {
    name: 'does not excuse one that comes much later',
    index: index(
      [shared('client', 1, 2)],
      [fakeSummary({ id: 1 }), fakeSummary({ id: 2, answered: undefined, start: at(20_000) })],
    ),
    want: [{ message: 'client', severity: 'warning', confidence: 'proven', packets: [13, 23] }],
  },
]);

describe('a server of TLS 1.3 whose state was copied', () => {
  const RANDOM = 5 + 4 + 2;
  /** Handshakes of two clients, the second with the server random of the first; the builder gives all the same share. */
  function handshakes(random: Uint8Array, seed: number, port: number, times = 1): Frame[] {
    const writer = new TlsWriter({ version: 0x0304, seed });
    const { client } = HOSTS;
    const flow = new TcpFlow({
      hosts: { ...HOSTS, client: { ...client, port } },
      startNanos: port * MS,
    }).open();
    for (const { from, name, record } of writer.handshake()) {
      const octets = Uint8Array.from(record);
      if (name === 'server_hello') octets.set(random, RANDOM);
      flow.send(from, octets);
    }
    for (const from of ['client', 'server'] as const) flow.send(from, writer.data(from, 60).record);
    return times === 1 ? flow.frames : twice(flow.frames);
  }
  const [one, other] = [new Uint8Array(32).fill(7), new Uint8Array(32).fill(8)];
  const told = (...frames: Frame[][]) =>
    analyse(captureFile(inTime(frames.flat())))
      .findings.filter(({ severity }) => severity !== 'info')
      .map(({ rule, severity, title }) => `${severity} ${rule}: ${title}`);

  it('is critical in two completed handshakes', () => {
    expect(told(handshakes(one, 1, 40_001), handshakes(one, 2, 40_002))).toEqual([
      'critical tls-duplicate-hello-random: A server used the state of its random generator twice',
    ]);
  });

  it('is not told of one that keeps its share and not its random, or of a handshake that was captured twice', () => {
    expect(told(handshakes(one, 1, 40_001), handshakes(other, 2, 40_002))).toEqual([]);
    expect(told(handshakes(one, 1, 40_001, 2))).toEqual([]);
    expect(told(handshakes(one, 1, 40_001), handshakes(one, 1, 40_002))).toEqual([]);
  });
});
