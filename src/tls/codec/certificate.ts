import type { ByteReader } from '../../bytes/reader.ts';
import type { CertificateEntry, CertificateMessage } from '../../model/message.ts';
import { type Decoded, decode } from './decoded.ts';
import { readExtensionList } from './extension-list.ts';
import { readVector, readWindow } from './lists.ts';

/**
 * `Certificate`: in TLS 1.3 a context and entries with extensions, before only `ASN.1Cert certificate_list<0..2^24-1>`.
 * An entry that is cut is left out. RFC 8446 §4.4.2, RFC 5246 §7.4.2.
 */
export function decodeCertificate(body: Uint8Array, tls13: boolean): Decoded<CertificateMessage> {
  return decode(body, (r) => ({
    requestContext: tls13 ? readVector(r, 'certificate_request_context', 1) : undefined,
    entries: readEntries(readWindow(r, 'certificate_list', 3), tls13),
  }));
}

function readEntries(list: ByteReader, tls13: boolean): CertificateEntry[] {
  const entries: CertificateEntry[] = [];
  while (list.remaining > 0) {
    const data = readVector(list, 'cert_data', 3);
    const extensions = tls13 ? readExtensionList(list).extensions : [];
    if (!list.stopped) entries.push({ data, extensions });
  }
  return entries;
}
