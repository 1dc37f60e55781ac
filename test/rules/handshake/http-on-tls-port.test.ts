import { httpOnTlsPort } from '../../../src/rules/handshake/http-on-tls-port.ts';
import {
  at,
  type FakeHistory,
  fakeAlert,
  fakeHistory,
  fakeMessage,
} from '../../support/fake-history.ts';
import { testConnectionRule } from '../support/rule-tester.ts';

const octets = (text: string): Uint8Array => Uint8Array.from(text, (one) => one.charCodeAt(0));
const GET = octets('GET /index.html HTTP/1.1\r\nHost: example.org\r\n');
const lastData = { client: at(4), server: at(6) };

/** A connection without TLS whose client begins like this. */
const plain = (client: Uint8Array, tcp: FakeHistory['tcp'] = {}, more: FakeHistory = {}) =>
  fakeHistory({
    outcome: 'no-handshake',
    stage: 'none',
    version: undefined,
    cipherSuite: undefined,
    ...more,
    tcp: { lastData, plaintextStart: { client, server: undefined }, ...tcp },
  });
const found = (confidence: 'proven' | 'likely' | 'possible', packets: readonly number[]) => [
  { message: 'plain', severity: 'error', confidence, packets } as const,
];

testConnectionRule(httpOnTlsPort, [
  {
    name: 'proves HTTP that is answered by an alert',
    history: plain(GET, {}, { alerts: [fakeAlert(10, 'server', 6)] }),
    want: found('proven', [4, 6]),
  },
  {
    name: 'knows other protocols, the binary PROXY header among them',
    history: plain(
      octets('\r\n\r\n\0\r\nQUIT\n\x21\x11\0\x0c'),
      {},
      { alerts: [fakeAlert(50, 'server', 6)] },
    ),
    want: found('proven', [4, 6]),
  },
  {
    name: 'takes the complaint of a web server for likely',
    history: plain(GET, {
      plaintextStart: {
        client: GET,
        server: octets('HTTP/1.0 400 Bad Request\r\n\r\nClient sent'),
      },
    }),
    want: found('likely', [4, 6]),
  },
  {
    name: 'takes a mere close on a port known for TLS for possible',
    history: plain(GET, { fin: { client: undefined, server: at(6) } }),
    want: found('possible', [4, 6]),
  },
  {
    name: 'passes a plain server that answers',
    history: plain(GET, {
      plaintextStart: { client: GET, server: octets('HTTP/1.1 200 OK\r\n') },
    }),
    want: 'pass',
  },
  {
    name: 'passes a bad request at a port that need not speak TLS',
    history: plain(
      GET,
      { plaintextStart: { client: GET, server: octets('HTTP/1.1 400 Bad Request\r\n') } },
      { server: { address: '192.0.2.2', port: 8080 } },
    ),
    want: 'pass',
  },
  {
    name: 'passes an upgrade: CONNECT, then TLS',
    history: plain(
      octets('CONNECT example.org:443 HTTP/1.1\r\n'),
      {},
      {
        outcome: 'established',
        stage: 'done',
        clientRandom: new Uint8Array(32),
        messages: [fakeMessage(1, 'client', 8)],
      },
    ),
    want: 'pass',
  },
  {
    name: 'does not judge a connection whose start was not captured',
    history: plain(GET, { syn: undefined }, { alerts: [fakeAlert(10, 'server', 6)] }),
    want: { missing: 'start-not-captured' },
  },
  {
    name: 'does not know every protocol',
    history: plain(octets('\x4a\0\0\0\x0a8.0.36')),
    want: 'not-applicable',
  },
  { name: 'leaves healthy connections alone', history: fakeHistory(), want: 'not-applicable' },
]);
