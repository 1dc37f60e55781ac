import { concat, sameOctets, u16 } from '../bytes/concat.ts';
import { toHex } from '../bytes/hex.ts';

/** A pre-shared key as somebody gave it. */
export interface Psk {
  /** Undefined for a key that is tried with every identity. */
  readonly identity: Uint8Array | undefined;
  readonly key: Uint8Array;
}

/** Longest key that the premaster secret has room for. RFC 4279 §2. */
const MOST_OCTETS = 0xffff;

/**
 * Reads `[IDENTITY:]HEX`; what stands before the last colon is the identity, in UTF-8. Undefined if it is not that: the
 * caller says so without repeating it.
 */
export function parsePsk(text: string): Psk | undefined {
  const colon = text.lastIndexOf(':');
  const digits = text.slice(colon + 1).trim();
  if (!/^([0-9a-f]{2})+$/i.test(digits) || digits.length > 2 * MOST_OCTETS) return undefined;
  return {
    identity: colon < 0 ? undefined : new TextEncoder().encode(text.slice(0, colon)),
    key: Uint8Array.from(digits.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)),
  };
}

/** The keys for an identity: those that name it first, then those that name none. */
export function keysForIdentity(psks: readonly Psk[], identity: Uint8Array): Uint8Array[] {
  const named = psks.filter(
    (psk) => psk.identity !== undefined && sameOctets(psk.identity, identity),
  );
  const nameless = psks.filter((psk) => psk.identity === undefined);
  return [...named, ...nameless].map((psk) => psk.key);
}

/**
 * The premaster secret of a PSK key exchange. `other` is as many zeros as the key has octets for plain PSK, the 48 octets
 * that were encrypted for RSA_PSK, and what the peers agreed on for DHE_PSK and ECDHE_PSK. RFC 4279 §2 to §4,
 * RFC 5489 §2.
 */
export function pskPremaster(
  key: Uint8Array,
  other: Uint8Array = new Uint8Array(key.length),
): Uint8Array {
  return concat(u16(other.length), other, u16(key.length), key);
}

/** Other keys that one and the same entry gives when tools take it differently. */
export function* otherPskForms(key: Uint8Array): Iterable<{ key: Uint8Array; detail: string }> {
  const digits = toHex(key);
  yield { key: encode(digits), detail: 'hexadecimal digits as text' };
  const upper = digits.toUpperCase();
  if (upper !== digits)
    yield { key: encode(upper), detail: 'hexadecimal digits as text, upper case' };
  yield { key: concat(key, Uint8Array.of(0)), detail: 'with a zero at its end' };
  yield { key: concat(key, Uint8Array.of(0x0a)), detail: 'with a line end' };
  if (key.at(-1) === 0) yield { key: key.subarray(0, -1), detail: 'without the zero at its end' };
  const text = new TextDecoder('latin1').decode(key);
  if (/^([0-9a-f]{2})+$/i.test(text))
    yield {
      key: Uint8Array.from(text.match(/../g) ?? [], (pair) => Number.parseInt(pair, 16)),
      detail: 'text read as hexadecimal digits',
    };
}

function encode(text: string): Uint8Array {
  return new TextEncoder().encode(text);
}
