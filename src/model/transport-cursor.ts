import type { PacketCursor } from './packet.ts';

/** IP protocol numbers of the transports that are followed. */
export const TCP = 6;
export const UDP = 17;

/**
 * The transport header that the decoder stands on: one object, reused for every header. Valid until the sink returns;
 * nothing may keep it, `bytes` or `view`. All offsets are into `bytes`.
 *
 * All numbers are small integers, so that writing them allocates nothing: 32-bit fields are signed.
 */
export interface TransportCursor {
  /** The packet that carries the header; of a reassembled IP packet, the one that completed it. */
  packet: PacketCursor;
  /** The block the packet lies in, or the buffer of an IP reassembly. Holds the addresses too. */
  bytes: Uint8Array;
  view: DataView;
  /** What the ports belong to: `TCP` or `UDP`; in a quote, the protocol of the quoted header. */
  protocol: number;
  /** IP version of the addresses: 4 or 6, hence 4 or 16 octets at each of the two offsets. */
  family: number;
  sourceOffset: number;
  destinationOffset: number;
  headerOffset: number;
  payloadOffset: number;
  /** Octets of the payload that were captured. */
  payloadLength: number;
  /**
   * Octets of the payload on the wire, as the IP and UDP lengths say. More than `payloadLength` when the packet was cut
   * (by the snap length, or because it is a fragment that could not be put together).
   */
  wirePayloadLength: number;
  sourcePort: number;
  destinationPort: number;

  /** TCP only, stale otherwise; sequence numbers as signed 32-bit integers. */
  sequence: number;
  acknowledgement: number;
  /** The control bits from CWR (0x80) to FIN (0x01), RFC 9293 §3.1: SYN 0x02, RST 0x04, PSH 0x08, ACK 0x10. */
  flags: number;
  /** As on the wire, not scaled. */
  window: number;

  /** TTL or hop limit of the innermost IP header. */
  hopLimit: number;
  /** IPv4 identification; 0 for IPv6. */
  ipId: number;
  /** Numbers of the packets that the innermost IP reassembly was made of, ascending by offset; undefined mostly. */
  fragmentPackets: Int32Array | undefined;

  /** Quotes only: type and code of the ICMP or ICMPv6 message. */
  icmpType: number;
  icmpCode: number;
}

/** Takes transport headers as the decoder finds them, outer ones before those they carry. */
export interface TransportSink {
  tcp(cursor: TransportCursor): void;
  udp(cursor: TransportCursor): void;
  /**
   * The first IP fragment of a UDP datagram, while others are not there. Once they are, `udp` takes the whole datagram,
   * with the number of this packet first in `fragmentPackets`.
   */
  udpFragment?(cursor: TransportCursor): void;
  /** The datagram that `udp` just took had been in IP fragments. */
  udpJoined?(cursor: TransportCursor): void;
  /**
   * An ICMP or ICMPv6 Destination Unreachable message that quotes a TCP or UDP header. Addresses and ports are those
   * of the quoted packet, source to destination as it was sent; there is no payload, and of a TCP header only the ports
   * and the sequence number are known (RFC 792 quotes 8 octets).
   */
  icmpUnreachable?(cursor: TransportCursor): void;
  /** The same for the other error messages (time exceeded, packet too big, ...); they count in stream numbers. */
  icmpQuote?(cursor: TransportCursor): void;
}
