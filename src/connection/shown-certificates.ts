import { readCertificates } from '../crypto/read-certificate.ts';
import type { CertificateFact } from '../model/certificate.ts';
import { CERTIFICATE } from '../model/code-points/handshake-types.ts';
import type { PerRole, Role } from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';
import { decodeCertificate } from '../tls/codec/certificate.ts';
import type { HandshakeMessages } from './unsealing/handshake-messages.ts';

/**
 * The certificates of a handshake up to TLS 1.2, where they are in the clear.
 *
 * @param now of the handshake, in seconds since 1970
 */
export function shownCertificates(
  messages: HandshakeMessages | undefined,
  serverName: string | undefined,
  now: number,
): PerRole<readonly CertificateFact[]> {
  const shown = (from: Role) => {
    const body = messages?.last(from, CERTIFICATE)?.octets.subarray(4);
    if (body === undefined) return [];
    const list = decodeCertificate(body, false).message.entries.slice(0, LIMITS.certificatesRead);
    // The name is that of the server.
    const name = from === 'server' ? serverName : undefined;
    return readCertificates(
      list.map(({ data }) => data),
      { now, serverName: name },
    );
  };
  return { client: shown('client'), server: shown('server') };
}
