import { TLS_1_2, tlsEquivalent } from '../../model/code-points/versions.ts';
import type { CertificateVerify } from '../../model/message.ts';
import { type Decoded, decode } from './decoded.ts';
import { readVector } from './lists.ts';

/**
 * `CertificateVerify`: the signature, with its scheme in front since TLS 1.2. RFC 8446 §4.4.3, RFC 5246 §7.4.8.
 *
 * @param version negotiated, as on the wire
 */
export function decodeCertificateVerify(
  body: Uint8Array,
  version: number,
): Decoded<CertificateVerify> {
  return decode(body, (r) => ({
    signatureScheme: tlsEquivalent(version) >= TLS_1_2 ? r.u16('algorithm') : undefined,
    signatureOctets: readVector(r, 'signature', 2).length,
  }));
}
