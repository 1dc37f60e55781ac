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
}

export const TCP_4 = `tcp ${A4}:40000 > ${B4}:443 hello`;
export const TCP_6 = `tcp ${A6}:40000 > ${B6}:443 hello`;
export const UDP_4 = `udp ${A4}:50000 > ${B4}:5684 hello`;
const UDP_6 = `udp ${A6}:50000 > ${B6}:5684 hello`;

export const ETH = ethernet(ETHER.ip4, TCP4);
/** Data frame to the distribution system, in the clear. */
const WLAN_ADDRESSES = hex('0000 020000000001 020000000002 020000000003 1000');
export const WLAN = [...hex('0801'), ...WLAN_ADDRESSES, ...snap(ETHER.ip4, TCP4)];
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
  link('ARP is passed over', 1, ethernet(0x0806, zeros(28)), []),
  link('MACsec is passed over', 1, ethernet(0x88e5, zeros(40)), []),
  link('BSD null, little-endian', 0, [...hex('02000000'), ...TCP4]),
  link('BSD null, big-endian', 0, [...hex('00000002'), ...TCP4]),
  ...[10, 23, 24, 28, 30].flatMap((family) => [
    link(`BSD null, family ${family}`, 0, [...le32(family), ...TCP6], [TCP_6]),
    link(`BSD loop, family ${family}`, 108, [...u32(family), ...TCP6], [TCP_6]),
  ]),
  link('BSD null with an EtherType', 0, [...u32(ETHER.ip4), ...TCP4]),
  link('BSD null of another family', 0, [...le32(7), ...TCP4], []),
  ...[12, 14, 101, 228].map((type) => link(`raw IP, link type ${type}`, type, TCP4)),
  ...[12, 101, 229].map((type) => link(`raw IPv6, link type ${type}`, type, TCP6, [TCP_6])),
  link('PPP', 9, [...hex('0021'), ...TCP4]),
  link('PPP with HDLC framing', 9, [...hex('ff03 0021'), ...TCP4]),
  link('PPP with a compressed protocol field', 9, [...hex('ff03 57'), ...TCP6], [TCP_6]),
  link('PPP with MPLS', 9, [...hex('ff03 0281 00002140'), ...TCP4]),
  link('PPP with MPLS, upstream labels', 9, [...hex('0283 00002140'), ...TCP4]),
  link('PPP link control is passed over', 9, [...hex('ff03 c021'), ...zeros(8)], []),
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
  link('Linux cooked, netlink is passed over', 113, sll(824, ETHER.ip4, TCP4), []),
  link('Linux cooked v2', 276, sll2(1, ETHER.ip4, TCP4)),
  link('Linux cooked v2 with IPv6', 276, sll2(772, ETHER.ip6, TCP6), [TCP_6]),
  link('802.11 data', 105, WLAN),
  link('802.11 QoS data', 105, QOS_WLAN('01', hex('0000'))),
  link('802.11 QoS data with HT control', 105, QOS_WLAN('81', hex('0000 00000000'))),
  link('802.11 between access points', 105, QOS_WLAN('03', hex('020000000004 0000'))),
  link('802.11 protected is passed over', 105, QOS_WLAN('41', hex('0000')), []),
  link('802.11 aggregate is passed over', 105, QOS_WLAN('01', hex('8000')), []),
  link('802.11 beacon is passed over', 105, [...hex('8000'), ...zeros(60)], []),
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
  ip('ESP is passed over', ip4(50, zeros(40)), []),
  ip('IPv6 of payload length 0', ip6(6, tcp(HELLO), { payloadLength: 0 }), [TCP_6]),
  ip(
    'IPv6 jumbogram',
    ip6(0, [...hex('11 00 c204 00010005'), ...udp(HELLO, 50000, 5684, 0)], { payloadLength: 0 }),
    [UDP_6],
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
  ip('IPv6 ESP is passed over', ip6(50, zeros(40)), []),
  ip('IPv6 without next header', ip6(59, zeros(40)), []),
  ip('UDP shorter than its packet', ip4(17, [...udp(HELLO), ...text('more')]), [UDP_4]),
  ip('ICMP port unreachable', ip4(1, [3, 3, ...zeros(6), ...UDP4.slice(0, 28)]), [
    `unreachable ${A4}:50000 > ${B4}:5684 `,
  ]),
  ip('ICMPv6 packet too big', ip6(58, [2, 0, ...zeros(6), ...TCP6]), [
    `quote ${A6}:40000 > ${B6}:443 `,
  ]),
  ip('SCTP is passed over', ip4(132, zeros(40)), []),
];
