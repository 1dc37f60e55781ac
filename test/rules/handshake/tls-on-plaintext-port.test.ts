import { tlsOnPlaintextPort } from '../../../src/rules/handshake/tls-on-plaintext-port.ts';
import { at, type FakeHistory, fakeHistory, fakeMessage } from '../../support/fake-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const octets = (text: string): Uint8Array => Uint8Array.from(text, (one) => one.charCodeAt(0));
const lastData = { client: at(4), server: at(6) };
const GREETED = { client: at(4), server: at(3) };
const answered = (server: string, more: FakeHistory = {}) => {
  const { tcp, ...rest } = more;
  return fakeHistory({
    outcome: 'aborted',
    stage: 'server-hello',
    version: undefined,
    cipherSuite: undefined,
    messages: [fakeMessage(1, 'client', 4)],
    ...rest,
    tcp: { lastData, plaintextStart: { client: undefined, server: octets(server) }, ...tcp },
  });
};
const found = (confidence: 'proven' | 'likely', message = 'plain') => [
  { message, severity: 'error', confidence, packets: [4, 6] } as const,
];

testConnectionRule(tlsOnPlaintextPort, [
  {
    name: 'proves a web server without TLS',
    history: answered('HTTP/1.1 400 Bad Request\r\nServer: x'),
    want: found('proven', 'web'),
  },
  {
    name: 'proves a mail server that greets first',
    history: answered('220 mail.example.org ESMTP\r\n'),
    want: found('proven'),
  },
  {
    name: 'proves a web server that answers with a page and no status line (HTTP/0.9)',
    history: answered('<!DOCTYPE HTML>\n<html lang="en">'),
    want: found('proven', 'web'),
  },
  {
    name: 'takes other readable text for likely',
    history: answered('Hello, who are you?\n'),
    want: found('likely'),
  },
  {
    name: 'finds text that took the place of a record',
    history: answered('', {
      tcp: { plaintextStart: { client: undefined, server: undefined } },
      oddities: [
        {
          ...at(6),
          kind: 'plaintext-instead-of-record',
          from: 'server',
          length: 64,
          contentType: 72,
          octets: octets('HTTP/1.1 502 Bad Gateway\r\n'),
        },
      ],
    }),
    want: found('proven', 'web'),
  },
  {
    name: 'passes STARTTLS: plain text of the client came first',
    history: answered('220 mail.example.org ESMTP\r\n', {
      tcp: {
        plaintextStart: { client: octets('EHLO x\r\n'), server: octets('220 mail ESMTP\r\n') },
      },
    }),
    want: 'pass',
  },
  {
    name: 'passes a greeting while the server may yet answer the ClientHello',
    history: answered('220 mail.example.org ESMTP\r\n', { tcp: { lastData: GREETED } }),
    want: 'pass',
  },
  {
    name: 'proves a greeting behind which the client went on with TLS and gave up',
    history: answered('220 mail.example.org ESMTP\r\n', {
      tcp: { lastData: GREETED, fin: { client: at(8), server: undefined } },
    }),
    want: [{ message: 'greeted', severity: 'error', confidence: 'proven', packets: [3, 4] }],
  },
  {
    name: 'passes a greeting, and TLS that the client asked for',
    history: answered('220 mail.example.org ESMTP\r\n', {
      tcp: {
        lastData: GREETED,
        fin: { client: at(8), server: undefined },
        plaintextStart: { client: octets('STARTTLS\r\n'), server: octets('220 mail ESMTP\r\n') },
      },
    }),
    want: 'pass',
  },
  {
    name: 'passes a server that speaks TLS as well',
    history: answered('220 mail.example.org ESMTP\r\n', { records: { server: { handshake: 1 } } }),
    want: 'pass',
  },
  {
    name: 'passes what cannot be read',
    history: answered('\x4a\0\0\0\x0a8.0.36-0ubuntu\0\x08'),
    want: 'pass',
  },
  {
    name: 'does not judge where octets of the server are missing',
    history: answered('HTTP/1.1 400 Bad', { tcp: { lostOctets: { client: 0, server: 40 } } }),
    want: { missing: 'lost-bytes' },
  },
  {
    name: 'does not judge a connection whose start was not captured',
    history: answered('HTTP/1.1 400 Bad', { tcp: { syn: undefined } }),
    want: { missing: 'start-not-captured' },
  },
  {
    name: 'needs a ClientHello',
    history: answered('HTTP/1.1 400 Bad', { messages: [] }),
    want: 'not-applicable',
  },
  { name: 'leaves healthy connections alone', history: fakeHistory(), want: 'not-applicable' },
]);
