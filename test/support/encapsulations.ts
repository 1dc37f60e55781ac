import { crc32 } from 'node:zlib';
import {
  ETHER,
  ethernet,
  extension,
  fragment6,
  hex,
  ip4,
  ip6,
  le16,
  le32,
  type Octets,
  snap,
  summed,
  u16,
  u32,
  udp,
  vlan,
  zeros,
} from '../decode/build.ts';
import type { Frame } from './network.ts';

/** A link type, or a tunnel over Ethernet, and how a packet of Ethernet looks in it. */
export interface Encapsulation {
  readonly name: string;
  readonly linkType: number;
  readonly wrap: (inner: Inner) => readonly Octets[];
  /** Why Wireshark 4.0 does not read it; read alike where there is no reason. */
  readonly notInWireshark?: string;
  /** Takes TCP or UDP of one IP version only. */
  readonly only?: 4 | 6;
  /** The server's port over UDP; 5684 unless given. */
  readonly dtlsPort?: number;
}

/** A frame and its parts. */
export interface Inner {
  readonly eth: Octets;
  readonly type: number;
  readonly ip: Octets;
  /** Counts the packets, for identifications. */
  readonly n: number;
}

/** Two tunnel ends that no conversation uses. */
const OUTER = { from: '203.0.113.1', to: '203.0.113.2' };
const over4 = (protocol: number, payload: Octets): Octets =>
  ethernet(0x0800, ip4(protocol, payload, OUTER));
const over6 = (protocol: number, payload: Octets): Octets =>
  ethernet(0x86dd, ip6(protocol, payload));
/** Each from a port of its own: Wireshark takes what follows LISP from the same port for the same stream. */
const overUdp = (port: number, payload: Octets): Octets =>
  over4(17, udp(payload, 50_000 + (port % 10_000), port));

/** On a port of no tunnel: only the packet inside tells, so its header needs the checksum that every real one has. */
const elsewhere = (name: string, wrap: Wrap): Encapsulation =>
  tunnel(
    name,
    ({ eth, type, ip: plain, n }) => {
      const ip = type === ETHER.ip4 ? summed(plain) : plain;
      return overUdp(5555, wrap({ eth: [...eth.slice(0, 14), ...ip], type, ip, n }));
    },
    { notInWireshark: 'knows tunnels by their ports' },
  );

type Wrap = (inner: Inner) => Octets;
const link = (
  name: string,
  linkType: number,
  wrap: Wrap,
  more: Partial<Encapsulation> = {},
): Encapsulation => ({ name, linkType, wrap: (inner) => [wrap(inner)], ...more });
const tunnel = (name: string, wrap: Wrap, more: Partial<Encapsulation> = {}): Encapsulation =>
  link(name, 1, wrap, more);

const WLAN = hex('0000 020000000001 020000000002 020000000003 1000');
const wlan = ({ type, ip }: Inner): Octets => [...hex('0801'), ...WLAN, ...snap(type, ip)];
const radiotap = hex('00 00 0800 00000000');
const PRISM = [...hex('44000000 90000000'), ...zeros(136)];
const ppp = ({ type, ip }: Inner): Octets => [...hex(type === 0x0800 ? '0021' : '0057'), ...ip];
const family = ({ type }: Inner, six: number): number => (type === 0x0800 ? 2 : six);

/** What carries one frame with a frame of something else behind it. */
const aggregated = ({ type, ip }: Inner): Octets => {
  const inside = snap(type, ip);
  const noise = snap(0x0806, zeros(28));
  const addresses = hex('020000000001 020000000002');
  return [
    ...hex('8801'),
    ...WLAN,
    ...hex('8000'),
    ...[...addresses, ...u16(noise.length), ...noise, ...zeros(-(14 + noise.length) & 3)],
    ...[...addresses, ...u16(inside.length), ...inside],
  ];
};

