import { describe, expect, test } from 'vitest';
import {
  digest,
  type HashName,
  type PrfKind,
  prfKind,
  transcriptHash,
} from '../../src/crypto/hash.ts';
import { deriveSecret, emptyHash, hkdfExpand, hkdfExtract } from '../../src/crypto/hkdf.ts';
import {
  binderKey,
  earlySecret,
  finishedKey,
  handshakeSecret,
  mainSecret,
  nextTrafficSecret,
  resumptionPsk,
  trafficKeys,
} from '../../src/crypto/key-schedule.ts';
import { prf } from '../../src/crypto/prf.ts';
import { type CipherSuite, cipherSuite } from '../../src/model/code-points/suites.ts';
import { hex, someOctets } from '../support/octets.ts';
import { RESUMED, SIMPLE } from '../support/rfc8448.ts';

const suite = (code: number): CipherSuite => {
  const known = cipherSuite(code);
  if (known === undefined) throw new Error('no such suite');
  return known;
};

describe('prf', () => {
  // The vectors that circulated on the working group's list for TLS 1.0 and 1.2; the longer outputs also as OpenSSL
  // 3.0 computes them (`openssl kdf TLS1-PRF`). SSL 3.0: computed with Python's hashlib after RFC 6101.
  const vectors: [string, PrfKind, string, string, string, string][] = [
    [
      'TLS 1.0',
      'md5-sha1',
      'ab'.repeat(48),
      'PRF Testvector',
      'cd'.repeat(64),
      'd3d4d1e349b5d515044666d51de32bab258cb521b6b053463e354832fd976754443bcf9a296519bc289abcbc1187e4ebd31e602353776c408aafb74cbc85eff69255f9788faa184cbb957a9819d84a5d7eb006eb459d3ae8de9810454b8b2d8f1afbc655a8c9a013',
    ],
    [
      'TLS 1.0, secret of odd length',
      'md5-sha1',
      'abcdef',
      'test label',
      'cd665cf6',
      'bb102e3236eb870fb21d86c56cffcd54d8f6086f467dd709c751d934586d7f76',
    ],
    [
      'TLS 1.2, SHA-256',
      'sha256',
      '9bbe436ba940f017b17652849a71db35',
      'test label',
      'a0ba9f936cda311827a6f796ffd5198c',
      'e3f229ba727be17b8d122620557cd453c2aab21d07c3d495329b52d4e61edb5a6b301791e90d35c9c9a46b4e14baf9af0fa022f7077def17abfd3797c0564bab4fbc91666e9def9b97fce34f796789baa48082d122ee42c5a72e5a5110fff70187347b66',
    ],
    [
      'TLS 1.2, SHA-384',
      'sha384',
      'b80b733d6ceefcdc71566ea48e5567df',
      'test label',
      'cd665cf6a8447dd6ff8b27555edb7465',
      '7b0c18e9ced410ed1804f2cfa34a336a1c14dffb4900bb5fd7942107e81c83cde9ca0faa60be9fe34f82b1233c9146a0e534cb400fed2700884f9dc236f80edd8bfa961144c9e8d792eca722a7b32fc3d416d473ebc2c5fd4abfdad05d9184259b5bf8cd4d90fa0d31e2dec479e4f1a26066f2eea9a69236a3e52655c9e9aee691c8f3a26854308d5eaa3be85e0990703d73e56f',
    ],
    [
      'TLS 1.2, SHA-512',
      'sha512',
      'b0323523c1853599584d88568bbb05eb',
      'test label',
      'd4640e12e4bcdbfb437f03e6ae418ee5',
      '1261f588c798c5c201ff036e7a9cb5edcd7fe3f94c669a122a4638d7d508b283042df6789875c7147e906d868bc75c45e20eb40c1cf4a1713b27371f68432592f7dc8ea8ef223e12ea8507841311bf68653d0cfc4056d811f025c45ddfa6e6fec702f054b409d6f28dd0a3233e498da41a3e75c5630eedbe22fe254e33a1b0e9f6b9826675bec7d01a845658dc9c397545401d40b9f46c7a400ee1b8f81ca0a60d1a397a1028bff5d2ef5066126842fb8da4197632bdb54ff6633f86bbc836e640d4d898',
    ],
    [
      'SSL 3.0',
      'ssl3',
      Buffer.from(Uint8Array.from({ length: 48 }, (_, i) => i)).toString('hex'),
      '',
      Buffer.from(Uint8Array.from({ length: 64 }, (_, i) => i)).toString('hex'),
      '01d1d75f0d5c013df9d72c40becf3098f06f9e025f281b0c4e5c7cd55efa47c805ceb01ec6d07308968ce1aace0c627584b663bbec9397c9a4a30d1b85e3a5708823cae580cfcb869d1d7aaaa2ec46f45f7fd4efe98f16bde270ca20ff8b892b6d680d16d3c5d32c',
    ],
  ];

  test.each(vectors)('%s', (_, kind, secret, label, seed, expected) => {
    const octets = expected.length / 2;
    expect(prf(kind, hex(secret), label, hex(seed), octets)).toEqual(hex(expected));
    for (const fewer of [0, 1, 12, 31])
      expect(prf(kind, hex(secret), label, hex(seed), fewer)).toEqual(
        hex(expected).slice(0, fewer),
      );
  });

  test('the kind follows from version and suite', () => {
    expect(prfKind(0x002f, 0x0300)).toBe('ssl3');
    expect(prfKind(0x002f, 0x0301)).toBe('md5-sha1');
    expect(prfKind(0xc014, 0xfeff)).toBe('md5-sha1');
    expect(prfKind(0x002f, 0xfefd)).toBe('sha256');
    expect(prfKind(0xc030, 0x0303)).toBe('sha384');
    expect(prfKind(0x1302, 0x0304)).toBe('sha384');
    expect(prfKind(0x0081, 0x0303)).toBeUndefined();
    expect(prfKind(0xfafa, 0x0303)).toBeUndefined();
    expect(prfKind(0xc030, 0x1234)).toBeUndefined();
  });
});

