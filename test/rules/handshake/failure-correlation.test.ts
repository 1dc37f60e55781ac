import type { ConnectionSummary } from '../../../src/model/history.ts';
import { failureCorrelation } from '../../../src/rules/handshake/failure-correlation.ts';
import { fakeIndex, fakeServer, fakeSummary } from '../../support/fake-index.ts';
import { testCaptureRule } from '../support/rule-tester.ts';

const CBC_SHA = 0xc013;
const alert20 = { description: 20, from: 'server', packet: 1 } as const;
const bad = (id: number, given: Partial<ConnectionSummary> = {}) =>
  fakeSummary({
    id,
    outcome: 'failed',
    stage: 'server-finished',
    cipherSuite: CBC_SHA,
    fatalAlert: alert20,
    ...given,
  });
const healthy = [11, 12, 13, 14, 15].map((id) => fakeSummary({ id }));
const server = (connections: readonly ConnectionSummary[]) =>
  fakeIndex([fakeServer({ connections })]);
const found = (confidence: 'likely' | 'possible') => [
  {
    message: 'separated',
    severity: 'error',
    confidence,
    packets: [19, 29],
    connections: [1, 2],
  } as const,
];

testCaptureRule(failureCorrelation, [
  {
    name: 'names the record MAC that all failures and no success had',
    index: server([bad(1), bad(2), ...healthy]),
    want: found('likely'),
  },
  {
    name: 'leaves it open where two properties part them alike',
    index: server([
      bad(1, { serverName: 'old.test' }),
      bad(2, { serverName: 'old.test' }),
      ...healthy,
    ]),
    want: found('possible'),
  },
  {
    name: 'does not make much of a client that fails again and again',
    index: server(
      [1, 2]
        .map((id) =>
          bad(id, { cipherSuite: 0xc02f, client: { address: '192.0.2.77', port: 4000 + id } }),
        )
        .concat(healthy),
    ),
    want: found('possible'),
  },
  {
    name: 'counts a failure once that was captured twice',
    index: fakeIndex([fakeServer({ connections: [bad(1), bad(2), ...healthy] })], {
      sharedRandoms: [{ role: 'client', connections: [2, 1], packets: [20, 10] }],
    }),
    want: [],
  },
  {
    name: 'compares failures of one kind only',
    index: server([
      bad(1),
      bad(2),
      bad(3, { cipherSuite: 0xc02f, fatalAlert: { ...alert20, description: 48 } }),
      ...healthy,
    ]),
    want: found('likely'),
  },
  {
    name: 'does not claim a split with an exception',
    index: server([bad(1), bad(2), fakeSummary({ id: 10, cipherSuite: CBC_SHA }), ...healthy]),
    want: [],
  },
  {
    name: 'does not claim one where a failure differs',
    index: server([bad(1), bad(2, { cipherSuite: 0xc02f }), ...healthy]),
    want: [],
  },
  { name: 'needs two failures', index: server([bad(1), ...healthy]), want: [] },
  {
    name: 'needs five successes',
    index: server([bad(1), bad(2), ...healthy.slice(1)]),
    want: [],
  },
  {
    name: 'does not count handshakes that the capture shows in part',
    index: server([
      bad(1, { outcome: 'incomplete' }),
      bad(2, { outcome: 'incomplete' }),
      ...healthy,
    ]),
    want: [],
  },
]);
