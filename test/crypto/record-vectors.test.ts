import { createCipheriv, randomBytes } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { GcmOfParts } from '../../src/crypto/aead.ts';
import { ChaCha20 } from '../../src/crypto/chacha20.ts';
import { Rc4 } from '../../src/crypto/rc4.ts';
import { RecordOpener } from '../../src/crypto/record-opener.ts';
import { cipherSuite } from '../../src/model/code-points/suites.ts';

const hex = (text: string) => Uint8Array.from(Buffer.from(text.replaceAll(/\s/g, ''), 'hex'));
const zeros = (length: number) => new Uint8Array(length);

/** RFC 6229 §2: the first sixteen octets of the key stream, and those from 4096 on. */
const KEY_STREAMS = [
  ['0102030405', 'b2396305f03dc027ccc3524a0a1118a8', 'ff25b58995996707e51fbdf08b34d875'],
  [
    '0102030405060708090a0b0c0d0e0f10',
    '9ac7cc9a609d1ef7b2932899cde41b97',
    'a36a4c301ae8ac13610ccbc12256cacc',
  ],
] as const;

describe('RC4', () => {
  it.each(KEY_STREAMS)('key %s', (key, first, later) => {
    const stream = new Rc4(hex(key));
    const twin = stream.clone();
    expect(stream.apply(zeros(16), 0, 16)).toEqual(hex(first));
    stream.skip(4096 - 16);
    expect(stream.apply(zeros(20), 2, 18)).toEqual(hex(later));
    expect(twin.apply(zeros(16), 0, 16)).toEqual(hex(first));
  });
});

/** RFC 8439 §2.3.2, §2.4.2. */
describe('ChaCha20', () => {
  const key = hex('000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f');
  const stream = (nonce: string, first: number, length: number) => {
    const cipher = new ChaCha20(key);
    const octets = Array.from({ length }, (_, i) =>
      cipher.octet(Buffer.from(nonce, 'hex'), first + i),
    );
    return Buffer.from(octets).toString('hex');
  };

  it('gives the block of the RFC', () => {
    expect(stream('000000090000004a00000000', 64, 64)).toBe(
      '10f1e7e4d13b5915500fdd1fa32071c4c7d1f4c733c068030422aa9ac3d46c4e' +
        'd2826446079faa0914c2d705d98b02a2b5129cd1de164eb9cbd083e8a2503c4e',
    );
  });

  it('equals OpenSSL over many blocks', () => {
    const nonce = randomBytes(12);
    const iv = Buffer.concat([Buffer.alloc(4), nonce]);
    const expected = createCipheriv('chacha20', key, iv).update(zeros(1000));
    expect(stream(nonce.toString('hex'), 0, 1000)).toBe(expected.toString('hex'));
  });
});

describe('GCM of parts', () => {
  it.each([0, 1, 15, 16, 17, 64, 1000])('equals OpenSSL at %i octets', (length) => {
    const [key, nonce, content] = [randomBytes(16), randomBytes(12), randomBytes(length)];
    const additional = randomBytes(length % 40);
    const cipher = createCipheriv('aes-128-gcm', key, nonce).setAAD(additional);
    const sealed = Buffer.concat([cipher.update(content), cipher.final(), cipher.getAuthTag()]);
    const open = () =>
      GcmOfParts.create('AES-128', key)?.open(nonce, additional, sealed, 0, length, length + 16);
    expect(open()).toEqual(content);
    sealed[length + 3] = (sealed[length + 3] ?? 0) ^ 1;
    expect(open()).toBeUndefined();
  });
});

describe('TLS 1.3', () => {
  it('opens the application data of RFC 8448 §3', () => {
    const suite = cipherSuite(0x1301);
    if (suite === undefined) throw new Error('no suite');
    const opener = new RecordOpener(
      { suite, version: 0x0304, encryptThenMac: false, truncatedHmac: false },
      {
        mac: zeros(0),
        key: hex('17422dda596ed5d9acd890e3c63f5051'),
        iv: hex('5b78923dee08579033e523d9'),
      },
    );
    const bytes = hex(`
      1703030043 a23f7054b62c94d0affafe8228ba55cbefacea42f914aa66bcab3f2b9819a8a5b46b395bd54a9a20441e2b62974e1f5a
      6292a2977014bd1e3deae63aeebb21694915e4`);
    const record = { type: 23, version: 0x0303, bytes, start: 5, end: bytes.length };
    expect(opener.open(record, 0)).toMatchObject({
      kind: 'opened',
      type: 23,
      content: Buffer.from(Array.from({ length: 50 }, (_, i) => i)),
    });
    expect(opener.open(record, 1)).toEqual({ kind: 'failed', why: 'tag' });
  });
});

describe('what cannot be opened', () => {
  const zeroKeys = (code: number) => {
    const suite = cipherSuite(code);
    if (suite === undefined) throw new Error('no suite');
    const { keyOctets, macOctets, blockOctets } = suite;
    return {
      suite,
      keys: { mac: zeros(macOctets), key: zeros(keyOctets), iv: zeros(blockOctets) },
    };
  };
  const bytes = zeros(64);
  const record = { type: 23, version: 0x0303, bytes, start: 0, end: 64 };

  it.each([
    ['GOST', 0xc100, 0x0303],
    ['SALSA20', 0xe410, 0x0303],
    ['a suite of TLS 1.3 in TLS 1.2', 0x1301, 0x0303],
    ['a suite of TLS 1.2 in TLS 1.3', 0x009c, 0x0304],
    ['RC4 in DTLS', 0x0005, 0xfefd],
    ['a suite of TLS 1.2 in DTLS 1.3', 0xc02f, 0xfefc],
    ['an unknown version', 0x009c, 0x1234],
  ])('%s is no verdict', (_name, code, version) => {
    const { suite, keys } = zeroKeys(code);
    const protection = { suite, version, encryptThenMac: false, truncatedHmac: false };
    expect(new RecordOpener(protection, keys).open(record, 0).kind).toBe('unsupported');
  });

  it('a cipher of the legacy provider is opened where there is one, and no verdict elsewhere', () => {
    const { suite, keys } = zeroKeys(0x0096);
    let works = true;
    try {
      createCipheriv('seed-cbc', zeros(16), zeros(16));
    } catch {
      works = false;
    }
    const protection = { suite, version: 0x0303, encryptThenMac: false, truncatedHmac: false };
    const opening = new RecordOpener(protection, keys).open(record, 0);
    expect(opening).toMatchObject(
      works ? { kind: 'failed' } : { kind: 'unsupported', cipher: 'SEED' },
    );
  });

  it('a key of another length is the mistake of the caller', () => {
    const { suite, keys } = zeroKeys(0x002f);
    const protection = { suite, version: 0x0303, encryptThenMac: false, truncatedHmac: false };
    expect(() => new RecordOpener(protection, { ...keys, key: zeros(15) })).toThrow(RangeError);
  });
});
