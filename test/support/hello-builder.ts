/**
 * Writes TLS and DTLS structures for tests. It shares no code with the decoders, so that a mistake in one is not
 * mirrored by the other, and it writes whatever it is told: wrong versions, wrong orders, duplicate extensions.
 */

export type Octets = Uint8Array;

export interface ExtensionSpec {
  readonly type: number;
  readonly data?: Octets;
}

export interface ClientHelloSpec {
  readonly version?: number;
  readonly random?: Octets;
  readonly sessionId?: Octets;
  /** Written for DTLS only, as are all ClientHellos for which it is given; empty in a first flight. */
  readonly cookie?: Octets;
  readonly cipherSuites?: readonly number[];
  readonly compressionMethods?: readonly number[];
  /** `undefined` leaves the whole block out. */
  readonly extensions?: readonly ExtensionSpec[] | undefined;
}

export interface ServerHelloSpec {
  readonly version?: number;
  readonly random?: Octets;
  /** `null`, with `compressionMethod`, gives the short form of TLS 1.3 drafts up to 21. */
  readonly sessionId?: Octets | null;
  readonly cipherSuite?: number;
  readonly compressionMethod?: number | null;
  readonly extensions?: readonly ExtensionSpec[] | undefined;
}

/** Body of a ClientHello, without handshake header. RFC 8446 §4.1.2, RFC 6347 §4.2.1. */
export function clientHello(spec: ClientHelloSpec = {}): Octets {
  return concat(
    u16(spec.version ?? 0x0303),
    spec.random ?? filled(32, 0xc1),
    vector(1, spec.sessionId ?? new Uint8Array(0)),
    spec.cookie === undefined ? new Uint8Array(0) : vector(1, spec.cookie),
    vector(2, ...(spec.cipherSuites ?? [0xc02f, 0x002f]).map(u16)),
    vector(1, Uint8Array.from(spec.compressionMethods ?? [0])),
    extensionBlock(spec.extensions),
  );
}

/** Body of a ServerHello, without handshake header. RFC 8446 §4.1.3, RFC 5246 §7.4.1.3. */
export function serverHello(spec: ServerHelloSpec = {}): Octets {
  const { sessionId = new Uint8Array(0), compressionMethod = 0 } = spec;
  return concat(
    u16(spec.version ?? 0x0303),
    spec.random ?? filled(32, 0x5e),
    sessionId === null ? new Uint8Array(0) : vector(1, sessionId),
    u16(spec.cipherSuite ?? 0xc02f),
    compressionMethod === null ? new Uint8Array(0) : u8(compressionMethod),
    extensionBlock(spec.extensions),
  );
}

/** Body of a HelloVerifyRequest. RFC 6347 §4.2.1. */
export function helloVerifyRequest(version: number, cookie: Octets): Octets {
  return concat(u16(version), vector(1, cookie));
}

/** `extensions<0..2^16-1>` with its length; nothing for `undefined`. */
export function extensionBlock(extensions: readonly ExtensionSpec[] | undefined): Octets {
  if (extensions === undefined) return new Uint8Array(0);
  return vector(
    2,
    ...extensions.map(({ type, data }) => concat(u16(type), vector(2, data ?? new Uint8Array(0)))),
  );
}

