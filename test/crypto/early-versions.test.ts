/** Drafts of TLS 1.3, and DTLS as OpenSSL spoke it before RFC 4347. */
import { createCipheriv } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { hkdfExpand, labelPrefix } from '../../src/crypto/hkdf.ts';
import { nextTrafficSecret } from '../../src/crypto/key-schedule.ts';
import { RecordOpener } from '../../src/crypto/record-opener.ts';
import { concat, uint } from '../support/hello-builder.ts';
import { Sealer, type Slip } from '../support/sealer.ts';
import { keysFor, protectionOf, randomOctets } from './setups.ts';

describe('drafts of TLS 1.3', () => {
  it.each([
    [0x7f12, 'TLS 1.3, '],
    [0x7f13, 'TLS 1.3, '],
    [0x7f14, 'tls13 '],
    [0xfb17, 'tls13 '],
    [0x7f1c, 'tls13 '],
    [0x0304, 'tls13 '],
    [0xfefc, 'dtls13'],
  ])('version %i has the label prefix "%s"', (version, prefix) => {
    expect(labelPrefix(version)).toBe(prefix);
  });

  it('the label of the next traffic secret was longer with the long prefix', () => {
    const secret = randomOctets(32);
    const label = 'TLS 1.3, application traffic secret';
    const info = concat(uint(32, 2), uint(label.length, 1), Buffer.from(label), uint(0, 1));
    expect(nextTrafficSecret('sha256', secret, labelPrefix(0x7f12))).toEqual(
      hkdfExpand('sha256', secret, info, 32),
    );
  });

  const SUITE = 0x1301;

  /** A record of application data with number 0, so that its nonce is the IV. */
  function sealed(key: Uint8Array, iv: Uint8Array, additional: Uint8Array) {
    const cipher = createCipheriv('aes-128-gcm', key, iv);
    cipher.setAAD(additional);
    const encrypted = concat(cipher.update(Uint8Array.of(1, 2, 3, 23)), cipher.final());
    const bytes = concat(encrypted, cipher.getAuthTag());
    return { type: 23, version: 0x0301, bytes, start: 0, end: bytes.length };
  }

  it.each([
    [0x7f12, false],
    [0x7f18, false],
    [0xfb17, false],
    [0x7f19, true],
    [0xfb1a, true],
    [0x0304, true],
  ])('version %i authenticates the header of a record: %s', (version, authenticates) => {
    const keys = keysFor(SUITE);
    const opener = new RecordOpener(protectionOf({ suite: SUITE, version }), keys);
    const header = Uint8Array.of(23, 3, 1, 0, 20);
    const [own, other] = authenticates ? [header, new Uint8Array()] : [new Uint8Array(), header];
    expect(opener.attempt(sealed(keys.key, keys.iv, own), 0)).toMatchObject({
      kind: 'opened',
      type: 23,
    });
    expect(opener.attempt(sealed(keys.key, keys.iv, other), 0)).toEqual({
      kind: 'failed',
      why: 'tag',
    });
  });
});

describe('DTLS before RFC 4347', () => {
  const setup = { suite: 0x0035, version: 0x0100 };
  const opens = (slip: Slip, version = setup.version) => {
    const keys = keysFor(setup.suite);
    const sealer = new Sealer({ ...setup, version, keys });
    const opener = new RecordOpener(protectionOf({ ...setup, version }), keys);
    return opener.open(sealer.seal(23, randomOctets(20), 7, { epoch: 1, slip }), 7, 1).kind;
  };
  const tls10 = { version: 0x0301, number: (_: number, sequence: number) => uint(sequence, 8) };

  it('has the MAC of TLS 1.0, which knows no epoch', () => {
    expect(opens(tls10)).toBe('opened');
  });

  it('has the one of RFC 4347 where a later OpenSSL speaks it', () => {
    expect(opens({})).toBe('opened');
  });

  it('is not what other versions may do', () => {
    expect(opens(tls10, 0xfeff)).toBe('failed');
  });
});
