import { linkTypeAdvice, linkTypeName } from './code-points/link-types.ts';
import type { NameTable } from './code-points/lookup.ts';
import type { NoticeCode } from './notice.ts';

/*
 * What a packet was that led to no TCP segment or UDP datagram, or to a datagram that hides what it carries: a number
 * space and a number in it, in one small integer, so that counting allocates nothing.
 */

/** Where a number comes from; the low 16 bits are free for it. */
export const SPACE = {
  etherType: 0x1_0000,
  ipProtocol: 0x2_0000,
  pppProtocol: 0x3_0000,
  linkType: 0x4_0000,
  other: 0x5_0000,
} as const;

/** What no registry has a number for. */
export const PASSED = {
  rest: SPACE.other,
  ipVersion: SPACE.other | 1,
  llc: SPACE.other | 2,
  wlanManagement: SPACE.other | 3,
  wlanProtected: SPACE.other | 4,
  wlanFragment: SPACE.other | 5,
  macsec: SPACE.other | 6,
  capwapFragment: SPACE.other | 7,
  capwapOther: SPACE.other | 8,
  gre: SPACE.other | 9,
  gtpOther: SPACE.other | 10,
  l2tpControl: SPACE.other | 11,
  l2tp3: SPACE.other | 12,
  mplsPayload: SPACE.other | 13,
  overlayOther: SPACE.other | 14,
  upperPdu: SPACE.other | 15,
  notNetwork: SPACE.other | 16,
  pppoeOther: SPACE.other | 17,
  wireGuard: SPACE.other | 18,
  espInUdp: SPACE.other | 19,
  ike: SPACE.other | 20,
  openVpn: SPACE.other | 21,
  quic: SPACE.other | 22,
  stun: SPACE.other | 23,
  turn: SPACE.other | 24,
  zrtp: SPACE.other | 25,
  rtp: SPACE.other | 26,
} as const;

/** Counts what is passed over. */
export interface PassedOverSink {
  /** @param key a number with its space: `SPACE.x | number` or one of `PASSED` */
  passedOver(key: number, packetNumber: number): void;
}

/** One kind of what was passed over in a capture, as `CaptureFacts` keeps it. */
export interface PassedOver {
  /** What it is called, in plain words. */
  readonly kind: string;
  readonly packets: number;
  /** `packetNumber` of the first one. */
  readonly firstPacket: number;
}

const ETHER_TYPES: NameTable = {
  2054: 'ARP',
  2114: 'Wake-on-LAN',
  8947: 'TRILL',
  17157: 'B.A.T.M.A.N.',
  25945: 'Frame Relay in GRE',
  32821: 'RARP',
  32923: 'AppleTalk',
  33079: 'IPX',
  34825: 'slow protocols (LACP)',
  34915: 'PPPoE discovery',
  34945: 'PPP in HDLC framing',
  34958: 'EAP over LAN',
  34962: 'PROFINET',
  34978: 'ATA over Ethernet',
  35020: 'LLDP',
  35041: 'HomePlug',
  35063: 'PTP',
  35074: 'connectivity fault management',
  35078: 'Fibre Channel over Ethernet',
  35130: 'IEEE 1905',
  36864: 'loopback test',
};

const IP_PROTOCOLS: NameTable = {
  1: 'ICMP',
  2: 'IGMP',
  33: 'DCCP',
  46: 'RSVP',
  50: 'ESP (IPsec)',
  58: 'ICMPv6',
  59: 'IPv6 without next header',
  88: 'EIGRP',
  89: 'OSPF',
  103: 'PIM',
  108: 'IPComp',
  112: 'VRRP',
  115: 'L2TPv3',
  132: 'SCTP',
  136: 'UDP-Lite',
};

const PPP_PROTOCOLS: NameTable = {
  45: 'PPP with compressed TCP headers',
  47: 'PPP with compressed TCP headers',
  61: 'PPP multilink',
  83: 'encrypted PPP',
  253: 'compressed or encrypted PPP (MPPC, MPPE)',
  32801: 'PPP control',
  32855: 'PPP control',
  33021: 'PPP control',
  49185: 'PPP control',
  49187: 'PPP authentication',
  49189: 'PPP control',
  49699: 'PPP authentication',
  49703: 'PPP authentication',
};

const OTHERS: NameTable = {
  [PASSED.rest]: 'other kinds',
  [PASSED.ipVersion]: 'IP of a version other than 4 and 6',
  [PASSED.llc]: 'LLC without IP (spanning tree and the like)',
  [PASSED.wlanManagement]: '802.11 management and control',
  [PASSED.wlanProtected]: 'protected 802.11',
  [PASSED.wlanFragment]: 'fragmented 802.11',
  [PASSED.macsec]: 'MACsec',
  [PASSED.capwapFragment]: 'fragmented CAPWAP',
  [PASSED.capwapOther]: 'CAPWAP without user data',
  [PASSED.gre]: 'GRE of another kind',
  [PASSED.gtpOther]: 'GTP-U without user data',
  [PASSED.l2tpControl]: 'L2TP control',
  [PASSED.l2tp3]: 'L2TPv3',
  [PASSED.mplsPayload]: 'MPLS with neither IP nor Ethernet',
  [PASSED.overlayOther]: 'tunnelled frames without IP',
  [PASSED.upperPdu]: 'exported PDUs',
  [PASSED.notNetwork]: 'messages of the system, not of a network',
  [PASSED.pppoeOther]: 'PPPoE without data',
  [PASSED.wireGuard]: 'WireGuard',
  [PASSED.espInUdp]: 'ESP in UDP (IPsec)',
  [PASSED.ike]: 'IKE',
  [PASSED.openVpn]: 'OpenVPN',
  [PASSED.quic]: 'QUIC',
  [PASSED.stun]: 'STUN',
  [PASSED.turn]: 'TURN',
  [PASSED.zrtp]: 'ZRTP',
  [PASSED.rtp]: 'RTP or RTCP',
};

