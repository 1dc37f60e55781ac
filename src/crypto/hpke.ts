import { ascii, concat, u16 } from '../bytes/concat.ts';
import { cipherSuite } from '../model/code-points/suites.ts';
import { aeadFor } from './aead.ts';
import type { HashName } from './hash.ts';
import { hkdfExpand, hkdfExtract } from './hkdf.ts';

const NONE = new Uint8Array(0);
const NONCE_OCTETS = 12;
const TAG_OCTETS = 16;
/** Base mode: neither a PSK nor a key of the sender. RFC 9180 §5. */
const MODE_BASE = 0;

/** `kdf_id`, RFC 9180 §7.2. */
const HASHES: Readonly<Record<number, HashName>> = { 1: 'sha256', 2: 'sha384', 3: 'sha512' };
/** `aead_id`, as suites of TLS 1.3 that have the same. RFC 9180 §7.3. */
const SUITES: Readonly<Record<number, number>> = { 1: 0x1301, 2: 0x1302, 3: 0x1303 };

/** One sealed message of HPKE, and what its keys come from. */
export interface HpkeMessage {
  readonly kem: number;
  readonly kdf: number;
  readonly aead: number;
  /** What encapsulation agreed on. */
  readonly sharedSecret: Uint8Array;
  readonly info: Uint8Array;
  /** How many messages of this context came before. */
  readonly sequence: number;
  readonly additional: Uint8Array;
  /** With the tag. */
  readonly sealed: Uint8Array;
}

/** The plaintext; undefined where the tag is another, or an algorithm is not known. RFC 9180 §5.1, §5.2. */
export function openHpke(message: HpkeMessage): Uint8Array | undefined {
  const { kem, kdf, aead, sharedSecret, info, sequence, additional, sealed } = message;
  const hash = HASHES[kdf];
  const suite = cipherSuite(SUITES[aead] ?? 0);
  if (hash === undefined || suite === undefined || sealed.length < TAG_OCTETS) return undefined;
  const suiteId = concat(ascii('HPKE'), u16(kem), u16(kdf), u16(aead));
  const extract = (salt: Uint8Array, label: string, input: Uint8Array) =>
    hkdfExtract(hash, salt, concat(ascii('HPKE-v1'), suiteId, ascii(label), input));
  const expand = (secret: Uint8Array, label: string, context: Uint8Array, octets: number) =>
    hkdfExpand(
      hash,
      secret,
      concat(u16(octets), ascii('HPKE-v1'), suiteId, ascii(label), context),
      octets,
    );

  const context = concat(
    Uint8Array.of(MODE_BASE),
    extract(NONE, 'psk_id_hash', NONE),
    extract(NONE, 'info_hash', info),
  );
  const secret = extract(sharedSecret, 'secret', NONE);
  const opener = aeadFor(suite, expand(secret, 'key', context, suite.keyOctets));
  const nonce = expand(secret, 'base_nonce', context, NONCE_OCTETS).slice();
  const last = NONCE_OCTETS - 1;
  nonce[last] = (nonce[last] as number) ^ sequence;
  const end = sealed.length;
  return opener?.open(nonce, additional, sealed, 0, end - TAG_OCTETS, end);
}
