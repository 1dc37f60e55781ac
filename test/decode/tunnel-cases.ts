import {
  A4,
  B4,
  ETHER,
  ethernet,
  extension,
  HELLO,
  hex,
  ip4,
  ip6,
  type Octets,
  TCP4,
  TCP6,
  UDP4,
  u16,
  u32,
  udp,
  zeros,
} from './build.ts';
import {
  type Case,
  ETH,
  IP_CASES,
  ip,
  LINK_CASES,
  link,
  passed,
  TCP_4,
  TCP_6,
  UDP_4,
  WLAN,
} from './cases.ts';

/** Outer datagrams are told before what they carry; `payload` of the outer one is given as `*`. */
const outer = (from: number, to: number): string => `udp ${A4}:${from} > ${B4}:${to} *`;
const over = (
  name: string,
  port: number,
  payload: Octets,
  expected = [TCP_4],
  outerPayload = '*',
): Case =>
  link(name, 101, ip4(17, udp(payload, 60000, port)), [
    outer(60000, port).replace('*', outerPayload),
    ...expected,
  ]);
const overPassed = (name: string, port: number, payload: Octets, as: string): Case => ({
  ...over(name, port, payload, []),
  passed: [as],
});
const TUNNELLED = 'tunnelled frames without IP';
const CAPWAP = 'CAPWAP without user data';
const PPTP_TCP = [...hex('ff03 0021'), ...TCP4];