/** The packet cut in two, the second piece first. */
const CUT = 8;
const fragments4 = (protocol: number, payload: Octets, id: number): readonly Octets[] => [
  ip4(protocol, payload.slice(CUT), { ...OUTER, id, offset: CUT }),
  ip4(protocol, payload.slice(0, CUT), { ...OUTER, id, offset: 0, more: true }),
];
const fragments6 = (protocol: number, payload: Octets, id: number): readonly Octets[] => [
  ip6(44, fragment6(protocol, id, CUT, false, payload.slice(CUT))),
  ip6(44, fragment6(protocol, id, 0, true, payload.slice(0, CUT))),
];

const CIRCUIT = 'takes all that passes a circuit for one TLS connection';

const LINKS: readonly Encapsulation[] = [
  link('BSD null, little-endian', 0, (p) => [...le32(family(p, 30)), ...p.ip]),
  link('BSD null, big-endian', 0, (p) => [...u32(family(p, 24)), ...p.ip]),
  link('BSD loop', 108, (p) => [...u32(family(p, 24)), ...p.ip]),
  link('Token Ring', 6, (p) => [...hex('1040'), ...zeros(12), ...snap(p.type, p.ip)]),
  link('FDDI', 10, (p) => [0x50, ...zeros(12), ...snap(p.type, p.ip)]),
  link('PPP', 9, ppp),
  link('PPP with HDLC', 9, (p) => [...hex('ff03'), ...ppp(p)]),
  link('PPP with a compressed protocol', 9, (p) => [...hex('ff03'), ...ppp(p).slice(1)]),
  link('PPP of pppd', 166, (p) => [...hex('01 03'), ...ppp(p)], {
    notInWireshark: 'does not know the link type',
  }),
  link('PPP with a direction', 204, (p) => [...hex('00 ff03'), ...ppp(p)]),
  link('PPP_HDLC', 50, (p) => [...hex('ff03'), ...ppp(p)]),
  link('PPPoE as a link type', 51, (p) => [...hex('11000001'), ...u16(p.ip.length + 2), ...ppp(p)]),
  link('Cisco HDLC with a direction', 205, (p) => [...hex('01 0f00'), ...u16(p.type), ...p.ip], {
    notInWireshark: 'does not know the link type',
  }),
  link(
    'Frame Relay with a direction',
    206,
    (p) => [...hex(p.type === 0x0800 ? '00 1841 03 cc' : '00 1841 03 8e'), ...p.ip],
    { notInWireshark: CIRCUIT },
  ),
  link('Cisco HDLC', 104, (p) => [...hex('0f00'), ...u16(p.type), ...p.ip]),
  link(
    'Frame Relay',
    107,
    (p) => [...hex(p.type === 0x0800 ? '1841 03 cc' : '1841 03 8e'), ...p.ip],
    { notInWireshark: CIRCUIT },
  ),
  link(
    'Frame Relay with SNAP',
    107,
    (p) => [...hex('1841 03 00 80 000000'), ...u16(p.type), ...p.ip],
    { notInWireshark: CIRCUIT },
  ),
  link('raw IP, 101', 101, (p) => p.ip),
  link('raw IP, 12', 12, (p) => p.ip),
  link('IPv4', 228, (p) => p.ip, { only: 4 }),
  link('IPv6', 229, (p) => p.ip, { only: 6 }),
  link('OpenBSD inside IPsec', 109, (p) => [...u32(family(p, 24)), ...zeros(8), ...p.ip]),
  link('Linux cooked', 113, (p) => [
    ...hex('0000 0001 0006 020000000001 0000'),
    ...u16(p.type),
    ...p.ip,
  ]),
  link('Linux cooked v2', 276, (p) => [
    ...u16(p.type),
    ...hex('0000 00000003 0001 00 06 020000000001 0000'),
    ...p.ip,
  ]),
  link('802.11', 105, wlan),
  link('802.11, four addresses', 105, (p) => [
    ...hex('0803'),
    ...WLAN,
    ...hex('020000000004'),
    ...snap(p.type, p.ip),
  ]),
  link('802.11, QoS', 105, (p) => [...hex('8801'), ...WLAN, ...hex('0000'), ...snap(p.type, p.ip)]),
  link('802.11, aggregate', 105, aggregated),
  link('radiotap', 127, (p) => [...radiotap, ...wlan(p)]),
  link('radiotap, aggregate', 127, (p) => [...radiotap, ...aggregated(p)]),
  link('Prism', 119, (p) => [...PRISM, ...wlan(p)]),
  link('AVS', 163, (p) => [...hex('80211001 00000040'), ...zeros(56), ...wlan(p)]),
  link('PPI', 192, (p) => [...hex('00 00'), ...le16(8), ...le32(105), ...wlan(p)]),
  link('NFLOG', 239, (p) => [
    ...[family(p, 10), 0, ...u16(7)],
    ...[...le16(8), ...le16(1), ...u16(p.type), 1, 0],
    ...[...le16(4 + p.ip.length), ...le16(9), ...p.ip],
  ]),
  link('pktap', 258, (p) => [...[...le32(108), ...le32(1), ...le32(1)], ...zeros(96), ...p.eth]),
  link('Solaris IPNET', 226, (p) => [
    ...[1, family(p, 26), 0, 0],
    ...u32(p.ip.length),
    ...zeros(16),
    ...p.ip,
  ]),
  link('SunATM', 123, (p) => [...hex('02 00 0064'), ...snap(p.type, p.ip)]),
  link('ATM, RFC 1483', 100, (p) => snap(p.type, p.ip)),
  link('IP over Fibre Channel', 122, (p) => [...zeros(16), ...snap(p.type, p.ip)]),
  link('IP over FireWire', 138, (p) => [...zeros(16), ...u16(p.type), ...p.ip]),
  link('netANALYZER', 240, (p) => [...hex('00040000'), ...p.eth, ...zeros(4)]),
  link('Juniper', 178, (p) => [...hex('4d4743 81 0006 0201 0a 030104'), ...p.eth]),
  link('ERF', 197, (p) => [
    ...zeros(8),
    ...hex('02 04'),
    ...u16(18 + p.eth.length + 4),
    ...u16(0),
    ...u16(p.eth.length + 4),
    ...u16(0),
    ...p.eth,
    ...zeros(4),
  ]),
  link('exported packet', 252, (p) => [
    ...hex(p.type === 0x0800 ? '000c 0004 69700000 0000 0000' : '000c 0004 69707636 0000 0000'),
    ...p.ip,
  ]),
  link('switch tag', 281, (p) => [...p.eth.slice(0, 12), ...hex('00000000'), ...p.eth.slice(12)], {
    notInWireshark: 'knows no tag of Broadcom by its link type',
  }),
  link('switch tag before', 282, (p) => [...hex('00000000'), ...p.eth], {
    notInWireshark: 'knows no tag of Broadcom by its link type',
  }),
  link(
    'switch tag, DSA',
    284,
    (p) => [...p.eth.slice(0, 12), ...hex('40000000'), ...p.eth.slice(12)],
    {
      notInWireshark: 'knows no tag of Marvell by its link type',
    },
  ),
  link(
    'switch tag, EDSA',
    285,
    (p) => [...p.eth.slice(0, 12), ...hex('dada0000 40000000'), ...p.eth.slice(12)],
    { notInWireshark: 'knows no tag of Marvell by its link type' },
  ),
  link('Ethernet with its preamble', 274, (p) => [
    ...hex('55555555555555d5'),
    ...p.eth,
    ...le32(crc32(Uint8Array.from(p.eth))),
  ]),
];

