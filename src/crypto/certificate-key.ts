import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';

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

function rawKey(der: Uint8Array): KeyObject | undefined {
  try {
    return createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
}