export const TUNNEL_CASES: readonly Case[] = [
  ip('IP in IP', ip4(4, TCP4)),
  ip('IPv6 in IPv4', ip4(41, TCP6), [TCP_6]),
  ip('IPv4 in IPv6', ip6(4, TCP4)),
  ip('IPv6 in IPv6 behind options', ip6(60, extension(41, 0, TCP6)), [TCP_6]),
  ip('GRE', ip4(47, [...hex('0000 0800'), ...TCP4])),
  ip('GRE with checksum, key and sequence', ip4(47, [...hex('b000 86dd'), ...zeros(12), ...TCP6]), [
    TCP_6,
  ]),
  ip(
    'GRE with source routes',
    ip4(47, [
      ...hex('f000 0800 00000000 00000001 00000002'),
      ...hex('0800 00 04 c0000201 0800 00 04 c0000202 0000 00 00'),
      ...TCP4,
    ]),
  ),
  passed('GRE of another version', 101, ip4(47, hex('0002 0800 00000000')), 'GRE of another kind'),
  ip('GRE with Ethernet, before NVGRE', ip4(47, [...hex('0000 6400'), ...ETH])),
  ip(
    'Ethernet over IP of MikroTik',
    ip4(47, [...hex('2001 6400'), ...u16(ETH.length), 1, 0, ...ETH]),
  ),
  ip('GRE with Frame Relay', ip4(47, [...hex('0000 6559 1841 03 cc'), ...TCP4])),
  ip('GRE with 802.11 of Aruba', ip4(47, [...hex('0000 8200'), ...WLAN])),
  ip('GRE with a group tag', ip4(47, [...hex('0000 8909 01 01 0001 0002 0800'), ...TCP4])),
  ip('Ethernet in IPv6', ip6(143, ETH)),
  ip('GRE with Ethernet', ip4(47, [...hex('2000 6558 00000100'), ...ETH])),
  ip('GRE with MPLS', ip4(47, [...hex('0000 8847 00002140'), ...TCP4])),
  ip(
    'PPTP',
    ip4(47, [...hex('3001 880b'), ...u16(PPTP_TCP.length), ...hex('0001 00000001'), ...PPTP_TCP]),
  ),
  ip(
    'PPTP with acknowledgement',
    ip4(47, [
      ...hex('3081 880b'),
      ...u16(PPTP_TCP.length),
      ...hex('0001 00000001 00000002'),
      ...PPTP_TCP,
      9,
      9,
    ]),
  ),
  passed(
    'PPTP acknowledgement alone',
    101,
    ip4(47, hex('2081 880b 0000 0001 00000002')),
    TUNNELLED,
  ),
  ip('ERSPAN I', ip4(47, [...hex('0000 88be'), ...ETH])),
  ip('ERSPAN II', ip4(47, [...hex('1000 88be 00000001'), ...hex('10000001 00000000'), ...ETH])),
  ip(
    'ERSPAN III',
    ip4(47, [...hex('1000 22eb 00000001'), ...hex('20000001 00000000 0000 0000'), ...ETH]),
  ),
  ip(
    'ERSPAN III with platform header',
    ip4(47, [
      ...hex('1000 22eb 00000001'),
      ...hex('20000001 00000000 0000 0001'),
      ...zeros(8),
      ...ETH,
    ]),
  ),
  ip(
    'ERSPAN III with IP',
    ip4(47, [...hex('1000 22eb 00000001'), ...hex('20000001 00000000 0000 0800'), ...TCP4]),
  ),
  ip('WCCP version 1', ip4(47, [...hex('0000 883e'), ...TCP4])),
  ip('WCCP version 2', ip4(47, [...hex('0000 883e 00000000'), ...TCP4])),
  ip('EtherIP', ip4(97, [...hex('3000'), ...ETH])),
  ip('MPLS in IP', ip4(137, [...hex('00002140'), ...TCP4])),
  over('VXLAN', 4789, [...hex('08000000 00000100'), ...ETH]),
  over('VXLAN-GPE with IPv4', 4790, [...hex('0c000001 00000100'), ...TCP4]),
  over('VXLAN-GPE with IPv6', 4790, [...hex('0c000002 00000100'), ...TCP6], [TCP_6]),
  over('VXLAN-GPE with Ethernet', 4790, [...hex('08000003 00000100'), ...ETH]),
  over('VXLAN-GPE with a service header', 4790, [
    ...hex('0c000004 00000100'),
    ...hex('0002 02 05 00000000'),
    ...hex('00002140'),
    ...TCP4,
  ]),
  over('GENEVE', 6081, [...hex('00006558 00000100'), ...ETH]),
  over('GENEVE with options and IP', 6081, [...hex('02000800 00000100'), ...zeros(8), ...TCP4]),
  over('GTP-U', 2152, [...hex('30ff'), ...u16(TCP4.length), ...u32(1), ...TCP4]),
  over('GTP-U with sequence', 2152, [
    ...hex('32ff'),
    ...u16(4 + TCP4.length),
    ...u32(1),
    ...zeros(4),
    ...TCP4,
  ]),
  over(
    'GTP-U with extension headers',
    2152,
    [
      ...hex('34ff'),
      ...u16(16 + TCP6.length),
      ...u32(1),
      ...hex('000000 85'),
      ...hex('01 1001 85'),
      ...hex('02 100100000000 00'),
      ...TCP6,
    ],
    [TCP_6],
  ),
  overPassed('GTP-U echo', 2152, hex('3201 0004 00000000 00000000'), 'GTP-U without user data'),
  over('Teredo', 3544, TCP6, [TCP_6]),
  over('Teredo with origin', 3544, [...hex('0000 ffff ffffffff'), ...TCP6], [TCP_6]),
  over(
    'Teredo with authentication and origin',
    3544,
    [...hex('0001 01 02 aa bbbb 0000000000000001 00'), ...hex('0000 ffff ffffffff'), ...TCP6],
    [TCP_6],
  ),
  over('CAPWAP with 802.3', 5247, [...hex('00 100000 00000000'), ...ETH]),
  over('CAPWAP with swapped 802.11', 5247, [
    ...hex('00 100300 00000000'),
    ...hex('0108'),
    ...WLAN.slice(2),
  ]),
  over('CAPWAP with a radio address', 5247, [
    ...hex('00 200310 00000000 06 020000000001 00'),
    ...WLAN,
  ]),
  over('CAPWAP with 802.11', 5247, [...hex('00 100300 00000000'), ...WLAN]),
  over('CAPWAP over DTLS', 5247, [...hex('01 000000'), ...HELLO], [], 'hello'),
  overPassed('no preamble of CAPWAP', 5246, [...hex('01 010000'), ...HELLO], CAPWAP),
  over('CAPWAP control over DTLS', 5246, [...hex('01 000000'), ...HELLO], [], 'hello'),
  overPassed(
    'CAPWAP control in the clear',
    5246,
    [...hex('00 100200 00000000'), ...zeros(8)],
    CAPWAP,
  ),
  overPassed('CAPWAP keep-alive', 5247, [...hex('00 100008 00000000'), ...ETH], CAPWAP),
  overPassed('CAPWAP fragment', 5247, [...hex('00 100380 00010000'), ...WLAN], 'fragmented CAPWAP'),
  overPassed(
    'CAPWAP with protected 802.11',
    5247,
    [...hex('00 100300 00000000'), 0x08, 0x41, ...WLAN.slice(2)],
    'protected 802.11',
  ),
  over('L2TP', 1701, [...hex('0002 0001 0001'), ...PPTP_TCP]),
  over('L2TP with length, sequence and offset', 1701, [
    ...hex('4a02 0043 0001 0001 0000 0000 0002 ffff'),
    ...PPTP_TCP,
  ]),
  overPassed('L2TP control', 1701, hex('c802 000c 0000 0000 0000 0000'), 'L2TP control'),
  overPassed('L2TPv3', 1701, [...hex('0003 0000 00000001'), ...ETH], 'L2TPv3'),
  passed('L2TPv3 over IP', 101, ip4(115, [...hex('00000001'), ...ETH]), 'L2TPv3'),
  overPassed(
    'VXLAN with ARP',
    4789,
    [...hex('08000000 00000100'), ...ethernet(0x0806, zeros(28))],
    TUNNELLED,
  ),
  {
    ...over(
      'VXLAN with ESP',
      4789,
      [...hex('08000000 00000100'), ...ethernet(ETHER.ip4, ip4(50, zeros(40)))],
      [],
    ),
    passed: ['ESP (IPsec)'],
  },
  over('VXLAN on the port of Linux', 8472, [...hex('08000000 00000100'), ...ETH]),
  over('another flag on the port of Linux', 8472, [...hex('88000000 00000100'), ...ETH], []),
  over('no Ethernet on the port of Linux', 8472, [...hex('08000000 00000100'), ...TCP4], []),
  over('GTP-U with Ethernet', 2152, [...hex('30ff'), ...u16(ETH.length), ...u32(1), ...ETH]),
  overPassed(
    'GTP-U with neither',
    2152,
    [...hex('30ff'), ...u16(20), ...u32(1), ...zeros(20)],
    TUNNELLED,
  ),
  over('LISP', 4341, [...zeros(8), ...TCP4]),
  over('GRE in UDP', 4754, [...hex('0000 0800'), ...TCP4]),
  over('MPLS in UDP', 6635, [...hex('00002140'), ...TCP4]),
  over('TZSP', 37008, [...hex('01 00 0001 00 0a01ff 01'), ...ETH]),
  over('TZSP with 802.11', 37008, [...hex('01 00 0012 01'), ...WLAN]),
  link(
    'the port of the answer',
    101,
    ip4(17, udp([...hex('00006558 00000100'), ...ETH], 6081, 60000)),
    [outer(6081, 60000), TCP_4],
  ),
  link(
    'the lower of two known ports',
    101,
    ip4(17, udp([...hex('30ff'), ...u16(TCP4.length), ...u32(1), ...TCP4], 4789, 2152)),
    [outer(4789, 2152), TCP_4],
  ),
  over(
    'VXLAN in GRE in IPv6 in VXLAN',
    4789,
    [
      ...hex('08000000 00000100'),
      ...ethernet(
        ETHER.ip6,
        ip6(47, [
          ...hex('0000 0800'),
          ...ip4(17, udp([...hex('08000000 00000200'), ...ethernet(ETHER.ip4, UDP4)], 60001, 4789)),
        ]),
      ),
    ],
    [outer(60001, 4789), UDP_4],
  ),
];

export const ALL_CASES: readonly Case[] = [...LINK_CASES, ...IP_CASES, ...TUNNEL_CASES];