const TAGGED: readonly Encapsulation[] = [
  tunnel('802.1Q', ({ type, ip }) => ethernet(0x8100, vlan(5, type, ip))),
  tunnel('802.1ad', ({ type, ip }) => ethernet(0x88a8, vlan(5, 0x8100, vlan(6, type, ip)))),
  tunnel('stacked VLANs', ({ type, ip }) => ethernet(0x9100, vlan(5, 0x8100, vlan(6, type, ip)))),
  tunnel('group tag', ({ type, ip }) =>
    ethernet(0x8909, [...hex('01 01 0001 0002'), ...u16(type), ...ip]),
  ),
  tunnel('VN-Tag', ({ type, ip }) => ethernet(0x8926, [...hex('80000000'), ...u16(type), ...ip])),
  tunnel('E-Tag', ({ type, ip }) => ethernet(0x893f, [...zeros(6), ...u16(type), ...ip])),
  tunnel('HSR', ({ type, ip }) =>
    ethernet(0x892f, [...u16(ip.length + 6), ...hex('0001'), ...u16(type), ...ip]),
  ),
  tunnel('I-Tag', ({ eth }) => ethernet(0x88e7, [...hex('00000001'), ...eth])),
  tunnel('MACsec in the clear', ({ type, ip }) =>
    ethernet(0x88e5, [
      ...hex('20 00 00000001 020000000001 0001'),
      ...u16(type),
      ...ip,
      ...zeros(16),
    ]),
  ),
  tunnel('LLC', ({ type, ip }) => ethernet(8 + ip.length, snap(type, ip))),
  tunnel('PPPoE', (p) =>
    ethernet(0x8864, [...hex('11000001'), ...u16(p.ip.length + 2), ...ppp(p)]),
  ),
  tunnel('MPLS', ({ ip }) => ethernet(0x8847, [...hex('00010040 00020140'), ...ip])),
  tunnel('MPLS pseudowire', ({ eth }) =>
    ethernet(0x8847, [...hex('00010040 00020140 00000000'), ...eth]),
  ),
  tunnel('NSH', ({ type, ip }) =>
    ethernet(0x894f, [
      ...hex('0006 01'),
      type === 0x0800 ? 1 : 2,
      ...hex('000001ff'),
      ...zeros(16),
      ...ip,
    ]),
  ),
];

