import type { DatagramSink, Side } from '../model/stream.ts';
import type { TransportCursor } from '../model/transport-cursor.ts';
import type { Clock } from './clock.ts';
import { FlowTable } from './flow-table.ts';

/** UDP: datagrams by 5-tuple. The flow number is Wireshark's `udp.stream`. */
export class Udp {
  readonly flows = new FlowTable();
  private readonly clock: Clock;
  private readonly sink: DatagramSink;

  constructor(clock: Clock, sink: DatagramSink) {
    this.clock = clock;
    this.sink = sink;
  }

  /** UDP flows so far, as Wireshark counts them. */
  get streams(): number {
    return this.flows.streams;
  }

  datagram(t: TransportCursor): void {
    const found = this.flows.find(t);
    const nanos = this.clock.nanos(t.packet);
    const start = t.payloadOffset;
    this.sink.datagram(
      found >> 1,
      (found & 1) as Side,
      t.bytes,
      start,
      start + t.payloadLength,
      t.wirePayloadLength,
      t.packet.packetNumber,
      nanos,
      t.ipId,
    );
  }

  /** The datagram that was just given came in IP fragments. */
  joined(t: TransportCursor): void {
    const found = this.flows.known(t);
    const first = t.fragmentPackets?.[0];
    if (found < 0 || first === undefined) return;
    this.sink.wasFragmented?.(
      found >> 1,
      (found & 1) as Side,
      first,
      t.wirePayloadLength,
      t.packet.packetNumber,
      this.clock.nanos(t.packet),
    );
  }

  /** The cursor holds the beginning of a datagram, the rest of which may never come. */
  fragment(t: TransportCursor): void {
    const found = this.flows.known(t);
    if (found < 0) return;
    this.sink.firstFragment?.(
      found >> 1,
      (found & 1) as Side,
      t.wirePayloadLength,
      t.packet.packetNumber,
      this.clock.nanos(t.packet),
    );
  }

  /** An ICMP error quotes a datagram: Wireshark numbers its flow, seen before or not. */
  quoted(t: TransportCursor): void {
    this.flows.find(t);
  }

  /** The cursor holds the endpoints of the quoted datagram. */
  portUnreachable(t: TransportCursor): void {
    const found = this.flows.find(t);
    this.sink.portUnreachable(
      found >> 1,
      (found & 1) as Side,
      t.packet.packetNumber,
      this.clock.nanos(t.packet),
    );
  }
}
