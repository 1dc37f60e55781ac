import { constants, createHash, createPrivateKey, privateEncrypt, sign } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  explainCertificateVerify,
  explainParameters,
  PARAMETER_HYPOTHESES,
  type SignedParameters,
  type SignedTranscript,
} from '../../src/crypto/signatures.ts';
import { concat } from '../support/hello-builder.ts';
import { hex, someOctets } from '../support/octets.ts';
import { der, THROW_AWAY } from '../support/throw-away-keys.ts';
import { DTLS12, dtlsOctets, octetsOf, TLS12 } from '../support/wrong-handshakes.ts';

type Octets = Uint8Array;
type KeyName = keyof typeof THROW_AWAY;

const [clientRandom, serverRandom] = [someOctets(32, 1), someOctets(32, 2)];
const parameters = concat(hex('03 001d 20'), someOctets(32, 3));
const right = concat(clientRandom, serverRandom, parameters);

const keyOf = (name: KeyName) => createPrivateKey(THROW_AWAY[name].key);
const signed = (
  data: Octets,
  hash: string | null,
  name: KeyName = 'rsa',
  saltLength?: number,
): Octets =>
  sign(hash, data, {
    key: keyOf(name),
    ...(saltLength === undefined ? {} : { padding: constants.RSA_PKCS1_PSS_PADDING, saltLength }),
  });

/** MD5 and SHA-1 side by side under PKCS #1 padding without a DigestInfo, as up to TLS 1.1. */
function signedByPair(data: Octets): Octets {
  const pair = Buffer.concat(['md5', 'sha1'].map((hash) => createHash(hash).update(data).digest()));
  return privateEncrypt({ key: keyOf('rsa'), padding: constants.RSA_PKCS1_PADDING }, pair);
}

const input = (
  signature: Octets,
  signatureScheme: number | undefined,
  name: KeyName = 'rsa',
  version = 0x0303,
): SignedParameters => ({
  version,
  certificate: der(THROW_AWAY[name].certificate),
  signatureScheme,
  signature,
  clientRandom,
  serverRandom,
  parameters,
});

describe('what is right verifies', () => {
  test.each<[string, SignedParameters]>([
    ['TLS 1.2, rsa_pkcs1_sha256', input(signed(right, 'sha256'), 0x0401)],
    ['TLS 1.2, rsa_pkcs1_sha1', input(signed(right, 'sha1'), 0x0201)],
    ['TLS 1.2, rsa_pss_rsae_sha512', input(signed(right, 'sha512', 'rsa', 64), 0x0806)],
    ['TLS 1.2, ecdsa_secp256r1_sha256', input(signed(right, 'sha256', 'ec'), 0x0403, 'ec')],
    ['TLS 1.2, ed25519', input(signed(right, null, 'ed25519'), 0x0807, 'ed25519')],
    ['DTLS 1.2, dsa_sha256', input(signed(right, 'sha256', 'dsa'), 0x0402, 'dsa', 0xfefd)],
    ['TLS 1.0, RSA', input(signedByPair(right), undefined, 'rsa', 0x0301)],
    ['TLS 1.1, ECDSA', input(signed(right, 'sha1', 'ec'), undefined, 'ec', 0x0302)],
    ['DTLS 1.0, DSA', input(signed(right, 'sha1', 'dsa'), undefined, 'dsa', 0xfeff)],
  ])('%s', (_, signedParameters) => {
    expect(explainParameters(signedParameters)).toEqual({ kind: 'verified' });
    // The healthy twin of every row below: one octet of what was signed is another one.
    const altered = { ...signedParameters, parameters: parameters.with(10, 99) };
    expect(explainParameters(altered)).toMatchObject({ kind: 'unexplained' });
  });
});

const other = {
  name: 'connection 7',
  clientRandom: someOctets(32, 11),
  serverRandom: someOctets(32, 12),
};
const zero = new Uint8Array(32);
const rsa = (data: Octets): SignedParameters => input(signed(data, 'sha256'), 0x0401);

