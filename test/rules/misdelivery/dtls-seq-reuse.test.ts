import type { ConnectionHistory, DtlsAnomaly, RecordFact } from '../../../src/model/history.ts';
import { dtlsSeqReuse } from '../../../src/rules/misdelivery/dtls-seq-reuse.ts';
import { fakeHistory } from '../../support/fake-history.ts';
import { ALERT, anomaly, association, atMs, DATA, record } from '../support/dtls-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const AES_128_GCM = 0xc02f;
const CHACHA20 = 0xcca8;

/** Packet 13 carries the number of packet 7 and other octets. */
function reuse(
  more: Partial<DtlsAnomaly> = {},
  of: Partial<ConnectionHistory> = {},
  stray: Partial<RecordFact> = {},
): ConnectionHistory {
  const again = record(DATA, 'client', atMs(13, 40), 1, { length: 60, ...stray });
  const pair = anomaly(again, 1, { kind: 'sequence-reuse', earlier: atMs(7, 6), ...more });
  return { ...association({ id: 1, packet: 1, ms: 0, dtls: { anomalies: [pair] } }), ...of };
}

testConnectionRule(dtlsSeqReuse, [
  { name: 'leaves TLS over TCP alone', history: fakeHistory(), want: 'not-applicable' },
  {
    name: 'says nothing about a healthy association',
    history: association({ id: 1, packet: 1, ms: 0 }),
    want: 'pass',
  },
  {
    name: 'tells of two records under one number',
    history: reuse({}, { cipherSuite: AES_128_GCM }),
    want: [{ message: 'reused', severity: 'error', confidence: 'proven', packets: [7, 13] }],
  },
  {
    name: 'is graver where the number is the nonce',
    history: reuse({}, { cipherSuite: CHACHA20 }),
    want: [{ message: 'reused', severity: 'critical', confidence: 'proven', packets: [7, 13] }],
  },
  {
    name: 'makes a note where the record may belong to another association',
    history: reuse({ confidence: 'possible' }),
    want: [{ message: 'reused', severity: 'info', confidence: 'possible', packets: [7, 13] }],
  },
  {
    name: 'says nothing where a left-over of the association before explains it',
    history: reuse(),
    previous: association({
      id: 9,
      packet: 1,
      ms: 0,
      dtls: { anomalies: [anomaly(record(ALERT, 'client', atMs(7, 6), 1), 9)] },
    }),
    want: 'pass',
  },
  {
    name: 'does not count unprotected records',
    history: reuse({}, {}, { epoch: 0 }),
    want: 'pass',
  },
  {
    name: 'cannot compare records captured in part',
    history: reuse({}, { blindSpots: ['cut-packets'] }),
    want: { missing: 'cut-packets' },
  },
]);