describe('transcript hashes', () => {
  test('MD5 stands before SHA-1', () => {
    const both = transcriptHash('md5-sha1', Uint8Array.of(97));
    expect(both.slice(0, 16)).toEqual(hex('0cc175b9c0f1b6a831c399e269772661'));
    expect(both.slice(16)).toEqual(hex('86f7e437faa5a7fce15d1ddcb9eaeaea377667b8'));
  });
});

describe('HKDF', () => {
  // RFC 5869 appendix A.
  const vectors: [string, HashName, string, string, string, string, string][] = [
    [
      'A.1',
      'sha256',
      '0b'.repeat(22),
      '000102030405060708090a0b0c',
      'f0f1f2f3f4f5f6f7f8f9',
      '077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5',
      '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
    ],
    [
      'A.3',
      'sha256',
      '0b'.repeat(22),
      '',
      '',
      '19ef24a32c717b167f33a91d6f648bdf96596776afdb6377ac434c1c293ccb04',
      '8da4e775a563c18f715f802a063c5a31b8a11f5c5ee1879ec3454e5f3c738d2d9d201395faa4b61a96c8',
    ],
    [
      'A.4',
      'sha1',
      '0b'.repeat(11),
      '000102030405060708090a0b0c',
      'f0f1f2f3f4f5f6f7f8f9',
      '9b6c18c432a7bf8f0e71c8eb88f4b30baa2ba243',
      '085a01ea1b10f36933068b56efa5ad81a4f14b822f5b091568a9cdd4f155fda2c22e422478d305f3f896',
    ],
  ];

  test.each(vectors)('RFC 5869 %s', (_, hash, ikm, salt, info, key, output) => {
    expect(hkdfExtract(hash, hex(salt), hex(ikm))).toEqual(hex(key));
    expect(hkdfExpand(hash, hex(key), hex(info), output.length / 2)).toEqual(hex(output));
  });

  test('more than 255 digests are not to be had', () => {
    expect(hkdfExpand('sha256', someOctets(32, 1), someOctets(0, 0), 255 * 32 + 1)).toHaveLength(
      255 * 32,
    );
  });
});