/** A signature with a zero in front, which one in 256 has. */
function zeroFirst(): SignedParameters {
  for (let i = 0; i < 10_000; i++) {
    const random = Uint8Array.from(clientRandom);
    random.set([i >> 8, i & 255]);
    const signature = signed(concat(random, serverRandom, parameters), 'sha256');
    if (signature[0] === 0)
      return { ...input(signature.subarray(1), 0x0401), clientRandom: random };
  }
  throw new Error('none found');
}

const ROWS: readonly [id: string, detail: string | undefined, wrong: SignedParameters][] = [
  ['signature-randoms-swapped', undefined, rsa(concat(serverRandom, clientRandom, parameters))],
  ['signature-random-zero', 'server_random', rsa(concat(clientRandom, zero, parameters))],
  ['signature-random-zero', 'client_random', rsa(concat(zero, serverRandom, parameters))],
  [
    'signature-random-of-other-handshake',
    'client_random of connection 7',
    rsa(concat(other.clientRandom, serverRandom, parameters)),
  ],
  [
    'signature-random-of-other-handshake',
    'server_random of connection 7',
    rsa(concat(clientRandom, other.serverRandom, parameters)),
  ],
  [
    'signature-random-of-other-handshake',
    'both randoms of connection 7',
    rsa(concat(other.clientRandom, other.serverRandom, parameters)),
  ],
  ['signature-randoms-left-out', undefined, rsa(parameters)],
  [
    'signature-parameters-range',
    'public key alone',
    rsa(concat(clientRandom, serverRandom, parameters.slice(4))),
  ],
  [
    'signature-parameters-range',
    'public key with its length',
    rsa(concat(clientRandom, serverRandom, parameters.slice(3))),
  ],
  ['signature-other-hash', 'SHA-384', input(signed(right, 'sha384'), 0x0401)],
  ['signature-other-hash', 'MD5 and SHA-1', input(signedByPair(right), 0x0401)],
  ['signature-other-hash', 'SHA-256', input(signed(right, 'sha256'), undefined, 'rsa', 0x0302)],
  ['signature-other-hash', 'SHA-512', input(signed(right, 'sha512', 'ec'), 0x0403, 'ec')],
  ['signature-other-padding', undefined, input(signed(right, 'sha256'), 0x0804)],
  ['signature-other-padding', undefined, input(signed(right, 'sha256', 'rsa', 32), 0x0401)],
  ['signature-salt-length', '0 octets', input(signed(right, 'sha256', 'rsa', 0), 0x0804)],
  ['signature-salt-length', '222 octets', input(signed(right, 'sha256', 'rsa', 222), 0x0804)],
  ['signature-leading-zeros', undefined, zeroFirst()],
];

describe('PARAMETER_HYPOTHESES', () => {
  test.each(ROWS)('%s (%s) is told as that and as nothing else', (id, detail, wrong) => {
    const explanation = explainParameters({ ...wrong, otherHandshakes: [other] });
    const matches = explanation.kind === 'explained' ? explanation.matches : [];
    expect(matches.map((each) => [each.hypothesis.id, each.detail])).toEqual([[id, detail]]);
  });

  test('every row of the table is tried above', () => {
    const made = new Set(ROWS.map(([id]) => id));
    expect(PARAMETER_HYPOTHESES.map(({ id }) => id).filter((id) => !made.has(id))).toEqual([]);
  });
});

