import type { ConnectionHistory } from '../../../src/model/history.ts';
import { dtlsEpoch0Alert } from '../../../src/rules/misdelivery/dtls-epoch0-alert.ts';
import { fakeHistory } from '../../support/fake-history.ts';
import { ALERT, anomaly, association, atMs, record } from '../support/dtls-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

/** An unprotected alert in the server's name at this moment, in packet 20, on an association whose data ends at 7 ms. */
const alerted = (
  ms: number,
  level = 2,
  more: Partial<ConnectionHistory> = {},
): ConnectionHistory => ({
  ...association({
    id: 1,
    packet: 1,
    ms: 0,
    dtls: {
      anomalies: [
        anomaly(record(ALERT, 'server', atMs(20, ms), 9, { epoch: 0, length: 2 }), 1, {
          kind: 'epoch0-alert',
          alert: { level, description: 10 },
        }),
      ],
    },
  }),
  ...more,
});

const base = association({ id: 1, packet: 1, ms: 0 });

testConnectionRule(dtlsEpoch0Alert, [
  { name: 'leaves TLS over TCP alone', history: fakeHistory(), want: 'not-applicable' },
  { name: 'says nothing about a healthy association', history: base, want: 'pass' },
  {
    name: 'cannot judge one direction alone',
    history: alerted(5.5, 2, { bothDirections: false }),
    want: { missing: 'one-direction' },
  },
  {
    name: 'warns of one that the client did not mind',
    history: alerted(5.5),
    want: [{ message: 'ignored', severity: 'warning', confidence: 'proven', packets: [20] }],
  },
  {
    name: 'makes a note of one that is not fatal',
    history: alerted(5.5, 1),
    want: [{ message: 'ignored', severity: 'info', confidence: 'proven', packets: [20] }],
  },
  {
    name: 'tells of a client that closed at once',
    history: alerted(8.5),
    want: [{ message: 'obeyed', severity: 'error', confidence: 'likely', packets: [10, 20] }],
  },
  {
    name: 'tells of a client that never spoke again',
    history: alerted(9.5, 2, {
      protectedRecords: {
        ...base.protectedRecords,
        server: { ...base.protectedRecords.server, last: record(23, 'server', atMs(30, 5000), 9) },
      },
    }),
    want: [{ message: 'obeyed', severity: 'error', confidence: 'likely', packets: [20] }],
  },
  {
    name: 'does not read anything into the silence after a last packet',
    history: alerted(9.5),
    want: [{ message: 'ignored', severity: 'warning', confidence: 'proven', packets: [20] }],
  },
]);
