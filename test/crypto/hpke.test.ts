import { describe, expect, test } from 'vitest';
import { type HpkeMessage, openHpke } from '../../src/crypto/hpke.ts';
import { hpkeSeal } from '../support/ech-builder.ts';
import { ascii, filled, hex } from '../support/hello-builder.ts';

/** RFC 9180 appendix A.1.1: DHKEM(X25519, HKDF-SHA256), HKDF-SHA256, AES-128-GCM, base mode. */
const EXAMPLE: HpkeMessage = {
  kem: 0x20,
  kdf: 1,
  aead: 1,
  sharedSecret: hex('fe0e18c9f024ce43799ae393c7e8fe8fce9d218875e8227b0187c04e7d2ea1fc'),
  info: ascii('Ode on a Grecian Urn'),
  sequence: 0,
  additional: ascii('Count-0'),
  sealed: hex(
    'f938558b5d72f1a23810b4be2ab4f84331acc02fc97babc53a52ae8218a355a96d8770ac83d07bea87e13c512a',
  ),
};

describe('HPKE', () => {
  test('the first message of the example (RFC 9180 appendix A.1.1.1)', () => {
    expect(openHpke(EXAMPLE)).toEqual(Buffer.from('Beauty is truth, truth beauty'));
    const { sharedSecret, info, additional, sealed } = EXAMPLE;
    const content = ascii('Beauty is truth, truth beauty');
    expect(hpkeSeal(sharedSecret, info, 0, additional, content)).toEqual(sealed);
  });

  test('a later message of the context', () => {
    const { sharedSecret, info, additional } = EXAMPLE;
    const sealed = hpkeSeal(sharedSecret, info, 1, additional, filled(9, 7));
    expect(openHpke({ ...EXAMPLE, sealed, sequence: 1 })).toEqual(Buffer.from(filled(9, 7)));
    expect(openHpke({ ...EXAMPLE, sealed })).toBeUndefined();
  });

  test.each<Partial<HpkeMessage>>([
    { kem: 0x10 },
    { kdf: 2 },
    { kdf: 9 },
    { aead: 3 },
    { aead: 0xffff },
    { sharedSecret: filled(32, 1) },
    { info: ascii('another') },
    { additional: ascii('Count-1') },
    { sealed: filled(15, 1) },
    { sealed: filled(45, 1) },
  ])('does not open with %j', (change) => {
    expect(openHpke({ ...EXAMPLE, ...change })).toBeUndefined();
  });
});