describe('no verdict where none is possible', () => {
  const good = input(signed(right, 'sha256'), 0x0401);

  test.each<[string, Partial<SignedParameters>, string]>([
    ['the certificate is empty', { certificate: new Uint8Array(0) }, 'unsupported'],
    [
      'the certificate is PEM text',
      { certificate: Buffer.from(THROW_AWAY.rsa.certificate) },
      'unsupported',
    ],
    ['the certificate is damaged', { certificate: good.certificate.slice(0, 200) }, 'unsupported'],
    ['the scheme is unknown', { signatureScheme: 0x0904 }, 'unsupported'],
    ['the scheme is missing', { signatureScheme: undefined }, 'unsupported'],
    ['the scheme is of another key', { signatureScheme: 0x0403 }, 'key-type'],
    ['SSL 3.0 signs otherwise', { version: 0x0300 }, 'unsupported'],
    ['TLS 1.3 signs otherwise', { version: 0x0304 }, 'unsupported'],
    [
      'Ed25519 came with TLS 1.2',
      { version: 0x0302, certificate: der(THROW_AWAY.ed25519.certificate) },
      'unsupported',
    ],
  ])('%s', (_, change, why) => {
    expect(explainParameters({ ...good, ...change })).toEqual({ kind: 'not-comparable', why });
  });

  test('any octets are taken without an exception', () => {
    const anyCertificate = fc.oneof(
      fc.constant(good.certificate),
      fc.uint8Array({ maxLength: 80 }).map((octets) => concat(hex('30'), octets)),
      fc
        .tuple(fc.nat(good.certificate.length - 1), fc.nat(255))
        .map(([at, value]) => good.certificate.with(at, value)),
    );
    fc.assert(
      fc.property(
        anyCertificate,
        fc.uint8Array({ maxLength: 300 }),
        fc.nat(0xffff),
        (certificate, signature, signatureScheme) => {
          const { kind } = explainParameters({ ...good, certificate, signature, signatureScheme });
          expect(['unexplained', 'not-comparable']).toContain(kind);
        },
      ),
      { numRuns: 60 },
    );
  });
});

describe('CertificateVerify up to TLS 1.2', () => {
  const messages = TLS12.rest.slice(0, 7);
  const verify = (signature: Octets, more: Partial<SignedTranscript> = {}): SignedTranscript => ({
    version: 0x0303,
    certificate: der(THROW_AWAY.rsa.certificate),
    signatureScheme: 0x0401,
    signature,
    messages,
    ...more,
  });
  const transcript = concat(...octetsOf(messages));
  const dtls = concat(...DTLS12.rest.map((each) => dtlsOctets(each)));
  const dtlsInput = { version: 0xfefd, messages: [...DTLS12.cookieExchange, ...DTLS12.rest] };

  test.each<[string, SignedTranscript]>([
    ['TLS 1.2', verify(signed(transcript, 'sha256'))],
    ['TLS 1.1', verify(signedByPair(transcript), { version: 0x0302, signatureScheme: undefined })],
    ['DTLS 1.2', verify(signed(dtls, 'sha256'), dtlsInput)],
  ])('%s verifies', (_, signedTranscript) => {
    expect(explainCertificateVerify(signedTranscript)).toEqual({ kind: 'verified' });
  });

  test.each<[string, string | undefined, SignedTranscript]>([
    [
      'message-left-out',
      'client_key_exchange',
      verify(signed(concat(...octetsOf(messages.slice(0, 6))), 'sha256')),
    ],
    [
      'hello-request-hashed',
      undefined,
      verify(signed(concat(TLS12.helloRequest.octets, transcript), 'sha256'), {
        messages: [TLS12.helloRequest, ...messages],
      }),
    ],
    ['signature-other-hash', 'SHA-1', verify(signed(transcript, 'sha1'))],
    [
      'dtls-header-dropped',
      undefined,
      verify(signed(concat(...octetsOf(DTLS12.rest)), 'sha256'), dtlsInput),
    ],
  ])('%s (%s) is told as that and as nothing else', (id, detail, wrong) => {
    const explanation = explainCertificateVerify(wrong);
    const matches = explanation.kind === 'explained' ? explanation.matches : [];
    expect(matches.map((each) => [each.hypothesis.id, each.detail])).toEqual([[id, detail]]);
  });
});
