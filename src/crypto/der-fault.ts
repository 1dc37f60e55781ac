/** The first place at which octets are not one element of DER. ITU-T X.690 §8.1, RFC 5280 §4.1. */
export interface DerFault {
  /** Of the element that is wrong, or of what stands behind the last one. */
  readonly offset: number;
  readonly kind: 'past-end' | 'cut' | 'no-sequence' | 'behind';
  /** Octets that the element says it has, and that there are for it; of `behind`, those that are there. */
  readonly stated: number;
  readonly left: number;
}

const SEQUENCE = 0x30;
const CONSTRUCTED = 0x20;
const LONG_TAG = 0x1f;
const INDEFINITE = 0x80;

/**
 * Checks that each element of a certificate ends within the one around it. Values are not looked at, nor is what other
 * encodings than DER allow: undefined then, as for what is in order.
 */
export function derFault(der: Uint8Array): DerFault | undefined {
  if (der.length > 0 && der[0] !== SEQUENCE)
    return { offset: 0, kind: 'no-sequence', stated: 0, left: der.length };
  /** Where the elements end that are open, the innermost one last. */
  const ends = [der.length];
  let at = 0;
  do {
    const end = ends.at(-1) as number;
    const header = headerAt(der, at, end);
    if (header === undefined) return { offset: at, kind: 'cut', stated: 0, left: end - at };
    const { tag, body, length } = header;
    if (length === undefined) return undefined;
    if (length > end - body)
      return { offset: at, kind: 'past-end', stated: length, left: end - body };
    at = body;
    if ((tag & CONSTRUCTED) !== 0) ends.push(body + length);
    else at += length;
    while (ends.length > 1 && at === ends.at(-1)) ends.pop();
  } while (ends.length > 1);
  const left = der.length - at;
  return left > 0 ? { offset: at, kind: 'behind', stated: left, left } : undefined;
}

interface Header {
  readonly tag: number;
  readonly body: number;
  /** Undefined for the indefinite form, which DER does not have and some read. */
  readonly length: number | undefined;
}

/** Undefined where it is cut. */
function headerAt(der: Uint8Array, offset: number, end: number): Header | undefined {
  const tag = der[offset] ?? 0;
  let at = offset + 1;
  if ((tag & LONG_TAG) === LONG_TAG) while (at < end && ((der[at++] ?? 0) & 0x80) !== 0);
  if (at >= end) return undefined;
  const first = der[at++] ?? 0;
  if (first < INDEFINITE) return { tag, body: at, length: first };
  if (first === INDEFINITE) return { tag, body: at, length: undefined };
  const body = at + (first & 0x7f);
  if (body > end) return undefined;
  let length = 0;
  while (at < body) length = length * 256 + (der[at++] ?? 0);
  return { tag, body, length };
}
