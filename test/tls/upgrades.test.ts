import { describe, expect, test } from 'vitest';
import { ascii, concat, filled, hex, uint } from '../support/hello-builder.ts';
import { reaches } from '../support/reaches.ts';
import {
  ANSWER,
  CCS,
  CLIENT_HELLO,
  HELLO,
  SERVER_HELLO,
  sealed,
  TlsWire,
  TYPE,
  type Who,
} from './wire.ts';

type Turn = readonly [Who, string | Uint8Array];

const c = (said: string | Uint8Array): Turn => ['c', said];
const s = (said: string | Uint8Array): Turn => ['s', said];

function play(turns: readonly Turn[], wire = new TlsWire()): TlsWire {
  for (const [who, said] of turns) wire.send(who, typeof said === 'string' ? ascii(said) : said);
  return wire;
}

const upgradeOf = (wire: TlsWire) => wire.tls.upgrade(0);

/** SSLRequest of 4.1 and later: length, sequence id 1, capabilities with CLIENT_SSL, size, charset, 23 zeros. */
const MYSQL_REQUEST = concat(hex('20000001 85ae3f20 00000001 08'), filled(23, 0));
const MYSQL_GREETING = concat(hex('4a000000 0a'), ascii('8.0.36\0'), filled(62, 1));
const LDAP_REQUEST = concat(hex('301d020101 7718 8016'), ascii('1.3.6.1.4.1.1466.20037'));
const RDP_REQUEST = hex(
  '0300002b26e00000000000436f6f6b69653a206d737473686173683d616c696365 0d0a 0100080003000000',
);
const SSL_REQUEST = hex('00000008 04d2162f');
const FEATURES =
  "<stream:features><starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'><required/></starttls></stream:features>";
const XMPP_REQUEST = "<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>";

interface Case {
  readonly protocol: string;
  /** Up to the request, the request's place among them, and the two answers. */
  readonly turns: readonly Turn[];
  readonly agreed?: string | Uint8Array;
  readonly refused?: string | Uint8Array;
  readonly target?: { readonly host: string; readonly port: number };
}

