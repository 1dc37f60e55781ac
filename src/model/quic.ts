import type { Endpoint, FingerprintFacts } from './history.ts';
import type { Nanos } from './time.ts';

/**
 * What the first packets of a QUIC connection show to anybody: its Initial packets are under keys that are public (RFC
 * 9001 §5.2).
 */
export interface QuicConnection {
  /** Wireshark's `udp.stream`. */
  readonly stream: number;
  readonly client: Endpoint;
  readonly server: Endpoint;
  /** False where no Initial packet of the client opened: which side is the client is then a guess by who came first. */
  readonly rolesKnown: boolean;
  readonly firstPacket: number;
  readonly startNanos: Nanos;
  /** Of the last packet with a long header; those behind have none. */
  readonly lastPacket: number;
  readonly endNanos: Nanos;
  /** As on the wire, that of the last Initial. RFC 9000 §15. */
  readonly version: number;
  readonly clientHello: QuicHello | undefined;
  /** The server's choice; undefined without its ServerHello. */
  readonly fingerprints: FingerprintFacts;
  readonly cipherSuite: number | undefined;
  readonly tlsVersion: number | undefined;
}

/** The ClientHello, all of it in one; lists in the order of the wire, GREASE included but for the versions. */
export interface QuicHello {
  readonly serverName: string | undefined;
  readonly alpn: readonly string[];
  /** It carries encrypted_client_hello, real or GREASE: the name may be for show. RFC 9849 §5. */
  readonly offersEncryptedHello: boolean;
  readonly versions: readonly number[];
  readonly random: Uint8Array;
  readonly cipherSuites: readonly number[];
  readonly extensions: readonly number[];
  readonly supportedGroups: readonly number[];
  readonly signatureAlgorithms: readonly number[];
}

/** QUIC connections of a run: named, not analysed. */
export interface QuicResult {
  readonly connections: readonly QuicConnection[];
  /** 5-tuples with QUIC beyond `LIMITS.quicConnections`. */
  readonly omitted: number;
}