const OVER_IP: readonly Encapsulation[] = [
  tunnel('IP in IPv4', ({ type, ip }) => over4(type === 0x0800 ? 4 : 41, ip)),
  tunnel('IP in IPv6', ({ type, ip }) => over6(type === 0x0800 ? 4 : 41, ip)),
  tunnel('GRE', ({ type, ip }) => over4(47, [...u16(0), ...u16(type), ...ip])),
  tunnel('GRE with everything', ({ type, ip }) =>
    over4(47, [...hex('b000'), ...u16(type), ...zeros(4), ...u32(7), ...u32(1), ...ip]),
  ),
  tunnel('GRE with source routes', ({ type, ip }) =>
    over4(47, [
      ...hex('4000'),
      ...u16(type),
      ...zeros(4),
      ...hex('0800 00 04 c0000201 00000000'),
      ...ip,
    ]),
  ),
  tunnel('NVGRE', ({ eth }) => over4(47, [...hex('2000 6558 00000100'), ...eth])),
  tunnel('GRE with MPLS', ({ ip }) => over4(47, [...hex('0000 8847 00002140'), ...ip])),
  tunnel('GRE in IPv6', ({ type, ip }) => over6(47, [...u16(0), ...u16(type), ...ip])),
  tunnel('PPTP', (p) =>
    over4(47, [
      ...hex('3081 880b'),
      ...u16(p.ip.length + 4),
      ...hex('0001 00000001 00000002 ff03'),
      ...ppp(p),
    ]),
  ),
  tunnel('Ethernet over IP of MikroTik', ({ eth }) =>
    over4(47, [...hex('2001 6400'), ...le16(eth.length), 1, 0, ...eth]),
  ),
  tunnel('ERSPAN I', ({ eth }) => over4(47, [...hex('0000 88be'), ...eth])),
  tunnel('ERSPAN II', ({ eth }) =>
    over4(47, [...hex('1000 88be 00000001 10000001 00000000'), ...eth]),
  ),
  tunnel('ERSPAN III', ({ eth }) =>
    over4(47, [...hex('1000 22eb 00000001 20000001 00000000 0000 0000'), ...eth]),
  ),
  tunnel('ERSPAN III with a platform', ({ eth }) =>
    over4(47, [...hex('1000 22eb 00000001 20000001 00000000 0000 0001'), ...zeros(8), ...eth]),
  ),
  tunnel('EtherIP', ({ eth }) => over4(97, [...hex('3000'), ...eth])),
  tunnel('Ethernet in IPv6', ({ eth }) => over6(143, eth)),
  tunnel('MPLS in IP', ({ ip }) => over4(137, [...hex('00002140'), ...ip])),
  tunnel('authentication header', ({ type, ip }) =>
    over4(51, [...[type === 0x0800 ? 4 : 41, 4, 0, 0], ...zeros(20), ...ip]),
  ),
  tunnel('extension headers', ({ type, ip }) =>
    over6(0, extension(60, 0, extension(type === 0x0800 ? 4 : 41, 1, ip))),
  ),
  tunnel('atomic fragment', ({ type, ip }) =>
    over6(44, fragment6(type === 0x0800 ? 4 : 41, 9, 0, false, ip)),
  ),
];

