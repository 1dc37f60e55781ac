import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { HelloScan } from '../../../src/tls/codec/hello-scan.ts';
import { clientHello, ext, filled, serverHello } from '../../support/hello-builder.ts';

const HELLO_RETRY = Uint8Array.from(createHash('sha256').update('HelloRetryRequest').digest());

describe('HelloScan', () => {
  const scan = new HelloScan();

  it('finds what decides about a connection in a TLS 1.3 ClientHello', () => {
    const body = clientHello({
      sessionId: filled(32, 7),
      cipherSuites: [0x1a1a, 0x1301, 0xc02f],
      extensions: [
        { type: 0x2a2a },
        ext.serverName('example.org'),
        ext.extendedMasterSecret(),
        ext.sessionTicket(filled(20, 1)),
        ext.alpn('h2', 'http/1.1'),
        ext.supportedVersions([0x9a9a, 0x0304, 0x0303]),
        ext.earlyData(),
        { type: 41, data: filled(40, 2) },
      ],
    });
    expect(scan.scanClientHello(body, 0, body.length, false)).toBe(true);
    expect(text(body, scan.serverNameOffset, scan.serverNameLength)).toBe('example.org');
    expect(text(body, scan.alpnOffset, scan.alpnLength)).toBe('h2');
    expect(scan).toMatchObject({
      legacyVersion: 0x0303,
      randomOffset: 2,
      sessionIdOffset: 35,
      sessionIdLength: 32,
      cookieLength: 0,
      suitesOffset: 69,
      suitesLength: 6,
      alpnListLength: 12,
      supportedVersionsLength: 6,
      highestVersion: 0x0304,
      hasExtendedMasterSecret: true,
      hasEncryptThenMac: false,
      hasPreSharedKey: true,
      hasEarlyData: true,
      ticketLength: 20,
      connectionIdLength: -1,
      extensionsSeen: 8,
    });
  });

  it('finds the cookie and the connection id of DTLS, wherever the message lies in its buffer', () => {
    const body = clientHello({
      version: 0xfefd,
      cookie: filled(20, 9),
      extensions: [ext.connectionId(filled(3, 4)), ext.encryptThenMac()],
    });
    const buffer = new Uint8Array(body.length + 100).fill(0xff);
    buffer.set(body, 60);
    expect(scan.scanClientHello(buffer, 60, 60 + body.length, true)).toBe(true);
    expect(buffer.subarray(scan.cookieOffset, scan.cookieOffset + scan.cookieLength)).toEqual(
      filled(20, 9),
    );
    expect(buffer.subarray(scan.connectionIdOffset, scan.connectionIdOffset + 3)).toEqual(
      filled(3, 4),
    );
    expect(scan).toMatchObject({
      connectionIdLength: 3,
      hasEncryptThenMac: true,
      highestVersion: 0xfefd,
    });
  });

  it('reads the highest version of DTLS as the one with the smallest number', () => {
    const body = clientHello({
      version: 0xfefd,
      cookie: filled(0, 0),
      extensions: [ext.supportedVersions([0xfeff, 0xfefc, 0xfefd])],
    });
    scan.scanClientHello(body, 0, body.length, true);
    expect(scan.highestVersion).toBe(0xfefc);
  });

  it('takes the version of a ServerHello from supported_versions where it is there', () => {
    const old = serverHello({ cipherSuite: 0xc030, extensions: [ext.extendedMasterSecret()] });
    expect(scan.scanServerHello(old, 0, old.length)).toBe(true);
    expect(scan).toMatchObject({ selectedVersion: 0x0303, cipherSuite: 0xc030 });
    const recent = serverHello({ cipherSuite: 0x1302, extensions: [ext.selectedVersion(0x0304)] });
    expect(scan.scanServerHello(recent, 0, recent.length)).toBe(true);
    expect(scan).toMatchObject({
      selectedVersion: 0x0304,
      cipherSuite: 0x1302,
      helloRetryRequest: false,
      hasExtendedMasterSecret: false,
    });
  });

  it('knows a HelloRetryRequest by its random', () => {
    const body = serverHello({ random: HELLO_RETRY, extensions: [ext.selectedVersion(0x0304)] });
    scan.scanServerHello(body, 0, body.length);
    expect(scan.helloRetryRequest).toBe(true);
  });

  it('reads the short ServerHello of early TLS 1.3 drafts', () => {
    const body = serverHello({
      version: 0x7f12,
      sessionId: null,
      cipherSuite: 0x1301,
      compressionMethod: null,
      extensions: [ext.keyShare(29)],
    });
    expect(scan.scanServerHello(body, 0, body.length)).toBe(true);
    expect(scan).toMatchObject({ selectedVersion: 0x7f12, cipherSuite: 0x1301, extensionsSeen: 1 });
  });

  it('keeps what stands before the damage and says that there is some', () => {
    const body = clientHello({ extensions: [ext.serverName('example.org'), ext.alpn('h2')] });
    expect(scan.scanClientHello(body, 0, body.length - 1, false)).toBe(false);
    expect(scan).toMatchObject({ suitesLength: 4, extensionsSeen: 0 });
    expect(scan.scanClientHello(body, 0, 20, false)).toBe(false);
    expect(scan).toMatchObject({ legacyVersion: 0x0303, randomOffset: 0, suitesOffset: 0 });
  });

  it('accepts a hello without extensions, the one legal place to end early', () => {
    const body = clientHello({});
    expect(scan.scanClientHello(body, 0, body.length, false)).toBe(true);
    expect(scan).toMatchObject({ extensionsSeen: 0, highestVersion: 0x0303 });
  });
});

function text(bytes: Uint8Array, offset: number, length: number): string {
  return Buffer.from(bytes.subarray(offset, offset + length)).toString('latin1');
}
