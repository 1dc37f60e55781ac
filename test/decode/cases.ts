import {
  A4,
  A6,
  B4,
  B6,
  ETHER,
  ethernet,
  extension,
  fragment6,
  HELLO,
  hex,
  ip4,
  ip6,
  le16,
  le32,
  type Octets,
  snap,
  TCP4,
  TCP6,
  tcp,
  text,
  UDP4,
  u16,
  u32,
  udp,
  vlan,
  zeros,
} from './build.ts';

/** One packet and what is in it, outermost first: `tcp flow payload`. */
export interface Case {
  readonly name: string;
  readonly linkType: number;
  readonly octets: Octets;
  readonly expected: readonly string[];
  /** What of it is passed over, by name. */
  readonly passed?: readonly string[];
}

export const TCP_4 = `tcp ${A4}:40000 > ${B4}:443 hello`;
export const TCP_6 = `tcp ${A6}:40000 > ${B6}:443 hello`;
export const UDP_4 = `udp ${A4}:50000 > ${B4}:5684 hello`;
const UDP_6 = `udp ${A6}:50000 > ${B6}:5684 hello`;

export const ETH = ethernet(ETHER.ip4, TCP4);
/** Data frame to the distribution system, in the clear. */
const WLAN_ADDRESSES = hex('0000 020000000001 020000000002 020000000003 1000');
export const WLAN = [...hex('0801'), ...WLAN_ADDRESSES, ...snap(ETHER.ip4, TCP4)];
/** Frame of an aggregate: addresses, length, LLC; the last one needs no padding. */
const subframe = (payload: Octets, etherType: number = ETHER.ip4): Octets => {
  const octets = snap(etherType, payload);
  return [...hex('020000000001 020000000002'), ...u16(octets.length), ...octets];
};
const AGGREGATE = (frames: readonly Octets[]): Octets => [
  ...hex('8801'),
  ...WLAN_ADDRESSES,
  ...hex('8000'),
  ...frames.flatMap((octets, i) => [
    ...octets,
    ...(i + 1 < frames.length ? zeros(-octets.length & 3) : []),
  ]),
];
const PRISM = [...hex('44000000 90000000'), ...zeros(136)];
const PREAMBLE = hex('55555555555555d5');
const TUNNELLED = 'tunnelled frames without IP';
const MPLS = 'MPLS with neither IP nor Ethernet';
const LLC = 'LLC without IP (spanning tree and the like)';
const IP_VERSION = 'IP of a version other than 4 and 6';
const SYSTEM = 'messages of the system, not of a network';
const WLAN_MANAGEMENT = '802.11 management and control';
const QOS_WLAN = (flags: string, more: Octets): Octets => [
  ...hex(`88${flags}`),
  ...WLAN_ADDRESSES,
  ...more,
  ...snap(ETHER.ip4, TCP4),
];
const sll = (device: number, protocol: number, payload: Octets): Octets => [
  ...hex('0000'),
  ...u16(device),
  ...hex('0006 020000000001 0000'),
  ...u16(protocol),
  ...payload,
];
const sll2 = (device: number, protocol: number, payload: Octets): Octets => [
  ...u16(protocol),
  ...hex('0000 00000003'),
  ...u16(device),
  ...hex('00 06 020000000001 0000'),
  ...payload,
];

export const link = (name: string, linkType: number, octets: Octets, expected = [TCP_4]): Case => ({
  name,
  linkType,
  octets,
  expected,
});

/** Nothing to follow: it is counted under a name. */
export const passed = (name: string, linkType: number, octets: Octets, as: string): Case => ({
  name,
  linkType,
  octets,
  expected: [],
  passed: [as],
});

