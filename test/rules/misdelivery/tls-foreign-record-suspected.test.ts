import type { MisplacedRecord } from '../../../src/model/decryption.ts';
import type { DtlsAnomaly } from '../../../src/model/dtls-facts.ts';
import type { At } from '../../../src/model/history.ts';
import { tlsForeignRecordSuspected } from '../../../src/rules/misdelivery/tls-foreign-record-suspected.ts';
import { fakeFailure } from '../../support/fake-decryption.ts';
import { at, fakeAlert, fakeHistory } from '../../support/fake-history.ts';
import { fakeIndex, fakeServer, fakeSummary } from '../../support/fake-index.ts';
import { anomaly, atMs, DATA, record } from '../support/dtls-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';
import { accepted, EARLIER, refused, stray, withStrays } from '../support/strays.ts';

const copy = stray('copy', { other: EARLIER });
/** The packet that it was captured in first is two milliseconds away. */
const passedOn = stray('copy', { other: { ...EARLIER, ...at(28) } });
const far = { got: '00f1000000000058', due: '5e11000100000003' };
const near = { got: '5e11000100000009', due: '5e11000100000003' };

const rows = (
  other: string,
  hello: At | undefined = undefined,
  misplaced: readonly MisplacedRecord[] = [],
) =>
  fakeIndex(
    [
      fakeServer({
        connections: [
          fakeSummary({ id: 1, hello: at(4) }),
          fakeSummary({
            id: 7,
            hello,
            client: { address: other, port: 1 },
            server: { address: '203.0.113.9', port: 443 },
          }),
        ],
      }),
    ],
    { misplaced },
  );

/** The record of `copy`, opened under the keys of a connection. */
const opened: MisplacedRecord = {
  connection: 1,
  record: { ...fakeFailure(), packet: 30 },
  owner: { connection: 8, from: 'client', epoch: 0, sequence: 2 },
  trials: 4,
  oddsLog2: -120,
};

const dtls = (more: Partial<DtlsAnomaly>, alerts = [fakeAlert(undefined, 'server', 32)]) =>
  fakeHistory({
    protocol: 'DTLS',
    alerts,
    protectedRecords: { client: { count: 9 } },
    dtls: {
      anomalies: [
        anomaly(record(DATA, 'client', atMs(31, 31), 500_000, { length: 60 }), 1, {
          kind: 'far-number',
          ahead: 499_991,
          earlier: at(30),
          ...more,
        }),
      ],
    },
  });

const likely = (packets: readonly number[], connections = [1]) => [
  { message: 'nonce', severity: 'error', confidence: 'likely', packets, connections } as const,
];