const CASES: readonly Case[] = [
  {
    protocol: 'smtp',
    turns: [
      s('220-mail.example.org ESMTP\r\n220 here\r\n'),
      c('EHLO client.example\r\n'),
      s('250-mail.example.org\r\n250-SIZE 1000\r\n250 STARTTLS\r\n'),
      c('STARTTLS\r\n'),
    ],
    agreed: '220 2.0.0 Ready to start TLS\r\n',
    refused: '454 4.7.0 TLS not available due to local problem\r\n',
  },
  {
    protocol: 'lmtp',
    turns: [
      s('220 lmtp\r\n'),
      c('LHLO client\r\n'),
      s('250-mail\r\n250 STARTTLS\r\n'),
      c('starttls\r\n'),
    ],
    agreed: '220 go\r\n',
    refused: '502 no\r\n',
  },
  {
    protocol: 'imap',
    turns: [
      s('* OK [CAPABILITY IMAP4rev1 STARTTLS LOGINDISABLED] ready\r\n'),
      c('a001 CAPABILITY\r\n'),
      s('* CAPABILITY IMAP4rev1 STARTTLS\r\na001 OK done\r\n'),
      c('a002 STARTTLS\r\n'),
    ],
    agreed: 'a002 OK Begin TLS negotiation now\r\n',
    refused: 'a002 NO not now\r\n',
  },
  {
    protocol: 'imap',
    turns: [s('* OK ready\r\n'), c('1 STARTTLS\r\n')],
    agreed: '1 OK\r\n',
    refused: '1 BAD what\r\n',
  },
  {
    protocol: 'pop3',
    turns: [
      s('+OK ready\r\n'),
      c('CAPA\r\n'),
      s('+OK Capability list follows\r\nUIDL\r\nSTLS\r\n.\r\n'),
      c('STLS\r\n'),
    ],
    agreed: '+OK Begin TLS\r\n',
    refused: '-ERR no\r\n',
  },
  {
    protocol: 'ftp',
    turns: [
      s('220 ftp\r\n'),
      c('FEAT\r\n'),
      s('211-Features:\r\n AUTH TLS\r\n211 End\r\n'),
      c('AUTH TLS\r\n'),
    ],
    agreed: '234 AUTH TLS successful\r\n',
    refused: '534 no\r\n',
  },
  {
    protocol: 'ftp',
    turns: [s('220 ftp\r\n'), c('auth ssl\r\n')],
    agreed: '334 go\r\n',
    refused: '500 what\r\n',
  },
  {
    protocol: 'nntp',
    turns: [
      s('200 news\r\n'),
      c('CAPABILITIES\r\n'),
      s('101 list\r\nVERSION 2\r\nSTARTTLS\r\n.\r\n'),
      c('STARTTLS\r\n'),
    ],
    agreed: '382 Continue with TLS negotiation\r\n',
    refused: '580 Can not initiate TLS negotiation\r\n',
  },
  {
    protocol: 'managesieve',
    turns: [s('"IMPLEMENTATION" "x"\r\n"STARTTLS"\r\nOK\r\n'), c('STARTTLS\r\n')],
    agreed: 'OK "Begin TLS negotiation now."\r\n',
    refused: 'NO "no"\r\n',
  },
  {
    protocol: 'irc',
    turns: [
      s(':irc.example NOTICE * :*** Looking up\r\n'),
      c('CAP LS 302\r\n'),
      s(':irc.example CAP * LS :tls\r\n'),
      c('STARTTLS\r\n'),
    ],
    agreed: ':irc.example NOTICE * :*** wait\r\n:irc.example 670 * :STARTTLS successful\r\n',
    refused: ':irc.example 691 * :STARTTLS failure\r\n',
  },
  {
    protocol: 'xmpp',
    turns: [
      c("<?xml version='1.0'?><stream:stream to='example.org'>"),
      s(`<?xml version='1.0'?><stream:stream>${FEATURES}`),
      c(XMPP_REQUEST),
    ],
    agreed: "<proceed xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>",
    refused: "<failure xmlns='urn:ietf:params:xml:ns:xmpp-tls'/></stream:stream>",
  },
  {
    protocol: 'ldap',
    turns: [c(LDAP_REQUEST)],
    agreed: hex('300c 020101 7807 0a0100 0400 0400'),
    refused: hex('300c 020101 7807 0a0135 0400 0400'),
  },
  {
    protocol: 'ldap',
    turns: [c(LDAP_REQUEST)],
    // Lengths in the long form.
    agreed: hex('30840000001002 0101 788400000007 0a0100 0400 0400'),
  },
  { protocol: 'mysql', turns: [s(MYSQL_GREETING), c(MYSQL_REQUEST)] },
  { protocol: 'mysql', turns: [s(MYSQL_GREETING), c(hex('05000001 85ae 3f2000'))] },
  { protocol: 'postgresql', turns: [c(SSL_REQUEST)], agreed: 'S', refused: 'N' },
  {
    protocol: 'postgresql',
    turns: [c(hex('00000008 04d21630')), s('N'), c(SSL_REQUEST)],
    agreed: 'S',
    refused: 'N',
  },
  {
    protocol: 'rdp',
    turns: [c(RDP_REQUEST)],
    agreed: hex('030000130ed000001234000200080001000000'),
    refused: hex('030000130ed000001234000300080005000000'),
  },
  {
    protocol: 'rdp',
    turns: [c(RDP_REQUEST)],
    agreed: hex('030000130ed000001234000201080002000000'),
    // The security of RDP itself.
    refused: hex('030000130ed000001234000200080000000000'),
  },
  {
    protocol: 'amqp',
    turns: [c('AMQP\x02\x01\x00\x00')],
    agreed: 'AMQP\x02\x01\x00\x00',
    refused: 'AMQP\x00\x01\x00\x00',
  },
  {
    protocol: 'http-connect',
    turns: [c('CONNECT example.org:443 HTTP/1.1\r\nHost: example.org:443\r\n\r\n')],
    agreed: 'HTTP/1.1 200 Connection established\r\n\r\n',
    refused: 'HTTP/1.1 403 Forbidden\r\n\r\n',
    target: { host: 'example.org', port: 443 },
  },
  {
    protocol: 'http-connect',
    turns: [
      c('CONNECT [2001:db8::1]:8443 HTTP/1.1\r\n\r\n'),
      s('HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 2\r\n\r\nno'),
      c('CONNECT [2001:db8::1]:8443 HTTP/1.1\r\nProxy-Authorization: Basic c2VjcmV0\r\n\r\n'),
    ],
    agreed: 'HTTP/1.0 200 OK\r\n\r\n',
    refused: 'HTTP/1.1 502 Bad Gateway\r\n\r\n',
    target: { host: '2001:db8::1', port: 8443 },
  },
  {
    // One proxy behind another.
    protocol: 'http-connect',
    turns: [
      c('CONNECT proxy.example:3128 HTTP/1.1\r\n\r\n'),
      s('HTTP/1.1 200 OK\r\n\r\n'),
      c('CONNECT example.org:443 HTTP/1.1\r\n\r\n'),
    ],
    agreed: 'HTTP/1.1 200 OK\r\n\r\n',
    refused: 'HTTP/1.1 504 Gateway Timeout\r\n\r\n',
    target: { host: 'example.org', port: 443 },
  },
  {
    protocol: 'http-upgrade',
    turns: [
      c(
        'OPTIONS * HTTP/1.1\r\nHost: example.org\r\nUpgrade: TLS/1.2\r\nConnection: Upgrade\r\n\r\n',
      ),
    ],
    agreed: 'HTTP/1.1 101 Switching Protocols\r\nUpgrade: TLS/1.2, HTTP/1.1\r\n\r\n',
    refused: 'HTTP/1.1 200 OK\r\n\r\n',
  },
  {
    protocol: 'socks5',
    turns: [
      c(hex('05020002')),
      s(hex('0502')),
      c(concat(hex('0102'), ascii('me'), hex('02'), ascii('pw'))),
      s(hex('0100')),
      c(concat(hex('050100030b'), ascii('example.org'), hex('01bb'))),
    ],
    agreed: hex('05000001000000000000'),
    refused: hex('05050001000000000000'),
    target: { host: 'example.org', port: 443 },
  },
  {
    // A client that does not wait for the choice of a method.
    protocol: 'socks5',
    turns: [c(hex('050100 050100 04 20010db8000000000000000000000001 01bb'))],
    agreed: hex('0500 05000001000000000000'),
    target: { host: '2001:db8::1', port: 443 },
  },
  {
    protocol: 'socks4',
    turns: [c(hex('0401 01bb c0000207 6d6500'))],
    agreed: hex('005a000000000000'),
    refused: hex('005b000000000000'),
    target: { host: '192.0.2.7', port: 443 },
  },
  {
    protocol: 'socks4',
    turns: [c(concat(hex('0401 01bb 00000001 00'), ascii('example.org\0')))],
    agreed: hex('005a000000000000'),
    refused: hex('005c000000000000'),
    target: { host: 'example.org', port: 443 },
  },
];

