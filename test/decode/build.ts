/** Builders of packets, written without a look at the decoder: every one takes its payload and puts a header before it. */

export type Octets = readonly number[];

export const hex = (text: string): Octets => {
  const digits = text.replace(/\s+/g, '');
  return digits.match(/../g)?.map((pair) => Number.parseInt(pair, 16)) ?? [];
};

export const u16 = (value: number): Octets => [(value >>> 8) & 0xff, value & 0xff];
export const u32 = (value: number): Octets => [...u16(value >>> 16), ...u16(value & 0xffff)];
export const le16 = (value: number): Octets => u16(value).toReversed();
export const le32 = (value: number): Octets => u32(value).toReversed();
export const zeros = (count: number): Octets => new Array<number>(count).fill(0);
export const text = (value: string): Octets => [...Buffer.from(value, 'latin1')];

export const ETHER = { ip4: 0x0800, ip6: 0x86dd } as const;

/** Documentation addresses (RFC 5737, RFC 3849). */
export const A4 = '192.0.2.1';
export const B4 = '198.51.100.2';
export const A6 = '2001:db8:0:0:0:0:0:1';
export const B6 = '2001:db8:0:0:0:0:0:2';

const address4 = (address: string): Octets => address.split('.').map(Number);
const address6 = (address: string): Octets =>
  address.split(':').flatMap((group) => u16(Number.parseInt(group, 16)));

export const ethernet = (etherType: number, payload: Octets): Octets => [
  ...hex('020000000001 020000000002'),
  ...u16(etherType),
  ...payload,
];

export const vlan = (id: number, etherType: number, payload: Octets): Octets => [
  ...u16(id),
  ...u16(etherType),
  ...payload,
];

export interface Ip4Options {
  readonly id?: number;
  /** Octets, a multiple of 8. */
  readonly offset?: number;
  readonly more?: boolean;
  readonly options?: Octets;
  readonly totalLength?: number;
  readonly ttl?: number;
  readonly from?: string;
  readonly to?: string;
}

export const ip4 = (protocol: number, payload: Octets, o: Ip4Options = {}): Octets => {
  const options = o.options ?? [];
  const words = 5 + options.length / 4;
  const length = o.totalLength ?? words * 4 + payload.length;
  return [
    ...[0x40 | words, 0],
    ...u16(length),
    ...u16(o.id ?? 0x1234),
    ...u16((o.more === true ? 0x2000 : 0) | ((o.offset ?? 0) >>> 3)),
    ...[o.ttl ?? 64, protocol],
    ...u16(0),
    ...address4(o.from ?? A4),
    ...address4(o.to ?? B4),
    ...options,
    ...payload,
  ];
};

/** The packet with the checksum of its IPv4 header, which has no options. RFC 791 §3.1. */
export const summed = (packet: Octets): Octets => {
  let sum = 0;
  for (let at = 0; at < 20; at += 2)
    if (at !== 10) sum += ((packet[at] ?? 0) << 8) | (packet[at + 1] ?? 0);
  return [...packet.slice(0, 10), ...u16(0xffff - (sum % 0xffff)), ...packet.slice(12)];
};

export interface Ip6Options {
  readonly payloadLength?: number;
  readonly hopLimit?: number;
}

export const ip6 = (nextHeader: number, payload: Octets, o: Ip6Options = {}): Octets => [
  ...hex('60000000'),
  ...u16(o.payloadLength ?? payload.length),
  ...[nextHeader, o.hopLimit ?? 64],
  ...address6(A6),
  ...address6(B6),
  ...payload,
];

/** Hop-by-hop, routing, destination options and their like: PadN fills them. */
export const extension = (nextHeader: number, units: number, payload: Octets): Octets => [
  ...[nextHeader, units, 1, 4 + units * 8],
  ...zeros(4 + units * 8),
  ...payload,
];

export const fragment6 = (
  nextHeader: number,
  id: number,
  offset: number,
  more: boolean,
  payload: Octets,
): Octets => [nextHeader, 0, ...u16(offset | (more ? 1 : 0)), ...u32(id), ...payload];

export interface TcpOptions {
  readonly from?: number;
  readonly to?: number;
  readonly sequence?: number;
  readonly acknowledgement?: number;
  readonly flags?: number;
  readonly window?: number;
  readonly options?: Octets;
}

export const tcp = (payload: Octets, o: TcpOptions = {}): Octets => {
  const options = o.options ?? [];
  return [
    ...u16(o.from ?? 40000),
    ...u16(o.to ?? 443),
    ...u32(o.sequence ?? 0xfffffff0),
    ...u32(o.acknowledgement ?? 0x80000001),
    ...[(5 + options.length / 4) << 4, o.flags ?? 0x18],
    ...u16(o.window ?? 0xfedc),
    ...zeros(4),
    ...options,
    ...payload,
  ];
};

export const udp = (payload: Octets, from = 50000, to = 5684, length?: number): Octets => [
  ...u16(from),
  ...u16(to),
  ...u16(length ?? 8 + payload.length),
  ...u16(0),
  ...payload,
];

export const snap = (etherType: number, payload: Octets): Octets => [
  ...hex('aaaa03 000000'),
  ...u16(etherType),
  ...payload,
];

/** What most cases carry, so that they differ only in what is before it. */
export const HELLO = text('hello');
export const TCP4 = ip4(6, tcp(HELLO));
export const TCP6 = ip6(6, tcp(HELLO));
export const UDP4 = ip4(17, udp(HELLO));
