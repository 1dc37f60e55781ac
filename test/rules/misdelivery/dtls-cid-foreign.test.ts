import { dtlsCidForeign } from '../../../src/rules/misdelivery/dtls-cid-foreign.ts';
import { fakeHistory } from '../../support/fake-history.ts';
import { association } from '../support/dtls-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';
import { path, withIds } from './connection-ids.ts';

const astray = path({
  isElsewhere: true,
  answered: false,
  endpoints: {
    client: { address: '192.0.2.10', port: 50_001 },
    server: { address: '2001:db8::21', port: 5684 },
  },
});
const wrong = { message: 'astray', severity: 'error' as const, connections: [1] };

testConnectionRule(dtlsCidForeign, [
  { name: 'leaves TLS over TCP alone', history: fakeHistory(), want: 'not-applicable' },
  {
    name: 'leaves connections without ids alone',
    history: association({ id: 1, packet: 1, ms: 0, dtls: { paths: [astray] } }),
    want: 'not-applicable',
  },
  {
    name: 'says nothing of a client that moved, answered or not',
    history: withIds({ paths: [path(), path({ answered: false })] }),
    want: 'pass',
  },
  {
    name: 'says nothing where the other address answers within the connection',
    history: withIds({ paths: [path({ isElsewhere: true })] }),
    want: 'pass',
  },
  {
    name: 'says nothing of copies on both sides of a device',
    history: withIds({ paths: [{ ...astray, isCopy: true }] }),
    want: 'pass',
  },
  {
    name: 'says nothing of what only the server sent elsewhere',
    history: withIds({ paths: [{ ...astray, records: { client: 0, server: 2 } }] }),
    want: 'pass',
  },
  {
    name: 'cannot tell an answer from none with one direction',
    history: withIds({ paths: [astray] }, { bothDirections: false }),
    want: { missing: 'one-direction' },
  },
  {
    name: 'tells of records at a server that did not give out the id',
    history: withIds({ paths: [astray] }),
    want: [{ ...wrong, confidence: 'likely', packets: [20, 22] }],
  },
  {
    name: 'is sure where they open under the keys of the connection',
    history: withIds({ paths: [{ ...astray, isProven: true, records: { client: 1, server: 0 } }] }),
    want: [{ ...wrong, confidence: 'proven', packets: [20] }],
  },
  {
    name: 'is less sure where octets are missing',
    history: withIds({ paths: [astray] }, { blindSpots: ['lost-bytes'] }),
    want: [{ ...wrong, confidence: 'possible', packets: [20, 22] }],
  },
]);