/** Extensions that several tests want, with well-formed bodies. */
export const ext = {
  serverName: (name: string): ExtensionSpec => ({
    type: 0,
    data: vector(2, u8(0), vector(2, ascii(name))),
  }),
  supportedGroups: (groups: readonly number[]): ExtensionSpec => ({
    type: 10,
    data: vector(2, ...groups.map(u16)),
  }),
  pointFormats: (): ExtensionSpec => ({ type: 11, data: vector(1, u8(0)) }),
  signatureAlgorithms: (schemes: readonly number[]): ExtensionSpec => ({
    type: 13,
    data: vector(2, ...schemes.map(u16)),
  }),
  alpn: (...protocols: readonly string[]): ExtensionSpec => ({
    type: 16,
    data: vector(2, ...protocols.map((name) => vector(1, ascii(name)))),
  }),
  encryptThenMac: (): ExtensionSpec => ({ type: 22 }),
  extendedMasterSecret: (): ExtensionSpec => ({ type: 23 }),
  sessionTicket: (ticket: Octets = new Uint8Array(0)): ExtensionSpec => ({
    type: 35,
    data: ticket,
  }),
  /** ClientHello's form, one identity; an age of 0 is that of a key that no ticket brought. */
  offeredPsk: (identity: string, ticketAge = 0): ExtensionSpec => ({
    type: 41,
    data: concat(
      vector(2, vector(2, ascii(identity)), uint(ticketAge, 4)),
      vector(2, vector(1, filled(32, 0xb1))),
    ),
  }),
  /** ServerHello's form. */
  selectedPsk: (index: number): ExtensionSpec => ({ type: 41, data: u16(index) }),
  earlyData: (): ExtensionSpec => ({ type: 42 }),
  /** ClientHello's form. */
  supportedVersions: (versions: readonly number[]): ExtensionSpec => ({
    type: 43,
    data: vector(1, ...versions.map(u16)),
  }),
  /** ServerHello's form. */
  selectedVersion: (version: number): ExtensionSpec => ({ type: 43, data: u16(version) }),
  pskModes: (modes: readonly number[]): ExtensionSpec => ({
    type: 45,
    data: vector(1, Uint8Array.from(modes)),
  }),
  /** ClientHello's form, with `octets` octets of key for each group. */
  keyShares: (groups: readonly number[], octets = 32): ExtensionSpec => ({
    type: 51,
    data: vector(2, ...groups.map((g) => concat(u16(g), vector(2, filled(octets, 0x4b))))),
  }),
  /** ServerHello's form. */
  keyShare: (group: number, octets = 32): ExtensionSpec => ({
    type: 51,
    data: concat(u16(group), vector(2, filled(octets, 0x4b))),
  }),
  /** HelloRetryRequest's form. */
  keyShareRequest: (group: number): ExtensionSpec => ({ type: 51, data: u16(group) }),
  connectionId: (id: Octets): ExtensionSpec => ({ type: 54, data: vector(1, id) }),
  renegotiationInfo: (verifyData: Octets = new Uint8Array(0)): ExtensionSpec => ({
    type: 0xff01,
    data: vector(1, verifyData),
  }),
};

/** A TLS handshake message: type, length, body. RFC 8446 §4. */
export function handshakeMessage(type: number, body: Octets): Octets {
  return concat(u8(type), vector(3, body));
}

/** A TLS record. RFC 8446 §5.1. */
export function tlsRecord(type: number, version: number, body: Octets): Octets {
  return concat(u8(type), u16(version), vector(2, body));
}

/** A DTLS record with the header of versions 1.0 and 1.2. RFC 6347 §4.1. */
export function dtlsRecord(
  type: number,
  version: number,
  epoch: number,
  sequence: number,
  body: Octets,
): Octets {
  return concat(u8(type), u16(version), u16(epoch), uint(sequence, 6), vector(2, body));
}

/** A DTLS record of type tls12_cid. RFC 9146 §4. */
export function dtlsRecordWithId(
  version: number,
  epoch: number,
  sequence: number,
  id: Octets,
  body: Octets,
): Octets {
  return concat(u8(25), u16(version), u16(epoch), uint(sequence, 6), id, vector(2, body));
}

/**
 * A DTLS handshake fragment: 12-octet header and octets `[from, from + length)` of the body; the whole body unless told
 * otherwise. RFC 6347 §4.2.2.
 */
export function dtlsFragment(
  type: number,
  messageSequence: number,
  body: Octets,
  from = 0,
  length = body.length - from,
): Octets {
  return concat(
    u8(type),
    uint(body.length, 3),
    u16(messageSequence),
    uint(from, 3),
    uint(length, 3),
    body.subarray(from, from + length),
  );
}

/** A vector with its length in `width` octets in front. */
export function vector(width: number, ...parts: readonly Octets[]): Octets {
  const content = concat(...parts);
  return concat(uint(content.length, width), content);
}

export function concat(...parts: readonly Octets[]): Octets {
  const whole = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    whole.set(part, at);
    at += part.length;
  }
  return whole;
}

/** An unsigned integer of `width` octets, network order. */
export function uint(value: number, width: number): Octets {
  const octets = new Uint8Array(width);
  for (let i = width - 1, rest = value; i >= 0; i--, rest = Math.floor(rest / 256)) {
    octets[i] = rest % 256;
  }
  return octets;
}

export const u8 = (value: number): Octets => uint(value, 1);
export const u16 = (value: number): Octets => uint(value, 2);
export const filled = (length: number, octet: number): Octets => new Uint8Array(length).fill(octet);
export const ascii = (text: string): Octets => Uint8Array.from(text, (c) => c.charCodeAt(0));
export const hex = (text: string): Octets =>
  Uint8Array.from(text.replace(/\s+/g, '').match(/../g) ?? [], (pair) => Number.parseInt(pair, 16));
