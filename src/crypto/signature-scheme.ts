import { constants, type KeyObject, publicDecrypt, verify } from 'node:crypto';
import { concat, sameOctets } from '../bytes/concat.ts';
import { TLS_1_2, tlsEquivalent } from '../model/code-points/versions.ts';
import { digest, HASH_OCTETS, type HashName, isHashAvailable } from './hash.ts';

/** How something is signed, apart from the key. */
export interface Scheme {
  readonly algorithm: 'rsa' | 'rsa-pss' | 'dsa' | 'ecdsa' | 'ed25519' | 'ed448';
  /** Undefined where the algorithm hashes by itself; the pair in TLS 1.0 and 1.1 with RSA. */
  readonly hash: SignedHash | undefined;
}

/** Up to TLS 1.1 RSA signs the MD5 and the SHA-1 hash side by side. RFC 4346 §7.4.3. */
export type SignedHash = HashName | 'md5-sha1';

/**
 * The scheme of a signature: its code, or up to TLS 1.1, which has none, what goes with the key. Undefined for what is
 * not verified here, and for SSL 3.0. RFC 5246 §7.4.1.4.1, RFC 8446 §4.2.3, RFC 4346 §4.7.
 */
export function schemeOf(
  code: number | undefined,
  version: number,
  key: KeyObject,
): Scheme | undefined {
  if (tlsEquivalent(version) >= TLS_1_2) return code === undefined ? undefined : namedScheme(code);
  switch (key.asymmetricKeyType) {
    case 'rsa':
      return { algorithm: 'rsa', hash: 'md5-sha1' };
    case 'dsa':
      return { algorithm: 'dsa', hash: 'sha1' };
    case 'ec':
      return { algorithm: 'ecdsa', hash: 'sha1' };
    default:
      return undefined;
  }
}

function namedScheme(code: number): Scheme | undefined {
  const pss = PSS_HASHES[code];
  if (pss !== undefined) return { algorithm: 'rsa-pss', hash: pss };
  if (code === 0x0807) return { algorithm: 'ed25519', hash: undefined };
  if (code === 0x0808) return { algorithm: 'ed448', hash: undefined };
  const hash = HASHES[code >> 8];
  const algorithm = ALGORITHMS[code & 0xff];
  return hash === undefined || algorithm === undefined ? undefined : { algorithm, hash };
}

const HASHES: readonly (HashName | undefined)[] = [
  undefined,
  'md5',
  'sha1',
  'sha224',
  'sha256',
  'sha384',
  'sha512',
];
const ALGORITHMS = [undefined, 'rsa', 'dsa', 'ecdsa'] as const;
const PSS_HASHES: Readonly<Record<number, HashName>> = {
  2052: 'sha256',
  2053: 'sha384',
  2054: 'sha512',
  2057: 'sha256',
  2058: 'sha384',
  2059: 'sha512',
};

const KEY_TYPES: Readonly<Record<Scheme['algorithm'], readonly string[]>> = {
  rsa: ['rsa'],
  'rsa-pss': ['rsa', 'rsa-pss'],
  dsa: ['dsa'],
  ecdsa: ['ec'],
  ed25519: ['ed25519'],
  ed448: ['ed448'],
};

/** Can a signature of this scheme have come from such a key? Any RSA key can make PSS signatures. RFC 8446 §4.2.3. */
export function fitsKey({ algorithm }: Scheme, key: KeyObject): boolean {
  return KEY_TYPES[algorithm].includes(key.asymmetricKeyType ?? '');
}

/**
 * Can a signature be judged with this key and hash? OpenSSL says "wrong" about keys that it refuses to work with, so
 * whatever is unusual is not asked.
 */
export function canJudge({ hash }: Scheme, key: KeyObject): boolean {
  if (
    hash === 'md5-sha1'
      ? !isHashAvailable('md5') || !isHashAvailable('sha1')
      : hash !== undefined && !isHashAvailable(hash)
  )
    return false;
  const details = key.asymmetricKeyDetails ?? {};
  switch (key.asymmetricKeyType) {
    case 'rsa':
    case 'rsa-pss': {
      const { modulusLength = 0, publicExponent = 0n, hashAlgorithm } = details;
      const usual = modulusLength >= 512 && modulusLength <= 8192 && publicExponent < 1n << 33n;
      // A key that is bound to PSS parameters refuses other ones.
      return usual && hashAlgorithm === undefined;
    }
    case 'dsa':
      return (details.modulusLength ?? 0) >= 512 && (details.modulusLength ?? 0) <= 4096;
    case 'ec':
      return details.namedCurve !== undefined;
    default:
      return true;
  }
}

/** What an RSA signature holds: of the one that was opened last. */
let opened: { key: KeyObject; signature: Uint8Array; octets: Uint8Array } | undefined;

/**
 * Can an RSA signature hold anything in this padding? Most wrong signatures can not, whatever is thought to be signed, and
 * opening it once tells that for all that is tried. RFC 8017 §8.2.2 and §9.1.2.
 */
function isPadded(key: KeyObject, algorithm: 'rsa' | 'rsa-pss', signature: Uint8Array): boolean {
  if (opened?.key !== key || opened.signature !== signature) {
    const padding = constants.RSA_NO_PADDING;
    opened = { key, signature, octets: publicDecrypt({ key, padding }, Buffer.from(signature)) };
  }
  const { octets } = opened;
  if (algorithm === 'rsa-pss') return octets.at(-1) === PSS_TRAILER;
  return octets[0] === 0 && octets[1] === PKCS1_BLOCK_TYPE && octets[2] === 0xff;
}

const PSS_TRAILER = 0xbc;
const PKCS1_BLOCK_TYPE = 1;

/** Does the signature verify? Anything that goes wrong inside is a no: the caller has asked `canJudge`. */
export function verifies(
  key: KeyObject,
  { algorithm, hash }: Scheme,
  data: Uint8Array,
  signature: Uint8Array,
  saltOctets: number = constants.RSA_PSS_SALTLEN_DIGEST,
): boolean {
  try {
    const isRsa = algorithm === 'rsa' || algorithm === 'rsa-pss';
    // A key bound to PSS cannot be used for opening.
    if (isRsa && key.asymmetricKeyType === 'rsa' && !isPadded(key, algorithm, signature))
      return false;
    if (hash === 'md5-sha1') {
      const both = concat(digest('md5', data), digest('sha1', data));
      if (algorithm !== 'rsa') return false;
      // Without the DigestInfo that names a hash. RFC 4346 §4.7.
      return sameOctets(
        publicDecrypt({ key, padding: constants.RSA_PKCS1_PADDING }, Buffer.from(signature)),
        both,
      );
    }
    const padding =
      algorithm === 'rsa-pss' ? constants.RSA_PKCS1_PSS_PADDING : constants.RSA_PKCS1_PADDING;
    const options =
      algorithm === 'rsa' || algorithm === 'rsa-pss'
        ? { key, padding, ...(algorithm === 'rsa-pss' ? { saltLength: saltOctets } : {}) }
        : { key, dsaEncoding: 'der' as const };
    return verify(hash, data, options, signature);
  } catch {
    return false;
  }
}

/** The most octets that a PSS salt may have, for signers that take as many as fit. */
export function maximumSalt(key: KeyObject, hash: HashName): number {
  const bits = key.asymmetricKeyDetails?.modulusLength ?? 0;
  return Math.max(0, Math.ceil((bits - 1) / 8) - HASH_OCTETS[hash] - 2);
}