/** The name of a kind, for a sentence like "12 packets of ..."; its number if it has none. */
export function passedOverName(key: number): string {
  const number = key & 0xffff;
  switch (key - number) {
    case SPACE.etherType:
      return ETHER_TYPES[number] ?? `EtherType 0x${number.toString(16).padStart(4, '0')}`;
    case SPACE.ipProtocol:
      return IP_PROTOCOLS[number] ?? `IP protocol ${number}`;
    case SPACE.pppProtocol:
      return PPP_PROTOCOLS[number] ?? `PPP protocol 0x${number.toString(16).padStart(4, '0')}`;
    case SPACE.linkType:
      return `link type ${number}${Number.isNaN(Number(linkTypeName(number))) ? ` (${linkTypeName(number)})` : ''}`;
    default:
      return OTHERS[key] ?? 'other kinds';
  }
}

const BEHIND_IPSEC =
  'capture where they are in the clear: before the gateway, or on the interface of the tunnel';
const ON_TUNNEL = 'capture on the interface of the tunnel instead, as in: tcpdump -i';

/** Kinds that may carry connections which nobody can see here: the code of their notice, and how to capture better. */
const HIDING: Readonly<Record<number, readonly [code: NoticeCode, advice: string]>> = {
  [SPACE.ipProtocol | 50]: ['packets-encrypted', BEHIND_IPSEC],
  [PASSED.espInUdp]: ['packets-encrypted', BEHIND_IPSEC],
  [PASSED.wireGuard]: ['packets-encrypted', `${ON_TUNNEL} wg0`],
  [PASSED.openVpn]: ['packets-encrypted', `${ON_TUNNEL} tun0`],
  [PASSED.macsec]: ['packets-encrypted', `${ON_TUNNEL} macsec0`],
  [PASSED.wlanProtected]: [
    'packets-encrypted',
    'capture on the access point or the station itself, or decrypt with airdecap-ng, or with Wireshark and export as "OSI layer 3"',
  ],
  [SPACE.pppProtocol | 0x0053]: ['packets-encrypted', `${ON_TUNNEL} ppp0`],
  [SPACE.pppProtocol | 0x00fd]: ['packets-encrypted', `${ON_TUNNEL} ppp0`],
  [SPACE.pppProtocol | 0x002d]: ['packets-not-followed', `${ON_TUNNEL} ppp0`],
  [SPACE.pppProtocol | 0x002f]: ['packets-not-followed', `${ON_TUNNEL} ppp0`],
  [SPACE.pppProtocol | 0x003d]: ['packets-not-followed', `${ON_TUNNEL} ppp0`],
  [SPACE.ipProtocol | 108]: ['packets-not-followed', BEHIND_IPSEC],
  [SPACE.ipProtocol | 115]: ['packets-not-followed', `${ON_TUNNEL} l2tpeth0`],
  [SPACE.etherType | 0x4305]: ['packets-not-followed', `${ON_TUNNEL} bat0`],
  [SPACE.etherType | 0x22f3]: ['packets-not-followed', 'capture where frames enter or leave TRILL'],
  [SPACE.etherType | 0x6559]: ['packets-not-followed', 'capture behind the end of the tunnel'],
  [SPACE.etherType | 0x8881]: ['packets-not-followed', 'capture behind the end of the tunnel'],
  [PASSED.l2tp3]: ['packets-not-followed', `${ON_TUNNEL} l2tpeth0`],
  [PASSED.gre]: ['packets-not-followed', 'capture behind the end of the tunnel'],
  [PASSED.mplsPayload]: ['packets-not-followed', 'capture at the edge, where there are no labels'],
  [PASSED.wlanFragment]: ['packets-not-followed', 'capture behind the access point'],
  [PASSED.capwapFragment]: ['packets-not-followed', 'capture behind the controller'],
  [PASSED.ipVersion]: [
    'packets-not-followed',
    'if these are no IP packets, the link type of the file is wrong; editcap -T sets another one',
  ],
  [PASSED.upperPdu]: [
    'packets-not-followed',
    'Wireshark exported what is inside the connections, without them; give the capture that it was exported from, or export as "OSI layer 3"',
  ],
};

/** The code of the notice about a kind and the advice in it; undefined for kinds that hide nothing. */
export function hiding(key: number): readonly [code: NoticeCode, advice: string] | undefined {
  if (key >= SPACE.linkType && key < SPACE.other)
    return ['link-type-unsupported', linkTypeAdvice(key & 0xffff)];
  return HIDING[key];
}
