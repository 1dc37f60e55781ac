import type { ResetFact } from '../../../src/model/incarnation.ts';
import { connectionReset } from '../../../src/rules/transport/connection-reset.ts';
import { at, fakeAlert, fakeHistory, fakeRecord } from '../../support/fake-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const reset = (packet: number): ResetFact => ({
  ...at(packet),
  withAck: true,
  window: 501,
  missingOctets: 0,
});
const rst = { client: undefined, server: reset(30) };
const lastData = { client: at(28), server: at(27) };

testConnectionRule(connectionReset, [
  {
    name: 'reports a reset in the middle of data',
    history: fakeHistory({ tcp: { rst, lastData } }),
    want: [{ message: 'cut', severity: 'warning', confidence: 'proven', packets: [28, 30] }],
  },
  {
    name: 'tells a reset by a host that forgot the connection',
    history: fakeHistory({
      tcp: {
        rst: {
          client: { ...reset(30), withAck: false, window: 0, missingOctets: undefined },
          server: undefined,
        },
      },
    }),
    want: [{ message: 'cut', severity: 'warning', confidence: 'possible', packets: [30] }],
  },
  {
    name: 'only notes a client that leaves behind an answer',
    history: fakeHistory({
      tcp: {
        rst: { client: reset(30), server: undefined },
        lastData: { client: at(27), server: at(28) },
      },
    }),
    want: [{ message: 'left', severity: 'info', confidence: 'proven', packets: [28, 30] }],
  },
  {
    name: 'only notes a probe, which asks for nothing',
    history: fakeHistory({
      version: 0x0304,
      cipherSuite: 0x1301,
      tcp: { rst: { client: reset(30), server: undefined }, lastData },
      protectedRecords: {
        client: { count: 1, last: fakeRecord(23, 'client', 28, { length: 53 }) },
      },
    }),
    want: [{ message: 'left', severity: 'info', confidence: 'proven', packets: [28, 30] }],
  },
  {
    name: 'reports a client that leaves without an answer',
    history: fakeHistory({
      tcp: { rst: { client: reset(30), server: undefined }, lastData },
      protectedRecords: { client: { count: 2, lastData: fakeRecord(23, 'client', 28) } },
    }),
    want: [{ message: 'cut', severity: 'warning', confidence: 'proven', packets: [28, 30] }],
  },
  {
    name: 'only notes the reset of an idle connection',
    history: fakeHistory({
      tcp: { rst: { client: undefined, server: reset(60_000) }, lastData },
    }),
    want: [{ message: 'idle', severity: 'info', confidence: 'proven', packets: [28, 60_000] }],
  },
  {
    name: 'passes a reset after the alert of either side',
    history: fakeHistory({
      tcp: { rst, lastData },
      alerts: [fakeAlert(undefined, 'client', 29)],
      records: { client: { alert: 1 } },
    }),
    want: 'pass',
  },
  {
    name: 'passes a reset after what may be a close_notify of TLS 1.3',
    history: fakeHistory({
      version: 0x0304,
      cipherSuite: 0x1301,
      tcp: { rst, lastData },
      protectedRecords: {
        client: { count: 3, last: fakeRecord(23, 'client', 29, { length: 19 }) },
      },
    }),
    want: 'pass',
  },
  {
    name: 'passes a reset after what may be a close_notify of the JDK, which pads',
    history: fakeHistory({
      version: 0x0304,
      cipherSuite: 0x1301,
      tcp: { rst, lastData },
      protectedRecords: {
        client: {
          count: 3,
          first: fakeRecord(23, 'client', 12, { length: 69 }),
          last: fakeRecord(23, 'client', 29, { length: 35 }),
        },
      },
    }),
    want: 'pass',
  },
  {
    name: 'passes a reset after a FIN',
    history: fakeHistory({ tcp: { rst, fin: { client: at(29), server: undefined } } }),
    want: 'pass',
  },
  { name: 'passes a connection without a reset', history: fakeHistory(), want: 'pass' },
  {
    name: 'does not judge where octets are missing',
    history: fakeHistory({ tcp: { rst, lostOctets: { client: 31, server: 0 } } }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'does not judge where the reset shows that octets before it are missing',
    history: fakeHistory({
      tcp: { rst: { client: undefined, server: { ...reset(30), missingOctets: 31 } }, lastData },
    }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'leaves handshakes to other rules',
    history: fakeHistory({ outcome: 'aborted', stage: 'client-flight', tcp: { rst } }),
    want: 'not-applicable',
  },
]);
