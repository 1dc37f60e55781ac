import type { KeyObject } from 'node:crypto';
import { concat } from '../bytes/concat.ts';
import { SSL_3_0, TLS_1_3, tlsEquivalent } from '../model/code-points/versions.ts';
import { LIMITS } from '../model/limits.ts';
import { certificateKey } from './certificate-key.ts';
import { isHashAvailable } from './hash.ts';
import { type Explanation, explain, type Hypothesis } from './hypothesis.ts';
import {
  canJudge,
  fitsKey,
  maximumSalt,
  type Scheme,
  type SignedHash,
  schemeOf,
  verifies,
} from './signature-scheme.ts';
import { specifiedTranscript, type Transcript, transcriptOctets } from './transcript.ts';
import { TRANSCRIPT_VARIANTS, type TranscriptInput } from './transcript-variants.ts';

/** A signature, and the certificate under which it should verify. */
export interface SignedInput {
  /** Negotiated, as on the wire. */
  readonly version: number;
  /** The signer's own certificate, in DER. */
  readonly certificate: Uint8Array;
  /** `SignatureScheme`, from TLS 1.2 on. */
  readonly signatureScheme: number | undefined;
  readonly signature: Uint8Array;
  /** Do not look for the mistake in one that does not verify: each hypothesis takes as long as the first look. */
  readonly onlyVerify?: boolean;
}

/** A ServerKeyExchange whose parameters are signed. */
export interface SignedParameters extends SignedInput {
  readonly clientRandom: Uint8Array;
  readonly serverRandom: Uint8Array;
  /** `ServerDHParams` or `ServerECDHParams`: the body from its beginning to the signature scheme or signature. */
  readonly parameters: Uint8Array;
  /** Handshakes whose randoms the server may have taken. */
  readonly otherHandshakes?: readonly OtherHandshake[] | undefined;
}

/** Another connection of the capture, whose randoms a server may have signed by mistake. */
export interface OtherHandshake {
  /** What reports call it. */
  readonly name: string;
  readonly clientRandom: Uint8Array;
  readonly serverRandom: Uint8Array;
}

/** A CertificateVerify up to TLS 1.2, with the messages before it. */
export interface SignedTranscript extends SignedInput, TranscriptInput {}

/** One way of verifying: what is signed, and how. */
export interface SignatureRecipe {
  readonly scheme: Scheme;
  readonly data: Uint8Array;
  readonly signature: Uint8Array;
  readonly saltOctets?: number | undefined;
}

interface DetailedRecipe {
  readonly recipe: SignatureRecipe;
  readonly detail?: string | undefined;
}

/** A way to get the signed octets wrong; `variants` gives the recipes that it leads to. */
export interface SignatureHypothesis<Input> extends Hypothesis {
  readonly variants: (
    input: Input,
    specified: SignatureRecipe,
    key: KeyObject,
  ) => Iterable<DetailedRecipe>;
}

/**
 * Does the signature in ServerKeyExchange verify under the certificate that was shown, and if it does not, which mistake
 * makes it? Needs no secret. RFC 5246 §7.4.3, RFC 8422 §5.4, RFC 4346 §7.4.3.
 */
export function explainParameters(input: SignedParameters): Explanation {
  const { clientRandom, serverRandom, parameters } = input;
  const data = concat(clientRandom, serverRandom, parameters);
  return isOtherwiseSigned(input) ? UNSUPPORTED : judge(input, data, PARAMETER_HYPOTHESES);
}

/** The same for CertificateVerify up to TLS 1.2, over the messages before it. RFC 5246 §7.4.8. */
export function explainCertificateVerify(input: SignedTranscript): Explanation {
  if (isOtherwiseSigned(input)) return UNSUPPORTED;
  return judge(
    input,
    signedOctets(specifiedTranscript(input.messages, input.version)),
    TRANSCRIPT_HYPOTHESES,
  );
}

/** SSL 3.0 signs hashes that the master secret goes into as well (RFC 6101 §5.6.8), TLS 1.3 another text. */
function isOtherwiseSigned({ version }: SignedInput): boolean {
  const equivalent = tlsEquivalent(version);
  return equivalent <= SSL_3_0 || equivalent >= TLS_1_3;
}

