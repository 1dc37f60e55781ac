import type { AlertFact } from '../../../src/model/history.ts';
import { ENCRYPTED_MESSAGE } from '../../../src/model/history.ts';
import { tlsDataAfterClose } from '../../../src/rules/misdelivery/tls-data-after-close.ts';
import {
  at,
  type FakeHistory,
  fakeAlert,
  fakeHistory,
  fakeMessage,
  fakeRecord,
} from '../../support/fake-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const CLOSE_NOTIFY = 0;
const behind = (recordsAfter: number, given: Partial<AlertFact> = {}) => ({
  recordsAfter,
  ...given,
});
/** The server's last record is data of packet 16, its FIN is in 18. */
const history = (alerts: readonly AlertFact[], given: FakeHistory = {}) =>
  fakeHistory({
    alerts,
    protectedRecords: { server: { count: 4, last: fakeRecord(23, 'server', 16) } },
    tcp: { fin: { client: undefined, server: at(18) } },
    ...given,
  });
const found = (confidence: 'proven' | 'likely', packets: readonly number[] = [14, 16]) => [
  { message: 'after', severity: 'warning' as const, confidence, packets },
];

testConnectionRule(tlsDataAfterClose, [
  {
    name: 'reports records behind a close_notify that was opened',
    history: history([
      fakeAlert(CLOSE_NOTIFY, 'server', 14, behind(2, { level: 1, encrypted: true })),
    ]),
    want: found('proven'),
  },
  {
    name: 'the same in TLS 1.3',
    history: history(
      [fakeAlert(CLOSE_NOTIFY, 'server', 14, behind(1, { level: 1, encrypted: true }))],
      { version: 0x0304 },
    ),
    want: found('proven'),
  },
  {
    name: 'reports messages behind a fatal alert in the clear',
    history: history([fakeAlert(40, 'client', 8, behind(3))], {
      outcome: 'failed',
      messages: [fakeMessage(1, 'client', 4), fakeMessage(16, 'client', 9)],
      protectedRecords: {},
    }),
    want: found('proven', [8, 9]),
  },
  {
    name: 'takes an alert that cannot be read for close_notify where a FIN follows all',
    history: history([fakeAlert(undefined, 'server', 14, behind(1))]),
    want: found('likely'),
  },
  {
    name: 'passes where only another alert follows',
    history: history([
      fakeAlert(40, 'server', 14, behind(1)),
      fakeAlert(CLOSE_NOTIFY, 'server', 16, behind(0, { level: 1 })),
    ]),
    want: 'pass',
  },
  {
    name: 'passes an alert that is the last of its side, though packets came out of order',
    history: history([fakeAlert(undefined, 'server', 14, behind(0))]),
    want: 'pass',
  },
  {
    name: 'passes warnings, which close nothing',
    history: history([fakeAlert(112, 'server', 5, behind(9, { level: 1 }))]),
    want: 'pass',
  },
  {
    name: 'passes user_canceled in TLS 1.3',
    history: history([fakeAlert(90, 'server', 5, behind(1, { level: 1, encrypted: true }))], {
      version: 0x0304,
    }),
    want: 'pass',
  },
  {
    name: 'passes what may be no_renegotiation',
    history: history([fakeAlert(undefined, 'server', 14, behind(4))], {
      messages: [
        fakeMessage(ENCRYPTED_MESSAGE, 'client', 9),
        fakeMessage(ENCRYPTED_MESSAGE, 'server', 10),
        fakeMessage(ENCRYPTED_MESSAGE, 'client', 13),
      ],
    }),
    want: 'pass',
  },
  {
    name: 'passes an alert that cannot be read where no FIN says that it closed',
    history: history([fakeAlert(undefined, 'server', 14, behind(4))], { tcp: {} }),
    want: 'pass',
  },
  {
    name: 'passes what follows once both sides have closed: TLS may begin again',
    history: history([
      fakeAlert(CLOSE_NOTIFY, 'server', 12, behind(3, { level: 1, encrypted: true })),
      fakeAlert(CLOSE_NOTIFY, 'client', 13, behind(3, { level: 1, encrypted: true })),
    ]),
    want: 'pass',
  },
  {
    name: 'passes records of the other side',
    history: history([fakeAlert(undefined, 'client', 14, behind(0))]),
    want: 'pass',
  },
  {
    name: 'does not judge where record boundaries may have been lost',
    history: history([fakeAlert(40, 'server', 14, behind(3))], { blindSpots: ['lost-bytes'] }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'passes where no alert was sent',
    history: history([]),
    want: 'pass',
  },
  {
    name: 'is not about DTLS',
    history: fakeHistory({ protocol: 'DTLS', alerts: [fakeAlert(40, 'server', 14)] }),
    want: 'not-applicable',
  },
]);
