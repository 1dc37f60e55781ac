import type { ConnectionHistory } from '../../../src/model/history.ts';
import { dtlsAssociationRestart } from '../../../src/rules/misdelivery/dtls-association-restart.ts';
import { fakeDecryption } from '../../support/fake-decryption.ts';
import { fakeHistory } from '../../support/fake-history.ts';
import { ALERT, association, atMs, DATA, record } from '../support/dtls-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const open = (more: Partial<ConnectionHistory> = {}): ConnectionHistory => ({
  ...association({
    id: 1,
    packet: 1,
    ms: 0,
    dtls: { probableClose: { client: undefined, server: undefined } },
  }),
  ...more,
});
const restarted = association({ id: 2, packet: 11, ms: 60, dtls: { replacesOpen: 1 } });

const DTLS_13 = { version: 0xfefc, cipherSuite: 0x1301 };
/** The client sent a record of that many octets last, the server one of data. */
const lastOf = (length: number): ConnectionHistory['protectedRecords'] => {
  const last = record(DATA, 'client', atMs(9, 8), 4, { length });
  const answer = record(DATA, 'server', atMs(8, 7), 4, { length: 60 });
  return {
    client: { count: 3, first: last, last, lastData: last },
    server: { count: 3, first: answer, last: answer, lastData: answer },
  };
};

testConnectionRule(dtlsAssociationRestart, [
  { name: 'leaves TLS over TCP alone', history: fakeHistory(), want: 'not-applicable' },
  {
    name: 'says nothing about an orderly reconnect',
    history: association({ id: 2, packet: 11, ms: 60 }),
    previous: association({ id: 1, packet: 1, ms: 0 }),
    want: 'pass',
  },
  {
    name: 'notes a client that began again',
    history: restarted,
    previous: open(),
    want: [
      {
        message: 'restarted',
        severity: 'info',
        confidence: 'proven',
        packets: [10, 11],
        connections: [2, 1],
      },
    ],
  },
  {
    name: 'says nothing where the server had closed and the client had not answered yet',
    history: restarted,
    previous: association({
      id: 1,
      packet: 1,
      ms: 0,
      dtls: {
        probableClose: { client: undefined, server: record(ALERT, 'server', atMs(9, 8), 2) },
      },
    }),
    want: 'pass',
  },
  {
    name: 'cannot tell without secrets of DTLS 1.3 whether the last record was the close',
    history: restarted,
    previous: open({ ...DTLS_13, protectedRecords: lastOf(19) }),
    want: { missing: 'no-secrets' },
  },
  {
    name: 'is less sure of DTLS 1.3 without secrets where no last record has the size of an alert',
    history: restarted,
    previous: open({ ...DTLS_13, protectedRecords: lastOf(80) }),
    want: [{ message: 'restarted', severity: 'info', confidence: 'likely', packets: [9, 11] }],
  },
  {
    name: 'is sure of DTLS 1.3 that was opened and has no close',
    history: restarted,
    previous: open({
      ...DTLS_13,
      protectedRecords: lastOf(19),
      decryption: fakeDecryption(),
    }),
    want: [{ message: 'restarted', severity: 'info', confidence: 'proven', packets: [9, 11] }],
  },
  {
    name: 'cannot tell where the close may be among lost packets',
    history: restarted,
    previous: open({ blindSpots: ['lost-bytes'] }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'cannot tell where one direction of the older association is missing',
    history: restarted,
    previous: open({ bothDirections: false }),
    want: { missing: 'one-direction' },
  },
  {
    name: 'says nothing of an older association that carried nothing protected',
    history: restarted,
    previous: open({ protectedRecords: fakeHistory().protectedRecords }),
    want: 'pass',
  },
]);
