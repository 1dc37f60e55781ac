import { describe, expect, test } from 'vitest';
import {
  classicMaster,
  cutKeyBlock,
  extendedMaster,
  keyBlock,
  keyLengths,
} from '../../src/crypto/key-block.ts';
import { prf } from '../../src/crypto/prf.ts';
import { type CipherSuite, cipherSuite } from '../../src/model/code-points/suites.ts';
import { hex, someOctets } from '../support/octets.ts';

const suite = (code: number): CipherSuite => {
  const known = cipherSuite(code);
  if (known === undefined) throw new Error('no such suite');
  return known;
};

// One case of NIST's CAVP vectors for the TLS 1.2 KDF with SHA-256; its master secret and key block have other randoms.
const CAVP = {
  premaster: hex(
    'f8938ecc9edebc5030c0c6a441e213cd24e6f770a50dda07876f8d55da062bcadb386b411fd4fe4313a604fce6c17fbc',
  ),
  clientHelloRandom: hex('36c129d01a3200894b9179faac589d9835d58775f9b5ea3587cb8fd0364cae8c'),
  serverHelloRandom: hex('f6c9575ed7ddd73e1f7d16eca115415812a43c2b747daaaae043abfb50053fce'),
  master: hex(
    '202c88c00f84a17a20027079604787461176455539e705be730890602c289a5001e34eeb3a043e5d52a65e66125188bf',
  ),
  clientRandom: hex('62e1fd91f23f558a605f28478c58cf72637b89784d959df7e946d3f07bd1b616'),
  serverRandom: hex('ae6c806f8ad4d80784549dff28a4b58fd837681a51d928c3e30ee5ff14f39868'),
  keyBlock: hex(
    'd06139889fffac1e3a71865f504aa5d0d2a2e89506c6f2279b670c3e1b74f531016a2530c51a3a0f7e1d6590d0f0566b2f387f8d11fd4f731cdd572d2eae927f6f2f81410b25e6960be68985add6c38445ad9f8c64bf8068bf9a6679485d966f1ad6f68b43495b10a683755ea2b858d70ccac7ec8b053c6bd41ca299d4e51928',
  ),
};

describe('secrets and keys up to TLS 1.2', () => {
  test('the master secret, against a published vector', () => {
    const { premaster, clientHelloRandom, serverHelloRandom, master } = CAVP;
    expect(classicMaster('sha256', premaster, clientHelloRandom, serverHelloRandom)).toEqual(
      master,
    );
    expect(classicMaster('sha256', premaster, serverHelloRandom, clientHelloRandom)).not.toEqual(
      master,
    );
  });

  test('the key block, against a published vector', () => {
    const protection = { suite: suite(0x003c), version: 0x0303 };
    const keys = keyBlock(protection, CAVP.master, CAVP.clientRandom, CAVP.serverRandom);
    expect(keys?.block.slice(0, CAVP.keyBlock.length)).toEqual(CAVP.keyBlock);
    // AES-128-CBC with HMAC-SHA256: 32, 32, 16, 16 octets, and no IV.
    expect(keys?.client).toEqual({
      mac: CAVP.keyBlock.slice(0, 32),
      key: CAVP.keyBlock.slice(64, 80),
      iv: new Uint8Array(0),
    });
    expect(keys?.server).toEqual({
      mac: CAVP.keyBlock.slice(32, 64),
      key: CAVP.keyBlock.slice(80, 96),
      iv: new Uint8Array(0),
    });
  });

  test('the extended master secret hashes the session and no randoms', () => {
    const session = someOctets(32, 9);
    expect(extendedMaster('sha256', CAVP.premaster, session)).toEqual(
      prf('sha256', CAVP.premaster, 'extended master secret', session, 48),
    );
  });

  // Lengths for one direction: MAC key, key, IV.
  test.each([
    ['TLS_RSA_WITH_AES_128_CBC_SHA', 0x002f, 0x0301, [20, 16, 16]],
    ['TLS_RSA_WITH_AES_128_CBC_SHA', 0x002f, 0x0300, [20, 16, 16]],
    ['TLS_RSA_WITH_AES_128_CBC_SHA', 0x002f, 0x0302, [20, 16, 0]],
    ['TLS_RSA_WITH_AES_128_CBC_SHA', 0x002f, 0xfeff, [20, 16, 0]],
    ['TLS_RSA_WITH_3DES_EDE_CBC_SHA', 0x000a, 0x0301, [20, 24, 8]],
    ['TLS_RSA_WITH_RC4_128_MD5', 0x0004, 0x0301, [16, 16, 0]],
    ['TLS_RSA_WITH_NULL_SHA256', 0x003b, 0x0303, [32, 0, 0]],
    ['TLS_ECDHE_RSA_WITH_AES_256_CBC_SHA384', 0xc028, 0x0303, [48, 32, 0]],
    ['TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256', 0xc02f, 0x0303, [0, 16, 4]],
    ['TLS_PSK_WITH_AES_128_CCM_8', 0xc0a8, 0xfefd, [0, 16, 4]],
    ['TLS_ECDHE_RSA_WITH_CHACHA20_POLY1305_SHA256', 0xcca8, 0x0303, [0, 32, 12]],
  ] as const)(
    '%s (%i) in version %i takes %j octets a side',
    (name, code, version, [mac, key, iv]) => {
      expect(suite(code).name).toBe(name);
      expect(keyLengths(suite(code), version)).toEqual({ mac, key, iv });
    },
  );

  test('nothing where the cipher is known by name only, or the suite is of TLS 1.3', () => {
    for (const code of [0x0081, 0xc100, 0x1301]) {
      expect(keyLengths(suite(code), 0x0303)).toBeUndefined();
      const none = keyBlock(
        { suite: suite(code), version: 0x0303 },
        CAVP.master,
        CAVP.clientRandom,
        CAVP.serverRandom,
      );
      expect(none).toBeUndefined();
    }
  });

  test('parts are cut in the order of the RFC', () => {
    const block = Uint8Array.from({ length: 12 }, (_, i) => i);
    expect(cutKeyBlock(block, { mac: 3, key: 2, iv: 1 })).toEqual({
      client: { mac: Uint8Array.of(0, 1, 2), key: Uint8Array.of(6, 7), iv: Uint8Array.of(10) },
      server: { mac: Uint8Array.of(3, 4, 5), key: Uint8Array.of(8, 9), iv: Uint8Array.of(11) },
    });
  });
});

