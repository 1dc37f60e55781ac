import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { toHex } from '../bytes/hex.ts';
import type { CertificateName } from '../model/signature.ts';
import { digest } from './hash.ts';

/** First octet of a `SEQUENCE` in DER. Without it, the parser would also take PEM text. */
const SEQUENCE = 0x30;

/**
 * The public key of a certificate in DER, or of a `SubjectPublicKeyInfo` where raw keys were negotiated (RFC 7250 §3).
 * Undefined where it cannot be read here: nothing is known then.
 */
export function certificateKey(der: Uint8Array): KeyObject | undefined {
  if (der[0] !== SEQUENCE) return undefined;
  try {
    return new X509Certificate(der).publicKey;
  } catch {
    return rawKey(der);
  }
}

/** What reports call a certificate: its subject, on one line, and its fingerprint. */
export function nameCertificate(der: Uint8Array): CertificateName {
  return { subject: subjectOf(der), fingerprint: toHex(digest('sha256', der)) };
}

function subjectOf(der: Uint8Array): string | undefined {
  try {
    return new X509Certificate(der).subject?.split('\n').join(', ');
  } catch {
    return undefined;
  }
}

function rawKey(der: Uint8Array): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}