const OVER_UDP: readonly Encapsulation[] = [
  tunnel('VXLAN', ({ eth }) => overUdp(4789, [...hex('08000000 00000100'), ...eth])),
  tunnel('VXLAN-GPE', ({ type, ip }) =>
    overUdp(4790, [...hex('0c0000'), type === 0x0800 ? 1 : 2, ...hex('00000100'), ...ip]),
  ),
  tunnel('VXLAN-GPE with Ethernet', ({ eth }) =>
    overUdp(4790, [...hex('0c000003 00000100'), ...eth]),
  ),
  tunnel('GENEVE', ({ eth }) => overUdp(6081, [...hex('00006558 00000100'), ...eth])),
  tunnel('GENEVE with options and IP', ({ type, ip }) =>
    overUdp(6081, [...hex('0200'), ...u16(type), ...hex('00000100 0102 80 01 00000000'), ...ip]),
  ),
  tunnel('GTP-U', ({ ip }) => overUdp(2152, [...hex('30ff'), ...u16(ip.length), ...u32(1), ...ip])),
  tunnel('GTP-U with extension headers', ({ ip }) =>
    overUdp(2152, [
      ...hex('34ff'),
      ...u16(ip.length + 8),
      ...u32(1),
      ...hex('000000 85 01 1001 00'),
      ...ip,
    ]),
  ),
  tunnel('Teredo', ({ ip }) => overUdp(3544, ip), { only: 6 }),
  tunnel(
    'Teredo with indications',
    ({ ip }) => overUdp(3544, [...hex('0001 00 00 0000000000000001 00 0000 ffff ffffffff'), ...ip]),
    { only: 6 },
  ),
  tunnel('CAPWAP with 802.3', ({ eth }) => overUdp(5247, [...hex('00 100000 00000000'), ...eth])),
  tunnel('CAPWAP with 802.11', (p) => {
    const [control = 0, flags = 0, ...rest] = wlan(p);
    return overUdp(5247, [...hex('00 100300 00000000'), flags, control, ...rest]);
  }),
  tunnel('L2TP', (p) => overUdp(1701, [...hex('0002 0001 0001 ff03'), ...ppp(p)])),
  tunnel('L2TP with everything', (p) =>
    overUdp(1701, [
      ...hex('4a02'),
      ...u16(p.ip.length + 20),
      ...hex('0001 0001 0000 0000 0002 0000 ff03'),
      ...ppp(p),
    ]),
  ),
  tunnel('LISP', ({ ip }) => overUdp(4341, [...zeros(8), ...ip])),
  tunnel('GRE in UDP', ({ type, ip }) => overUdp(4754, [...u16(0), ...u16(type), ...ip])),
  tunnel('MPLS in UDP', ({ ip }) => overUdp(6635, [...hex('00002140'), ...ip])),
  tunnel('TZSP', ({ eth }) => overUdp(37_008, [...hex('01 00 0001 01'), ...eth])),
  tunnel('TZSP with 802.11', (p) => overUdp(37_008, [...hex('01 00 0012 01'), ...wlan(p)])),
  elsewhere('FOU', ({ ip }) => ip),
  elsewhere('FOU with GRE', ({ type, ip }) => [...u16(0), ...u16(type), ...ip]),
  elsewhere('FOU with a key and Ethernet', ({ eth }) => [...hex('2000 6558 00000007'), ...eth]),
  elsewhere('GUE', ({ type, ip }) => [0, type === 0x0800 ? 4 : 41, 0, 0, ...ip]),
  elsewhere('GUE with fields', ({ type, ip }) => [
    ...[2, type === 0x0800 ? 4 : 41, 0x80, 0],
    ...zeros(8),
    ...ip,
  ]),
  elsewhere('GUE with GRE', ({ type, ip }) => [...hex('00 2f 0000 0000'), ...u16(type), ...ip]),
  elsewhere('VXLAN on another port', ({ eth }) => [...hex('08000000 00000100'), ...eth]),
  elsewhere('VXLAN on another port, with a tag', ({ type, ip }) => [
    ...hex('08000000 00000100'),
    ...ethernet(0x8100, vlan(5, type, ip)),
  ]),
  tunnel('VXLAN in GRE in PPPoE', ({ eth }) =>
    ethernet(0x8864, [
      ...hex('11000001'),
      ...pppoePayload(
        ip4(
          47,
          [
            ...hex('0000 0800'),
            ...ip4(17, udp([...hex('08000000 00000100'), ...eth], 49_152, 4789)),
          ],
          OUTER,
        ),
      ),
    ]),
  ),
];

