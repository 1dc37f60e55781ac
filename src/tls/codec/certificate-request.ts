import type { ByteReader } from '../../bytes/reader.ts';
import {
  CERTIFICATE_AUTHORITIES,
  SIGNATURE_ALGORITHMS,
} from '../../model/code-points/extensions.ts';
import { TLS_1_2, TLS_1_3, tlsEquivalent } from '../../model/code-points/versions.ts';
import type { CertificateRequest } from '../../model/message.ts';
import { type Decoded, decode } from './decoded.ts';
import { readAuthorities, readSignatureSchemes } from './extension/code-lists.ts';
import { readExtensionList } from './extension-list.ts';
import { readVector } from './lists.ts';

/**
 * `CertificateRequest`, whose form changed with TLS 1.2 and again with TLS 1.3. RFC 8446 §4.3.2, RFC 5246 §7.4.4,
 * RFC 4346 §7.4.4.
 *
 * @param version negotiated, as on the wire
 */
export function decodeCertificateRequest(
  body: Uint8Array,
  version: number,
): Decoded<CertificateRequest> {
  const tls = tlsEquivalent(version);
  if (tls >= TLS_1_3) return decode(body, readWithExtensions);
  return decode(body, (r) => ({
    requestContext: undefined,
    certificateTypes: [...readVector(r, 'certificate_types', 1)],
    signatureAlgorithms: tls === TLS_1_2 ? readSignatureSchemes(r) : [],
    authorities: readAuthorities(r),
    extensions: [],
  }));
}

function readWithExtensions(r: ByteReader): CertificateRequest {
  const requestContext = readVector(r, 'certificate_request_context', 1);
  const { extensions, bodies } = readExtensionList(r);
  const schemes = bodies.get(SIGNATURE_ALGORITHMS);
  const authorities = bodies.get(CERTIFICATE_AUTHORITIES);
  return {
    requestContext,
    certificateTypes: [],
    signatureAlgorithms: schemes === undefined ? [] : readSignatureSchemes(schemes),
    authorities: authorities === undefined ? [] : readAuthorities(authorities),
    extensions,
  };
}