export const LINK_CASES: readonly Case[] = [
  link('Ethernet, IPv4, TCP', 1, ETH),
  link('Ethernet, IPv6, TCP', 1, ethernet(ETHER.ip6, TCP6), [TCP_6]),
  link('Ethernet, IPv4, UDP', 1, ethernet(ETHER.ip4, UDP4), [UDP_4]),
  link('Ethernet, IPv6, UDP', 1, ethernet(ETHER.ip6, ip6(17, udp(HELLO))), [UDP_6]),
  link('Ethernet with padding', 1, [...ETH, ...zeros(9)]),
  link('IPv6 under the EtherType of IPv4', 1, ethernet(ETHER.ip4, TCP6), [TCP_6]),
  link('802.1Q', 1, ethernet(0x8100, vlan(5, ETHER.ip4, TCP4))),
  link('802.1ad and 802.1Q', 1, ethernet(0x88a8, vlan(5, 0x8100, vlan(6, ETHER.ip6, TCP6))), [
    TCP_6,
  ]),
  link('three stacked VLANs', 1, [
    ...ethernet(0x9100, vlan(1, 0x9200, vlan(2, 0x9300, vlan(3, ETHER.ip4, TCP4)))),
  ]),
  link('VLAN with LLC', 1, ethernet(0x8100, vlan(5, 8 + TCP4.length, snap(ETHER.ip4, TCP4)))),
  link('LLC/SNAP', 1, ethernet(8 + TCP4.length, [...snap(ETHER.ip4, TCP4), 1, 2, 3])),
  link('LLC/SNAP of IEEE 802.1H', 1, [
    ...ethernet(8 + TCP4.length, [...hex('aaaa03 0000f8 0800'), ...TCP4]),
  ]),
  link('LLC with IP directly above', 1, ethernet(3 + TCP4.length, [...hex('060603'), ...TCP4])),
  link('SNAP of a bridged Ethernet frame', 1, [
    ...ethernet(8 + ETH.length, [...hex('aaaa03 0080c2 0007'), ...ETH]),
  ]),
  link('LLC in a jumbo frame', 1, ethernet(0x8870, snap(ETHER.ip4, TCP4))),
  link('Cisco MetaData with a group tag', 1, [
    ...ethernet(0x8909, [...hex('01 01 0001 0002 0800'), ...TCP4]),
  ]),
  link('HSR', 1, ethernet(0x892f, [...hex('0034 0001 0800'), ...TCP4])),
  link('VN-Tag', 1, ethernet(0x8926, [...hex('80000000 0800'), ...TCP4])),
  link('E-Tag', 1, ethernet(0x893f, [...hex('000000000000 0800'), ...TCP4])),
  link('backbone I-Tag', 1, ethernet(0x88e7, [...hex('00000001'), ...ETH])),
  link('network service header', 1, [
    ...ethernet(0x894f, [...hex('0006 01 01 000001ff'), ...zeros(16), ...TCP4]),
  ]),
  link(
    'PPPoE',
    1,
    ethernet(0x8864, [...hex('11000001'), ...u16(2 + TCP4.length), ...hex('0021'), ...TCP4]),
  ),
  link(
    'PPPoE over QinQ with padding',
    1,
    [
      ...ethernet(0x88a8, vlan(1, 0x8100, vlan(2, 0x8864, hex('11000001')))),
      ...u16(2 + TCP6.length),
      ...hex('0057'),
      ...TCP6,
      ...zeros(7),
    ],
    [TCP_6],
  ),
  link('MPLS with IPv4', 1, ethernet(0x8847, [...hex('00001040 00002140'), ...TCP4])),
  link('MPLS with IPv6, upstream labels', 1, ethernet(0x8848, [...hex('00002140'), ...TCP6]), [
    TCP_6,
  ]),
  link(
    'MPLS pseudowire with control word',
    1,
    ethernet(0x8847, [...hex('00002140 00000000'), ...ETH]),
  ),
  link('MPLS pseudowire without control word', 1, ethernet(0x8847, [...hex('00002140'), ...ETH])),
  passed(
    'MPLS about a pseudowire',
    1,
    ethernet(0x8847, hex('00002140 10000021 00000000')),
    TUNNELLED,
  ),
  passed('MPLS of who knows what', 1, ethernet(0x8847, [...hex('00002140'), ...zeros(20)]), MPLS),
  passed('ARP', 1, ethernet(0x0806, zeros(28)), 'ARP'),
  passed('an EtherType without a name here', 1, ethernet(0x1234, zeros(28)), 'EtherType 0x1234'),
  passed('MACsec, encrypted', 1, ethernet(0x88e5, [...hex('2c 00'), ...zeros(40)]), 'MACsec'),
  link(
    'MACsec for integrity alone',
    1,
    ethernet(0x88e5, [...hex('00 00 00000001'), ...u16(ETHER.ip4), ...TCP4, ...zeros(16)]),
  ),
  link(
    'MACsec for integrity alone, with a channel',
    1,
    ethernet(0x88e5, [
      ...hex('20 00 00000001 020000000001 0001'),
      ...u16(ETHER.ip6),
      ...TCP6,
      ...zeros(16),
    ]),
    [TCP_6],
  ),
  passed('spanning tree', 1, ethernet(38, [...hex('424203'), ...zeros(35)]), LLC),
  passed('SNAP of Cisco', 1, ethernet(30, [...hex('aaaa03 00000c 2000'), ...zeros(22)]), LLC),
  passed('IP of version 5', 1, ethernet(ETHER.ip4, [0x50, ...zeros(30)]), IP_VERSION),
  passed('PPPoE discovery', 1, ethernet(0x8863, zeros(20)), 'PPPoE discovery'),
  passed('PPPoE without data', 1, ethernet(0x8864, hex('11a7 0001 0000')), 'PPPoE without data'),
  link('BSD null, little-endian', 0, [...hex('02000000'), ...TCP4]),
  link('BSD null, big-endian', 0, [...hex('00000002'), ...TCP4]),
  ...[10, 23, 24, 28, 30].flatMap((family) => [
    link(`BSD null, family ${family}`, 0, [...le32(family), ...TCP6], [TCP_6]),
    link(`BSD loop, family ${family}`, 108, [...u32(family), ...TCP6], [TCP_6]),
  ]),
  link('BSD null with an EtherType', 0, [...u32(ETHER.ip4), ...TCP4]),
  passed('BSD null of another family', 0, [...le32(7), ...TCP4], SYSTEM),
  ...[12, 14, 101, 228].map((type) => link(`raw IP, link type ${type}`, type, TCP4)),
  ...[12, 101, 229].map((type) => link(`raw IPv6, link type ${type}`, type, TCP6, [TCP_6])),
  link('PPP', 9, [...hex('0021'), ...TCP4]),
  link('PPP with HDLC framing', 9, [...hex('ff03 0021'), ...TCP4]),
  link('PPP with a compressed protocol field', 9, [...hex('ff03 57'), ...TCP6], [TCP_6]),
  link('PPP with MPLS', 9, [...hex('ff03 0281 00002140'), ...TCP4]),
  link('PPP with MPLS, upstream labels', 9, [...hex('0283 00002140'), ...TCP4]),
  passed('PPP link control', 9, [...hex('ff03 c021'), ...zeros(8)], 'PPP control'),
  passed(
    'PPP, encrypted',
    9,
    [...hex('fd'), ...zeros(30)],
    'compressed or encrypted PPP (MPPC, MPPE)',
  ),
  link('PPP of pppd with a direction', 166, [...hex('01 03 0021'), ...TCP4]),
  link('PPP with a direction', 204, [...hex('00 ff03 0021'), ...TCP4]),
  link('PPP with a direction, without HDLC', 204, [...hex('01 57'), ...TCP6], [TCP_6]),
  link('PPP_HDLC with Cisco HDLC', 50, [...hex('0f00 0800'), ...TCP4]),
  link('PPPoE as a link type', 51, [
    ...hex('11000001'),
    ...u16(2 + TCP4.length),
    ...hex('0021'),
    ...TCP4,
  ]),
  link('Cisco HDLC', 104, [...hex('0f00 0800'), ...TCP4]),
  link('Cisco HDLC with IPv6', 104, [...hex('8f00 86dd'), ...TCP6], [TCP_6]),
  link('Linux cooked', 113, sll(1, ETHER.ip4, TCP4)),
  link('Linux cooked with a VLAN', 113, sll(1, 0x8100, vlan(3, ETHER.ip6, TCP6)), [TCP_6]),
  link('Linux cooked with LLC', 113, sll(1, 4, snap(ETHER.ip4, TCP4))),
  link(
    'Linux cooked, Wi-Fi in monitor mode',
    113,
    sll(803, 0x0004, [...hex('00 00'), ...le16(8), ...le32(0), ...WLAN]),
  ),
  link('Linux cooked, 802.11', 113, sll(801, 0x0019, WLAN)),
  link('Linux cooked, 802.11 with a Prism header', 113, sll(802, 0x0019, [...PRISM, ...WLAN])),
  link('Linux cooked, Frame Relay', 113, sll(770, 0x000d, [...hex('1841 03 cc'), ...TCP4])),
  link('Linux cooked with Ethernet', 113, sll(1, 3, ETH)),
  link('Linux cooked with PPP', 113, sll(512, 7, [...hex('0021'), ...TCP4])),
  passed('Linux cooked, netlink', 113, sll(824, ETHER.ip4, TCP4), SYSTEM),
  passed('Linux cooked, CAN', 113, sll(280, 12, zeros(16)), SYSTEM),
  link('Linux cooked v2', 276, sll2(1, ETHER.ip4, TCP4)),
  link('Linux cooked v2 with IPv6', 276, sll2(772, ETHER.ip6, TCP6), [TCP_6]),
  link('802.11 data', 105, WLAN),
  link('802.11 QoS data', 105, QOS_WLAN('01', hex('0000'))),
  link('802.11 QoS data with HT control', 105, QOS_WLAN('81', hex('0000 00000000'))),
  link('802.11 between access points', 105, QOS_WLAN('03', hex('020000000004 0000'))),
  passed('802.11 protected', 105, QOS_WLAN('41', hex('0000')), 'protected 802.11'),
  passed('802.11 fragment', 105, QOS_WLAN('05', hex('0000')), 'fragmented 802.11'),
  passed(
    '802.11 last fragment',
    105,
    [...WLAN.slice(0, 24).with(22, 0x11), ...zeros(30)],
    'fragmented 802.11',
  ),
  link('802.11 whole, with a fragment number', 105, WLAN.with(22, 0x13)),
  passed('802.11 beacon', 105, [...hex('8000'), ...zeros(60)], WLAN_MANAGEMENT),
  passed('802.11 without data', 105, [...hex('4801'), ...zeros(22)], WLAN_MANAGEMENT),
  link('802.11 aggregate of one', 105, AGGREGATE([subframe(TCP4)])),
  link(
    '802.11 aggregate of three',
    105,
    AGGREGATE([subframe(TCP4), subframe(UDP4), subframe(TCP4)]),
    [TCP_4, UDP_4, TCP_4],
  ),
  link(
    '802.11 aggregate with a check sequence',
    105,
    [...AGGREGATE([subframe(UDP4), subframe(TCP4)]), ...zeros(4)],
    [UDP_4, TCP_4],
  ),
  {
    ...link(
      '802.11 aggregate with ARP in it',
      105,
      AGGREGATE([subframe(zeros(28), 0x0806), subframe(TCP4)]),
    ),
    passed: ['ARP'],
  },
  link('Prism header', 119, [...PRISM, ...WLAN]),
  link('Prism header, big-endian', 119, [...hex('00000044 00000090'), ...zeros(136), ...WLAN]),
  link('AVS where Prism is announced', 119, [...hex('80211001 00000040'), ...zeros(56), ...WLAN]),
  link('AVS header', 163, [...hex('80211002 00000050'), ...zeros(72), ...WLAN]),
  link('radiotap', 127, [...hex('00 00'), ...le16(8), ...le32(0), ...WLAN]),
  link('radiotap with timer and flags', 127, [
    ...hex('00 00'),
    ...le16(17),
    ...le32(3),
    ...zeros(8),
    ...[0],
    ...WLAN,
  ]),
  link('radiotap with padding after the header', 127, [
    ...hex('00 00'),
    ...le16(16),
    ...le32(0x8000_0002),
    ...le32(0),
    ...[0x20, 0, 0, 0],
    ...hex('8801'),
    ...WLAN_ADDRESSES,
    ...hex('0000 0000'),
    ...snap(ETHER.ip4, TCP4),
  ]),
  link(
    'radiotap with a check sequence',
    127,
    [
      ...hex('00 00'),
      ...le16(9),
      ...le32(2),
      ...[0x10],
      ...AGGREGATE([subframe(TCP4), subframe(TCP6, ETHER.ip6)]),
      ...hex('deadbeef deadbeef').slice(0, 4),
    ],
    [TCP_4, TCP_6],
  ),
  link('PPI with 802.11', 192, [...hex('00 00'), ...le16(8), ...le32(105), ...WLAN]),
  link('PFLOG', 117, [...[61, 2], ...zeros(62), ...TCP4]),
  link('NFLOG', 239, [
    ...[2, 0, 0, 0],
    ...[...le16(6), ...le16(10), 65, 0, 0, 0],
    ...[...le16(4 + TCP4.length), ...le16(9), ...TCP4],
  ]),
  link(
    'NFLOG, big-endian',
    239,
    [...[10, 0, 0, 0], ...u16(4 + TCP6.length), ...u16(9), ...TCP6],
    [TCP_6],
  ),
  link('NFLOG of a bridge', 239, [
    ...[7, 0, 0, 0],
    ...[...le16(8), ...le16(1), ...u16(ETHER.ip4), 0, 0],
    ...[...le16(4 + TCP4.length), ...le16(9), ...TCP4],
  ]),
  passed(
    'NFLOG of another family',
    239,
    [...[3, 0, 0, 0], ...le16(8), ...le16(9), ...zeros(4)],
    SYSTEM,
  ),
  passed(
    'PPI with USB',
    192,
    [...hex('00 00'), ...le16(8), ...le32(189), ...zeros(9)],
    'link type 189 (usb-linux)',
  ),
  link('Token Ring', 6, [...hex('1040'), ...zeros(12), ...snap(ETHER.ip4, TCP4)]),
  link('Token Ring with a route', 6, [
    ...hex('1040 020000000001 820000000002 06300010 0020'),
    ...snap(ETHER.ip4, TCP4),
  ]),
  link('FDDI', 10, [0x50, ...zeros(12), ...snap(ETHER.ip4, TCP4)]),
  link('ATM, RFC 1483', 100, snap(ETHER.ip4, TCP4)),
  link('SunATM', 123, [...hex('02 00 0064'), ...snap(ETHER.ip4, TCP4)]),
  link('Frame Relay', 107, [...hex('1841 03 cc'), ...TCP4]),
  link(
    'Frame Relay, address of four octets, IPv6',
    107,
    [...hex('18401051 03 8e'), ...TCP6],
    [TCP_6],
  ),
  link('Frame Relay with SNAP', 107, [...hex('1841 03 00 80 000000 0800'), ...TCP4]),
  link('Frame Relay of Cisco', 107, [...hex('1841 0800'), ...TCP4]),
  link('OpenBSD inside IPsec', 109, [...hex('02000000 00000001 00000000'), ...TCP4]),
  link('IP over Fibre Channel', 122, [...zeros(16), ...snap(ETHER.ip4, TCP4)]),
  link('IP over FireWire', 138, [...zeros(16), ...u16(ETHER.ip4), ...TCP4]),
  link('ERF with Ethernet', 197, [
    ...zeros(8),
    ...hex('02 04'),
    ...u16(18 + ETH.length),
    ...zeros(4),
    ...hex('0000'),
    ...ETH,
  ]),
  link('ERF with an extension header', 197, [
    ...zeros(8),
    ...hex('82 04'),
    ...zeros(6),
    ...hex('04'),
    ...zeros(7),
    ...hex('0000'),
    ...ETH,
  ]),
  link('ERF with IPv6', 197, [...zeros(8), ...hex('17 04'), ...zeros(6), ...TCP6], [TCP_6]),
  link('Juniper with Ethernet', 178, [...hex('4d4743 81 0006 0201 0a 030104'), ...ETH]),
  link('Juniper without a link layer', 178, [...hex('4d4743 02 02000000'), ...TCP4]),
  link('Solaris IPNET', 226, [...hex('01 02'), ...zeros(22), ...TCP4]),
  link('Solaris IPNET, IPv6', 226, [...hex('01 1a'), ...zeros(22), ...TCP6], [TCP_6]),
  link('netANALYZER', 240, [...zeros(4), ...ETH, ...zeros(4)]),
  link('netANALYZER, transparent', 241, [...zeros(4), ...PREAMBLE, ...ETH, ...zeros(4)]),
  link('Ethernet with its preamble', 274, [...PREAMBLE, ...ETH, ...zeros(4)]),
  link('tag of a switch chip', 281, [...ETH.slice(0, 12), ...zeros(4), ...ETH.slice(12)]),
  link('tag of a switch chip before everything', 282, [...zeros(4), ...ETH]),
  link('tag of a switch chip, DSA', 284, [...ETH.slice(0, 12), ...zeros(4), ...ETH.slice(12)]),
  link('tag of a switch chip, EDSA', 285, [
    ...ETH.slice(0, 12),
    ...hex('dada0000 00000000'),
    ...ETH.slice(12),
  ]),
  link('exported packet', 252, [
    ...hex('000c 0004 69700000 0014 0004 c0000201 0000 0000'),
    ...TCP4,
  ]),
  link('exported packet, IPv6', 252, [...hex('000c 0004 69707636 0000 0000'), ...TCP6], [TCP_6]),
  link('exported frame', 252, [...hex('000c 0004 65746800 0000 0000'), ...ETH]),
  passed(
    'exported PDU',
    252,
    [...hex('000c 0004 746c7300 0000 0000'), ...zeros(30)],
    'exported PDUs',
  ),
  ...[
    [147, 'link type 147'],
    [189, 'link type 189 (usb-linux)'],
    [220, 'link type 220 (usb-linux-mmapped)'],
    [249, 'link type 249 (usbpcap)'],
    [201, 'link type 201 (bluetooth-hci-h4-with-phdr)'],
    [227, 'link type 227 (can-socketcan)'],
    [253, 'link type 253 (netlink)'],
    [195, 'link type 195 (ieee802-15-4)'],
  ].map(([type, name]) => passed(`${name}`, Number(type), TCP4, String(name))),
  link('pktap with Ethernet', 258, [...le32(20), ...le32(1), ...le32(1), ...zeros(8), ...ETH]),
  link('pktap with raw IP', 258, [...le32(12), ...le32(1), ...le32(12), ...TCP6], [TCP_6]),
];