function pppoePayload(ip: Octets): Octets {
  return [...u16(ip.length + 2), ...hex('0021'), ...ip];
}

const FRAGMENTED: readonly Encapsulation[] = [
  {
    name: 'fragments of the tunnel',
    linkType: 101,
    wrap: ({ type, ip, n }) => fragments4(type === 0x0800 ? 4 : 41, ip, n),
  },
  {
    name: 'fragments of the tunnel, IPv6',
    linkType: 101,
    wrap: ({ type, ip, n }) => fragments6(type === 0x0800 ? 4 : 41, ip, n),
  },
  {
    name: 'fragments of VXLAN',
    linkType: 101,
    wrap: ({ eth, n }) =>
      fragments4(17, udp([...hex('08000000 00000100'), ...eth], 49_152, 4789), n),
  },
  {
    name: 'fragments inside the tunnel',
    linkType: 1,
    only: 6,
    wrap: ({ ip, n }) =>
      fragments6(ip[6] ?? 0, ip.slice(40), n).map((piece) =>
        over4(41, [...piece.slice(0, 8), ...ip.slice(8, 40), ...piece.slice(40)]),
      ),
  },
];

/** The preamble stands between UDP and DTLS, so it is the same flow. */
const CAPWAP: readonly Encapsulation[] = [5246, 5247].map((dtlsPort) =>
  tunnel(
    `DTLS in CAPWAP, ${dtlsPort}`,
    ({ eth, ip }) => {
      if (ip[9] !== 17) return eth;
      const payload = ip.slice(28);
      const datagram = [...ip.slice(20, 24), ...u16(12 + payload.length), 0, 0];
      const packet = [...ip.slice(0, 20), ...datagram, ...hex('01 000000'), ...payload];
      return ethernet(0x0800, [...packet.slice(0, 2), ...u16(packet.length), ...packet.slice(4)]);
    },
    { only: 4, dtlsPort },
  ),
);

export const ENCAPSULATIONS: readonly Encapsulation[] = [
  ...LINKS,
  ...TAGGED,
  ...OVER_IP,
  ...OVER_UDP,
  ...FRAGMENTED,
  ...CAPWAP,
];

/** The packets that carry a frame of Ethernet. */
export function encapsulate(
  frame: Frame,
  n: number,
  { wrap }: Encapsulation,
): readonly Uint8Array[] {
  const eth = [...frame.octets];
  const type = ((eth[12] ?? 0) << 8) | (eth[13] ?? 0);
  return wrap({ eth, type, ip: eth.slice(14), n }).map((octets) => Uint8Array.from(octets));
}
