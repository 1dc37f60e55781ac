import type { ConnectionSummary, SharedSessionFact } from '../../../src/model/capture-index.ts';
import { tlsDuplicateSessionId } from '../../../src/rules/misdelivery/tls-duplicate-session-id.ts';
import { at } from '../../support/fake-history.ts';
import { fakeIndex, fakeServer, fakeSummary } from '../../support/fake-index.ts';
import { testCaptureRule } from '../support/rule-tester.ts';

/** Connection N begins 10 N seconds after the beginning, in packet 10 N; each with a client of its own. */
const row = (id: number, given: Partial<ConnectionSummary> = {}): ConnectionSummary =>
  fakeSummary({
    id,
    client: { address: `192.0.2.${100 + id}`, port: 40_000 },
    start: at(10 * id, 10e9 * id),
    answered: at(10 * id + 4, 10e9 * id),
    ...given,
  });
const shared = (...connections: number[]): SharedSessionFact => ({
  connections,
  packets: connections.map((id) => 10 * id + 4),
});
const index = (facts: readonly SharedSessionFact[], rows = [row(1), row(2), row(3)]) =>
  fakeIndex([fakeServer({ connections: rows })], { sharedSessions: facts });
const finding = (...connections: number[]) =>
  [
    {
      message: 'shared',
      severity: 'warning',
      confidence: 'likely',
      packets: connections.map((id) => 10 * id + 4),
      connections,
    },
  ] as const;

testCaptureRule(tlsDuplicateSessionId, [
  { name: 'says nothing where every id is new', index: index([]), want: [] },
  { name: 'tells of an id of two clients', index: index([shared(1, 2)]), want: finding(1, 2) },
  { name: 'and of three', index: index([shared(1, 2, 3)]), want: finding(1, 2, 3) },
  {
    name: 'says nothing of one client',
    index: index([shared(1, 2)], [row(1), row(2, { client: row(1).client })]),
    want: [],
  },
  {
    name: 'says nothing of two that were issued at once: a device may have passed the id on',
    index: index([shared(1, 2)], [row(1), row(2, { start: at(20, 12e9) })]),
    want: [],
  },
  {
    name: 'says nothing where the ClientHello is missing: it may have offered the id',
    index: index([shared(1, 2)], [row(1), row(2, { hello: undefined })]),
    want: [],
  },
  {
    name: 'says nothing of connections whose rows are no longer kept',
    index: index([shared(1, 9)]),
    want: [],
  },
]);
