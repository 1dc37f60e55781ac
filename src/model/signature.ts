import type { Explanation } from './decryption.ts';
import type { At, Role } from './place.ts';

/** A signature of the handshake, verified under the certificate that its sender showed: up to TLS 1.2 without any secret. */
export interface SignatureCheck extends At {
  readonly from: Role;
  /** `server_key_exchange` or `certificate_verify`. */
  readonly type: number;
  /** `not-comparable`: this machine cannot verify it, or the key cannot be read. */
  readonly verdict: 'verified' | 'wrong' | 'not-comparable';
  /** The mistake that makes this signature, if it is wrong and one does. */
  readonly explanation: Explanation | undefined;
  /** Ids of the mistakes that were tried in vain. */
  readonly excluded: readonly string[];
  /** `SignatureScheme`; undefined up to TLS 1.1, which names none. */
  readonly scheme: number | undefined;
  readonly certificate: CertificateName;
}

/** Which certificate it is. */
export interface CertificateName {
  /** Distinguished name; undefined for a raw public key. */
  readonly subject: string | undefined;
  /** SHA-256 over its octets, in hexadecimal. */
  readonly fingerprint: string;
}