describe('export suites', () => {
  const [master, client, server] = [someOctets(48, 1), someOctets(32, 2), someOctets(32, 3)];

  // What OpenSSL 0.9.8 did and RFC 2246 §6.3.1 describes, written out with the PRF of TLS 1.0.
  test('TLS 1.0 stretches five octets and takes IVs from the randoms', () => {
    const keys = keyBlock({ suite: suite(0x0008), version: 0x0301 }, master, client, server);
    const block = prf('md5-sha1', master, 'key expansion', Uint8Array.of(...server, ...client), 50);
    const randoms = Uint8Array.of(...client, ...server);
    const ivs = prf('md5-sha1', new Uint8Array(0), 'IV block', randoms, 16);
    expect(keys?.client.mac).toEqual(block.slice(0, 20));
    expect(keys?.client.key).toEqual(
      prf('md5-sha1', block.slice(40, 45), 'client write key', randoms, 8),
    );
    expect(keys?.server.key).toEqual(
      prf('md5-sha1', block.slice(45, 50), 'server write key', randoms, 8),
    );
    expect(keys?.client.iv).toEqual(ivs.slice(0, 8));
    expect(keys?.server.iv).toEqual(ivs.slice(8, 16));
  });

  test('SSL 3.0 stretches with MD5, each side with its own order of the randoms', () => {
    const keys = keyBlock({ suite: suite(0x0003), version: 0x0300 }, master, client, server);
    expect(keys?.client.mac).toHaveLength(16);
    expect(keys?.client.key).toHaveLength(16);
    expect(keys?.client.key).not.toEqual(keys?.server.key);
    expect(keys?.client.iv).toHaveLength(0);
    const des = keyBlock({ suite: suite(0x0008), version: 0x0300 }, master, client, server);
    expect(des?.client.key).toHaveLength(8);
    expect(des?.client.iv).toHaveLength(8);
    expect(des?.client.iv).not.toEqual(des?.server.iv);
  });

  test.each([
    [0x0003, 16],
    [0x0006, 16],
    [0x0060, 16],
    [0x0062, 8],
    [0x0029, 8],
  ])('suite %i has a final key of %i octets', (code, octets) => {
    const keys = keyBlock({ suite: suite(code), version: 0x0301 }, master, client, server);
    expect(keys?.client.key).toHaveLength(octets);
    expect(keys?.server.key).toHaveLength(octets);
  });
});
