/** Connections without an octet of TLS that were expected to have some. */
import { expect, test } from 'vitest';
import { analyse } from '../support/analyse.ts';
import type { Octets } from '../support/hello-builder.ts';
import { captureFile, TcpFlow } from '../support/network.ts';

const text = (line: string): Octets => Uint8Array.from(line, (one) => one.charCodeAt(0));
const GET = text('GET / HTTP/1.1\r\nHost: example.org\r\n\r\n');

const to = (port: number): TcpFlow =>
  new TcpFlow({
    hosts: {
      client: { address: '192.0.2.1', port: 40_000 },
      server: { address: '198.51.100.1', port },
    },
  }).open();
const outcomes = ({ frames }: TcpFlow): readonly string[] =>
  analyse(captureFile(frames)).connections.map(({ outcome }) => outcome);

test.each<[string, TcpFlow]>([
  ['a port known for TLS, closed without a word', to(443).send('client', GET).fin('server')],
  ['the same with a reset', to(443).send('client', GET).rst('server')],
  ['bad request there', to(443).send('client', GET).send('server', text('HTTP/1.1 400 Bad\r\n'))],
  [
    'any port whose server says what is wrong',
    to(8444)
      .send('client', GET)
      .send(
        'server',
        text('HTTP/1.0 400 Bad Request\r\n\r\nClient sent an HTTP request to an HTTPS'),
      ),
  ],
])('is told: %s', (_name, flow) => {
  expect(outcomes(flow)).toEqual(['no-handshake']);
});

test.each<[string, TcpFlow]>([
  [
    'answered as if all were well',
    to(443).send('client', GET).send('server', text('HTTP/1.1 200 OK\r\n')),
  ],
  ['closed by the client', to(443).send('client', GET).fin('client')],
  ['a port for plain text', to(80).send('client', GET).fin('server')],
  [
    'bad request at such a port',
    to(80).send('client', GET).send('server', text('HTTP/1.1 400 Bad\r\n')),
  ],
  ['something unknown', to(443).send('client', text('\u0001\u0002binary')).fin('server')],
  [
    'octets missing',
    to(443).send('client', GET).skip('server', 40).acknowledge('client').fin('server'),
  ],
])('is none of ours: %s', (_name, flow) => {
  expect(outcomes(flow)).toEqual([]);
});
