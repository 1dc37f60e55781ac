import { ascii, concat } from '../bytes/concat.ts';
import { digest, HASH_OCTETS, type HashName, hmac, type PrfKind } from './hash.ts';

/**
 * The pseudorandom function of a handshake up to TLS 1.2: `length` octets from a secret, a label and a seed. SSL 3.0's
 * derivation has no label and ends after 416 octets, more than any suite needs. RFC 5246 §5, RFC 2246 §5, RFC 6101 §6.
 */
export function prf(
  kind: PrfKind,
  secret: Uint8Array,
  label: string,
  seed: Uint8Array,
  length: number,
): Uint8Array {
  if (kind === 'ssl3') return ssl3Derive(secret, seed, length);
  const labelled = concat(ascii(label), seed);
  if (kind !== 'md5-sha1') return expand(kind, secret, labelled, length);
  // The halves share the middle octet of an odd secret.
  const half = Math.ceil(secret.length / 2);
  const octets = expand('md5', secret.subarray(0, half), labelled, length);
  const other = expand('sha1', secret.subarray(secret.length - half), labelled, length);
  for (let i = 0; i < length; i++) octets[i] = (octets[i] as number) ^ (other[i] as number);
  return octets;
}

/** `P_hash`, RFC 5246 §5. */
function expand(hash: HashName, secret: Uint8Array, seed: Uint8Array, length: number): Uint8Array {
  const step = HASH_OCTETS[hash];
  const output = new Uint8Array(Math.ceil(length / step) * step);
  let a = seed;
  for (let at = 0; at < length; at += step) {
    a = hmac(hash, secret, a);
    output.set(hmac(hash, secret, a, seed), at);
  }
  return output.subarray(0, length);
}

const SSL3_ROUNDS = 26;

/** MD5(secret, SHA1('A', secret, seed)), MD5(secret, SHA1('BB', secret, seed)), … RFC 6101 §6.1, §6.2.2. */
function ssl3Derive(secret: Uint8Array, seed: Uint8Array, length: number): Uint8Array {
  const output = new Uint8Array(SSL3_ROUNDS * HASH_OCTETS.md5);
  const rounds = Math.min(SSL3_ROUNDS, Math.ceil(length / HASH_OCTETS.md5));
  for (let round = 0; round < rounds; round++) {
    const letters = new Uint8Array(round + 1).fill(0x41 + round);
    const inner = digest('sha1', letters, secret, seed);
    output.set(digest('md5', secret, inner), round * HASH_OCTETS.md5);
  }
  return output.subarray(0, length);
}
