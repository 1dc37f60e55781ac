import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { certificateKey, nameCertificate } from '../../src/crypto/certificate-key.ts';
import { LIMITS } from '../../src/model/limits.ts';

const rawKey = () =>
  generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' });

describe('the key behind a certificate', () => {
  test('more certificates than are kept: each still has its own key and name', () => {
    const keys = Array.from({ length: LIMITS.certificatesKept + 8 }, rawKey);
    for (let round = 0; round < 2; round++)
      for (const der of keys)
        expect(certificateKey(der)?.export({ format: 'der', type: 'spki' })).toEqual(der);
    expect(new Set(keys.map((der) => nameCertificate(der).fingerprint)).size).toBe(keys.length);
  });

  test.each([
    ['nothing', new Uint8Array(0)],
    ['PEM text', new TextEncoder().encode('-----BEGIN CERTIFICATE-----\n')],
    ['a sequence of nothing', Uint8Array.of(0x30, 0)],
  ])('%s is unknown, again and again', (_, der) => {
    for (let round = 0; round < 2; round++) {
      expect(certificateKey(der)).toBeUndefined();
      expect(nameCertificate(der).subject).toBeUndefined();
    }
  });
});
