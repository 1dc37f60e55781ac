/** Signatures of TLS 1.3, made here from the text of RFC 8446 §4.4.3, without the code under test. */
import { constants, createHash, createPrivateKey, generateKeyPairSync, sign } from 'node:crypto';
import { describe, expect, test } from 'vitest';
import {
  explainCertificateVerify13,
  type SignedTranscript13,
} from '../../src/crypto/certificate-verify13.ts';
import { someOctets } from '../support/octets.ts';
import { der, THROW_AWAY } from '../support/throw-away-keys.ts';
import { message } from '../support/wrong-handshakes.ts';

type KeyName = keyof typeof THROW_AWAY;

const messages = [
  message('client', 1, someOctets(200, 1)),
  message('server', 2, someOctets(90, 2)),
  message('server', 8, someOctets(20, 3)),
  message('server', 11, someOctets(700, 4)),
];
const digest = (hash: string, list = messages) =>
  list.reduce((sum, { octets }) => sum.update(octets), createHash(hash)).digest();
const content = (from: string, hash: Uint8Array) =>
  Buffer.concat([Buffer.from(`${' '.repeat(64)}TLS 1.3, ${from} CertificateVerify\0`), hash]);

/** Signs as the scheme says. */
function signed(data: Uint8Array, scheme: number, name: KeyName): Uint8Array {
  const key = createPrivateKey(THROW_AWAY[name].key);
  if (scheme === 0x0807) return sign(null, data, key);
  if (scheme === 0x0403) return sign('sha256', data, key);
  return sign('sha256', data, {
    key,
    padding: constants.RSA_PKCS1_PSS_PADDING,
    saltLength: constants.RSA_PSS_SALTLEN_DIGEST,
  });
}

const input = (
  data: Uint8Array,
  {
    scheme = 0x0804,
    name = 'rsa' as KeyName,
    ...more
  }: Partial<SignedTranscript13> & {
    scheme?: number;
    name?: KeyName;
  } = {},
): SignedTranscript13 => ({
  version: 0x0304,
  suite: 0x1301,
  from: 'server',
  certificate: der(THROW_AWAY[name].certificate),
  signatureScheme: scheme,
  signature: signed(data, scheme, name),
  messages,
  ...more,
});

describe('what is right verifies', () => {
  test.each<[string, number, KeyName]>([
    ['rsa_pss_rsae_sha256', 0x0804, 'rsa'],
    ['ecdsa_secp256r1_sha256', 0x0403, 'ec'],
    ['ed25519', 0x0807, 'ed25519'],
  ])('%s', (_, scheme, name) => {
    const data = content('server', digest('sha256'));
    expect(explainCertificateVerify13(input(data, { scheme, name }))).toEqual({ kind: 'verified' });
  });

  test('of the client, over the hash of its suite', () => {
    const data = content('client', digest('sha384'));
    const given = input(data, { from: 'client', suite: 0x1302 });
    expect(explainCertificateVerify13(given)).toEqual({ kind: 'verified' });
  });
});

describe('a mistake is named', () => {
  const hash = digest('sha256');
  test.each<[string, string, Uint8Array]>([
    ['the text of the other side', 'signature-context-swapped', content('client', hash)],
    ['the hash alone', 'signature-context-left-out', hash],
    ['another hash', 'other-transcript-hash', content('server', digest('sha384'))],
    [
      'a message left out',
      'message-left-out',
      content('server', digest('sha256', messages.toSpliced(2, 1))),
    ],
  ])('%s', (_, hypothesis, data) => {
    const explanation = explainCertificateVerify13(input(data));
    expect(explanation.kind).toBe('explained');
    const matches = explanation.kind === 'explained' ? explanation.matches : [];
    expect(matches.map((one) => one.hypothesis.id)).toContain(hypothesis);
  });

  test('no mistake explains the key of another certificate', () => {
    const given = input(content('server', hash), { scheme: 0x0403, name: 'ec' });
    const { privateKey } = generateKeyPairSync('ec', { namedCurve: 'P-256' });
    const signature = sign('sha256', content('server', hash), privateKey);
    expect(explainCertificateVerify13({ ...given, signature }).kind).toBe('unexplained');
  });
});
