import { plaintextInTlsStream } from '../../../src/rules/handshake/plaintext-in-tls-stream.ts';
import {
  at,
  type FakeHistory,
  fakeAlert,
  fakeHistory,
  fakeMessage,
  fakeRecord,
} from '../../support/fake-history.ts';
import { fakeUpgrade } from '../../support/fake-upgrade.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const octets = (text: string): Uint8Array => Uint8Array.from(text, (one) => one.charCodeAt(0));
const BAD_GATEWAY = 'HTTP/1.1 502 Bad Gateway\r\nServer: x\r\n';

/** Text of the server behind records of it. */
const mid = (text: string, more: FakeHistory = {}) =>
  fakeHistory({
    records: { server: { handshake: 4, applicationData: 7 } },
    oddities: [
      {
        ...at(30),
        kind: 'plaintext-instead-of-record',
        from: 'server',
        length: text.length,
        contentType: 0,
        octets: octets(text),
      },
    ],
    ...more,
  });

/** The server's answer to the request is in packet 5, the ClientHello in 6, its text in 7. */
const upgraded = (agreed: boolean | undefined, more: FakeHistory = {}, hasGaps = false) =>
  fakeHistory({
    outcome: 'aborted',
    stage: 'server-hello',
    version: undefined,
    messages: [fakeMessage(1, 'client', 6)],
    upgrade: fakeUpgrade({
      hasGaps,
      answer: { ...at(5), from: 'server', line: '220 go', agreed },
      instead: { ...at(7), from: 'server', line: '500 what?' },
    }),
    ...more,
  });