describe('the key schedule of RFC 8448 §3 and §4', () => {
  const hellos = digest('sha256', SIMPLE.clientHello, SIMPLE.serverHello);
  const untilServerFinished = [
    SIMPLE.clientHello,
    SIMPLE.serverHello,
    SIMPLE.encryptedExtensions,
    SIMPLE.certificate,
    SIMPLE.certificateVerify,
    SIMPLE.serverFinished,
  ];

  test('secrets, from early to application', () => {
    const early = earlySecret('sha256');
    const handshake = handshakeSecret('sha256', early, SIMPLE.shared);
    const main = mainSecret('sha256', handshake);
    expect(early).toEqual(SIMPLE.earlySecret);
    expect(handshake).toEqual(SIMPLE.handshakeSecret);
    expect(main).toEqual(SIMPLE.mainSecret);
    expect(deriveSecret('sha256', handshake, 'c hs traffic', hellos)).toEqual(
      SIMPLE.clientHandshakeTraffic,
    );
    expect(deriveSecret('sha256', handshake, 's hs traffic', hellos)).toEqual(
      SIMPLE.serverHandshakeTraffic,
    );
    const all = digest('sha256', ...untilServerFinished);
    expect(deriveSecret('sha256', main, 'c ap traffic', all)).toEqual(
      SIMPLE.clientApplicationTraffic,
    );
    expect(deriveSecret('sha256', main, 's ap traffic', all)).toEqual(
      SIMPLE.serverApplicationTraffic,
    );
    const resumption = deriveSecret(
      'sha256',
      main,
      'res master',
      digest('sha256', ...untilServerFinished, SIMPLE.clientFinished),
    );
    expect(resumptionPsk('sha256', resumption, RESUMED.ticketNonce)).toEqual(RESUMED.psk);
  });

  test('traffic keys and finished key', () => {
    const server = trafficKeys(suite(0x1301), SIMPLE.serverHandshakeTraffic);
    expect(server?.key).toEqual(SIMPLE.serverHandshakeKey);
    expect(server?.iv).toEqual(SIMPLE.serverHandshakeIv);
    expect(server?.mac).toHaveLength(0);
    expect(server?.sequenceNumber).toHaveLength(16);
    const client = trafficKeys(suite(0x1301), SIMPLE.clientHandshakeTraffic);
    expect(client?.key).toEqual(SIMPLE.clientHandshakeKey);
    expect(client?.iv).toEqual(SIMPLE.clientHandshakeIv);
    expect(finishedKey('sha256', SIMPLE.serverHandshakeTraffic)).toEqual(SIMPLE.serverFinishedKey);
  });

  test('the early secret and binder key of a resumption', () => {
    const early = earlySecret('sha256', RESUMED.psk);
    expect(early).toEqual(RESUMED.earlySecret);
    expect(binderKey('sha256', early, 'res binder')).toEqual(RESUMED.binderKey);
    expect(
      deriveSecret('sha256', early, 'c e traffic', digest('sha256', RESUMED.clientHello)),
    ).toEqual(RESUMED.clientEarlyTraffic);
  });

  test('DTLS 1.3 derives other keys from the same secret', () => {
    const secret = SIMPLE.serverHandshakeTraffic;
    const dtls = trafficKeys(suite(0x1301), secret, 'dtls13');
    expect(dtls?.key).not.toEqual(SIMPLE.serverHandshakeKey);
    expect(nextTrafficSecret('sha256', secret, 'dtls13')).not.toEqual(
      nextTrafficSecret('sha256', secret),
    );
    // HKDF-Expand with the label written out, as RFC 9147 §5.9 has it.
    const info = Uint8Array.of(0, 16, 9, ...Buffer.from('dtls13key'), 0);
    expect(dtls?.key).toEqual(hkdfExpand('sha256', secret, info, 16));
  });

  test('suites without a cipher have no traffic keys here', () => {
    expect(trafficKeys(suite(0xc0b4), SIMPLE.serverHandshakeTraffic)).toBeUndefined();
  });

  test('the hash of nothing', () => {
    expect(emptyHash('sha256')).toEqual(
      hex('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855'),
    );
  });
});
