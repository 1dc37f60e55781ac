import type { Side } from './stream.ts';
import type { Nanos } from './time.ts';

/** ContentType, RFC 8446 §5.1; 25 is tls12_cid (RFC 9146 §3), 26 that of DTLS 1.3 (RFC 9147 §7). */
export const CONTENT_TYPE = {
  changeCipherSpec: 20,
  alert: 21,
  handshake: 22,
  applicationData: 23,
  heartbeat: 24,
  tls12Cid: 25,
  ack: 26,
} as const;

/** How records of one direction of a TLS connection are to be read from now on. */
export type Protection = 'plain' | 'protected' | 'undecided';

/**
 * Takes records and messages of TLS over TCP. `row` names the TCP connection. Octets are valid until the call returns;
 * `packet` is the packet with the last octet of what is told, `firstPacket` the one with its first.
 */
export interface TlsSink {
  /** The fragment of a complete record whose content is not plaintext, before `record` tells of it; if bodies are kept. */
  sealed?(
    row: number,
    side: Side,
    contentType: number,
    version: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
    nanos: Nanos,
  ): void;
  /** The first octets recognised as TLS. */
  recognised(row: number, side: Side, packet: number, nanos: Nanos): void;
  /**
   * A complete record. `plain` tells that its content was read as plaintext. Of its fragment `bytes[start, end)` has all
   * octets, or the first 16 and behind them the last four, or the first few of one that is plain; none where the capture
   * lacks them.
   */
  record(
    row: number,
    side: Side,
    contentType: number,
    version: number,
    length: number,
    plain: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
    firstPacket: number,
    packet: number,
    nanos: Nanos,
  ): void;
  /**
   * A complete handshake message; `bytes[start, end)` is its body for hellos and NewSessionTicket, empty for others
   * unless bodies are kept.
   */
  message(
    row: number,
    side: Side,
    type: number,
    length: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
    nanos: Nanos,
  ): void;
  /**
   * Octets of a plaintext handshake record, headers of messages included, behind the messages that they complete. `begins`
   * tells that the first of them begins a message.
   */
  handshakeOctets(
    row: number,
    side: Side,
    begins: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): void;
  /** A plaintext alert. */
  alert(
    row: number,
    side: Side,
    level: number,
    description: number,
    packet: number,
    nanos: Nanos,
  ): void;
  /** @returns how the records behind this ChangeCipherSpec are to be read */
  changeCipherSpec(row: number, side: Side, packet: number, nanos: Nanos): Protection;
  /**
   * A hello in the form of SSL 2.0, two octets of length in front; `answer` is the server's, which settles that version.
   * `octets` are all of a client's, or none where some are missing.
   */
  ssl2Hello(
    row: number,
    side: Side,
    answer: boolean,
    length: number,
    octets: Uint8Array,
    packet: number,
    nanos: Nanos,
  ): void;
  /** A record of SSL 2.0 with a body of `length` octets, of which `head` are the first four or all; not the ClientHello. */
  ssl2Record(row: number, side: Side, length: number, head: Uint8Array): void;
  /** Octets where a record header is due: up to 64 of them. */
  notARecord(row: number, side: Side, octets: Uint8Array, packet: number, nanos: Nanos): void;
  /** `length` octets are missing; `boundaries` tells whether record boundaries survived. */
  lostOctets(
    row: number,
    side: Side,
    length: number,
    boundaries: boolean,
    packet: number,
    nanos: Nanos,
  ): void;
}

/** Takes DTLS records as they stand in datagrams. */
export interface DtlsSink {
  /** A datagram of DTLS records begins. */
  record(
    flow: number,
    side: Side,
    contentType: number,
    version: number,
    epoch: number,
    sequence: number,
    /** Fragment octets as the header says, and those captured: `bytes[start, end)`. */
    length: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
    nanos: Nanos,
    ipId: number,
  ): void;
  /**
   * How long is the connection id that begins at `bytes[at]`, in a record of this direction? The record does not tell
   * (RFC 9146 §4). 0 where the direction is known to have none, -1 where nothing is known.
   */
  connectionIdLength(flow: number, side: Side, bytes: Uint8Array, at: number, end: number): number;
  /** STUN or RTP (RFC 7983 §7) on a flow that carried DTLS before. */
  company(flow: number, side: Side, packet: number, nanos: Nanos): void;
  /** A record of type tls12_cid; its id stands in front of the two octets of length, which are in front of the fragment. */
  recordWithId(
    flow: number,
    side: Side,
    version: number,
    epoch: number,
    sequence: number,
    /** Octets of the id. */
    idLength: number,
    length: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
    nanos: Nanos,
    ipId: number,
  ): void;
  /**
   * A record of type tls12_cid that does not end where its datagram does or another record begins, with the id as long as
   * `connectionIdLength` said, or whose id has an unknown length. `[at, end)` is the datagram from its header on.
   *
   * @returns whether it can be said what it is
   */
  misfit(
    flow: number,
    side: Side,
    bytes: Uint8Array,
    at: number,
    end: number,
    wireEnd: number,
    packet: number,
    nanos: Nanos,
  ): void;
  /**
   * Octets at `start` that begin like a unified header of DTLS 1.3 (RFC 9147 §4); the datagram goes on to `wireEnd`.
   *
   * @returns where the record ends; 0 where the octets are none
   */
  unified(
    flow: number,
    side: Side,
    bytes: Uint8Array,
    start: number,
    end: number,
    wireEnd: number,
    packet: number,
    nanos: Nanos,
    ipId: number,
  ): number;
}
