import type { ConnectionHistory } from '../../../src/model/history.ts';
import { dtlsReplay } from '../../../src/rules/misdelivery/dtls-replay.ts';
import { fakeHistory } from '../../support/fake-history.ts';
import { anomaly, association, atMs, DATA, record } from '../support/dtls-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

/** Packet 7 at 6 ms is on the wire again at these moments, in packets 13 and following. */
const again = (times: readonly number[], epoch = 1): ConnectionHistory =>
  association({
    id: 1,
    packet: 1,
    ms: 0,
    dtls: {
      anomalies: times.map((ms, at) =>
        anomaly(record(DATA, 'client', atMs(13 + at, ms), 1, { epoch }), 1, {
          kind: 'replay',
          earlier: atMs(7, 6),
        }),
      ),
    },
  });

testConnectionRule(dtlsReplay, [
  { name: 'leaves TLS over TCP alone', history: fakeHistory(), want: 'not-applicable' },
  {
    name: 'says nothing about a healthy association',
    history: association({ id: 1, packet: 1, ms: 0 }),
    want: 'pass',
  },
  { name: 'does not count unprotected records', history: again([8], 0), want: 'pass' },
  {
    name: 'notes a doubled datagram',
    history: again([8]),
    want: [{ message: 'doubled', severity: 'info', confidence: 'proven', packets: [7, 13] }],
  },
  {
    name: 'notes a record that came again much later',
    history: again([8, 5000]),
    want: [{ message: 'replayed', severity: 'info', confidence: 'likely', packets: [7, 14] }],
  },
  {
    name: 'cannot compare records captured in part',
    history: { ...again([8]), blindSpots: ['cut-packets'] },
    want: { missing: 'cut-packets' },
  },
]);