describe('TLS behind another protocol', () => {
  test.each(CASES)(
    '$protocol, agreed: $turns.length turns',
    ({ protocol, turns, agreed, target }) => {
      const answers = agreed === undefined ? [] : [s(agreed)];
      const wire = play([...turns, ...answers, c(HELLO), s(ANSWER)]);
      expect(wire.lines).toEqual([...CLIENT_HELLO, ...SERVER_HELLO]);
      const request = { packet: turns.length, nanos: turns.length };
      expect(upgradeOf(wire)).toMatchObject({
        protocol,
        asker: 0,
        request,
        target,
        hasGaps: false,
        pipelined: undefined,
        instead: undefined,
      });
      if (agreed !== undefined)
        expect(upgradeOf(wire)?.answer).toMatchObject({ agreed: true, packet: turns.length + 1 });
    },
  );

  test.each(CASES.filter(({ refused }) => refused !== undefined))(
    '$protocol, refused: $turns.length turns',
    ({ protocol, turns, refused = '' }) => {
      const wire = play([...turns, s(refused)]);
      expect(wire.lines).toEqual([]);
      expect(upgradeOf(wire)).toMatchObject({ protocol, asker: 0, answer: { agreed: false } });
    },
  );

  test.each(CASES)(
    '$protocol in segments of an octet: $turns.length turns',
    ({ protocol, turns, agreed }) => {
      const wire = new TlsWire();
      const answers = agreed === undefined ? [] : [s(agreed)];
      for (const [who, said] of [...turns, ...answers]) {
        const octets = typeof said === 'string' ? ascii(said) : said;
        for (const octet of octets) wire.send(who, Uint8Array.of(octet));
      }
      play([c(HELLO), s(ANSWER)], wire);
      expect(wire.lines).toEqual([...CLIENT_HELLO, ...SERVER_HELLO]);
      expect(upgradeOf(wire)?.protocol).toBe(protocol);
    },
  );

  test.each(CASES)(
    '$protocol, the client alone in the capture: $turns.length turns',
    ({ protocol, turns }) => {
      const wire = play([...turns.filter(([who]) => who === 'c'), c(HELLO)]);
      expect(wire.lines).toEqual(CLIENT_HELLO);
      // Commands that several have without their answers, and turns that run together, are not told apart.
      const found = upgradeOf(wire)?.protocol;
      expect([protocol, 'other']).toContain(found);
      expect(upgradeOf(wire)?.answer).toBeUndefined();
    },
  );

  test('the server alone in the capture', () => {
    for (const { turns, agreed = '' } of CASES) {
      const wire = play([...turns.filter(([who]) => who === 's'), s(agreed), s(ANSWER)]);
      expect(wire.lines).toEqual(SERVER_HELLO);
      expect(upgradeOf(wire)?.instead).toBeUndefined();
    }
  });

  test('octets that no protocol is told by', () => {
    const wire = play([c('hello?\n'), s('yes\n'), c('TLS then\n'), s('go\n'), c(HELLO), s(ANSWER)]);
    expect(upgradeOf(wire)).toMatchObject({
      protocol: 'other',
      asker: undefined,
      request: undefined,
    });
  });

  test('none where TLS begins at once, and none where only the server spoke before', () => {
    expect(upgradeOf(play([c(HELLO), s(ANSWER)]))).toBeUndefined();
    expect(upgradeOf(play([s('220 mail ESMTP\r\n'), c(HELLO), s('500 what\r\n')]))).toBeUndefined();
  });

  test('none where records go on whose hello is not in the capture', () => {
    const data = concat(hex('1703030040'), filled(64, 0x9b));
    const wire = play([c(filled(100, 0x9b)), s(filled(50, 0x9c)), c(data), s(data)]);
    expect(wire.lines).toContain('c recognised');
    expect(upgradeOf(wire)).toBeUndefined();
  });

  test('none where nobody asks', () => {
    const web = play([
      c('GET /tls HTTP/1.1\r\nHost: tls.example\r\n\r\n'),
      s('HTTP/1.1 200 OK\r\n\r\nSTARTTLS\r\n'),
    ]);
    expect(upgradeOf(web)).toBeUndefined();
    const mail = play([
      s('220 mail\r\n'),
      c('EHLO x\r\n'),
      s('250-STARTTLS\r\n250 OK\r\n'),
      c('QUIT\r\n'),
    ]);
    expect(upgradeOf(mail)).toBeUndefined();
  });

  test('the last request counts', () => {
    const [, plain] = CASES;
    const wire = play([
      ...(plain as Case).turns,
      s('454 later\r\n'),
      c('STARTTLS\r\n'),
      s('220 now\r\n'),
      c(HELLO),
    ]);
    expect(upgradeOf(wire)).toMatchObject({
      protocol: 'lmtp',
      request: { packet: 6 },
      answer: { agreed: true },
    });
  });

  test('a request of MySQL in the segment of the ClientHello', () => {
    const wire = play([s(MYSQL_GREETING), c(concat(MYSQL_REQUEST, HELLO)), s(ANSWER)]);
    expect(wire.lines).toEqual([...CLIENT_HELLO, ...SERVER_HELLO]);
    expect(upgradeOf(wire)?.protocol).toBe('mysql');
  });

  test('a client that does not wait for consent in plain text: the consent is no answer to its ClientHello', () => {
    const wire = play([s('220 mail\r\n'), c('STARTTLS\r\n'), c(HELLO), s('220 go\r\n'), s(ANSWER)]);
    expect(wire.lines).toEqual([...CLIENT_HELLO, ...SERVER_HELLO]);
    expect(upgradeOf(wire)).toMatchObject({
      answer: { agreed: true, packet: 4 },
      instead: undefined,
    });
  });

  test('nor is what does not answer its request the answer to that', () => {
    const wire = play([
      s(MYSQL_GREETING),
      c(MYSQL_REQUEST),
      c(HELLO),
      s('no TLS here\n'),
      s('at all'),
    ]);
    expect(upgradeOf(wire)).toMatchObject({
      answer: undefined,
      instead: { packet: 4, line: 'no TLS here' },
    });
  });

  test('octets are missing before it', () => {
    const wire = play([s('220 mail\r\n')]).gap('c', 20);
    play([c('STARTTLS\r\n'), s('220 go\r\n'), c(HELLO)], wire);
    expect(upgradeOf(wire)).toMatchObject({ protocol: 'smtp', hasGaps: true });
  });
});

