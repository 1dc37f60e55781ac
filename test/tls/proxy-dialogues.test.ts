import { describe, expect, test } from 'vitest';
import { ascii, concat, filled, hex } from '../support/hello-builder.ts';
import { reaches } from '../support/reaches.ts';
import { ANSWER, CLIENT_HELLO, HELLO, SERVER_HELLO, TlsWire, type Who } from './wire.ts';

const NAME = concat(hex('03 0b'), ascii('example.org'), hex('01bb'));
const CREDENTIALS = concat(hex('01 02'), ascii('me'), hex('02'), ascii('pw'));
const AT_NAME = { host: 'example.org', port: 443 };
const AT_ADDRESS = { host: '192.0.2.7', port: 443 };

interface Case {
  readonly protocol: string;
  readonly title: string;
  /** Everything that a client says that waits for nothing, and what the proxy says to it. */
  readonly asks: Uint8Array;
  readonly grants: Uint8Array;
  readonly refuses: Uint8Array;
  readonly target: { readonly host: string; readonly port: number };
}

const CASES: readonly Case[] = [
  {
    protocol: 'socks4',
    title: 'an address',
    asks: hex('0401 01bb c0000207 6d6500'),
    grants: hex('005a 01bb c0000207'),
    refuses: hex('005b 000000000000'),
    target: AT_ADDRESS,
  },
  {
    protocol: 'socks4',
    title: 'a name, without a user',
    asks: concat(hex('0401 01bb 00000001 00'), ascii('example.org\0')),
    grants: hex('005a 000000000000'),
    refuses: hex('005c 000000000000'),
    target: AT_NAME,
  },
  {
    protocol: 'socks5',
    title: 'a name',
    asks: concat(hex('050100 050100'), NAME),
    grants: hex('0500 05000001 c0000207 01bb'),
    refuses: hex('0500 05050001 00000000 0000'),
    target: AT_NAME,
  },
  {
    protocol: 'socks5',
    title: 'an address, with user and password',
    asks: concat(hex('05020002'), CREDENTIALS, hex('050100 01 c0000207 01bb')),
    grants: concat(hex('0502 0100 050000'), NAME),
    refuses: hex('0502 0101'),
    target: AT_ADDRESS,
  },
  {
    protocol: 'socks5',
    title: 'an address of version 6, and no method that is acceptable',
    asks: hex('050100 050100 04 20010db8000000000000000000000001 01bb'),
    grants: hex('0500 050000 04 20010db8000000000000000000000001 01bb'),
    refuses: hex('05ff'),
    target: { host: '2001:db8::1', port: 443 },
  },
  {
    protocol: 'http-connect',
    title: 'with a field',
    asks: ascii('CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n'),
    grants: ascii('HTTP/1.1 200 Connection established\r\nVia: 1.1 proxy\r\n\r\n'),
    refuses: ascii('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno'),
    target: AT_NAME,
  },
  {
    protocol: 'http-connect',
    title: 'lines that end without CR',
    asks: ascii('CONNECT 192.0.2.7:443 HTTP/1.0\n\n'),
    grants: ascii('HTTP/1.0 200 OK\n\n'),
    refuses: ascii('HTTP/1.0 502 Bad Gateway\n\n'),
    target: AT_ADDRESS,
  },
];

const TLS = [...CLIENT_HELLO, ...SERVER_HELLO];

/** What is told of a wire on which each sends octets in segments of so many, or in those that are listed. */
function play(...sent: readonly (readonly [Who, Uint8Array, number?])[]): TlsWire {
  const wire = new TlsWire();
  for (const [who, octets, size = octets.length] of sent)
    for (let at = 0; at < octets.length; at += size) wire.send(who, octets.subarray(at, at + size));
  return wire;
}

