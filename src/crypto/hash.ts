import { createHash, createHmac, getHashes } from 'node:crypto';
import { concat } from '../bytes/concat.ts';
import { type CipherSuite, cipherSuite } from '../model/code-points/suites.ts';
import { SSL_3_0, TLS_1_2, tlsEquivalent } from '../model/code-points/versions.ts';

/** Hash functions that key derivations and signatures name. */
export type HashName = 'md5' | 'sha1' | 'sha224' | 'sha256' | 'sha384' | 'sha512' | 'sm3';

/**
 * What a handshake up to TLS 1.2 derives keys and hashes its transcript with: SSL 3.0's own construction, the pair MD5
 * and SHA-1 of TLS 1.0 and 1.1, or one hash from TLS 1.2 on. RFC 6101 §6, RFC 2246 §5, RFC 5246 §5.
 */
export type PrfKind = 'ssl3' | 'md5-sha1' | HashName;

/** Octets of a digest. */
export const HASH_OCTETS: Readonly<Record<HashName, number>> = {
  md5: 16,
  sha1: 20,
  sha224: 28,
  sha256: 32,
  sha384: 48,
  sha512: 64,
  sm3: 32,
};

/** Hashes that this machine's OpenSSL computes; under FIPS rules it lacks the old ones. */
const available = new Set(getHashes().map((name) => name.toLowerCase()));

/** Does this machine compute it? Some refuse MD5. */
export function isHashAvailable(hash: HashName): boolean {
  return available.has(hash);
}

/** Can everything that this kind needs be computed here? */
export function isPrfAvailable(kind: PrfKind): boolean {
  return kind === 'ssl3' || kind === 'md5-sha1'
    ? isHashAvailable('md5') && isHashAvailable('sha1')
    : isHashAvailable(kind);
}

/** The digest of the parts one after the other. The caller asked `isHashAvailable`. */
export function digest(hash: HashName, ...parts: readonly Uint8Array[]): Uint8Array {
  const state = createHash(hash);
  for (const part of parts) state.update(part);
  return plain(state.digest());
}

/** HMAC over the parts one after the other. RFC 2104. */
export function hmac(hash: HashName, key: Uint8Array, ...parts: readonly Uint8Array[]): Uint8Array {
  const state = createHmac(hash, key);
  for (const part of parts) state.update(part);
  return plain(state.digest());
}

/** The transcript hash of a handshake that uses this kind: MD5 and SHA-1 side by side, or one digest. RFC 5246 §7.4.9. */
export function transcriptHash(kind: PrfKind, ...parts: readonly Uint8Array[]): Uint8Array {
  return kind === 'ssl3' || kind === 'md5-sha1'
    ? concat(digest('md5', ...parts), digest('sha1', ...parts))
    : digest(kind, ...parts);
}

/**
 * The kind a connection's suite and version (wire values) settle: for TLS 1.3 the hash of HKDF. Undefined where the
 * suite is unknown or this machine cannot compute its hash.
 */
export function prfKind(suite: number | CipherSuite, version: number): PrfKind | undefined {
  const known = typeof suite === 'number' ? cipherSuite(suite) : suite;
  const equivalent = tlsEquivalent(version);
  const kind =
    equivalent === SSL_3_0
      ? 'ssl3'
      : equivalent < TLS_1_2
        ? 'md5-sha1'
        : known?.prfHash === 'gost'
          ? undefined
          : known?.prfHash;
  if (kind === undefined || equivalent < SSL_3_0 || !isPrfAvailable(kind)) return undefined;
  return kind;
}

/** The same octets as a plain array: a Buffer's `slice` shares memory, which nobody expects of a `Uint8Array`. */
function plain(buffer: Uint8Array): Uint8Array {
  return new Uint8Array(buffer.buffer, buffer.byteOffset, buffer.length);
}
