import type { OddityFact } from '../../../src/model/history.ts';
import { tlsClientHelloMidConnection } from '../../../src/rules/handshake/tls-clienthello-mid-connection.ts';
import {
  at,
  fakeAlert,
  fakeConflict,
  fakeHistory,
  fakeMessage,
  fakeRecord,
} from '../../support/fake-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const odd: OddityFact = {
  ...at(13),
  kind: 'client-hello-mid-connection',
  from: 'client',
  length: 185,
  contentType: 22,
  octets: new Uint8Array(32),
};
const protectedRecords = { client: { count: 2, first: fakeRecord(22, 'client', 8) } };
const given = { oddities: [odd], protectedRecords };
const found = (confidence: 'proven' | 'likely', packets: readonly number[]) => [
  { message: 'mid', severity: 'error', confidence, packets } as const,
];

testConnectionRule(
  tlsClientHelloMidConnection,
  [
    {
      name: 'proves a ClientHello after protected records, with the alert that answers it',
      history: fakeHistory({ ...given, alerts: [fakeAlert(undefined, 'server', 14)] }),
      want: found('proven', [8, 13, 14]),
    },
    {
      name: 'tells a close in answer to it (TLS 1.3)',
      history: fakeHistory({
        ...given,
        version: 0x0304,
        tcp: { fin: { client: undefined, server: at(16) } },
      }),
      want: found('proven', [8, 13, 16]),
    },
    {
      name: 'tells a record of the size of an alert before the close (TLS 1.3)',
      history: fakeHistory({
        ...given,
        version: 0x0304,
        cipherSuite: 0x1301,
        protectedRecords: {
          ...protectedRecords,
          server: { count: 3, last: fakeRecord(23, 'server', 14, { length: 19 }) },
        },
        tcp: { fin: { client: undefined, server: at(16) } },
      }),
      want: found('proven', [8, 13, 14]),
    },
    {
      name: 'tells that no reaction was captured',
      history: fakeHistory(given),
      want: found('proven', [8, 13]),
    },
    {
      name: 'is less sure where copies of a segment differ',
      history: fakeHistory({ ...given, tcp: { conflicts: [fakeConflict(12)] } }),
      want: found('likely', [8, 13]),
    },
    {
      name: 'does not judge where octets of that direction are missing',
      history: fakeHistory({ ...given, tcp: { lostOctets: { client: 9, server: 0 } } }),
      want: { missing: 'lost-bytes' },
    },
    {
      name: 'takes one that is answered for a connection whose start was not captured',
      history: fakeHistory({ ...given, messages: [fakeMessage(2, 'server', 14)] }),
      want: { missing: 'start-not-captured' },
    },
    {
      name: 'has nothing to do with other oddities',
      history: fakeHistory({ oddities: [{ ...odd, kind: 'not-a-record' }] }),
      want: 'not-applicable',
    },
    { name: 'leaves healthy connections alone', history: fakeHistory(), want: 'not-applicable' },
  ],
  { pass: 'the oddity is either there or not' },
);
