/**
 * A wire for the transport stage: segments in, events out. What the stage tells is written as text, one line for each
 * call, so that a test reads like a list: `c "abc" @3` are three octets of the client that packet 3 carried.
 */

import type { CaptureNotice } from '../../src/model/notice.ts';
import type { Side, TcpConnectionView } from '../../src/model/stream.ts';
import type { TcpFacts } from '../../src/model/tcp-facts.ts';
import type { TransportCursor } from '../../src/model/transport-cursor.ts';
import { Clock } from '../../src/transport/clock.ts';
import { FlowTable } from '../../src/transport/flow-table.ts';
import { Tcp } from '../../src/transport/tcp.ts';

export const FLAG = { fin: 1, syn: 2, rst: 4, psh: 8, ack: 16 } as const;

export interface Node {
  /** Four or sixteen octets. */
  readonly address: readonly number[];
  readonly port: number;
}

export interface Segment {
  readonly from: Node;
  readonly to: Node;
  readonly sequence: number;
  readonly acknowledgement?: number;
  readonly flags: number;
  readonly payload?: string;
  /** Octets of payload on the wire, if more than were captured. */
  readonly wire?: number;
  readonly window?: number;
  readonly protocol?: number;
  /** Octets of TCP options. */
  readonly options?: readonly number[];
  readonly hopLimit?: number;
  /** Seconds since the beginning of the capture. */
  readonly at?: number;
}

type More = Partial<
  Pick<Segment, 'wire' | 'window' | 'at' | 'payload' | 'flags' | 'options' | 'hopLimit'>
> & {
  readonly ack?: number;
};

/** Writes the segments of one end of a connection. */
export function end(from: Node, to: Node) {
  const segment = (flags: number, sequence: number, { ack, ...more }: More = {}): Segment => ({
    from,
    to,
    sequence,
    flags: flags | (ack === undefined ? 0 : FLAG.ack),
    ...(ack === undefined ? {} : { acknowledgement: ack }),
    ...more,
  });
  return {
    syn: (sequence: number, more?: More) => segment(FLAG.syn, sequence, more),
    /** With an `ack` it is a SYN-ACK too; this one has it always. */
    synAck: (sequence: number, ack: number, more?: More) =>
      segment(FLAG.syn, sequence, { ack, ...more }),
    data: (sequence: number, payload: string, more?: More) =>
      segment(FLAG.ack, sequence, { payload, ...more }),
    ack: (sequence: number, ack: number, more?: More) => segment(0, sequence, { ack, ...more }),
    fin: (sequence: number, more?: More) => segment(FLAG.fin | FLAG.ack, sequence, more),
    rst: (sequence: number, more?: More) => segment(FLAG.rst, sequence, more),
  };
}

export const CLIENT: Node = { address: [10, 0, 0, 1], port: 40_000 };
export const SERVER: Node = { address: [10, 0, 0, 2], port: 443 };
export const c = end(CLIENT, SERVER);
export const s = end(SERVER, CLIENT);

/** What was said of one connection when it became final. */
export interface Final {
  readonly stream: number;
  readonly row: number;
  readonly endpoints: readonly [string, string];
  readonly first: number;
  readonly last: number;
  readonly initiator: Side | undefined;
  readonly synTransmissions: number;
  readonly lastSyn: number | undefined;
  readonly isEnded: boolean;
  readonly segmentSize: number;
  /** With the client as the lower endpoint. */
  readonly facts: TcpFacts;
}

export class Wire {
  /** One line for each call of the sinks. */
  readonly events: string[] = [];
  readonly finals: Final[] = [];
  readonly notices: CaptureNotice[] = [];
  /** What was delivered of each stream, side by side, gaps as dots. */
  readonly texts = new Map<number, [string, string]>();
  readonly tcp: Tcp;
  private readonly flows = new FlowTable();
  private packets = 0;
  private readonly names: readonly Node[];

  /** @param names the clients; octets of others are the server's, and there the line begins with `s` */
  constructor(names: readonly Node[] = [CLIENT]) {
    this.names = names;
    this.tcp = new Tcp(
      this.flows,
      new Clock(),
      {
        octets: (row, side, bytes, start, end, packet) => {
          const text = Buffer.from(bytes.subarray(start, end)).toString('latin1');
          this.events.push(`${this.who(row, side)} "${text}" @${packet}`);
          this.add(row, side, text);
        },
        gap: (row, side, length, packet) => {
          this.events.push(`${this.who(row, side)} gap ${length} @${packet}`);
          this.add(row, side, '.'.repeat(Math.min(length, 1e6)));
        },
        final: (view) => {
          this.events.push(`final ${view.stream}`);
          this.finals.push(copied(view));
        },
      },
      {
        notice: (notice) => {
          this.notices.push(notice);
          this.events.push(`! ${notice.code} @${notice.packetNumber}`);
        },
      },
    );
  }

