import type { ConnectionSummary } from '../../../src/model/capture-index.ts';
import type { MisplacedRecord } from '../../../src/model/decryption.ts';
import { recordDecryptsUnderOtherConnection } from '../../../src/rules/misdelivery/record-decrypts-under-other-connection.ts';
import { fakeFailure } from '../../support/fake-decryption.ts';
import { fakeIndex, fakeServer, fakeSummary } from '../../support/fake-index.ts';
import { testCaptureRule } from '../support/rule-tester.ts';

const misplaced = (packet: number, given: Partial<MisplacedRecord> = {}): MisplacedRecord => ({
  connection: 2,
  record: fakeFailure({ ...fakeFailure(), packet, nanos: packet * 1e6 }),
  owner: { connection: 1, from: 'client', epoch: 0, sequence: 7 },
  trials: 80,
  oddsLog2: -122,
  ...given,
});
const rows = [1, 2, 3].map((id) => fakeSummary({ id }));
const again = fakeSummary({ id: 4, client: { address: '192.0.2.1', port: 40_001 } });
const indexOf = (connections: readonly ConnectionSummary[], records: readonly MisplacedRecord[]) =>
  fakeIndex([fakeServer({ connections })], { misplaced: records });
const found = (message: string, severity: 'critical' | 'error' | 'info', packets: number[]) => ({
  message,
  severity,
  confidence: 'proven' as const,
  packets,
});

testCaptureRule(recordDecryptsUnderOtherConnection, [
  {
    name: 'names owner and place, once for all records that went the same way',
    index: indexOf(rows, [misplaced(30), misplaced(33)]),
    want: [{ ...found('astray', 'critical', [30, 33]), connections: [1, 2] }],
  },
  {
    name: 'tells the two apart where two connections lost records',
    index: indexOf(rows, [
      misplaced(30),
      misplaced(33, { owner: { connection: 3, from: 'server', epoch: 0, sequence: 1 } }),
    ]),
    want: [found('astray', 'critical', [30]), found('astray', 'critical', [33])],
  },
  {
    name: 'takes one of an earlier connection on the same ports for a late one',
    index: indexOf([...rows, again], [misplaced(50, { connection: 4 })]),
    want: [{ ...found('earlier', 'error', [50]), connections: [1, 4] }],
  },
  {
    name: 'notes that over DTLS, which drops it: as of any other late record',
    index: indexOf(
      [rows[0], again].map((row) => ({
        ...(row ?? again),
        protocol: 'DTLS' as const,
      })),
      [misplaced(50, { connection: 4 })],
    ),
    want: [found('earlier', 'info', [50])],
  },
  {
    name: 'leaves alone what has no row any more',
    index: indexOf(rows.slice(1), [misplaced(30)]),
    want: [],
  },
  { name: 'is silent without such a record', index: indexOf(rows, []), want: [] },
]);
