import { generateKeyPairSync } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import { certificateKey, nameCertificate } from '../../src/crypto/certificate-key.ts';
import { reaches } from '../support/reaches.ts';

const rawKey = () =>
  generateKeyPairSync('ed25519').publicKey.export({ format: 'der', type: 'spki' });

describe('the key behind a certificate', () => {
  reaches('certificatesKept', 4, 'is read anew where there are more than are kept', (bound) => {
    const keys = Array.from({ length: bound + 8 }, rawKey);
    const [first] = keys.map((der) => certificateKey(der));
    expect(certificateKey(keys.at(-1) as Buffer)).toBe(certificateKey(keys.at(-1) as Buffer));
    expect(certificateKey(keys[0] as Buffer)).not.toBe(first);
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
