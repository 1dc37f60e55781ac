import type { SharedRandomFact } from '../../../src/model/history.ts';
import { tlsDuplicateHelloRandom } from '../../../src/rules/misdelivery/tls-duplicate-hello-random.ts';
import { at } from '../../support/fake-history.ts';
import { fakeIndex, fakeServer, fakeSummary } from '../../support/fake-index.ts';
import { testCaptureRule } from '../support/rule-tester.ts';

/** Connection N begins in packet 10 N, its hellos in packets 10 N + 3 and 10 N + 4. */
const rows = [1, 2, 3].map((id) => fakeSummary({ id }));
const shared = (role: 'client' | 'server', ...connections: number[]): SharedRandomFact => ({
  role,
  connections,
  packets: connections.map((id) => 10 * id + (role === 'client' ? 3 : 4)),
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