describe('a PROXY header', () => {
  const four = {
    source: { address: '192.0.2.1', port: 40_000 },
    destination: { address: '192.0.2.2', port: 443 },
  };
  const six = {
    source: { address: '2001:db8::1', port: 40_000 },
    destination: { address: '2001:db8::2', port: 443 },
  };
  const SIGNATURE = '0d0a0d0a000d0a515549540a';
  const addresses6 = '20010db8000000000000000000000001 20010db8000000000000000000000002';

  test.each([
    ['version 1 over IPv4', ascii('PROXY TCP4 192.0.2.1 192.0.2.2 40000 443\r\n'), four],
    ['version 1 over IPv6', ascii('PROXY TCP6 2001:db8::1 2001:db8::2 40000 443\r\n'), six],
    ['version 1 of unknown', ascii('PROXY UNKNOWN\r\n'), undefined],
    ['version 2 over IPv4', hex(`${SIGNATURE} 21 11 000c c0000201 c0000202 9c40 01bb`), four],
    [
      'version 2 with a TLV',
      hex(`${SIGNATURE} 21 11 0014 c0000201 c0000202 9c40 01bb 04 0005 0000000000`),
      four,
    ],
    ['version 2 over IPv6', hex(`${SIGNATURE} 21 21 0024 ${addresses6} 9c40 01bb`), six],
    ['version 2, local', hex(`${SIGNATURE} 20 00 0000`), undefined],
    ['version 2, a UNIX socket', concat(hex(`${SIGNATURE} 21 31 00d8`), filled(216, 0)), undefined],
    ['version 2, addresses cut off', hex(`${SIGNATURE} 21 11 0004 c0000201`), undefined],
  ])('%s, alone, before TLS and before a protocol', (_name, header, proxied) => {
    for (const wire of [play([c(concat(header, HELLO))]), play([c(header), c(HELLO)])]) {
      expect(wire.lines).toEqual(CLIENT_HELLO);
      const protocol = proxied === undefined ? 'other' : 'proxy-protocol';
      expect(upgradeOf(wire)).toMatchObject({ protocol, proxied });
    }
    const smtp = [s('220 mail\r\n'), c('STARTTLS\r\n'), s('220 go\r\n'), c(HELLO)];
    expect(upgradeOf(play([c(header), ...smtp]))).toMatchObject({ protocol: 'smtp', proxied });
    const socks = concat(header, hex('0401 01bb c0000207 00'));
    expect(upgradeOf(play([c(socks), s(hex('005a000000000000')), c(HELLO)]))).toMatchObject({
      protocol: 'socks4',
      proxied,
    });
  });
});

