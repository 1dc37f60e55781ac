import { cipherSuite } from '../model/code-points/suites.ts';
import { TLS_1_0, tlsEquivalent } from '../model/code-points/versions.ts';
import { CONTENT_TYPE } from '../model/record.ts';

/** Octets of an alert, and of a Finished message with its DTLS header. */
const ALERT = 2;
const DTLS_FINISHED = 24;
/** Of a record that may hold one where the suite is not known: more than any MAC, IV and padding add to it. */
const ALERT_AT_MOST = 128;

/**
 * Length of the fragment that protects `content` octets under a suite up to TLS 1.2 (RFC 5246 §6.2.3, RFC 7366 §3,
 * RFC 5288 §3, RFC 7905 §2), without truncated_hmac and padding beyond the needed; 0 where it is not known.
 */
export function protectedLength(
  suite: number,
  version: number,
  encryptThenMac: boolean,
  content: number,
): number {
  const s = cipherSuite(suite);
  if (s === undefined || s.tls13) return 0;
  if (s.tagOctets > 0) return content + s.explicitNonceOctets + s.tagOctets;
  if (s.mode !== 'cbc') return content + s.macOctets;
  const block = s.blockOctets;
  const iv = tlsEquivalent(version) <= TLS_1_0 ? 0 : block;
  const padded = (octets: number) => Math.floor(octets / block + 1) * block;
  return encryptThenMac ? iv + padded(content) + s.macOctets : iv + padded(content + s.macOctets);
}

/** What a protected DTLS record may be, by its type and length. */
export function shapeOf(
  contentType: number,
  length: number,
  suite: number,
  version: number,
  encryptThenMac: boolean,
): 'alert' | 'finished' | 'other' {
  if (contentType === CONTENT_TYPE.alert) {
    const expected = suite < 0 ? 0 : protectedLength(suite, version, encryptThenMac, ALERT);
    const fits = expected === 0 ? length <= ALERT_AT_MOST : length === expected;
    return fits ? 'alert' : 'other';
  }
  if (contentType === CONTENT_TYPE.handshake) {
    const expected = suite < 0 ? 0 : protectedLength(suite, version, encryptThenMac, DTLS_FINISHED);
    return expected !== 0 && length === expected ? 'finished' : 'other';
  }
  return 'other';
}
