import { toHex } from '../bytes/hex.ts';
import type { Side } from '../model/stream.ts';
import { otherSide } from '../model/stream.ts';
import { CONNECTION_ID_AT, DTLS_HEADER, lengthAt } from '../tls/dtls-header.ts';
import type { RawMisfit } from './dtls-anomalies.ts';
import type { Association } from './dtls-association.ts';

const LONGEST = 255;

/** The kind of misfit and the ids, without what the header says. */
type Misfit = Pick<RawMisfit, 'kind' | 'wanted' | 'found'>;

/**
 * What the record at `at` has in place of the id that its receiver negotiated: the one length with which it ends where its
 * datagram does tells. Undefined if none does, or several do.
 */
export function misfitOf(
  a: Association,
  side: Side,
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
): Misfit | undefined {
  let length = -1;
  for (let one = 0; one <= LONGEST; one++) {
    if (!endsWith(bytes, at, end, wireEnd, one)) continue;
    if (length >= 0) return undefined;
    length = one;
  }
  if (length < 0) return undefined;
  const from = at + CONNECTION_ID_AT;
  return otherIdOf(a, side, bytes.slice(from, from + length));
}

/** Does the record end with its datagram if its id has so many octets? */
function endsWith(
  bytes: Uint8Array,
  at: number,
  end: number,
  wireEnd: number,
  idLength: number,
): boolean {
  const fragment = at + DTLS_HEADER + idLength;
  return fragment < end && fragment + lengthAt(bytes, at + idLength) === wireEnd;
}

/** The misfit that an id is which was not negotiated for this direction. */
export function otherIdOf(a: Association, side: Side, found: Uint8Array): Misfit {
  const wanted = a.ids?.to[otherSide(side)] ?? new Uint8Array(0);
  const ids = { wanted: toHex(wanted), found: toHex(found) };
  if (wanted.length === 0) return { kind: 'not-negotiated', ...ids };
  if (found.length === 0) return { kind: 'missing', ...ids };
  const own = a.ids?.to[side];
  if (own !== undefined && found.length > 0 && isSame(own, found))
    return { kind: 'of-sender', ...ids };
  return { kind: found.length === wanted.length ? 'unknown' : 'length', ...ids };
}

function isSame(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((octet, i) => octet === b[i]);
}
