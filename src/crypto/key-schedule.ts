import type { CipherSuite } from '../model/code-points/suites.ts';
import { HASH_OCTETS, type HashName, isHashAvailable } from './hash.ts';
import {
  DRAFT_PREFIX,
  deriveSecret,
  emptyHash,
  hkdfExpandLabel,
  hkdfExtract,
  type LabelPrefix,
  TLS13_PREFIX,
} from './hkdf.ts';
import type { DirectionKeys } from './protection.ts';

/** Keys of one direction in TLS 1.3; `sequenceNumber` encrypts record numbers in DTLS 1.3. RFC 8446 §7.3, RFC 9147 §4.2.3. */
export interface TrafficKeys extends DirectionKeys {
  readonly sequenceNumber: Uint8Array;
}

const NONE = new Uint8Array(0);
const IV_OCTETS = 12;

/** The hash of a TLS 1.3 suite's key schedule; undefined if this machine cannot compute it. */
export function hkdfHash(suite: CipherSuite): HashName | undefined {
  const { prfHash } = suite;
  return prfHash !== 'gost' && isHashAvailable(prfHash) ? prfHash : undefined;
}

/** Keys of one direction from its traffic secret. RFC 8446 §7.3; with `dtls13`, RFC 9147 §5.9. */
export function trafficKeys(
  suite: CipherSuite,
  secret: Uint8Array,
  prefix: LabelPrefix = TLS13_PREFIX,
): TrafficKeys | undefined {
  const hash = hkdfHash(suite);
  if (hash === undefined || suite.keyOctets === 0) return undefined;
  const derive = (label: string, octets: number): Uint8Array =>
    hkdfExpandLabel(hash, secret, label, NONE, octets, prefix);
  return {
    mac: NONE,
    key: derive('key', suite.keyOctets),
    iv: derive('iv', IV_OCTETS),
    sequenceNumber: derive('sn', suite.keyOctets),
  };
}

/** `application_traffic_secret_N+1`, which a KeyUpdate turns to. RFC 8446 §7.2; up to draft 19 the label was longer. */
export function nextTrafficSecret(
  hash: HashName,
  secret: Uint8Array,
  prefix: LabelPrefix = TLS13_PREFIX,
): Uint8Array {
  const label = prefix === DRAFT_PREFIX ? 'application traffic secret' : 'traffic upd';
  return hkdfExpandLabel(hash, secret, label, NONE, HASH_OCTETS[hash], prefix);
}

/** `finished_key`, which keys Finished and binders. RFC 8446 §4.4.4. */
export function finishedKey(
  hash: HashName,
  base: Uint8Array,
  prefix: LabelPrefix = TLS13_PREFIX,
): Uint8Array {
  return hkdfExpandLabel(hash, base, 'finished', NONE, HASH_OCTETS[hash], prefix);
}

/** The PSK that a ticket with this nonce stands for. RFC 8446 §4.6.1. */
export function resumptionPsk(
  hash: HashName,
  resumptionMaster: Uint8Array,
  nonce: Uint8Array,
  prefix: LabelPrefix = TLS13_PREFIX,
): Uint8Array {
  return hkdfExpandLabel(hash, resumptionMaster, 'resumption', nonce, HASH_OCTETS[hash], prefix);
}

/** The Early Secret: the key schedule's first step; without a PSK it starts from zeros. RFC 8446 §7.1. */
export function earlySecret(hash: HashName, psk: Uint8Array = zeros(hash)): Uint8Array {
  return hkdfExtract(hash, zeros(hash), psk);
}

/** What a binder key is derived for. RFC 8446 §7.1, RFC 9258 §5.2. */
export type BinderLabel = 'ext binder' | 'res binder' | 'imp binder';

/** The key that binders are made with, from the Early Secret of the PSK. RFC 8446 §7.1. */
export function binderKey(
  hash: HashName,
  early: Uint8Array,
  label: BinderLabel,
  prefix: LabelPrefix = TLS13_PREFIX,
): Uint8Array {
  return deriveSecret(hash, early, label, emptyHash(hash), prefix);
}

/** The Handshake Secret; `shared` is left out where only a PSK is used (`psk_ke`). RFC 8446 §7.1. */
export function handshakeSecret(
  hash: HashName,
  early: Uint8Array,
  shared: Uint8Array = zeros(hash),
  prefix: LabelPrefix = TLS13_PREFIX,
): Uint8Array {
  return hkdfExtract(hash, deriveSecret(hash, early, 'derived', emptyHash(hash), prefix), shared);
}

/** The Master Secret, from which application, exporter and resumption secrets follow. RFC 8446 §7.1. */
export function mainSecret(
  hash: HashName,
  handshake: Uint8Array,
  prefix: LabelPrefix = TLS13_PREFIX,
): Uint8Array {
  const salt = deriveSecret(hash, handshake, 'derived', emptyHash(hash), prefix);
  return hkdfExtract(hash, salt, zeros(hash));
}

function zeros(hash: HashName): Uint8Array {
  return new Uint8Array(HASH_OCTETS[hash]);
}
