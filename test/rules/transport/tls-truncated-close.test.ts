import { tlsTruncatedClose } from '../../../src/rules/transport/tls-truncated-close.ts';
import { at, fakeAlert, fakeHistory, fakeRecord } from '../../support/fake-history.ts';
import { fakeUpgrade } from '../../support/fake-upgrade.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const tcp = {
  fin: { client: undefined, server: at(14) },
  lastData: { client: at(11), server: at(12) },
};
const records = { server: { applicationData: 1 } };

testConnectionRule(tlsTruncatedClose, [
  {
    name: 'notes a FIN after data without close_notify',
    history: fakeHistory({ tcp, records }),
    want: [{ message: 'closed', severity: 'info', confidence: 'proven', packets: [12, 14] }],
  },
  {
    name: 'is less sure in TLS 1.3, where alerts look like data',
    history: fakeHistory({
      version: 0x0304,
      tcp,
      records,
      protectedRecords: { server: { count: 5, last: fakeRecord(23, 'server', 12) } },
    }),
    want: [{ message: 'closed', severity: 'info', confidence: 'likely', packets: [12, 14] }],
  },
  {
    name: 'passes a close_notify before the FIN',
    history: fakeHistory({
      tcp,
      records: { server: { applicationData: 1, alert: 1 } },
      alerts: [fakeAlert(undefined, 'server', 13)],
    }),
    want: 'pass',
  },
  {
    name: 'passes a last record of the size of an alert in TLS 1.3',
    history: fakeHistory({
      version: 0x0304,
      cipherSuite: 0x1301,
      tcp,
      records,
      protectedRecords: {
        server: { count: 5, last: fakeRecord(23, 'server', 13, { length: 19 }) },
      },
    }),
    want: 'pass',
  },
  {
    name: 'passes TDS, which goes on in the clear behind a login in TLS',
    history: fakeHistory({ tcp, records, upgrade: fakeUpgrade({ protocol: 'tds' }) }),
    want: 'pass',
  },
  {
    name: 'passes a FIN that answers the close_notify of the other side',
    history: fakeHistory({ tcp, records, alerts: [fakeAlert(undefined, 'client', 13)] }),
    want: 'pass',
  },
  {
    name: 'notes it although the other side says close_notify when it meets the FIN',
    history: fakeHistory({ tcp, records, alerts: [fakeAlert(undefined, 'client', 15)] }),
    want: [{ message: 'closed', severity: 'info', confidence: 'proven', packets: [12, 14] }],
  },
  {
    name: 'does not judge where octets are missing: the close_notify may be among them',
    history: fakeHistory({ tcp: { ...tcp, lostOctets: { client: 0, server: 31 } }, records }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'does not judge half a conversation',
    history: fakeHistory({
      tcp: { ...tcp, syn: undefined, octets: { client: 0, server: 3000 } },
      records,
    }),
    want: { missing: 'one-direction' },
  },
  {
    name: 'has nothing to say without data',
    history: fakeHistory({ tcp }),
    want: 'not-applicable',
  },
  {
    name: 'leaves resets to connection-reset',
    history: fakeHistory({
      tcp: { rst: { client: { ...at(13), withAck: true, window: 1 }, server: undefined }, ...tcp },
      records,
    }),
    want: 'not-applicable',
  },
  {
    name: 'leaves an open connection alone',
    history: fakeHistory({ records }),
    want: 'not-applicable',
  },
]);
