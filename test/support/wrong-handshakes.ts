import type { TranscriptMessage } from '../../src/crypto/transcript.ts';
import {
  clientHello,
  concat,
  type ExtensionSpec,
  type Octets,
  serverHello,
  uint,
} from './hello-builder.ts';
import { hex, someOctets } from './octets.ts';

/** Handshakes to be hashed wrongly, written without the code that hashes them. */

const EXTENSIONS: readonly ExtensionSpec[] = [
  { type: 23 },
  { type: 10, data: hex('0002001d') },
  { type: 43, data: hex('020304') },
];

const RETRY_RANDOM = hex('cf21ad74e59a6111be1d8c021e65b891c2a211167abb8c5e079e09e2c8a8339c');

export function message(
  from: 'client' | 'server',
  type: number,
  body: Octets,
  messageSeq?: number,
  fragments?: readonly number[],
): TranscriptMessage {
  const octets = concat(uint(type, 1), uint(body.length, 3), body);
  return { from, type, octets, messageSeq, fragments };
}

/** With the header of DTLS up to 1.2, RFC 6347 §4.2.2; `part` of the body only, if given. */
export function dtlsOctets(
  { octets, messageSeq = 0 }: TranscriptMessage,
  part: readonly [number, number] = [0, octets.length - 4],
): Octets {
  const [start, end] = part;
  const header = concat(
    octets.slice(0, 4),
    uint(messageSeq, 2),
    uint(start, 3),
    uint(end - start, 3),
  );
  return concat(header, octets.slice(4 + start, 4 + end));
}

export const octetsOf = (messages: readonly TranscriptMessage[]): Octets[] =>
  messages.map(({ octets }) => octets);

const random = (seed: number) => someOctets(32, seed);

/** TLS 1.2 with a HelloRequest before it and a client certificate. */
export const TLS12 = {
  helloRequest: message('server', 0, new Uint8Array(0)),
  rest: [
    message('client', 1, clientHello({ random: random(1), extensions: EXTENSIONS })),
    message('server', 2, serverHello({ random: random(2) })),
    message('server', 11, someOctets(300, 3)),
    message('server', 22, someOctets(80, 4)),
    message('server', 14, new Uint8Array(0)),
    message('client', 11, someOctets(90, 5)),
    message('client', 16, someOctets(66, 6)),
    message('client', 15, someOctets(70, 7)),
  ],
};

/** DTLS 1.2 with a cookie exchange and a certificate in two fragments. */
export const DTLS12 = {
  cookieExchange: [
    message(
      'client',
      1,
      clientHello({ version: 0xfefd, random: random(1), cookie: hex(''), extensions: EXTENSIONS }),
      0,
    ),
    message('server', 3, hex('feff0401020304'), 0),
  ],
  rest: [
    message(
      'client',
      1,
      clientHello({
        version: 0xfefd,
        random: random(1),
        cookie: hex('01020304'),
        extensions: EXTENSIONS,
      }),
      1,
    ),
    message('server', 2, serverHello({ version: 0xfefd, random: random(2) }), 1),
    message('server', 11, someOctets(300, 3), 2, [200, 100]),
    message('server', 14, new Uint8Array(0), 3),
    message('client', 16, someOctets(66, 6), 2),
  ],
};

/** TLS 1.3 (or DTLS 1.3) with a HelloRetryRequest, up to the server's Finished; a ticket came before the client's. */
export function retried(dtls: boolean) {
  const legacy = dtls ? 0xfefd : 0x0303;
  const hello = (seed: number) =>
    clientHello({
      version: legacy,
      random: random(1),
      extensions: [...EXTENSIONS, { type: 51, data: someOctets(8, seed) }],
      ...(dtls ? { cookie: hex('') } : {}),
    });
  return {
    firstHello: message('client', 1, hello(1), 0),
    request: message('server', 2, serverHello({ version: legacy, random: RETRY_RANDOM }), 0),
    rest: [
      message('client', 1, hello(2), 1),
      message('server', 2, serverHello({ version: legacy, random: random(2) }), 1),
      message('server', 8, someOctets(20, 8), 2),
      message('server', 11, someOctets(200, 9), 3),
      message('server', 15, someOctets(100, 10), 4),
      message('server', 20, someOctets(32, 11), 5),
    ],
    ticket: message('server', 4, someOctets(60, 12), 6),
  };
}

/** The same ClientHello without an extension, with others in another order, or with another version. */
export const ALTERED_HELLOS = {
  sorted: (hello: { version?: number; cookie?: Octets } = {}) =>
    message(
      'client',
      1,
      clientHello({
        ...hello,
        random: random(1),
        extensions: EXTENSIONS.toSorted((a, b) => a.type - b.type),
      }),
    ),
  without: (type: number) =>
    message(
      'client',
      1,
      clientHello({
        random: random(1),
        extensions: EXTENSIONS.filter((each) => each.type !== type),
      }),
    ),
  version: (version: number) =>
    message('client', 1, clientHello({ version, random: random(1), extensions: EXTENSIONS })),
};
