import type { MisplacedRecord } from '../../../src/model/decryption.ts';
import type { OldSegmentFact } from '../../../src/model/incarnation.ts';
import { tcpOldSegmentInNewIncarnation } from '../../../src/rules/transport/tcp-old-segment-in-new-incarnation.ts';
import { fakeFailure } from '../../support/fake-decryption.ts';
import { at, fakeHistory } from '../../support/fake-history.ts';
import { fakeFormer, fakeIndex, fakeServer, fakeSummary } from '../../support/fake-index.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const old = (packet: number, given: Partial<OldSegmentFact> = {}): OldSegmentFact => ({
  ...at(packet),
  from: 'client',
  length: 69,
  earlier: at(12),
  how: 'copy',
  taken: true,
  ...given,
});
const history = (...oldSegments: OldSegmentFact[]) =>
  fakeHistory({ id: 2, stream: 1, tcp: { incarnation: 1, former: fakeFormer(20), oldSegments } });

const connections = [fakeSummary({ id: 1, stream: 0 }), fakeSummary({ id: 2, stream: 1 })];
const servers = [fakeServer({ connections })];
const proof = (owner: number): MisplacedRecord => ({
  connection: 2,
  record: fakeFailure({ ...fakeFailure(), packet: 40 }),
  owner: { connection: owner, from: 'client', epoch: 0, sequence: 3 },
  trials: 10,
  oddsLog2: -90,
});

testConnectionRule(
  tcpOldSegmentInNewIncarnation,
  [
    {
      name: 'reports octets of the earlier connection in the stream of the later',
      history: history(old(40)),
      index: fakeIndex(servers),
      want: [
        {
          message: 'taken',
          severity: 'error',
          confidence: 'likely',
          packets: [12, 40],
          connections: [2, 1],
        },
      ],
    },
    {
      name: 'is sure where secrets open the record under the keys of the earlier one',
      history: history(old(40)),
      index: fakeIndex(servers, { misplaced: [proof(1)] }),
      want: [
        {
          message: 'taken',
          severity: 'error',
          confidence: 'proven',
          packets: [12, 40],
          connections: [2, 1],
        },
      ],
    },
    {
      name: 'takes the keys of a third connection for no proof',
      history: history(old(40)),
      index: fakeIndex(servers, { misplaced: [proof(3)] }),
      want: [{ message: 'taken', severity: 'error', confidence: 'likely', packets: [12, 40] }],
    },
    {
      name: 'names only itself where the earlier connection was no TLS',
      history: history(old(40)),
      index: fakeIndex([]),
      want: [
        {
          message: 'taken',
          severity: 'error',
          confidence: 'likely',
          packets: [12, 40],
          connections: [2],
        },
      ],
    },
    {
      name: 'notes what the receiver drops, a few of many',
      history: history(
        ...[41, 42, 43, 44, 45, 46].map((packet) =>
          old(packet, { how: 'timestamp', taken: false, earlier: undefined }),
        ),
      ),
      index: fakeIndex(servers),
      want: [
        { message: 'dropped', severity: 'info', confidence: 'proven', packets: [41, 42, 43, 44] },
      ],
    },
    {
      name: 'tells of the one that was taken rather than of those that were dropped',
      history: history(old(40, { how: 'number', taken: false }), old(50)),
      index: fakeIndex(servers),
      want: [{ message: 'taken', severity: 'error', confidence: 'likely', packets: [12, 50] }],
    },
    { name: 'has nothing to say of others', history: history(), want: 'not-applicable' },
    {
      name: 'is not about DTLS',
      history: fakeHistory({ protocol: 'DTLS' }),
      want: 'not-applicable',
    },
  ],
  {
    pass: 'a connection without old segments is not its business',
    'not-assessable': 'what the capture lacks cannot be taken for an old segment',
  },
);
