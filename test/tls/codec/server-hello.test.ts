import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { decodeHelloVerifyRequest } from '../../../src/tls/codec/hello-verify-request.ts';
import { decodeServerHello } from '../../../src/tls/codec/server-hello.ts';
import { codecCases } from '../../support/codec-cases.ts';
import { ext, hex, serverHello } from '../../support/hello-builder.ts';

const HELLO_RETRY = createHash('sha256').update('HelloRetryRequest').digest();

describe('decodeServerHello', () => {
  codecCases(decodeServerHello, [
    {
      name: 'the ServerHello of RFC 8448 §3',
      hex: `0303 a6af06a4121860dc5e6e60249cd34c95930c8ac5cb1434dac155772ed3e26928 00 1301 00 002e
        0033 0024 001d 0020 c9828876112095fe66762bdbf7c672e156d6cc253b833df1dd69b1b04e751f0f
        002b 0002 0304`,
      value: {
        legacyVersion: 0x0303,
        version: 0x0304,
        cipherSuite: 0x1301,
        compressionMethod: 0,
        helloRetryRequest: false,
        keyShareGroup: 29,
        selectedPsk: undefined,
        alpn: undefined,
      },
      legalCuts: { 38: 'no extensions' },
    },
    {
      name: 'a HelloRetryRequest',
      hex: `0303 ${HELLO_RETRY.toString('hex')} 02 aabb 1302 00 000c
        002b 0002 0304 0033 0002 0017`,
      value: {
        helloRetryRequest: true,
        sessionId: hex('aabb'),
        keyShareGroup: 23,
        version: 0x0304,
      },
      legalCuts: { 40: 'no extensions' },
    },
    {
      name: 'a ServerHello of TLS 1.2',
      hex: `0303 ${'33'.repeat(32)} 00 c030 00 0012 0017 0000 ff01 0001 00 0010 0005 0003 02 6832`,
      value: { version: 0x0303, cipherSuite: 0xc030, alpn: 'h2', keyShareGroup: undefined },
      legalCuts: { 38: 'no extensions' },
    },
    {
      name: 'the short ServerHello of TLS 1.3, draft 18',
      hex: `7f12 ${'33'.repeat(32)} 1301 000a 0028 0006 001d 0002 abcd`,
      value: {
        version: 0x7f12,
        sessionId: new Uint8Array(0),
        cipherSuite: 0x1301,
        keyShareGroup: 29,
      },
      legalCuts: { 36: 'no extensions' },
    },
    {
      name: 'a ServerHello of DTLS 1.0, without extensions',
      hex: `feff ${'33'.repeat(32)} 00 002f 00`,
      value: { version: 0xfeff, cipherSuite: 0x002f, extensions: [] },
      openEnded: true,
    },
  ]);

  it('reads which PSK was taken', () => {
    const body = serverHello({ extensions: [ext.selectedVersion(0x0304), ext.selectedPsk(1)] });
    expect(decodeServerHello(body).message.selectedPsk).toBe(1);
  });

  it('falls back to the legacy version where supported_versions is cut', () => {
    const body = serverHello({ extensions: [{ type: 43, data: Uint8Array.of(3) }] });
    expect(decodeServerHello(body)).toMatchObject({
      message: { version: 0x0303 },
      shortfalls: [{ field: 'selected_version', needed: 2, available: 1 }],
    });
  });
});

describe('decodeHelloVerifyRequest', () => {
  codecCases(decodeHelloVerifyRequest, [
    {
      name: 'a cookie',
      hex: 'feff 03 010203',
      value: { version: 0xfeff, cookie: hex('010203') },
    },
    { name: 'an empty cookie', hex: 'fefd 00', value: { cookie: new Uint8Array(0) } },
  ]);
});