testConnectionRule(
  tlsForeignRecordSuspected,
  [
    { name: 'leaves alone what has no keys yet', history: fakeHistory(), want: 'not-applicable' },
    { name: 'leaves a healthy connection alone', history: withStrays(accepted), want: 'pass' },
    {
      name: 'proves it by the same ciphertext in another connection of that host',
      history: withStrays(refused, copy),
      index: rows('192.0.2.1'),
      want: [
        {
          message: 'copied',
          severity: 'error',
          confidence: 'proven',
          packets: [20, 30, 31],
          connections: [1, 7],
        },
      ],
    },
    {
      name: 'says nothing where no host has both connections',
      history: withStrays(refused, copy),
      index: rows('203.0.113.1'),
      want: [],
    },
    {
      name: 'proves it between the two sides of a proxy, where both handshakes are in the capture',
      history: withStrays(refused, passedOn),
      index: rows('203.0.113.1', at(2)),
      want: [
        {
          message: 'copied',
          severity: 'error',
          confidence: 'proven',
          packets: [28, 30, 31],
          connections: [1, 7],
        },
      ],
    },
    {
      name: 'takes it back there where the receiver sent more than an alert after it',
      history: withStrays(refused, { ...passedOn, peerRecords: 3 }),
      index: rows('203.0.113.1', at(2)),
      want: [],
    },
    {
      name: 'takes it back there where the record was not passed on at once',
      history: withStrays(refused, copy),
      index: rows('203.0.113.1', at(2)),
      want: [],
    },
    {
      name: 'leaves a record whose owner is known to record-decrypts-under-other-connection',
      history: withStrays(refused, copy),
      index: rows('192.0.2.1', at(2), [opened]),
      want: [],
    },
    {
      name: 'does not leave another record to it',
      history: withStrays(refused, copy),
      index: rows('192.0.2.1', at(2), [{ ...opened, record: { ...fakeFailure(), packet: 40 } }]),
      want: [{ message: 'copied', severity: 'error', confidence: 'proven', packets: [20, 30, 31] }],
    },
    ...(['reflection', 'repetition'] as const).map((kind) => ({
      name: `leaves the nonce of a ${kind} to the rule about it`,
      history: withStrays(
        refused,
        stray(kind, { other: EARLIER }),
        stray('nonce-off-line', { nonce: far }),
      ),
      want: 'pass' as const,
    })),
    {
      name: 'leaves it also where what was reflected seems to come behind its reflection, captured late',
      history: withStrays(
        refused,
        stray('reflection', { packet: 32, from: 'server', other: { ...at(30), connection: 1 } }),
        stray('nonce-off-line', { after: 'line' }),
      ),
      want: 'pass',
    },
    {
      name: 'tells of an explicit nonce off the line behind which the line goes on',
      history: withStrays(refused, stray('nonce-off-line', { after: 'line' })),
      want: likely([30, 31]),
    },
    {
      name: 'tells of one with which the connection ends',
      history: withStrays(refused, stray('nonce-off-line', { nonce: far })),
      want: likely([30, 31]),
    },
    {
      name: 'names the connection whose line it is',
      history: withStrays(refused, stray('nonce-off-line', { nonce: far, other: EARLIER })),
      want: likely([20, 30, 31], [1, 7]),
    },
    {
      name: 'leaves one that the line had been at to seq-desync',
      history: withStrays(refused, stray('nonce-repeated', { after: 'line' })),
      want: 'pass',
    },
    {
      name: 'leaves numbers that are merely ahead to seq-desync',
      history: withStrays(refused, stray('nonce-off-line', { nonce: near })),
      want: 'pass',
    },
    ...(['moved', 'both'] as const).map((after) => ({
      name: `leaves a second line (${after}) to seq-desync`,
      history: withStrays(refused, stray('nonce-off-line', { nonce: far, after })),
      want: 'pass' as const,
    })),
    {
      name: 'says nothing where the receiver went on',
      history: withStrays(accepted, stray('nonce-off-line', { after: 'line' })),
      want: 'pass',
    },
    {
      name: 'takes a close_notify that can be read for no refusal',
      history: withStrays(
        { ...refused, alerts: [fakeAlert(0, 'server', 31, { encrypted: true })] },
        stray('nonce-off-line', { after: 'line' }),
      ),
      want: 'pass',
    },
    {
      name: 'takes a direction that leaves its line often for one with ways of its own',
      history: withStrays(
        refused,
        stray('nonce-off-line', { after: 'line', packet: 28 }),
        stray('nonce-off-line', { after: 'line', packet: 29 }),
        stray('nonce-off-line', { after: 'line' }),
      ),
      want: 'pass',
    },
    {
      name: 'tells of a reset in place of an alert',
      history: withStrays(
        {
          ...refused,
          alerts: [],
          tcp: { rst: { client: undefined, server: { ...at(33), withAck: true, window: 0 } } },
        },
        stray('nonce-off-line', { nonce: far }),
      ),
      want: likely([30, 33]),
    },
    {
      name: 'tells of a DTLS number that the server answers with an alert',
      history: dtls({ lineGoesOn: false }),
      want: [{ message: 'number', severity: 'error', confidence: 'likely', packets: [30, 31, 32] }],
    },
    {
      name: 'warns of one that was dropped while the line went on',
      history: dtls({ lineGoesOn: true }, []),
      want: [{ message: 'number', severity: 'warning', confidence: 'likely', packets: [30, 31] }],
    },
    {
      name: 'says nothing of one with which the capture of that side ends',
      history: dtls({ lineGoesOn: false }, []),
      want: 'pass',
    },
  ],
  { 'not-assessable': 'octets that are missing take the line away, and with it the stray' },
);
