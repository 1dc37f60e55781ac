import { dtlsCidMigration } from '../../../src/rules/misdelivery/dtls-cid-migration.ts';
import { fakeHistory } from '../../support/fake-history.ts';
import { association } from '../support/dtls-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';
import { path, withIds } from './connection-ids.ts';

const note = { severity: 'info' as const, connections: [1] };

testConnectionRule(
  dtlsCidMigration,
  [
    { name: 'leaves TLS over TCP alone', history: fakeHistory(), want: 'not-applicable' },
    {
      name: 'leaves connections without ids alone',
      history: association({ id: 1, packet: 1, ms: 0 }),
      want: 'not-applicable',
    },
    { name: 'says nothing of one that stays', history: withIds({}), want: 'pass' },
    {
      name: 'takes copies for no move',
      history: withIds({ paths: [path({ isCopy: true })] }),
      want: 'pass',
    },
    {
      name: 'leaves records that nobody answers at another server to dtls-cid-foreign',
      history: withIds({ paths: [path({ isElsewhere: true, answered: false })] }),
      want: 'pass',
    },
    {
      name: 'tells of a client that moved',
      history: withIds({ paths: [path()] }),
      want: [{ ...note, message: 'answered', confidence: 'likely', packets: [20, 21] }],
    },
    {
      name: 'is sure where the records open, and tells of each 5-tuple',
      history: withIds({
        paths: [
          path({ isProven: true }),
          path({
            isProven: true,
            first: { packet: 30, nanos: 3e9 },
            firstOf: { client: { packet: 30, nanos: 3e9 }, server: undefined },
            records: { client: 1, server: 0 },
          }),
        ],
        pathsOmitted: true,
      }),
      want: [{ ...note, message: 'answered', confidence: 'proven', packets: [20, 21, 30] }],
    },
    {
      name: 'tells that the server sent nothing to the new address',
      history: withIds({ paths: [path({ answered: false })] }),
      want: [{ ...note, message: 'unanswered', confidence: 'likely', packets: [20] }],
    },
    {
      name: 'tells of a server that answers from elsewhere',
      history: withIds({ paths: [path({ isElsewhere: true })] }),
      want: [{ ...note, message: 'server', confidence: 'likely', packets: [20, 21] }],
    },
  ],
  { 'not-assessable': 'what is not seen is no move' },
);