  send(...segments: readonly Segment[]): this {
    for (const segment of segments) this.pass(segment, (t) => this.tcp.segment(t));
    return this;
  }

  quote(segment: Segment): this {
    this.pass(segment, (t) => this.tcp.quoted(t));
    return this;
  }

  end(): this {
    this.tcp.end();
    return this;
  }

  private pass(segment: Segment, take: (t: TransportCursor) => void): void {
    const t = cursorOf(segment, ++this.packets);
    take(t);
    // Nothing may keep a view of the packet.
    t.bytes.fill(0xee);
  }

  private add(row: number, side: Side, text: string): void {
    const { stream } = this.tcp.placeOf(row);
    const texts = this.texts.get(stream) ?? ['', ''];
    texts[side] += text;
    this.texts.set(stream, texts);
  }

  private who(row: number, side: Side): string {
    const { address, port } = this.flows.endpoint(this.tcp.placeOf(row).flow, side);
    const index = this.names.findIndex(
      (node) => node.port === port && node.address.join('.') === address,
    );
    return index < 0 ? 's' : index === 0 ? 'c' : `c${index}`;
  }
}

/** Everything told about the segments, without the `final` lines of an end that is not asked for. */
export function told(segments: readonly Segment[], end = false): string[] {
  const wire = new Wire().send(...segments);
  return (end ? wire.end() : wire).events;
}

/** What one direction delivered, gaps as dots. */
export function stream(events: readonly string[], who: string): string {
  let text = '';
  for (const event of events) {
    const octets = event.match(/^(\S+) "(.*)" @\d+$/s);
    const gap = event.match(/^(\S+) gap (\d+) @\d+$/);
    if (octets?.[1] === who) text += octets[2];
    if (gap?.[1] === who) text += '.'.repeat(Number(gap[2]));
  }
  return text;
}

export function cursorOf(segment: Segment, packetNumber: number): TransportCursor {
  const { from, to, payload = '', at = 0, options = [] } = segment;
  const captured = Buffer.from(payload, 'latin1');
  const width = from.address.length;
  // Odd offsets, as after link headers of odd length.
  const sourceOffset = 3;
  const headerOffset = sourceOffset + 2 * width;
  const payloadOffset = headerOffset + 20 + options.length;
  const bytes = new Uint8Array(payloadOffset + captured.length);
  bytes.set(from.address, sourceOffset);
  bytes.set(to.address, sourceOffset + width);
  bytes.set(options, headerOffset + 20);
  bytes.set(captured, payloadOffset);
  const view = new DataView(bytes.buffer);
  return {
    packet: {
      bytes,
      view,
      offset: 0,
      capturedLength: bytes.length,
      originalLength: bytes.length,
      seconds: 1_700_000_000 + Math.floor(at),
      nanos: Math.round((at - Math.floor(at)) * 1e9),
      linkType: 1,
      interfaceIndex: 0,
      packetNumber,
    },
    bytes,
    view,
    protocol: segment.protocol ?? 6,
    family: width === 4 ? 4 : 6,
    sourceOffset,
    destinationOffset: sourceOffset + width,
    headerOffset,
    payloadOffset,
    payloadLength: captured.length,
    wirePayloadLength: segment.wire ?? captured.length,
    sourcePort: from.port,
    destinationPort: to.port,
    sequence: segment.sequence | 0,
    acknowledgement: (segment.acknowledgement ?? 0) | 0,
    flags: segment.flags,
    window: segment.window ?? 64_240,
    hopLimit: segment.hopLimit ?? 64,
    ipId: 0,
    fragmentPackets: undefined,
    icmpType: 0,
    icmpCode: 0,
  };
}

function copied(view: TcpConnectionView): Final {
  const name = (side: Side) => {
    const { address, port } = view.endpoint(side);
    return `${address}:${port}`;
  };
  return {
    stream: view.stream,
    row: view.row,
    endpoints: [name(0), name(1)],
    first: view.first.packet,
    last: view.last.packet,
    initiator: view.initiator,
    synTransmissions: view.synTransmissions,
    lastSyn: view.lastSyn?.packet,
    isEnded: view.isEnded,
    segmentSize: view.segmentSize,
    facts: view.facts(0),
  };
}
