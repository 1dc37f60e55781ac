import { createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { toHex } from '../bytes/hex.ts';
import { LIMITS } from '../model/limits.ts';
import type { CertificateName } from '../model/signature.ts';
import { digest } from './hash.ts';

/** First octet of a `SEQUENCE` in DER. Without it, the parser would also take PEM text. */
const SEQUENCE = 0x30;

interface Certificate {
  readonly key: KeyObject | undefined;
  readonly name: CertificateName;
}

/** By fingerprint, oldest first: one server shows the same to all, and reading it takes longer than hashing it. */
const known = new Map<string, Certificate>();

/**
 * The public key of a certificate in DER, or of a `SubjectPublicKeyInfo` where raw keys were negotiated (RFC 7250 §3).
 * Undefined where it cannot be read here: nothing is known then.
 */
export function certificateKey(der: Uint8Array): KeyObject | undefined {
  return certificateOf(der).key;
}

/** What reports call a certificate: its subject, on one line, and its fingerprint. */
export function nameCertificate(der: Uint8Array): CertificateName {
  return certificateOf(der).name;
}

function certificateOf(der: Uint8Array): Certificate {
  const fingerprint = toHex(digest('sha256', der));
  const before = known.get(fingerprint);
  if (before !== undefined) return before;
  const certificate = read(der, fingerprint);
  const [oldest] = known.keys();
  if (known.size >= LIMITS.certificatesKept && oldest !== undefined) known.delete(oldest);
  known.set(fingerprint, certificate);
  return certificate;
}

function read(der: Uint8Array, fingerprint: string): Certificate {
  const nameless = { subject: undefined, fingerprint };
  if (der[0] !== SEQUENCE) return { key: undefined, name: nameless };
  const certificate = parsed(() => new X509Certificate(der));
  if (certificate === undefined) return { key: parsed(() => rawKey(der)), name: nameless };
  const subject = certificate.subject?.split('\n').join(', ');
  return { key: parsed(() => certificate.publicKey), name: { subject, fingerprint } };
}

function rawKey(der: Uint8Array): KeyObject {
  return createPublicKey({ key: Buffer.from(der), format: 'der', type: 'spki' });
}

/** What cannot be read is unknown, whatever the parser says about it. */
function parsed<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch {
    return undefined;
  }
}
