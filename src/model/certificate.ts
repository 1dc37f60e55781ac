import type { Nanos } from './time.ts';

/** A certificate as a side showed it in the clear, and how it stands to the handshake. */
export interface CertificateFact {
  readonly subject: string;
  readonly issuer: string;
  /** SHA-256 over its octets, in hexadecimal. */
  readonly fingerprint: string;
  /** Names and addresses it is good for, as its alternative names or else its subject say. */
  readonly names: readonly string[];
  /** Dates, RFC 3339 in UTC without a fraction. */
  readonly notBefore: string;
  readonly notAfter: string;
  /** How long it had been expired at the time of the capture; negative while it was valid. */
  readonly sinceNotAfter: Nanos;
  /** How long it was still to become valid; negative from then on. */
  readonly untilNotBefore: Nanos;
  /** Subject and issuer are the same. */
  readonly isSelfIssued: boolean;
  /**
   * Place in the list of the certificate that can have issued this one; -1 where it was not sent, undefined where it may
   * be behind what was read of the list.
   */
  readonly issuedBy: number | undefined;
  /** `rsa`, `ec`, `ed25519`, …; and the size of an RSA or DSA key. */
  readonly keyType: string | undefined;
  readonly keyBits: number | undefined;
  /** Is it good for the server name that the client asked for? Undefined where it asked for none. */
  readonly matchesName: boolean | undefined;
}

/** The first certificate of a list, or the list itself, that nobody can parse. */
export interface MalformedCertificate {
  /** Place in the list, from 1; 0 for the list. */
  readonly place: number;
  /** Octets of the certificate, or of the message without its header. */
  readonly octets: number;
  /**
   * `past-end`: an element states more octets than there are in what holds it. `cut`: what is left is too short for an
   * element. `behind`: octets follow the certificate. `no-sequence`: its first octet is that of no certificate.
   * `unparsed`: its elements fit into each other, and it cannot be read all the same.
   */
  readonly fault: 'past-end' | 'cut' | 'behind' | 'no-sequence' | 'unparsed';
  /** Where in the certificate, or in the message, that is; from 0. */
  readonly offset: number;
  readonly stated: number;
  readonly left: number;
}

/** What a server said about the client certificates that it takes, up to TLS 1.2, and what the client sent. */
export interface AuthoritiesFact {
  /** Names in certificate_authorities, in order; none means that every issuer will do (RFC 5246 §7.4.4). */
  readonly names: readonly string[];
  /** One of them issued, or is the subject of, a certificate that the client sent; undefined where some cannot be read. */
  readonly fits: boolean | undefined;
}