describe('a client that does not wait for its proxy', () => {
  test.each(CASES)('$protocol, $title: whole', ({ protocol, asks, grants, target }) => {
    const wire = play(['c', concat(asks, HELLO)], ['s', concat(grants, ANSWER)]);
    expect(wire.lines).toEqual(TLS);
    expect(wire.tls.upgrade(0)).toMatchObject({
      protocol,
      target,
      request: { packet: 1 },
      answer: { packet: 2, agreed: true },
      instead: undefined,
      pipelined: undefined,
      hasGaps: false,
    });
  });

  test.each(CASES)(
    '$protocol, $title: in segments of every size',
    ({ asks, grants, protocol, target }) => {
      const longest = Math.max(asks.length, grants.length) + 10;
      for (let size = 1; size < longest; size++) {
        const wire = play(['c', concat(asks, HELLO), size], ['s', concat(grants, ANSWER), size]);
        expect(wire.lines, `by ${size}`).toEqual(TLS);
        expect(wire.tls.upgrade(0), `by ${size}`).toMatchObject({
          protocol,
          target,
          answer: { agreed: true },
          instead: undefined,
        });
      }
    },
  );

  test.each(CASES)('$protocol, $title: cut at every place into two', ({ asks, grants }) => {
    const [c, s] = [concat(asks, HELLO), concat(grants, ANSWER)];
    for (let at = 1; at < c.length; at++) {
      const wire = play(['c', c.subarray(0, at)], ['c', c.subarray(at)], ['s', s]);
      expect(wire.lines, `client at ${at}`).toEqual(TLS);
    }
    for (let at = 1; at < s.length; at++) {
      const wire = play(['c', c], ['s', s.subarray(0, at)], ['s', s.subarray(at)]);
      expect(wire.lines, `server at ${at}`).toEqual(TLS);
      expect(wire.tls.upgrade(0)?.answer?.agreed).toBe(true);
    }
  });

  test.each(CASES)('$protocol, $title: ended at every length', ({ asks, protocol }) => {
    const whole = concat(asks, HELLO);
    for (let length = 1; length < whole.length; length++) {
      const wire = play(['c', whole.subarray(0, length)]);
      // Six octets behind its header tell a ClientHello.
      const isTold = length >= asks.length + 11;
      expect(wire.lines, `${length}`).toEqual(isTold ? ['c recognised'] : []);
      const upgrade = wire.tls.upgrade(0);
      if (length >= asks.length) expect(upgrade?.protocol, `${length}`).toBe(protocol);
    }
  });

  test.each(CASES)('$protocol, $title: refused', ({ asks, refuses }) => {
    for (const size of [1, 3, 100]) {
      const wire = play(['c', concat(asks, HELLO)], ['s', refuses, size]);
      expect(wire.lines).toEqual(CLIENT_HELLO);
      expect(wire.tls.upgrade(0)).toMatchObject({
        answer: { packet: 2, agreed: false },
        instead: undefined,
      });
    }
  });

  test.each(CASES)('$protocol, $title: what follows is no TLS', ({ asks, grants, refuses }) => {
    const plain = ascii('GET / HTTP/1.1\r\n\r\n');
    for (const size of [1, 7, 500]) {
      expect(play(['c', concat(asks, plain), size]).lines).toEqual([]);
      expect(play(['c', concat(asks, HELLO.subarray(1)), size]).lines).toEqual([]);
      // Nobody began TLS: a page that shows a ServerHello begins none.
      expect(play(['c', asks], ['s', concat(grants, plain, ANSWER)]).lines).toEqual([]);
      expect(play(['c', concat(asks, HELLO)], ['s', concat(refuses, ANSWER)]).lines).toEqual(
        CLIENT_HELLO,
      );
    }
  });

  test('behind a PROXY header', () => {
    const header = ascii('PROXY TCP4 192.0.2.1 192.0.2.2 40000 1080\r\n');
    for (const { asks, grants, target } of CASES) {
      const wire = play(['c', concat(header, asks, HELLO)], ['s', concat(grants, ANSWER)]);
      expect(wire.lines).toEqual(TLS);
      expect(wire.tls.upgrade(0)).toMatchObject({ target, proxied: { source: { port: 40_000 } } });
    }
  });

  test('who waits for the method only', () => {
    const wire = play(
      ['c', hex('050100')],
      ['s', hex('0500')],
      ['c', concat(hex('050100'), NAME, HELLO)],
      ['s', concat(hex('050000'), NAME, ANSWER)],
    );
    expect(wire.lines).toEqual(TLS);
    expect(wire.tls.upgrade(0)).toMatchObject({ request: { packet: 3 }, answer: { agreed: true } });
  });

  test('one proxy behind another, none waited for', () => {
    const [, , , , , { asks, grants }] = CASES as unknown as readonly [
      Case,
      Case,
      Case,
      Case,
      Case,
      Case,
    ];
    const wire = play(['c', concat(asks, asks, HELLO)], ['s', concat(grants, grants, ANSWER)]);
    expect(wire.lines).toEqual(TLS);
  });

  test.each([
    ['a SOCKS request to bind', hex('050100 050200 01 c0000207 01bb')],
    ['an address of no type', hex('050100 050100 02 c0000207 01bb')],
    ['a request of SOCKS 4 to bind', hex('0402 01bb c0000207 6d6500')],
    ['no methods', hex('0500 050100 01 c0000207 01bb')],
    ['another method of HTTP', ascii('CONNEXT example.org:443 HTTP/1.1\r\n\r\n')],
    ['a head that goes on', ascii('CONNECT example.org:443 HTTP/1.1\r\nHost: example.org\r\n')],
  ])('not behind %s', (_name, octets) => {
    expect(play(['c', concat(octets, HELLO)]).lines).toEqual([]);
  });

  test('a hole ends what was begun', () => {
    const asks = ascii('CONNECT example.org:443 HTTP/1.1\r\n\r\n');
    const wire = new TlsWire().send('c', asks.subarray(0, 12)).gap('c', 5);
    wire.send('c', concat(asks.subarray(17), HELLO));
    expect(wire.lines).toEqual([]);
  });

  test('a connection in the same row starts anew', () => {
    const asks = ascii('CONNECT example.org:443 HTTP/1.1\r\n\r\n');
    const wire = new TlsWire().send('c', asks.subarray(0, 20));
    wire.tls.forget(0);
    expect(wire.send('c', concat(asks.subarray(20), HELLO)).lines).toEqual([]);
  });

  reaches('proxyRequestOctets', 256, 'a head that is too long is not kept', (bound) => {
    const head = concat(ascii('CONNECT example.org:443 HTTP/1.1\r\nX: '), filled(bound, 0x61));
    const wire = play(['c', head], ['c', concat(ascii('\r\n\r\n'), HELLO)]);
    expect(wire.lines).toEqual([]);
  });

  reaches('proxyRequests', 4, 'of many begun ones the oldest is forgotten', (bound) => {
    const wire = new TlsWire();
    const asks = concat(ascii('CONNECT example.org:443 HTTP/1.1\r\n\r\n'), HELLO);
    const send = (row: number, start: number, end: number) =>
      wire.tls.octets(row, 0, asks, start, end, 1, 1);
    for (let row = 0; row <= bound; row++) send(row, 0, 20);
    send(0, 20, asks.length);
    expect(wire.lines).toEqual([]);
    send(1, 20, asks.length);
    expect(wire.lines).toEqual(CLIENT_HELLO);
  });
});
