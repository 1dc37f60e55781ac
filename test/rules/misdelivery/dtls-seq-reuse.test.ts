import type { DtlsAnomaly } from '../../../src/model/dtls-facts.ts';
import type { ConnectionHistory, RecordFact } from '../../../src/model/history.ts';
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
  pairs = 1,
): ConnectionHistory {
  const again = record(DATA, 'client', atMs(13, 10), 1, { length: 60, ...stray });
  const pair = anomaly(again, 1, { kind: 'sequence-reuse', earlier: atMs(7, 6), ...more });
  const dtls = {
    anomalies: Array<DtlsAnomaly>(pairs).fill(pair),
    probableClose: { client: undefined, server: undefined },
  };
  return { ...association({ id: 1, packet: 1, ms: 0, dtls }), ...of };
}

/** The same, with a closing alert in packet 10. */
function afterClose(): ConnectionHistory {
  const history = reuse();
  const { dtls } = history;
  if (dtls === undefined) return history;
  const probableClose = { client: record(ALERT, 'client', atMs(10, 9), 2), server: undefined };
  return { ...history, dtls: { ...dtls, probableClose } };
}

/** The same, with a record of epoch 0 in packet 11. */
function afterHandshake(): ConnectionHistory {
  const history = reuse();
  const { dtls } = history;
  if (dtls === undefined) return history;
  const unprotected = {
    epoch: 0,
    firstSequence: 0,
    highestSequence: 3,
    count: 4,
    first: atMs(1, 0),
    last: atMs(11, 9),
  };
  const server = [unprotected, ...dtls.epochs.server];
  return { ...history, dtls: { ...dtls, epochs: { ...dtls.epochs, server } } };
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
    history: reuse({}, { cipherSuite: AES_128_GCM }, {}, 2),
    want: [{ message: 'reused', severity: 'error', confidence: 'proven', packets: [7, 13] }],
  },
  {
    name: 'is graver where the number is the nonce',
    history: reuse({}, { cipherSuite: CHACHA20 }, {}, 2),
    want: [{ message: 'reused', severity: 'critical', confidence: 'proven', packets: [7, 13] }],
  },
  {
    name: 'warns of a single pair, one of which may be of another connection',
    history: reuse({}, { cipherSuite: CHACHA20 }),
    want: [{ message: 'reused', severity: 'warning', confidence: 'likely', packets: [7, 13] }],
  },
  {
    name: 'makes a note where the capture may lack a handshake between the two, which takes milliseconds',
    history: reuse({}, {}, atMs(13, 40)),
    want: [{ message: 'reused', severity: 'info', confidence: 'possible', packets: [7, 13] }],
  },
  {
    name: 'makes a note where the record may belong to another association',
    history: reuse({ confidence: 'possible' }),
    want: [{ message: 'reused', severity: 'info', confidence: 'possible', packets: [7, 13] }],
  },
  {
    name: 'makes a note where its sender had closed before the second',
    history: afterClose(),
    want: [{ message: 'reused', severity: 'info', confidence: 'possible', packets: [7, 13] }],
  },
  {
    name: 'makes a note where unprotected records in between tell of another handshake',
    history: afterHandshake(),
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
