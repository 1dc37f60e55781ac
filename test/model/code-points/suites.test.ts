import { describe, expect, it } from 'vitest';
import { SUITE_NAMES } from '../../../src/model/code-points/suite-names.ts';
import {
  type CipherSuite,
  cipherSuite,
  parseSuiteName,
  suiteName,
} from '../../../src/model/code-points/suites.ts';

const CASES: readonly (readonly [number, Partial<CipherSuite>])[] = [
  [0x0000, { keyExchange: 'NULL', mode: 'null', mac: 'NULL', macOctets: 0, keyOctets: 0 }],
  [0x0001, { keyExchange: 'RSA', mode: 'null', cipher: 'NULL', mac: 'HMAC-MD5', macOctets: 16 }],
  [0x0003, { keyExchange: 'RSA', cipher: 'RC4', mode: 'stream', mac: 'HMAC-MD5', export: true }],
  [0x0005, { cipher: 'RC4', mode: 'stream', blockOctets: 0, mac: 'HMAC-SHA1', macOctets: 20 }],
  [0x000a, { cipher: '3DES', mode: 'cbc', blockOctets: 8, keyOctets: 24, prfHash: 'sha256' }],
  [0x0014, { keyExchange: 'DHE', authentication: 'RSA', cipher: 'DES', export: true }],
  [0x0018, { keyExchange: 'DHE', authentication: 'anon', cipher: 'RC4' }],
  [0x001d, { keyExchange: 'FORTEZZA', cipher: 'SKIPJACK', mac: 'HMAC-SHA1' }],
  [0x002b, { keyExchange: 'KRB5', cipher: 'RC4', mac: 'HMAC-MD5', export: true }],
  [0x002f, { keyExchange: 'RSA', cipher: 'AES-128', mode: 'cbc', blockOctets: 16, macOctets: 20 }],
  [0x0062, { keyExchange: 'RSA', cipher: 'DES', export: true }],
  [0x0081, { keyExchange: 'GOST', cipher: 'GOST-28147', mac: 'GOST', macOctets: 4 }],
  [0x0083, { keyExchange: 'GOST', mode: 'null', mac: 'GOST', macOctets: 32, prfHash: 'gost' }],
  [0x008c, { keyExchange: 'PSK', authentication: 'PSK', mode: 'cbc', mac: 'HMAC-SHA1' }],
  [0x00af, { keyExchange: 'PSK', mac: 'HMAC-SHA384', macOctets: 48, prfHash: 'sha384' }],
  [0x00c6, { tls13: true, cipher: 'SM4', mode: 'aead-gcm', prfHash: 'sm3' }],
  [0x1301, { tls13: true, keyExchange: 'TLS13', mode: 'aead-gcm', explicitNonceOctets: 0 }],
  [0x1302, { tls13: true, cipher: 'AES-256', keyOctets: 32, tagOctets: 16, prfHash: 'sha384' }],
  [0x1303, { tls13: true, cipher: 'CHACHA20', mode: 'aead-chacha', prfHash: 'sha256' }],
  [0x1305, { tls13: true, mode: 'aead-ccm8', tagOctets: 8 }],
  [0x1306, { tls13: true, cipher: 'AEGIS-256', mode: 'aead-other', prfHash: 'sha512' }],
  [0xc007, { keyExchange: 'ECDHE', authentication: 'ECDSA', cipher: 'RC4' }],
  [0xc018, { keyExchange: 'ECDHE', authentication: 'anon', cipher: 'AES-128' }],
  [0xc01e, { keyExchange: 'SRP', authentication: 'RSA' }],
  [0xc024, { mode: 'cbc', mac: 'HMAC-SHA384', macOctets: 48, prfHash: 'sha384' }],
  [0xc02f, { authentication: 'RSA', mode: 'aead-gcm', mac: 'AEAD', explicitNonceOctets: 8 }],
  [0xc0a0, { mode: 'aead-ccm8', tagOctets: 8, explicitNonceOctets: 8, prfHash: 'sha256' }],
  [0xc0aa, { keyExchange: 'DHE_PSK', mode: 'aead-ccm8' }],
  [0xc0b1, { keyExchange: 'ECCPWD', prfHash: 'sha384' }],
  [0xc0b4, { tls13: true, mode: 'null', cipher: 'NULL', mac: 'HMAC-SHA256', macOctets: 32 }],
  [0xc0ff, { keyExchange: 'ECJPAKE', mode: 'aead-ccm8' }],
  [0xc100, { keyExchange: 'GOST', mac: 'GOST', macOctets: 16, tls13: false }],
  [0xc103, { keyExchange: 'TLS13', mac: 'AEAD', tls13: true, prfHash: 'gost' }],
  [0xcca8, { mode: 'aead-chacha', explicitNonceOctets: 0, tagOctets: 16, tls13: false }],
  [0xd003, { keyExchange: 'ECDHE_PSK', mode: 'aead-ccm8' }],
  [0xe411, { cipher: 'SALSA20', mode: 'stream', mac: 'HMAC-SHA1', macOctets: 20 }],
  [0xfefe, { keyExchange: 'RSA', cipher: 'DES' }],
];

describe('cipherSuite', () => {
  it.each(CASES)('reads the properties of 0x%s', (code, properties) => {
    expect(cipherSuite(code)).toMatchObject({ code, name: suiteName(code), ...properties });
  });

  it('understands every registered name but the two signalling values and TLCP', () => {
    const refused = Object.keys(SUITE_NAMES)
      .map(Number)
      .filter((code) => cipherSuite(code) === undefined);
    expect(refused.filter((code) => code >> 8 !== 0xe0)).toEqual([0x00ff, 0x5600]);
    expect(refused.filter((code) => code >> 8 === 0xe0)).toHaveLength(19);
  });

  it('gives every suite exactly one kind of integrity', () => {
    for (const code of Object.keys(SUITE_NAMES).map(Number)) {
      const suite = cipherSuite(code);
      if (suite === undefined || code === 0) continue;
      expect([suite.name, suite.macOctets > 0]).toEqual([suite.name, suite.tagOctets === 0]);
      expect([suite.name, suite.blockOctets > 0]).toEqual([suite.name, suite.mode === 'cbc']);
    }
  });

  it('returns the same record each time', () => {
    expect(cipherSuite(0xc02f)).toBe(cipherSuite(0xc02f));
  });

  it('knows nothing of codes and names outside the registry', () => {
    expect(cipherSuite(0x4a4a)).toBeUndefined();
    expect(cipherSuite(0x3fff)).toBeUndefined();
    expect(parseSuiteName(1, 'TLS_RSA_WITH_ROT13_SHA')).toBeUndefined();
    expect(parseSuiteName(1, 'TLS_PIGEON_WITH_AES_128_CBC_SHA')).toBeUndefined();
    expect(parseSuiteName(1, 'nonsense')).toBeUndefined();
  });
});

describe('suiteName', () => {
  it('falls back to the number', () => {
    expect(suiteName(0xc02f)).toBe('TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256');
    expect(suiteName(0x3fff)).toBe('unknown_0x3fff');
    expect(suiteName(0x4a4a)).toBe('grease_0x4a4a');
  });
});
