import type { At, Endpoint } from './history.ts';
import type { FormerConnection } from './incarnation.ts';
import type { TcpFacts } from './tcp-facts.ts';
import type { Nanos } from './time.ts';

/** Side 0 or 1 of a flow, by rank of the endpoint; a role (client, server) is decided later and from other evidence. */
export type Side = 0 | 1;
export const otherSide = (side: Side): Side => (side === 0 ? 1 : 0);

/**
 * What one TCP connection (incarnation) shows. One object serves all connections: it speaks about the one it was last
 * asked for, and what it returns is built when asked for.
 */
export interface TcpConnectionView {
  /** Row number, unique among the connections that are not final. */
  readonly row: number;
  readonly flow: number;
  readonly stream: number;
  endpoint(side: Side): Endpoint;
  address(side: Side): string;
  port(side: Side): number;
  readonly first: At;
  readonly last: At;
  /** Side of the first SYN without ACK, or that a SYN-ACK answers; undefined where none was captured. */
  readonly initiator: Side | undefined;
  readonly syn: At | undefined;
  readonly lastSyn: At | undefined;
  readonly synTransmissions: number;
  readonly synAck: At | undefined;
  /** Packet of the FIN or RST that ended this direction first: negative for a RST, 0 for neither. */
  endPacket(side: Side): number;
  fin(side: Side): At | undefined;
  rst(side: Side): At | undefined;
  /** Its RST answers a SYN: it acknowledges, and has the number 0, which no connection gave it. RFC 9293 §3.5.2. */
  refuses(side: Side): boolean;
  /** Payload octets delivered in order. */
  octets(side: Side): number;
  lastData(side: Side): At | undefined;
  lastDataAcknowledged(side: Side): At | undefined;
  /** Was any payload of this side captured, or its end? A SYN-ACK alone does not show that it was silent. */
  isHeard(side: Side): boolean;
  /** The smaller of the segment sizes that the two SYNs ask for; 0 where one of them does not, or was not captured. */
  readonly segmentSize: number;
  /** A FIN or RST was captured. */
  readonly isEnded: boolean;
  /** The first of them; infinite if there was none. */
  readonly endNanos: Nanos;
  /** A RST was captured; who sent the first FIN. */
  readonly isReset: boolean;
  /** Octets are missing because the snap length cut packets; because packets are not in the capture. */
  readonly isCut: boolean;
  readonly isHoled: boolean;
  /** As in `TcpFacts`. */
  readonly isOrderUnknown: boolean;
  readonly isBehindAnswer: boolean;
  /** There is something that few connections have: a conflict, a connection before it, a SYN that was challenged, … */
  readonly isRemarkable: boolean;
  /** As in `TcpFacts`, with sides. */
  readonly former:
    | (Omit<FormerConnection, 'closedFirst'> & { closedFirst: Side | undefined })
    | undefined;
  readonly challenge: (At & { readonly side: Side; readonly reset: At | undefined }) | undefined;
  readonly firstFinSide: Side | undefined;
  facts(client: Side): TcpFacts;
}

/** Takes what the TCP stage finds. `row` names a connection until `final` was called for it. */
export interface StreamSink {
  /** The next octets of one direction: `bytes[start, end)`, valid until the call returns. */
  octets(
    row: number,
    side: Side,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
    nanos: Nanos,
  ): void;
  /** `length` octets of one direction are missing from the capture; what follows continues behind them. */
  gap(row: number, side: Side, length: number, packet: number, nanos: Nanos): void;
  /** Nothing has come for a while, and nothing may come for long: what is kept may be put away. */
  quiet?(row: number): void;
  /** Nothing more will come. The row is free for another connection when the call returns. */
  final(connection: TcpConnectionView): void;
}

/** Takes datagrams. `flow` is dense over all UDP 5-tuples, `bytes[start, end)` valid until the call returns. */
export interface DatagramSink {
  datagram(
    flow: number,
    side: Side,
    bytes: Uint8Array,
    start: number,
    end: number,
    /** Octets of the datagram on the wire; larger than `end - start` where the capture cut it. */
    wireLength: number,
    packet: number,
    nanos: Nanos,
    /** IPv4 identification, 0 for IPv6. */
    ipId: number,
  ): void;
  /** The first IP fragment of a datagram of a flow that is known; the others may never come. */
  firstFragment?(flow: number, side: Side, wireLength: number, packet: number, nanos: Nanos): void;
  /** The datagram that was just given had been in IP fragments, the first of them in packet `first`. */
  wasFragmented?(
    flow: number,
    side: Side,
    first: number,
    wireLength: number,
    packet: number,
    nanos: Nanos,
  ): void;
  /** ICMP said that nobody listens where `side` sent a datagram of this flow. */
  portUnreachable(flow: number, side: Side, packet: number, nanos: Nanos): void;
}

/** Takes the datagrams that a TCP connection carries in frames; octets are valid until the call returns. */
export interface FramedSink {
  framed(
    row: number,
    side: Side,
    bytes: Uint8Array,
    start: number,
    end: number,
    /** The packet with its last octet. */
    packet: number,
    nanos: Nanos,
  ): void;
}

/**
 * Takes datagrams of QUIC with a long header (RFC 8999 §5.1). Octets are valid until the call returns.
 */
export interface QuicSink {
  /** @returns whether it is one: a fixed bit pattern, a version that is known, lengths that agree */
  longHeader(
    flow: number,
    side: Side,
    bytes: Uint8Array,
    start: number,
    end: number,
    wireLength: number,
    packet: number,
    nanos: Nanos,
  ): boolean;
}

/** Conversations that others carry: flows without endpoints of their own. */
export interface InnerFlows {
  /** @returns a flow with the endpoints and stream number of `outer`, which no packet is ever found for */
  addInner(outer: number): number;
}

/** The endpoints of flows, TCP or UDP, as long as they are not forgotten. */
export interface FlowDirectory {
  /** Wireshark's number of the 5-tuple, that of the outer one for a conversation that is carried by another. */
  streamOf(flow: number): number;
  /** Is that the number of a TCP stream, for datagrams that TCP carries? */
  isOverTcp(flow: number): boolean;
  endpoint(flow: number, side: Side): Endpoint;
  address(flow: number, side: Side): string;
  port(flow: number, side: Side): number;
  /** The same for the same endpoint, cheaper than its text. */
  endpointKey(flow: number, side: Side): number | string;
  /** Nothing is asked any more: lets go of all. */
  close?(): void;
}
