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