/** Does the signature verify over `data`, and if it does not, which of the mistakes makes it? */
export function judge<Input extends SignedInput>(
  input: Input,
  data: Uint8Array,
  hypotheses: readonly SignatureHypothesis<Input>[],
): Explanation {
  const key = certificateKey(input.certificate);
  if (key === undefined) return UNSUPPORTED;
  const scheme = schemeOf(input.signatureScheme, input.version, key);
  if (scheme === undefined || !canJudge(scheme, key)) return UNSUPPORTED;
  if (!fitsKey(scheme, key)) return { kind: 'not-comparable', why: 'key-type' };
  const specified = { scheme, data, signature: input.signature };
  if (holds(key, specified)) return { kind: 'verified' };
  if (input.onlyVerify === true) return { kind: 'unexplained', tried: [] };
  return explain(attempts(input, specified, key, hypotheses));
}

const UNSUPPORTED: Explanation = { kind: 'not-comparable', why: 'unsupported' };

function* attempts<Input>(
  input: Input,
  specified: SignatureRecipe,
  key: KeyObject,
  hypotheses: readonly SignatureHypothesis<Input>[],
) {
  for (const hypothesis of hypotheses)
    for (const { recipe, detail } of hypothesis.variants(input, specified, key))
      yield { hypothesis, detail, value: () => holds(key, recipe) };
}

function holds(key: KeyObject, { scheme, data, signature, saltOctets }: SignatureRecipe): boolean {
  return verifies(key, scheme, data, signature, saltOctets);
}

function signedOctets(transcript: Transcript): Uint8Array {
  return concat(...transcriptOctets(transcript, undefined));
}

const OTHER_SIGNED_HASHES: readonly { readonly hash: SignedHash; readonly name: string }[] = [
  { hash: 'md5', name: 'MD5' },
  { hash: 'sha1', name: 'SHA-1' },
  { hash: 'sha224', name: 'SHA-224' },
  { hash: 'sha256', name: 'SHA-256' },
  { hash: 'sha384', name: 'SHA-384' },
  { hash: 'sha512', name: 'SHA-512' },
  { hash: 'md5-sha1', name: 'MD5 and SHA-1' },
];

/** Mistakes that any signature can be made with. */
export const SIGNING_HYPOTHESES: readonly SignatureHypothesis<SignedInput>[] = [
  {
    id: 'signature-other-hash',
    meaning: 'another hash was signed than the message says, or the version has',
    source: 'RFC 5246 §4.7',
    *variants(_, specified) {
      const { hash: right } = specified.scheme;
      if (right === undefined) return;
      for (const { hash, name } of OTHER_SIGNED_HASHES) {
        if (hash === right || (hash !== 'md5-sha1' && !isHashAvailable(hash))) continue;
        yield {
          recipe: { ...specified, scheme: { ...specified.scheme, hash } },
          detail: name,
        };
      }
    },
  },
  {
    id: 'signature-other-padding',
    meaning:
      'an RSA signature was padded in the way of the other scheme: PKCS #1 v1.5 for PSS, or PSS for it',
    source: 'RFC 8446 §4.2.3',
    *variants(_, specified) {
      const { algorithm, hash } = specified.scheme;
      if (hash === 'md5-sha1' || (algorithm !== 'rsa' && algorithm !== 'rsa-pss')) return;
      const other = algorithm === 'rsa' ? 'rsa-pss' : 'rsa';
      yield { recipe: { ...specified, scheme: { algorithm: other, hash } } };
    },
  },
  {
    id: 'signature-salt-length',
    meaning: 'the salt of a PSS signature is not as long as the hash',
    source: 'RFC 8446 §4.2.3',
    *variants(_, specified, key) {
      const { algorithm, hash } = specified.scheme;
      if (algorithm !== 'rsa-pss' || hash === undefined || hash === 'md5-sha1') return;
      for (const saltOctets of new Set([0, 20, maximumSalt(key, hash)]))
        yield { recipe: { ...specified, saltOctets }, detail: `${saltOctets} octets` };
    },
  },
  {
    id: 'signature-leading-zeros',
    meaning: 'leading zeros of an RSA signature were stripped',
    source: 'RFC 5246 §4.7',
    *variants(_, specified, key) {
      const { signature } = specified;
      const octets = Math.ceil((key.asymmetricKeyDetails?.modulusLength ?? 0) / 8);
      if (!specified.scheme.algorithm.startsWith('rsa') || signature.length >= octets) return;
      const whole = concat(new Uint8Array(octets - signature.length), signature);
      yield { recipe: { ...specified, signature: whole } };
    },
  },
];

