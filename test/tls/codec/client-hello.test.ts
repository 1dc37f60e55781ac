import { describe, expect, it } from 'vitest';
import { decodeClientHello } from '../../../src/tls/codec/client-hello.ts';
import { codecCases } from '../../support/codec-cases.ts';
import { clientHello, concat, ext, filled, hex, u16, vector } from '../../support/hello-builder.ts';

/** The ClientHello of RFC 8448 §3, without its handshake header. */
const RFC_8448 = `
  0303 cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7
  00 0006 1301 1303 1302 01 00 0091
  0000 000b 0009 00 0006 736572766572
  ff01 0001 00
  000a 0014 0012 001d 0017 0018 0019 0100 0101 0102 0103 0104
  0023 0000
  0033 0026 0024 001d 0020 99381de560e4bd43d23d8e435a7dbafeb3c06e51c13cae4d5413691e529aaf2c
  002b 0003 02 0304
  000d 0020 001e 0403 0503 0603 0203 0804 0805 0806 0401 0501 0601 0201 0402 0502 0602 0202
  002d 0002 01 01
  001c 0002 4001`;

describe('decodeClientHello, TLS', () => {
  codecCases(
    (body) => decodeClientHello(body, false),
    [
      {
        name: 'the ClientHello of RFC 8448 §3',
        hex: RFC_8448,
        value: {
          legacyVersion: 0x0303,
          random: hex('cb34ecb1e78163ba1c38c6dacb196a6dffa21a8d9912ec18a2ef6283024dece7'),
          sessionId: new Uint8Array(0),
          cookie: undefined,
          cipherSuites: [0x1301, 0x1303, 0x1302],
          compressionMethods: [0],
          serverName: 'server',
          alpn: [],
          versions: [0x0304],
          supportedGroups: [29, 23, 24, 25, 256, 257, 258, 259, 260],
          signatureAlgorithms: [
            0x0403, 0x0503, 0x0603, 0x0203, 0x0804, 0x0805, 0x0806, 0x0401, 0x0501, 0x0601, 0x0201,
            0x0402, 0x0502, 0x0602, 0x0202,
          ],
          keyShareGroups: [29],
          pskIdentities: [],
        },
        legalCuts: { 45: 'no extensions' },
      },
      {
        name: 'a ClientHello of SSL 3.0 and TLS 1.0, without extensions',
        hex: `0301 ${'11'.repeat(32)} 04 01020304 0004 002f 000a 01 00`,
        value: {
          legacyVersion: 0x0301,
          sessionId: hex('01020304'),
          cipherSuites: [0x002f, 0x000a],
          extensions: [],
          versions: [0x0301],
          serverName: undefined,
        },
        openEnded: true,
      },
      {
        name: 'an empty list of extensions',
        hex: `0303 ${'11'.repeat(32)} 00 0002 002f 02 01 00 0000`,
        value: { compressionMethods: [1, 0], extensions: [] },
        legalCuts: { 42: 'no extensions' },
      },
    ],
  );
});

describe('decodeClientHello, DTLS', () => {
  codecCases(
    (body) => decodeClientHello(body, true),
    [
      {
        name: 'a ClientHello with a cookie and a connection id',
        hex: `fefd ${'22'.repeat(32)} 00 04 c0c1c2c3 0004 c02b c0ac 01 00 000a 0036 0002 01 aa 0017 0000`,
        value: {
          legacyVersion: 0xfefd,
          cookie: hex('c0c1c2c3'),
          cipherSuites: [0xc02b, 0xc0ac],
          extensions: [
            { type: 54, data: hex('01aa') },
            { type: 23, data: new Uint8Array(0) },
          ],
          versions: [0xfefd],
        },
        legalCuts: { 48: 'no extensions' },
      },
    ],
  );
});

describe('the facts of a ClientHello', () => {
  const decoded = (...extensions: readonly { type: number; data?: Uint8Array }[]) =>
    decodeClientHello(clientHello({ extensions }), false);

  it('leaves GREASE out of the versions and nowhere else', () => {
    const { message } = decoded(
      ext.supportedVersions([0x7a7a, 0x0304, 0x0303]),
      ext.supportedGroups([0x3a3a, 29]),
      { type: 0x4a4a },
    );
    expect(message.versions).toEqual([0x0304, 0x0303]);
    expect(message.supportedGroups).toEqual([0x3a3a, 29]);
    expect(message.extensions.map((e) => e.type)).toEqual([43, 10, 0x4a4a]);
  });

  it('reads key shares under the number that drafts used', () => {
    expect(decoded({ ...ext.keyShares([29, 23]), type: 40 }).message.keyShareGroups).toEqual([
      29, 23,
    ]);
  });

  it('takes the first host name and steps over names of other types', () => {
    const name = (type: number, text: string) =>
      concat(Uint8Array.of(type), vector(2, Buffer.from(text)));
    const list = vector(2, name(7, 'x'), name(0, 'a.example'), name(0, 'b.example'));
    expect(decoded({ type: 0, data: list }).message.serverName).toBe('a.example');
    expect(decoded({ type: 0, data: vector(2, name(0, '')) }).message.serverName).toBeUndefined();
    expect(decoded({ type: 0, data: vector(2, name(9, 'x')) }).message.serverName).toBeUndefined();
  });

  it('keeps every octet of a name apart, printable or not', () => {
    const data = vector(2, vector(1, Uint8Array.of(0x80, 0x00, 0xff)));
    expect(decoded({ type: 16, data }).message.alpn).toEqual(['\u0080\u0000\u00ff']);
  });

  it('keeps damage inside the extension it is in', () => {
    const { message, shortfalls } = decoded(
      { type: 16, data: u16(500) },
      ext.serverName('example.org'),
    );
    expect(message.serverName).toBe('example.org');
    expect(message.alpn).toEqual([]);
    expect(shortfalls).toEqual([
      { field: 'protocol_name_list', offset: 51, needed: 500, available: 0 },
    ]);
  });

  it('counts half a code at the end of a list as damage and not as a value', () => {
    const { message, shortfalls } = decoded({ type: 10, data: vector(2, filled(3, 1)) });
    expect(message.supportedGroups).toEqual([0x0101]);
    expect(shortfalls).toMatchObject([{ field: 'NamedGroup', needed: 2, available: 1 }]);
  });

  it('lets the last of two extensions of a type count', () => {
    const { message } = decoded(ext.serverName('first'), ext.serverName('second'));
    expect(message.serverName).toBe('second');
    expect(message.extensions).toHaveLength(2);
  });
});