describe('plain text where it should not be', () => {
  const begin = [s('220 mail\r\n'), c('EHLO x\r\n'), s('250-mail\r\n250 STARTTLS\r\n')];

  test('behind the request, before its answer', () => {
    const wire = play([
      ...begin,
      c('STARTTLS\r\nMAIL FROM:<a@example.org>\r\n'),
      s('220 go\r\n'),
      c(HELLO),
    ]);
    expect(upgradeOf(wire)?.pipelined).toEqual({ side: 0, packet: 4, nanos: 4, line: 'MAIL' });
  });

  test('behind the consent, before TLS', () => {
    const wire = play([...begin, c('STARTTLS\r\n'), s('220 go\r\n250 injected\r\n'), c(HELLO)]);
    expect(upgradeOf(wire)?.pipelined).toMatchObject({ side: 1, packet: 5, line: '250 injected' });
  });

  test('a consent of several lines is one', () => {
    const wire = play([...begin, c('STARTTLS\r\n'), s('220-please\r\n220 go\r\n'), c(HELLO)]);
    expect(upgradeOf(wire)?.pipelined).toBeUndefined();
  });

  test('no password is kept for a report', () => {
    const wire = play([
      s('* OK\r\n'),
      c('a1 STARTTLS\r\na2 LOGIN me hunter2\r\n'),
      s('a1 OK\r\n'),
      c(HELLO),
    ]);
    expect(upgradeOf(wire)?.pipelined?.line).toBe('LOGIN');
    const raw = play([s('* OK\r\n'), c('a1 STARTTLS\r\nhunter2\r\n'), s('a1 OK\r\n'), c(HELLO)]);
    expect(upgradeOf(raw)?.pipelined?.line).toBe('');
    expect(JSON.stringify([upgradeOf(wire), upgradeOf(raw)])).not.toContain('hunter2');
  });

  test('octets that are no text are not quoted', () => {
    const wire = play([c(LDAP_REQUEST), s(hex('300c 020101 7807 0a0134 0400 0400'))]);
    expect(upgradeOf(wire)?.answer).toMatchObject({ agreed: false, line: '' });
  });

  test('behind the ClientHello, in place of an answer', () => {
    const wire = play([
      ...begin,
      c('STARTTLS\r\n'),
      s('220 go\r\n'),
      c(HELLO),
      s('500 what?\r\nmore\r\n'),
    ]);
    expect(upgradeOf(wire)?.instead).toEqual({ side: 1, packet: 7, nanos: 7, line: '500 what?' });
  });
});