const ZERO_RANDOM = new Uint8Array(32);

/** Tried in order on a ServerKeyExchange, after the specified way failed. Each row is one mistake. */
export const PARAMETER_HYPOTHESES: readonly SignatureHypothesis<SignedParameters>[] = [
  {
    id: 'signature-randoms-swapped',
    meaning: 'the randoms were signed in the wrong order',
    source: 'RFC 5246 §7.4.3',
    *variants({ clientRandom, serverRandom, parameters }, specified) {
      yield { recipe: { ...specified, data: concat(serverRandom, clientRandom, parameters) } };
    },
  },
  {
    id: 'signature-random-zero',
    meaning: 'zeros were signed in place of a random',
    source: 'RFC 5246 §7.4.3',
    *variants({ clientRandom, serverRandom, parameters }, specified) {
      const forms = [
        ['server_random', clientRandom, ZERO_RANDOM],
        ['client_random', ZERO_RANDOM, serverRandom],
        ['both', ZERO_RANDOM, ZERO_RANDOM],
      ] as const;
      for (const [detail, client, server] of forms)
        yield { recipe: { ...specified, data: concat(client, server, parameters) }, detail };
    },
  },
  {
    id: 'signature-random-of-other-handshake',
    meaning: 'a random of another handshake was signed',
    source: 'RFC 5246 §7.4.3',
    *variants({ clientRandom, serverRandom, parameters, otherHandshakes = [] }, specified) {
      for (const other of otherHandshakes.slice(0, LIMITS.signatureCandidates)) {
        const forms = [
          ['client_random', other.clientRandom, serverRandom],
          ['server_random', clientRandom, other.serverRandom],
          ['both randoms', other.clientRandom, other.serverRandom],
        ] as const;
        for (const [which, client, server] of forms)
          yield {
            recipe: { ...specified, data: concat(client, server, parameters) },
            detail: `${which} of ${other.name}`,
          };
      }
    },
  },
  {
    id: 'signature-randoms-left-out',
    meaning: 'the parameters were signed without the randoms',
    source: 'RFC 5246 §7.4.3',
    *variants({ parameters }, specified) {
      yield { recipe: { ...specified, data: parameters } };
    },
  },
  {
    id: 'signature-parameters-range',
    meaning: 'another part of the message was signed than the parameters',
    source: 'RFC 8422 §5.4',
    *variants({ clientRandom, serverRandom, parameters }, specified) {
      const forms = [
        ['public key with its length', parameters.subarray(3)],
        ['public key alone', parameters.subarray(4)],
        ['without the curve type', parameters.subarray(1)],
      ] as const;
      for (const [detail, part] of forms)
        yield { recipe: { ...specified, data: concat(clientRandom, serverRandom, part) }, detail };
    },
  },
  ...SIGNING_HYPOTHESES,
];

/** Tried in order on a CertificateVerify, after the specified way failed. Each row is one mistake. */
export const TRANSCRIPT_HYPOTHESES: readonly SignatureHypothesis<SignedTranscript>[] = [
  ...TRANSCRIPT_VARIANTS.map(({ id, meaning, source, variants }) => ({
    id,
    meaning,
    source,
    *variants(input: SignedTranscript, specified: SignatureRecipe) {
      const transcripts = variants(input, specifiedTranscript(input.messages, input.version));
      for (const { transcript, detail } of transcripts)
        yield { recipe: { ...specified, data: signedOctets(transcript) }, detail };
    },
  })),
  ...SIGNING_HYPOTHESES,
];
