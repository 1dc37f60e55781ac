import { ascii, concat, u16 } from '../bytes/concat.ts';
import { DTLS_1_3, tls13Draft } from '../model/code-points/versions.ts';
import { digest, HASH_OCTETS, type HashName, hmac } from './hash.ts';

/**
 * What stands in front of every label: `tls13 ` in TLS 1.3, `dtls13` without a space in DTLS 1.3. Any text is taken, since
 * drafts and mistakes used others. RFC 8446 §7.1, RFC 9147 §5.9.
 */
export type LabelPrefix = string;

/** As published: RFC 8446 §7.1, RFC 9147 §5.9 (without the space). */
export const TLS13_PREFIX: LabelPrefix = 'tls13 ';
export const DTLS13_PREFIX: LabelPrefix = 'dtls13';
/** TLS 1.3 up to draft 19. */
export const DRAFT_PREFIX: LabelPrefix = 'TLS 1.3, ';

/** The prefix that belongs to a negotiated version (wire value) from TLS 1.3 on. */
export function labelPrefix(version: number): LabelPrefix {
  if (version === DTLS_1_3) return DTLS13_PREFIX;
  const draft = tls13Draft(version);
  return draft > 0 && draft <= LAST_DRAFT_WITH_LONG_LABELS ? DRAFT_PREFIX : TLS13_PREFIX;
}

const LAST_DRAFT_WITH_LONG_LABELS = 19;

/** `HKDF-Extract`; an empty salt is as many zeros as the hash has octets. RFC 5869 §2.2. */
export function hkdfExtract(
  hash: HashName,
  salt: Uint8Array,
  inputKeyMaterial: Uint8Array,
): Uint8Array {
  return hmac(hash, salt, inputKeyMaterial);
}

/** `HKDF-Expand`; at most 255 digests. RFC 5869 §2.3. */
export function hkdfExpand(
  hash: HashName,
  pseudorandomKey: Uint8Array,
  info: Uint8Array,
  length: number,
): Uint8Array {
  const step = HASH_OCTETS[hash];
  const rounds = Math.min(255, Math.ceil(length / step));
  const output = new Uint8Array(rounds * step);
  let last = new Uint8Array(0);
  for (let round = 1; round <= rounds; round++) {
    last = Uint8Array.from(hmac(hash, pseudorandomKey, last, info, Uint8Array.of(round)));
    output.set(last, (round - 1) * step);
  }
  return output.subarray(0, length);
}

/** `HKDF-Expand-Label`. RFC 8446 §7.1. */
export function hkdfExpandLabel(
  hash: HashName,
  secret: Uint8Array,
  label: string,
  context: Uint8Array,
  length: number,
  prefix: LabelPrefix = TLS13_PREFIX,
): Uint8Array {
  const full = ascii(prefix + label);
  const info = concat(
    u16(length),
    Uint8Array.of(full.length),
    full,
    Uint8Array.of(context.length),
    context,
  );
  return hkdfExpand(hash, secret, info, length);
}

/** `Derive-Secret`, over the hash of the messages. RFC 8446 §7.1. */
export function deriveSecret(
  hash: HashName,
  secret: Uint8Array,
  label: string,
  transcriptHash: Uint8Array,
  prefix: LabelPrefix = TLS13_PREFIX,
): Uint8Array {
  return hkdfExpandLabel(hash, secret, label, transcriptHash, HASH_OCTETS[hash], prefix);
}

/** The hash of no messages, over which secrets without a transcript are derived. */
export function emptyHash(hash: HashName): Uint8Array {
  return digest(hash);
}
