/**
 * Frames of TCP connections and UDP flows, written octet by octet: Ethernet, IPv4 or IPv6, checksums zero. Shares no
 * code with the decoders. Time is given in nanoseconds since the beginning of the capture.
 */
import {
  DEFAULT_UNITS,
  enhancedPacket,
  interfaceBlock,
  pcapFile,
  pcapngFile,
} from './capture-builder.ts';
import { concat, type Octets, u8, u16, uint } from './hello-builder.ts';

export const MS = 1_000_000;

/** The two ends of a conversation, by what they do in TLS; who opens the TCP connection is a matter of its own. */
export type Peer = 'client' | 'server';
export const otherPeer = (peer: Peer): Peer => (peer === 'client' ? 'server' : 'client');

export interface Host {
  readonly address: string;
  readonly port: number;
}

export type Hosts = Readonly<Record<Peer, Host>>;

export interface Frame {
  readonly octets: Octets;
  readonly nanos: number;
}

export const HOSTS: Hosts = {
  client: { address: '192.0.2.10', port: 40_001 },
  server: { address: '198.51.100.20', port: 443 },
};

export const UDP_HOSTS: Hosts = {
  client: { address: '192.0.2.10', port: 40_001 },
  server: { address: '198.51.100.20', port: 5684 },
};

export interface FlowOptions {
  readonly hosts?: Hosts;
  readonly startNanos?: number;
  /** Between one packet and the next. */
  readonly stepNanos?: number;
  /** First IPv4 identification; each host counts its own. */
  readonly ipId?: number;
}

/** What both transports have in common: a clock, IP identifications, frames. */
class Flow {
  readonly frames: Frame[] = [];
  readonly hosts: Hosts;
  /** When the next packet is captured. */
  nanos: number;
  private readonly stepNanos: number;
  private readonly ids: Record<Peer, number>;

  constructor(options: FlowOptions, hosts: Hosts) {
    this.hosts = options.hosts ?? hosts;
    this.nanos = options.startNanos ?? 0;
    this.stepNanos = options.stepNanos ?? MS / 5;
    const id = options.ipId ?? 0x1000;
    this.ids = { client: id, server: id + 0x4000 };
  }

  wait(nanos: number): this {
    this.nanos += nanos;
    return this;
  }

  protected put(from: Peer, protocol: number, payload: Octets): void {
    const id = this.ids[from]++ & 0xffff;
    const { [from]: source, [otherPeer(from)]: target } = this.hosts;
    this.frames.push({
      octets: ipFrame(source.address, target.address, protocol, payload, id),
      nanos: this.nanos,
    });
    this.nanos += this.stepNanos;
  }
}

export interface TcpOptions extends FlowOptions {
  /** Who sends the SYN; the TLS client unless told otherwise. */
  readonly initiator?: Peer;
  /** Sizes of the segments that octets are sent in, over and over; one segment unless given. */
  readonly segments?: readonly number[];
  /** Acknowledge every send at once; true unless told otherwise. */
  readonly acknowledge?: boolean;
  readonly initialSequence?: Readonly<Partial<Record<Peer, number>>>;
}

const FIN = 1;
const SYN = 2;
const RST = 4;
const PSH = 8;
const ACK = 16;

export class TcpFlow extends Flow {
  private readonly options: TcpOptions;
  private readonly sequence: Record<Peer, number>;
  private pieces = 0;

  constructor(options: TcpOptions = {}) {
    super(options, HOSTS);
    this.options = options;
    const { client = 1_000_000, server = 4_294_960_000 } = options.initialSequence ?? {};
    this.sequence = { client, server };
  }

  /** SYN, SYN-ACK, ACK. */
  open(): this {
    const first = this.options.initiator ?? 'client';
    const second = otherPeer(first);
    this.segment(first, SYN);
    this.sequence[first]++;
    this.segment(second, SYN | ACK);
    this.sequence[second]++;
    return this.acknowledge(first);
  }

  send(from: Peer, ...parts: readonly Octets[]): this {
    const octets = concat(...parts);
    const { segments } = this.options;
    for (let at = 0; at < octets.length; ) {
      const size = segments?.[this.pieces++ % segments.length] ?? octets.length;
      this.segment(from, PSH | ACK, octets.subarray(at, at + size));
      this.sequence[from] += Math.min(size, octets.length - at);
      at += size;
    }
    if (octets.length > 0 && this.options.acknowledge !== false) this.acknowledge(otherPeer(from));
    return this;
  }

  /** Octets that were sent and that the capture lacks. */
  skip(from: Peer, octets: number): this {
    this.sequence[from] += octets;
    return this;
  }

  acknowledge(from: Peer): this {
    this.segment(from, ACK);
    return this;
  }

  fin(from: Peer): this {
    this.segment(from, FIN | ACK);
    this.sequence[from]++;
    return this;
  }

  rst(from: Peer, withAck = true): this {
    this.segment(from, withAck ? RST | ACK : RST);
    return this;
  }

