import { constants, createPrivateKey, createPublicKey, publicEncrypt } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { RsaKeys } from '../../src/crypto/rsa-keys.ts';
import { someOctets, text } from '../support/octets.ts';
import { reaches } from '../support/reaches.ts';
import { der, THROW_AWAY } from '../support/throw-away-keys.ts';

const { key: PEM, certificate } = THROW_AWAY.rsa;
const privateKey = createPrivateKey(PEM);
const publicKey = createPublicKey(PEM);

function keysFrom(pem: string): RsaKeys {
  const keys = new RsaKeys();
  keys.add(text(pem));
  return keys;
}

function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('nothing there');
  return value;
}

const traditional = privateKey.export({ type: 'pkcs1', format: 'pem' }).toString();
const withPassphrase = (type: 'pkcs1' | 'pkcs8') =>
  privateKey
    .export({ type, format: 'pem', cipher: 'aes-128-cbc', passphrase: 'secret' })
    .toString();

describe('RsaKeys', () => {
  test.each([
    ['PKCS #8', PEM],
    ['PKCS #1', traditional],
    ['a certificate before it', certificate + PEM],
    ['text around it, and CRLF', `Bag Attributes\n${PEM}${certificate}`.replaceAll('\n', '\r\n')],
  ])('%s', (_, pem) => {
    const keys = new RsaKeys();
    expect(keys.add(text(pem))).toEqual({ kind: 'added', keys: 1 });
    expect(keys.forCertificate(der(certificate))).toBe(keys.all()[0]);
    expect(keys.forCertificate(der(THROW_AWAY.ec.certificate))).toBeUndefined();
    expect(keys.forCertificate(text(certificate))).toBeUndefined();
    expect(keys.forCertificate(someOctets(100, 0x30))).toBeUndefined();
  });

  test('a raw public key is matched like a certificate', () => {
    const spki = publicKey.export({ type: 'spki', format: 'der' });
    expect(keysFrom(PEM).forCertificate(spki)).toBeDefined();
  });

  test('several keys in one file, one of them of no use', () => {
    expect(new RsaKeys().add(text(THROW_AWAY.ec.key + PEM + traditional))).toEqual({
      kind: 'added',
      keys: 2,
    });
  });

  test.each([
    ['holds no private key in PEM form', certificate],
    ['holds no private key in PEM form', ''],
    ['holds no private key in PEM form', PEM.replace('-----END', '-----')],
    ['holds a private key that cannot be read', PEM.replace('MII', 'AAA')],
    ['holds a key of type ec: only RSA keys open RSA key exchanges', THROW_AWAY.ec.key],
    ['holds a key of type ed25519: only RSA keys open RSA key exchanges', THROW_AWAY.ed25519.key],
    [
      'holds a key with a passphrase: take it off first, with openssl pkey -in FILE -out PLAIN',
      withPassphrase('pkcs8'),
    ],
    [
      'holds a key with a passphrase: take it off first, with openssl pkey -in FILE -out PLAIN',
      withPassphrase('pkcs1'),
    ],
  ])('%s', (why, pem) => {
    const keys = new RsaKeys();
    expect(keys.add(text(pem))).toEqual({ kind: 'rejected', why });
    expect(keys.size).toBe(0);
  });

  reaches('pemOctets', PEM.length + 10, 'a file that is too large is refused', (bound) => {
    const large = PEM.padEnd(bound + 1);
    const why = 'is too large for a key in PEM form';
    expect(new RsaKeys().add(text(large))).toEqual({ kind: 'rejected', why });
    expect(keysFrom(large.slice(0, -1)).size).toBe(1);
  });

  reaches('rsaKeys', 2, 'keys beyond the limit are refused', (bound) => {
    const keys = new RsaKeys();
    for (let n = 1; n < bound; n++) keys.add(text(PEM));
    const why = 'is one key too many';
    expect(keys.add(text(PEM + traditional))).toEqual({ kind: 'added', keys: 1, but: why });
    expect(keys.add(text(PEM))).toEqual({ kind: 'rejected', why });
    expect(keys.size).toBe(bound);
  });

  test('any octets are taken without an exception, and never quoted', () => {
    const piece = fc.oneof(
      fc.string(),
      fc.constantFrom(
        '-----BEGIN ',
        '-----END ',
        'PRIVATE KEY-----',
        'RSA ',
        '\n',
        PEM.slice(0, 400),
        PEM.slice(400),
      ),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 12 }), (pieces) => {
        const added = new RsaKeys().add(text(pieces.join('')));
        expect(added.kind === 'added' || /^(holds|is)/.test(added.why)).toBe(true);
      }),
    );
  });
});

describe('decrypting a premaster secret', () => {
  const key = required(keysFrom(PEM).all()[0]);
  const premaster = (version: number) =>
    Uint8Array.of(version >> 8, version & 0xff, ...someOctets(46, 7));
  const raw = (octets: Uint8Array) =>
    publicEncrypt({ key: publicKey, padding: constants.RSA_NO_PADDING }, Buffer.from(octets));
  const padded = (start: readonly number[], filler: number, message: Uint8Array) => {
    const block = new Uint8Array(256).fill(filler);
    block.set(start);
    block.set(message, 256 - message.length);
    block[255 - message.length] = 0;
    return raw(block);
  };

  test.each([
    ['offered', 0x0303],
    ['negotiated', 0x0301],
    ['other', 0x0302],
  ] as const)('its version is that which was %s', (version, wire) => {
    const encrypted = publicEncrypt(
      { key: publicKey, padding: constants.RSA_PKCS1_PADDING },
      Buffer.from(premaster(wire)),
    );
    expect(key.decrypt(encrypted, 0x0303, 0x0301)).toEqual({
      kind: 'premaster',
      premaster: premaster(wire),
      version,
    });
  });

  test.each([
    ['length', someOctets(255, 1)],
    ['length', new Uint8Array(0)],
    ['padding', new Uint8Array(256).fill(0xff)],
    ['padding', padded([0, 1], 0xff, premaster(0x0303))],
    ['padding', padded([1, 2], 0x7f, premaster(0x0303))],
    ['padding', padded([0, 2, 9, 9, 9, 9, 9, 9, 9, 0], 0x7f, premaster(0x0303))],
    ['padding', raw(Uint8Array.of(0, 2, ...new Uint8Array(254).fill(1)))],
    ['premaster-length', padded([0, 2], 0x7f, premaster(0x0303).subarray(1))],
  ] as const)('not decryptable: %s', (why, encrypted) => {
    expect(key.decrypt(encrypted, 0x0303, 0x0303)).toEqual({ kind: 'not-decryptable', why });
  });
});