export const ip = (name: string, octets: Octets, expected = [TCP_4]): Case =>
  link(name, 101, octets, expected);

export const IP_CASES: readonly Case[] = [
  ip('options', ip4(6, tcp(HELLO), { options: hex('01010100 94040000') })),
  ip('TCP options', ip4(6, tcp(HELLO, { options: hex('0101080a 00000001 00000002') }))),
  ip('total length 0 before segmentation', ip4(6, tcp(HELLO), { totalLength: 0 })),
  ip('padding after the total length', [...TCP4, ...zeros(6)]),
  ip('authentication header', ip4(51, [...hex('06 04 0000'), ...zeros(20), ...tcp(HELLO)])),
  passed('ESP', 101, ip4(50, zeros(40)), 'ESP (IPsec)'),
  ip('IPv6 of payload length 0', ip6(6, tcp(HELLO), { payloadLength: 0 }), [TCP_6]),
  ip(
    'IPv6 jumbogram with TCP and padding behind it',
    [
      ...ip6(0, [...hex('06 00 c204'), ...u32(8 + tcp(HELLO).length), ...tcp(HELLO)], {
        payloadLength: 0,
      }),
      ...zeros(3),
    ],
    [TCP_6],
  ),
  ip('hop-by-hop options', ip6(0, extension(6, 0, tcp(HELLO))), [TCP_6]),
  ip('routing header', ip6(43, extension(6, 2, tcp(HELLO))), [TCP_6]),
  ip('destination options', ip6(60, extension(17, 1, udp(HELLO))), [UDP_6]),
  ip(
    'mobility, HIP and shim6 headers',
    ip6(135, extension(139, 0, extension(140, 0, extension(6, 0, tcp(HELLO))))),
    [TCP_6],
  ),
  ip(
    'every extension header',
    ip6(
      0,
      extension(
        60,
        0,
        extension(
          43,
          1,
          fragment6(51, 1, 0, false, [
            ...hex('3c 04 0000'),
            ...zeros(20),
            ...extension(6, 0, tcp(HELLO)),
          ]),
        ),
      ),
    ),
    [TCP_6],
  ),
  ip('atomic fragment', ip6(44, fragment6(6, 7, 0, false, tcp(HELLO))), [TCP_6]),
  passed('IPv6 with ESP', 101, ip6(60, extension(50, 0, zeros(40))), 'ESP (IPsec)'),
  passed('IPv6 without next header', 101, ip6(59, zeros(40)), 'IPv6 without next header'),
  ip('UDP shorter than its packet', ip4(17, [...udp(HELLO), ...text('more')]), [UDP_4]),
  ip('ICMP port unreachable', ip4(1, [3, 3, ...zeros(6), ...UDP4.slice(0, 28)]), [
    `unreachable ${A4}:50000 > ${B4}:5684 `,
  ]),
  ip('ICMPv6 packet too big', ip6(58, [2, 0, ...zeros(6), ...TCP6]), [
    `quote ${A6}:40000 > ${B6}:443 `,
  ]),
  passed('SCTP', 101, ip4(132, zeros(40)), 'SCTP'),
  passed('a protocol without a name here', 101, ip4(200, zeros(40)), 'IP protocol 200'),
  passed('ping', 101, ip4(1, [8, 0, ...zeros(14)]), 'ICMP'),
];
