import type { ContinuationFact } from '../../../src/model/dtls-facts.ts';
import type { RecordFact } from '../../../src/model/history.ts';
import { dtlsNatRebindNoCid } from '../../../src/rules/misdelivery/dtls-nat-rebind-no-cid.ts';
import { fakeHistory } from '../../support/fake-history.ts';
import { association, atMs, DATA, record } from '../support/dtls-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const continuation: ContinuationFact = {
  print: 7,
  connection: 1,
  client: { address: '192.0.2.10', port: 40_001 },
  step: 1,
  isProven: false,
  last: atMs(10, 1000),
  wasAnswered: true,
  goesOn: false,
};

/** Connection 2 without a handshake, with records of the client and perhaps of the server. */
function stray(
  more: Partial<ContinuationFact>,
  client: readonly RecordFact[] = [
    record(DATA, 'client', atMs(20, 60_000), 7),
    record(DATA, 'client', atMs(21, 61_000), 8),
  ],
  server: readonly RecordFact[] = [],
) {
  const facts = (records: readonly RecordFact[]) => ({
    count: records.length,
    first: records[0],
    last: records.at(-1),
    lastData: records.at(-1),
  });
  return fakeHistory({
    id: 2,
    protocol: 'DTLS',
    outcome: 'no-handshake',
    client: { address: '192.0.2.10', port: 50_001 },
    protectedRecords: { client: facts(client), server: facts(server) },
    dtls: { continues: { ...continuation, ...more } },
  });
}

const one = [record(DATA, 'client', atMs(20, 60_000), 7)];
const again = association({ id: 3, packet: 30, ms: 63_000 });
const lost = { message: 'rebound', severity: 'warning' as const, connections: [1, 2] };

testConnectionRule(dtlsNatRebindNoCid, [
  { name: 'leaves TLS over TCP alone', history: fakeHistory(), want: 'not-applicable' },
  {
    name: 'leaves connections with a handshake alone',
    history: association({ id: 1, packet: 1, ms: 0 }),
    want: 'not-applicable',
  },
  {
    name: 'two devices behind one address: the older connection goes on',
    history: stray({ goesOn: true }),
    want: 'pass',
  },
  {
    name: 'two devices behind one address: the server answers both',
    history: stray({}, undefined, [record(DATA, 'server', atMs(22, 61_001), 4)]),
    want: 'pass',
  },
  {
    name: 'a number that is not among the next few',
    history: stray({ step: 9 }),
    want: 'pass',
  },
  { name: 'one record, and nothing after it', history: stray({}, one), want: 'pass' },
  { name: 'no record of the client', history: stray({}, []), want: 'pass' },
  {
    name: 'cannot tell an answer from none where the server was never heard',
    history: stray({ wasAnswered: false }),
    want: { missing: 'one-direction' },
  },
  {
    name: 'tells of several records that nobody answers',
    history: stray({}),
    want: [{ ...lost, confidence: 'likely', packets: [10, 20, 21] }],
  },
  {
    name: 'tells of one and the handshake after it',
    history: stray({}, one),
    next: again,
    want: [{ ...lost, confidence: 'likely', packets: [10, 20, 30] }],
  },
  {
    name: 'is sure where the record opens, whatever its number',
    history: stray({ isProven: true, step: 40 }, one),
    want: [{ ...lost, confidence: 'proven', packets: [10, 20] }],
  },
]);