  private segment(from: Peer, flags: number, payload: Octets = new Uint8Array(0)): void {
    const to = otherPeer(from);
    const header = concat(
      u16(this.hosts[from].port),
      u16(this.hosts[to].port),
      uint(this.sequence[from] % 0x1_0000_0000, 4),
      uint(flags & ACK ? this.sequence[to] % 0x1_0000_0000 : 0, 4),
      Uint8Array.of(0x50, flags),
      u16(flags & RST ? 0 : 64_240),
      new Uint8Array(4),
    );
    this.put(from, 6, concat(header, payload));
  }
}

export class UdpFlow extends Flow {
  constructor(options: FlowOptions = {}) {
    super(options, UDP_HOSTS);
  }

  /** One datagram of all the records. */
  datagram(from: Peer, ...records: readonly Octets[]): this {
    this.put(from, 17, this.udp(from, concat(...records)));
    return this;
  }

  /** The host of `from` says that nobody listens where the other one's datagram went. */
  portUnreachable(from: Peer): this {
    const to = otherPeer(from);
    const { [from]: here, [to]: there } = this.hosts;
    const quoted = ipPacket(there.address, here.address, 17, this.udp(to, new Uint8Array(20)), 0);
    const isV6 = here.address.includes(':');
    const message = concat(isV6 ? Uint8Array.of(1, 4) : Uint8Array.of(3, 3), uint(0, 6), quoted);
    this.put(from, isV6 ? 58 : 1, message);
    return this;
  }

  private udp(from: Peer, payload: Octets): Octets {
    return concat(
      u16(this.hosts[from].port),
      u16(this.hosts[otherPeer(from)].port),
      u16(8 + payload.length),
      u16(0),
      payload,
    );
  }
}

/** An Ethernet frame that belongs to no flow: gratuitous ARP. It takes a packet number and nothing else. */
export function noise(nanos: number): Frame {
  return { octets: concat(filledMac(0xff), filledMac(2), u16(0x0806), new Uint8Array(28)), nanos };
}

function ipFrame(source: string, target: string, protocol: number, payload: Octets, id: number) {
  const isV6 = source.includes(':');
  return concat(
    filledMac(2),
    filledMac(4),
    u16(isV6 ? 0x86dd : 0x0800),
    ipPacket(source, target, protocol, payload, id),
  );
}

function ipPacket(
  source: string,
  target: string,
  protocol: number,
  payload: Octets,
  id: number,
): Octets {
  const addresses = concat(addressOctets(source), addressOctets(target));
  if (addresses.length === 32) {
    return concat(
      uint(0x6000_0000, 4),
      u16(payload.length),
      u8(protocol),
      u8(64),
      addresses,
      payload,
    );
  }
  return concat(
    Uint8Array.of(0x45, 0),
    u16(20 + payload.length),
    u16(id),
    u16(0x4000),
    Uint8Array.of(64, protocol),
    u16(0),
    addresses,
    payload,
  );
}

/** Four or sixteen octets; `::` may stand in an IPv6 address once. */
function addressOctets(address: string): Octets {
  if (!address.includes(':')) return Uint8Array.from(address.split('.'), Number);
  const [head = '', tail] = address.split('::');
  const groups = (text: string) => (text === '' ? [] : text.split(':'));
  const before = groups(head);
  const after = tail === undefined ? [] : groups(tail);
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  return concat(...[...before, ...zeros, ...after].map((g) => u16(Number.parseInt(g, 16))));
}

const filledMac = (octet: number): Octets => new Uint8Array(6).fill(octet);

export interface FileForm {
  readonly format?: 'pcap' | 'pcapng';
  readonly order?: 'little' | 'big';
  /** Timestamps in nanoseconds, not microseconds. */
  readonly nanoseconds?: boolean;
  /** Classic pcap only: octets kept of each packet. */
  readonly snapLength?: number;
}

const EPOCH_SECONDS = 1_700_000_000;
const EPOCH_NANOS = DEFAULT_UNITS * 1000n;

/** Frames of any number of flows as one capture file, in the order of their time. */
export function captureFile(frames: readonly Frame[], form: FileForm = {}): Octets {
  const { format = 'pcap', order = 'little', nanoseconds = false, snapLength } = form;
  const sorted = inTime(frames);
  if (format === 'pcap') {
    return pcapFile({
      order,
      nanos: nanoseconds,
      packets: sorted.map(({ octets, nanos }) => ({
        octets: octets.subarray(0, snapLength),
        originalLength: octets.length,
        seconds: EPOCH_SECONDS + Math.floor(nanos / 1e9),
        nanos: nanos % 1e9,
      })),
    });
  }
  return pcapngFile({
    order,
    blocks: [
      interfaceBlock(nanoseconds ? { resolution: 9 } : {}),
      ...sorted.map(({ octets, nanos }) =>
        enhancedPacket({
          octets,
          units: (EPOCH_NANOS + BigInt(nanos)) / (nanoseconds ? 1n : 1000n),
        }),
      ),
    ],
  });
}

/** The order in which a capture has the frames. */
export function inTime(frames: readonly Frame[]): Frame[] {
  return [...frames].sort((a, b) => a.nanos - b.nanos);
}

/** Every packet captured twice, as by a mirror port: the copy follows within microseconds. */
export function twice(frames: readonly Frame[], delayNanos = 3000): Frame[] {
  return frames.flatMap((frame) => [frame, { ...frame, nanos: frame.nanos + delayNanos }]);
}