describe('bounds', () => {
  reaches(
    'plainTalkOctets',
    5000,
    'much plain text before TLS: no request is looked for any more',
    (bound) => {
      const wire = play([c('STARTTLS\r\n'), s('454 no\r\n')]);
      const bulk = ascii('x'.repeat(1400));
      for (let sent = 0; sent <= bound; sent += bulk.length) wire.send('c', bulk);
      play([c('STARTTLS\r\n'), s('220 go\r\n'), c(HELLO)], wire);
      expect(wire.lines).toEqual(CLIENT_HELLO);
      expect(upgradeOf(wire)).toMatchObject({ protocol: 'other', request: undefined });
    },
  );

  reaches('plainTalks', 8, 'many connections: the oldest is forgotten', (bound) => {
    const { tls } = new TlsWire();
    const said = ascii('STARTTLS\r\n');
    for (let row = 0; row <= bound; row++) tls.octets(row, 0, said, 0, said.length, 1, 1);
    expect(tls.upgrade(0)).toBeUndefined();
    expect(tls.upgrade(1)?.request).toBeDefined();
    expect(tls.upgrade(bound)?.request).toBeDefined();
    // That there was something is still known.
    tls.octets(0, 0, HELLO, 0, HELLO.length, 2, 2);
    expect(tls.upgrade(0)).toMatchObject({ protocol: 'other', hasGaps: true });
  });

  test('a connection in the same row starts anew', () => {
    const wire = play([c('STARTTLS\r\n'), s('220 go\r\n'), c(HELLO)]);
    wire.tls.forget(0);
    expect(upgradeOf(wire)).toBeUndefined();
  });
});

