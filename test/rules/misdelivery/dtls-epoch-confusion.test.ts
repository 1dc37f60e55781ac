import { dtlsEpochConfusion } from '../../../src/rules/misdelivery/dtls-epoch-confusion.ts';
import { fakeHistory } from '../../support/fake-history.ts';
import { ALERT, anomaly, association, atMs, record } from '../support/dtls-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const base = association({ id: 1, packet: 1, ms: 0 });
const confused = (reason: string, epoch: number, more: object = {}) => ({
  ...association({
    id: 1,
    packet: 1,
    ms: 0,
    dtls: {
      anomalies: [20, 21].map((packet) =>
        anomaly(record(ALERT, 'server', atMs(packet, 9), 0, { epoch, length: 2 }), 1, {
          kind: 'epoch-confusion',
          reason,
        }),
      ),
    },
  }),
  ...more,
});

testConnectionRule(dtlsEpochConfusion, [
  { name: 'leaves TLS over TCP alone', history: fakeHistory(), want: 'not-applicable' },
  { name: 'says nothing about a healthy association', history: base, want: 'pass' },
  {
    name: 'needs whole records',
    history: { ...base, blindSpots: ['cut-packets'] },
    want: { missing: 'cut-packets' },
  },
  {
    name: 'warns where the handshake was completed all the same',
    history: confused('alert decrypt_error', 1),
    want: [{ message: 'unprotected', severity: 'warning', confidence: 'proven', packets: [20] }],
  },
  {
    name: 'is an error where it was not',
    history: confused('client_hello', 2, { stage: 'server-hello', outcome: 'incomplete' }),
    want: [{ message: 'unprotected', severity: 'error', confidence: 'proven', packets: [20] }],
  },
  {
    name: 'tells of a Finished in epoch 0',
    history: confused('its Finished', 0),
    want: [
      { message: 'finished-unprotected', severity: 'warning', confidence: 'proven', packets: [20] },
    ],
  },
]);
