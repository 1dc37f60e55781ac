import { dtlsCidLengthMismatch } from '../../../src/rules/misdelivery/dtls-cid-length-mismatch.ts';
import { fakeHistory } from '../../support/fake-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';
import { CLIENT_ID, misfit, withIds } from './connection-ids.ts';

const NOTHING = { count: 0, first: undefined, last: undefined, lastData: undefined };
const failed = {
  outcome: 'incomplete' as const,
  protectedRecords: { client: NOTHING, server: NOTHING },
};
const wrong = { severity: 'error' as const, connections: [1], confidence: 'proven' as const };
const unlike = { found: '01020304' };
const ofSender = { kind: 'of-sender' as const, found: CLIENT_ID };
const unasked = { kind: 'not-negotiated' as const, wanted: '', found: '07'.repeat(20) };

testConnectionRule(dtlsCidLengthMismatch, [
  { name: 'leaves TLS over TCP alone', history: fakeHistory(), want: 'not-applicable' },
  { name: 'says nothing of right ids', history: withIds({}), want: 'not-applicable' },
  {
    name: 'cannot tell what one direction means',
    history: withIds({ idMisfits: [misfit(5), misfit(6)] }, { bothDirections: false }),
    want: { missing: 'one-direction' },
  },
  {
    name: 'says nothing of an id of the right length that nobody gave out',
    history: withIds({
      idMisfits: [misfit(5, { kind: 'unknown' }), misfit(6, { kind: 'unknown' })],
    }),
    want: 'pass',
  },
  {
    name: 'says nothing of one record with octets that have nothing to do with the id',
    history: withIds({ idMisfits: [misfit(5, unlike)] }),
    want: 'pass',
  },
  {
    name: 'says nothing of the same record captured twice, or of others that do not agree',
    history: withIds({
      idMisfits: [misfit(5, unlike), misfit(5, unlike), misfit(6, { found: '01020305' })],
    }),
    want: 'pass',
  },
  {
    name: 'tells of one record with the beginning of the id',
    history: withIds({ idMisfits: [misfit(5)] }, failed),
    want: [{ ...wrong, message: 'length', confidence: 'likely', packets: [5] }],
  },
  {
    name: 'is sure of several',
    history: withIds({ idMisfits: [misfit(5), misfit(6), misfit(8)] }, failed),
    want: [{ ...wrong, message: 'length', packets: [5, 6, 8] }],
  },
  {
    name: 'warns where the connection came about all the same',
    history: withIds({ idMisfits: [misfit(5), misfit(6)] }),
    want: [{ ...wrong, message: 'length', severity: 'warning', packets: [5, 6] }],
  },
  {
    name: 'tells of the sender’s own id',
    history: withIds({ idMisfits: [misfit(5, ofSender)] }, failed),
    want: [{ ...wrong, message: 'of-sender', packets: [5] }],
  },
  {
    name: 'tells of ids that nobody asked for',
    history: withIds({ idMisfits: [misfit(5, unasked), misfit(6, unasked)] }, failed),
    want: [{ ...wrong, message: 'not-negotiated', packets: [5, 6] }],
  },
  {
    name: 'tells of records without the id',
    history: withIds(
      {
        idMisfits: [
          misfit(5, { kind: 'missing', found: '' }),
          misfit(6, { kind: 'missing', found: '' }),
        ],
      },
      failed,
    ),
    want: [{ ...wrong, message: 'missing', packets: [5, 6] }],
  },
  {
    name: 'and of these only if there are several',
    history: withIds({ idMisfits: [misfit(5, unasked)] }, failed),
    want: 'pass',
  },
]);
