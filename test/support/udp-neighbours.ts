/**
 * What shares UDP with DTLS: STUN and TURN, media, and protocols that have nothing to do with it. Written octet by octet;
 * shares no code with the decoders.
 */
import { ascii, concat, filled, hex, type Octets, u8, u16, uint, vector } from './hello-builder.ts';
import { type FlowOptions, type Peer, UdpFlow } from './network.ts';

const COOKIE = 0x2112a442;

export interface Attribute {
  readonly type: number;
  readonly value: Octets;
}

/** A STUN message with the magic cookie; attributes are padded. RFC 8489 §5. */
export function stun(type: number, attributes: readonly Attribute[] = [], seed = 7): Octets {
  const body = concat(
    ...attributes.map(({ type: name, value }) =>
      concat(u16(name), u16(value.length), value, new Uint8Array(-value.length & 3)),
    ),
  );
  return concat(u16(type), u16(body.length), uint(COOKIE, 4), filled(12, seed), body);
}

/** The form of RFC 3489: sixteen octets of transaction id. */
export const classicStun = (type = 1, body: Octets = hex('0003000400000000')): Octets =>
  concat(u16(type), u16(body.length), filled(16, 0x33), body);

/** XOR-PEER-ADDRESS of an IPv4 or IPv6 peer, for a message with this seed. RFC 8489 §14.2. */
export function peerAddress(address: Octets, port: number, seed = 7): Attribute {
  const mask = concat(uint(COOKIE, 4), filled(12, seed));
  const family = address.length === 4 ? 1 : 2;
  return {
    type: 0x12,
    value: concat(
      u8(0),
      u8(family),
      u16(port ^ (COOKIE >>> 16)),
      address.map((octet, i) => octet ^ (mask[i] as number)),
    ),
  };
}

export const channelNumber = (channel: number): Attribute => ({
  type: 0x0c,
  value: concat(u16(channel), u16(0)),
});

/** ChannelData, padded to four octets if asked for. RFC 8656 §12.4. */
export const channelData = (channel: number, payload: Octets, padded = false): Octets =>
  concat(
    u16(channel),
    u16(payload.length),
    payload,
    new Uint8Array(padded ? -payload.length & 3 : 0),
  );

export const sendIndication = (peer: Attribute, payload: Octets, seed = 7): Octets =>
  stun(0x16, [peer, { type: 0x13, value: payload }], seed);
export const dataIndication = (peer: Attribute, payload: Octets, seed = 7): Octets =>
  stun(0x17, [peer, { type: 0x13, value: payload }], seed);

/** A flow between a client and its TURN relay: each datagram goes through `wrap`. */
export class RelayedFlow extends UdpFlow {
  private readonly wrap: (from: Peer, payload: Octets) => Octets;

  constructor(wrap: (from: Peer, payload: Octets) => Octets, options: FlowOptions = {}) {
    super(options);
    this.wrap = wrap;
  }

  override datagram(from: Peer, ...records: readonly Octets[]): this {
    return super.datagram(from, this.wrap(from, concat(...records)));
  }

  /** One that is not wrapped. */
  plain(from: Peer, octets: Octets): this {
    return super.datagram(from, octets);
  }
}

export const rtp = (sequence: number, octets = 160): Octets =>
  concat(
    hex('8060'),
    u16(sequence),
    uint(sequence * 160, 4),
    uint(0x5151, 4),
    filled(octets, 0x55),
  );
export const rtcp = (): Octets => concat(hex('80c8 0006 00005151'), filled(20, 9));
export const zrtp = (): Octets =>
  concat(hex('1000 0001'), ascii('ZRTP'), uint(0x5151, 4), filled(20, 0x50), uint(1, 4));

/** Datagrams of other protocols, with the octets that could be taken for a DTLS record's where the protocol allows. */
export const OTHER_PROTOCOLS: readonly (readonly [string, Octets])[] = [
  // Ids 0x1401 to 0x1901 without recursion: type and version as before DTLS 1.0, the label's length as the record's.
  ...[0x14, 0x15, 0x16, 0x17, 0x18, 0x19].map((id): readonly [string, Octets] => [
    `DNS id 0x${id.toString(16)}01`,
    concat(u8(id), hex('01 0000 0001 0000 0000 0000 05'), ascii('local'), hex('00 0001 0001')),
  ]),
  ['DNS answer', concat(hex('16fe fd80 0001 0001 0000 0000 03777777 00 0001 0001'), filled(16, 1))],
  ['NTP control', concat(hex('1601 0001 0000 0000 0000 0000'), filled(12, 0))],
  ['NTP private', concat(hex('1701 0003 2a'), filled(43, 0))],
  ['NTP v3 symmetric', concat(hex('1901 00fa 0000 0000 0000 0001'), filled(36, 2))],
  ['NTP v3 passive', concat(hex('1a01 00fa'), filled(44, 0))],
  ['RTP', rtp(1)],
  ['RTCP', rtcp()],
  ['OpenVPN soft reset', concat(hex('18 fefd 0102 0304 0506'), filled(50, 3))],
  ['OpenVPN hard reset', concat(hex('38 fefd 0102 0304 0506 00'), uint(0, 4))],
  ['WireGuard initiation', concat(hex('0100 0000'), filled(144, 0x77))],
  [
    'IKE',
    concat(hex('16fefd0000000000 0000000000000000 2120220800000000'), uint(300, 4), filled(272, 4)),
  ],
  [
    'IKE with NAT-T',
    concat(hex('00000000 16fefd0000000000 0000000000000000 21202208'), filled(280, 4)),
  ],
  ['ESP in UDP', concat(hex('17fefd00 00000001 0001 0000'), filled(100, 0x0f))],
  ['NAT keep-alive', hex('ff')],
  ['CoAP', concat(hex('4401 1234 16fefd00 b4'), ascii('test'))],
  ['SIP', ascii('INVITE sip:bob@example.org SIP/2.0\r\nVia: SIP/2.0/UDP pc33\r\n\r\n')],
  ['RADIUS', concat(hex('16fe fd00 0000'), filled(14, 0x11), filled(30, 4))],
  ['RADIUS of id 1', concat(hex('1601 0026 0000 0000 0000 0000'), filled(26, 0))],
  ['syslog', ascii('<22>Nov 22 04:00:00 host app[1]: text')],
  ['QUIC short header', concat(hex('40'), filled(40, 0x16))],
  ['STUN', stun(1)],
  ['STUN of RFC 3489', classicStun()],
  ['ChannelData', channelData(0x4000, rtp(2))],
  ['ZRTP', zrtp()],
  ['SNMP', concat(hex('30 2602 0101 0406'), ascii('public'), filled(27, 5))],
  ['TFTP', concat(hex('0001'), ascii('file\0octet\0'))],
  ['mDNS', concat(hex('0000 8400'), filled(40, 1))],
  [
    'application data in epoch 0',
    concat(hex('17 fefd 0000 000000000001'), vector(2, filled(40, 6))),
  ],
  ['an alert of no level', concat(hex('15 fefd 0000 000000000001'), vector(2, hex('0728')))],
  [
    'a message longer than its record',
    concat(
      hex('16 fefd 0000 000000000001'),
      vector(2, hex('01 000100 0000 000000 0000ff'), filled(8, 1)),
    ),
  ],
  ['an epoch beyond any', concat(hex('17 fefd 4a31 000000000001'), vector(2, filled(40, 6)))],
  ['a number beyond any', concat(hex('17 fefd 0001 7a1100000001'), vector(2, filled(40, 6)))],
];