describe('TLS in packets of TDS', () => {
  const tds = (type: number, body: Uint8Array, status = 1) =>
    concat(Uint8Array.of(type, status), uint(8 + body.length, 2), filled(4, 0), body);
  /** Options: version, encryption; their values. */
  const prelogin = (type: number, encryption: number) =>
    tds(type, concat(hex('00 000b 0006 01 0011 0001 ff 0f0007d00000'), Uint8Array.of(encryption)));
  const CLIENT_REST = concat(CCS, sealed(40, TYPE.handshake));
  const login = sealed(200);
  const TEXT = tds(4, ascii('rows in the clear'));

  const whole: readonly Turn[] = [
    c(prelogin(0x12, 1)),
    s(prelogin(0x04, 1)),
    c(tds(0x12, HELLO)),
    // A packet ends inside a record.
    s(concat(tds(0x12, ANSWER.subarray(0, 30), 0), tds(0x12, ANSWER.subarray(30)))),
    c(tds(0x12, CLIENT_REST)),
    s(tds(0x12, CLIENT_REST)),
    c(login),
    s(login),
  ];
  const RECORDS = [
    ...CLIENT_HELLO,
    ...SERVER_HELLO,
    'c ccs',
    'c record 20 0303 1 clear',
    'c record 22 0303 40',
    's ccs',
    's record 20 0303 1 clear',
    's record 22 0303 40',
    'c record 23 0303 200',
    's record 23 0303 200',
  ];

  test('is read as if it stood in the stream', () => {
    const wire = play(whole);
    expect(wire.lines).toEqual(RECORDS);
    expect(upgradeOf(wire)).toMatchObject({ protocol: 'tds', asker: 0, answer: { agreed: true } });
  });

  test('in segments of any size, once a hello shows it', () => {
    for (let size = 1; size < 80; size += 3) {
      const wire = play(whole.slice(0, 3));
      for (const [who, said] of whole.slice(3)) {
        const octets = said as Uint8Array;
        // The first segment of the server's answer must tell that it is one.
        for (let at = 0, n = who === 's' ? 40 : size; at < octets.length; at += n, n = size)
          wire.send(who, octets.subarray(at, at + n));
      }
      expect(wire.lines).toEqual(RECORDS);
    }
  });

  test('what follows a protected login in the clear disturbs nobody', () => {
    const wire = play([...whole.slice(0, 7), s(TEXT), c(TEXT)]);
    expect(wire.lines).toEqual(RECORDS.slice(0, -1));
    expect(upgradeOf(wire)?.instead).toBeUndefined();
  });

  test('refused where the server does not support it', () => {
    const wire = play([c(prelogin(0x12, 0)), s(prelogin(0x04, 2)), c(TEXT)]);
    expect(wire.lines).toEqual([]);
    expect(upgradeOf(wire)).toMatchObject({ protocol: 'tds', answer: { agreed: false } });
    expect(upgradeOf(play([c(prelogin(0x12, 2)), s(prelogin(0x04, 2))]))).toBeUndefined();
  });

  test('a hole in the wrapped part: records are looked for behind it', () => {
    const wire = play(whole.slice(0, 4)).gap('s', 50);
    play([s(concat(login, login))], wire);
    expect(wire.lines.slice(6)).toEqual([
      's lost 50 with boundaries',
      '! tls-resynchronised',
      's record 23 0303 200',
      's record 23 0303 200',
    ]);
  });

  test('no other packets of that type are taken for it', () => {
    expect(play([c(tds(0x12, filled(60, 0x16))), c(tds(4, HELLO.subarray(3)))]).lines).toEqual([]);
  });
});
