import { cipherSuite, type PrfHash } from '../model/code-points/suites.ts';
import type { ClientFlightFact } from '../model/history.ts';

/** The least that holds a Finished of TLS 1.3: header, SHA-256, the inner type, a tag of 8 octets (CCM_8). */
export const FINISHED_13 = 45;
/** Records that the client's flight has at most: Certificate, CertificateVerify, Finished. RFC 8446 §2. */
export const FLIGHT_RECORDS = 3;

const HEADER = 4;
/** A Certificate message without any: header, empty context, empty list. RFC 8446 §4.4.2. */
const EMPTY_CERTIFICATE = 8;
const ALERT = 2;
const TAG = 16;
const HASHES: Readonly<Partial<Record<PrfHash, number>>> = { sha256: 32, sha384: 48, sm3: 32 };

/** Length of the record of TLS 1.3 that protects so many octets without padding: the inner type, the tag. RFC 8446 §5.2. */
const recordOf = (suite: number, octets: number): number =>
  octets + 1 + (cipherSuite(suite)?.tagOctets || TAG);

/** A protected alert of TLS 1.3. */
export const alertLength13 = (suite: number): number => recordOf(suite, ALERT);

/** The JDK adds that many zeros to every record of TLS 1.3 (RFC 8446 §5.4). */
const JDK_PADDING = 16;

/** Could a record of TLS 1.3 with a tag of 16 octets be an alert, plain or of the JDK? */
export const mayBeAlert13 = (length: number): boolean =>
  length === ALERT + 1 + TAG || length === ALERT + 1 + JDK_PADDING + TAG;

/** A Certificate of TLS 1.3 without certificates, on its own. */
export const emptyCertificateLength13 = (suite: number): number =>
  recordOf(suite, EMPTY_CERTIFICATE);

/** A Finished of TLS 1.3 on its own, or behind an empty Certificate in one record; 0 where the hash is not known. */
export function finishedLength13(suite: number, behindEmptyCertificate = false): number {
  const hash = HASHES[cipherSuite(suite)?.prfHash ?? 'gost'];
  if (hash === undefined) return 0;
  return recordOf(suite, (behindEmptyCertificate ? EMPTY_CERTIFICATE : 0) + HEADER + hash);
}

/** A certificate with its signature is longer than this, even one of an elliptic curve, compressed or a bare key. */
const CERTIFICATE = 100;

/** What a flight is by its first record and the number of all; the last one has the size of a Finished. */
export function flightShape(
  first: number,
  records: number,
  suite: number,
): ClientFlightFact['shape'] | undefined {
  if (first === finishedLength13(suite)) return records === 1 ? 'finished' : undefined;
  if (records === 1)
    return first === finishedLength13(suite, true) ? 'empty-certificate' : undefined;
  if (records === 2 && first === emptyCertificateLength13(suite)) return 'empty-certificate';
  return first >= CERTIFICATE ? 'certificate' : undefined;
}