testConnectionRule(plaintextInTlsStream, [
  {
    name: 'proves an error page of a proxy between records',
    history: mid(BAD_GATEWAY),
    want: [{ message: 'stream', severity: 'error', confidence: 'proven', packets: [30] }],
  },
  {
    name: 'takes other readable text for likely, if the receiver complains',
    history: mid('warning: cannot open log file', {
      alerts: [fakeAlert(undefined, 'client', 32)],
    }),
    want: [{ message: 'stream', severity: 'error', confidence: 'likely', packets: [30, 32] }],
  },
  {
    name: 'proves that of a known protocol, also where the complaint is sealed as in TLS 1.3',
    history: mid('220 mail.example.org ESMTP\r\n', {
      version: 0x0304,
      cipherSuite: 0x1301,
      protectedRecords: { client: { last: fakeRecord(23, 'client', 32, { length: 19 }) } },
    }),
    want: [{ message: 'stream', severity: 'error', confidence: 'proven', packets: [30, 32] }],
  },
  {
    name: 'passes text that nobody complains about (GridFTP, which authenticates over TLS alone)',
    history: mid('created on alpha\nand copied\n'),
    want: 'pass',
  },
  {
    name: 'needs enough of it',
    history: mid('no such file'),
    want: 'not-applicable',
  },
  {
    name: 'passes text after an alert of either side: TLS was closed (FTP CCC, StopTLS of LDAP)',
    history: mid(BAD_GATEWAY, { alerts: [fakeAlert(undefined, 'client', 28)] }),
    want: 'pass',
  },
  {
    name: 'passes text after what may be an alert of TLS 1.3',
    history: mid(BAD_GATEWAY, {
      version: 0x0304,
      cipherSuite: 0x1301,
      protectedRecords: { server: { last: fakeRecord(23, 'server', 29, { length: 19 }) } },
    }),
    want: 'pass',
  },
  {
    name: 'passes FTP, whose CCC ends TLS, with close_notify or without',
    history: mid('200 PORT command successful\r\n', { upgrade: fakeUpgrade({ protocol: 'ftp' }) }),
    want: 'pass',
  },
  {
    name: 'does not judge where octets are missing',
    history: mid(BAD_GATEWAY, { tcp: { lostOctets: { client: 0, server: 9 } } }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'leaves text at the beginning to tls-on-plaintext-port',
    history: mid(BAD_GATEWAY, { records: { server: {} } }),
    want: 'not-applicable',
  },
  {
    name: 'leaves other octets where a header is due alone',
    history: mid(BAD_GATEWAY, {
      oddities: [
        {
          ...at(30),
          kind: 'not-a-record',
          from: 'server',
          length: 9,
          contentType: 0,
          octets: octets('\x01'.repeat(20)),
        },
      ],
    }),
    want: 'not-applicable',
  },
  {
    name: 'finds plain text where TLS was agreed upon',
    history: upgraded(true),
    want: [{ message: 'answer', severity: 'error', confidence: 'proven', packets: [5, 6, 7] }],
  },
  {
    name: 'finds TLS that was begun although it was refused',
    history: upgraded(false),
    want: [{ message: 'refused', severity: 'error', confidence: 'proven', packets: [5, 6, 7] }],
  },
  {
    name: 'also where the server just closes',
    history: fakeHistory({
      outcome: 'aborted',
      messages: [fakeMessage(1, 'client', 6)],
      upgrade: fakeUpgrade({ answer: { ...at(5), from: 'server', line: 'a2 NO', agreed: false } }),
    }),
    want: [{ message: 'refused', severity: 'error', confidence: 'proven', packets: [5, 6] }],
  },
  {
    name: 'notes a refusal that a client did not wait for',
    history: upgraded(false, {
      messages: [fakeMessage(1, 'client', 4)],
      upgrade: fakeUpgrade({
        protocol: 'http-connect',
        answer: { ...at(5), from: 'server', line: 'HTTP/1.1 403 Forbidden', agreed: false },
      }),
    }),
    want: [{ message: 'unwaited', severity: 'warning', confidence: 'proven', packets: [4, 5] }],
  },
  {
    name: 'leaves a consent that a client did not wait for',
    history: upgraded(true, { messages: [fakeMessage(1, 'client', 4)] }),
    want: 'not-applicable',
  },
  {
    name: 'leaves a server that agreed and closes to the rules about that',
    history: fakeHistory({
      outcome: 'aborted',
      messages: [fakeMessage(1, 'client', 6)],
      upgrade: fakeUpgrade(),
    }),
    want: 'not-applicable',
  },
  {
    name: 'is silent where the ClientHello came before the answer',
    history: upgraded(true, { messages: [fakeMessage(1, 'client', 3)] }),
    want: 'not-applicable',
  },
  {
    name: 'is silent where the answer to the request is not understood: it may be out of order',
    history: upgraded(undefined),
    want: 'not-applicable',
  },
  {
    name: 'is silent where octets are missing before TLS',
    history: upgraded(true, {}, true),
    want: 'not-applicable',
  },
  {
    name: 'does not judge what answers what where one direction was captured late',
    history: upgraded(false, { tcp: { isBehindAnswer: true } }),
    want: { missing: 'order-unknown' },
  },
  {
    name: 'does not judge text between records of such a connection either',
    history: mid(BAD_GATEWAY, { tcp: { isBehindAnswer: true } }),
    want: { missing: 'order-unknown' },
  },
  {
    name: 'has nothing to say of a healthy connection of which one direction was captured late',
    history: fakeHistory({ tcp: { isBehindAnswer: true } }),
    want: 'not-applicable',
  },
  {
    name: 'is silent where the server sends records as well',
    history: upgraded(true, { records: { server: { handshake: 1 } } }),
    want: 'not-applicable',
  },
  {
    name: 'needs a ClientHello',
    history: upgraded(true, { messages: [] }),
    want: 'not-applicable',
  },
  {
    name: 'leaves a healthy upgrade alone',
    history: fakeHistory({ upgrade: fakeUpgrade() }),
    want: 'not-applicable',
  },
  { name: 'leaves healthy connections alone', history: fakeHistory(), want: 'not-applicable' },
]);
