/** An extension as it stood on the wire. `data` is a detached copy or a view valid as long as its message. */
export interface Extension {
  readonly type: number;
  readonly data: Uint8Array;
}

/** `ClientHello`, RFC 8446 §4.1.2, RFC 5246 §7.4.1.2, RFC 6347 §4.2.1. */
export interface ClientHello {
  readonly legacyVersion: number;
  readonly random: Uint8Array;
  readonly sessionId: Uint8Array;
  /** DTLS only; undefined in TLS. */
  readonly cookie: Uint8Array | undefined;
  readonly cipherSuites: readonly number[];
  readonly compressionMethods: readonly number[];
  readonly extensions: readonly Extension[];
  readonly serverName: string | undefined;
  readonly alpn: readonly string[];
  /** From supported_versions, else the legacy version; wire values, GREASE left out. */
  readonly versions: readonly number[];
  readonly supportedGroups: readonly number[];
  readonly signatureAlgorithms: readonly number[];
  readonly keyShareGroups: readonly number[];
  /** From pre_shared_key, TLS 1.3. */
  readonly pskIdentities: readonly PskIdentity[];
}

/** `PskIdentity`, RFC 8446 §4.2.11. */
export interface PskIdentity {
  readonly identity: Uint8Array;
  /** Milliseconds, offset by the ticket's `ticket_age_add`; 0 for an external key. */
  readonly obfuscatedTicketAge: number;
}

/** `ServerHello` and HelloRetryRequest, RFC 8446 §4.1.3. */
export interface ServerHello {
  readonly legacyVersion: number;
  readonly random: Uint8Array;
  readonly sessionId: Uint8Array;
  readonly cipherSuite: number;
  readonly compressionMethod: number;
  readonly extensions: readonly Extension[];
  /** From supported_versions, else the legacy version; wire value. */
  readonly version: number;
  readonly alpn: string | undefined;
  readonly helloRetryRequest: boolean;
  readonly keyShareGroup: number | undefined;
  readonly selectedPsk: number | undefined;
}

/** `HelloVerifyRequest`, RFC 6347 §4.2.1. */
export interface HelloVerifyRequest {
  readonly version: number;
  readonly cookie: Uint8Array;
}

/** `Certificate`. TLS ≤ 1.2: RFC 5246 §7.4.2, without context and extensions. TLS 1.3: RFC 8446 §4.4.2. */
export interface CertificateMessage {
  /** TLS 1.3 only. Empty except after the handshake. */
  readonly requestContext: Uint8Array | undefined;
  /** The sender's own certificate first. */
  readonly entries: readonly CertificateEntry[];
}

/** One certificate of a chain. RFC 8446 §4.4.2. */
export interface CertificateEntry {
  /** DER, or a SubjectPublicKeyInfo where raw public keys were negotiated. Not empty in honest messages. */
  readonly data: Uint8Array;
  readonly extensions: readonly Extension[];
}

/** `ServerKeyExchange` as far as its key exchange is known. RFC 5246 §7.4.3, RFC 8422 §5.4, RFC 4279 §2. */
export interface ServerKeyExchange {
  /** `psk_identity_hint`; undefined where the key exchange has none. */
  readonly pskIdentityHint: Uint8Array | undefined;
  /** ECDHE: `ECCurveType`, 3 for a named curve. */
  readonly curveType: number | undefined;
  readonly namedGroup: number | undefined;
  /** DHE and SRP: octets of the prime; export RSA: of the modulus. */
  readonly modulusOctets: number | undefined;
  /** Octets of the server's public value. */
  readonly publicKeyOctets: number | undefined;
  /** TLS 1.2 only. */
  readonly signatureScheme: number | undefined;
  /** Undefined where the parameters are not signed. */
  readonly signatureOctets: number | undefined;
}

/** `ClientKeyExchange` as far as its key exchange is known. RFC 5246 §7.4.7, RFC 8422 §5.7, RFC 4279 §2. */
export interface ClientKeyExchange {
  readonly pskIdentity: Uint8Array | undefined;
  /** RSA: octets of the encrypted premaster secret. */
  readonly encryptedPremasterOctets: number | undefined;
  /** DHE, ECDHE: octets of the client's public value; 0 if it is in the client's certificate. */
  readonly publicKeyOctets: number | undefined;
}

/** `CertificateRequest`. TLS ≤ 1.2: RFC 5246 §7.4.4. TLS 1.3: RFC 8446 §4.3.2. */
export interface CertificateRequest {
  /** TLS 1.3 only. */
  readonly requestContext: Uint8Array | undefined;
  /** `ClientCertificateType`, TLS ≤ 1.2 only. */
  readonly certificateTypes: readonly number[];
  /** TLS ≥ 1.2; in TLS 1.3 from the extension. */
  readonly signatureAlgorithms: readonly number[];
  /** DER of each `DistinguishedName`; in TLS 1.3 from the extension. */
  readonly authorities: readonly Uint8Array[];
  /** TLS 1.3 only. */
  readonly extensions: readonly Extension[];
}

/** `CertificateVerify`. RFC 5246 §7.4.8, RFC 8446 §4.4.3. */
export interface CertificateVerify {
  /** TLS ≥ 1.2. */
  readonly signatureScheme: number | undefined;
  readonly signatureOctets: number;
}

/** `NewSessionTicket`. TLS ≤ 1.2: RFC 5077 §3.3. TLS 1.3: RFC 8446 §4.6.1. */
export interface NewSessionTicket {
  /** Seconds. */
  readonly lifetime: number;
  readonly ticket: Uint8Array;
  /** TLS 1.3 only. */
  readonly ageAdd: number | undefined;
  readonly nonce: Uint8Array | undefined;
  readonly extensions: readonly Extension[];
}

/** `Alert`. RFC 8446 §6. */
export interface Alert {
  readonly level: number;
  readonly description: number;
}

/** `RecordNumber`. RFC 9147 §4. */
export interface RecordNumber {
  readonly epoch: number;
  readonly sequence: number;
}

/** `ACK`, which has a content type of its own. RFC 9147 §7. */
export interface Ack {
  readonly recordNumbers: readonly RecordNumber[];
}

/** `NewConnectionId`. RFC 9147 §9. */
export interface NewConnectionId {
  readonly cids: readonly Uint8Array[];
  /** `ConnectionIdUsage`: 0 to be used at once, 1 spare. */
  readonly usage: number;
}
