import { PASSED } from '../../model/passed-over.ts';
import { aboveEtherType } from '../ether-types.ts';
import type { Frame, Layer } from '../frame.ts';
import { NEXT, type Next } from '../next.ts';
import { snap, typeOrLength } from './ethernet.ts';

/** A header of fixed length with nothing in it that matters. */
export function skip(octets: number, next: Next): Layer {
  return (frame) => {
    if (frame.lacks(octets)) return NEXT.stop;
    frame.offset += octets;
    return next;
  };
}

/** A header that ends with an EtherType or a length. */
export function typeAt(at: number): Layer {
  return (frame) => (frame.lacks(at + 2) ? NEXT.stop : typeOrLength(frame, at));
}

/** Network layer protocol identifiers (ISO/IEC TR 9577, RFC 2427 §4). */
const NLPID = { padding: 0x00, snap: 0x80, ip6: 0x8e, ip4: 0xcc, ppp: 0xcf } as const;
const UNNUMBERED_INFORMATION = 0x03;

/** Frame Relay: an address of two octets or more, then what RFC 2427 §3 or Cisco's variant (an EtherType) says. */
export function frameRelay(frame: Frame): Next {
  let octets = 2;
  // The lowest bit ends the address (Q.922 §3.2).
  while (octets <= 4 && !frame.lacks(octets) && (frame.u8(octets - 1) & 1) === 0) octets++;
  if (frame.lacks(octets + 3)) return NEXT.stop;
  if (frame.u8(octets) !== UNNUMBERED_INFORMATION) {
    const etherType = frame.u16(octets);
    frame.offset += octets + 2;
    return aboveEtherType(frame, etherType);
  }
  octets++;
  if (frame.u8(octets) === NLPID.padding) octets++;
  if (frame.lacks(octets + 6)) return NEXT.stop;
  const protocol = frame.u8(octets);
  if (protocol === NLPID.snap) return snap(frame, octets + 1);
  frame.offset += octets + 1;
  if (protocol === NLPID.ip4 || protocol === NLPID.ip6) return NEXT.ip;
  return protocol === NLPID.ppp ? NEXT.ppp : frame.pass(PASSED.llc);
}

/** Solaris' observability header (LINKTYPE_IPNET): 24 octets, the address family in the second. */
export function ipnet(frame: Frame): Next {
  if (frame.lacks(24)) return NEXT.stop;
  const family = frame.u8(1);
  frame.offset += 24;
  return family === 2 || family === 26 ? NEXT.ip : frame.pass(PASSED.notNetwork);
}

/** IEEE 802.5: access and frame control, addresses, and a route where the source's first bit says so; then LLC. */
export function tokenRing(frame: Frame): Next {
  if (frame.lacks(15)) return NEXT.stop;
  if (frame.u8(1) >>> 6 !== 1) return frame.pass(PASSED.llc);
  const routeOctets = (frame.u8(8) & 0x80) !== 0 ? frame.u8(14) & 0x1f : 0;
  if (frame.lacks(14 + routeOctets)) return NEXT.stop;
  frame.offset += 14 + routeOctets;
  return NEXT.llc;
}

/** FDDI: frame control, addresses; then LLC if the control says so. */
export function fddi(frame: Frame): Next {
  if (frame.lacks(13)) return NEXT.stop;
  if (frame.u8(0) >>> 4 !== 5) return frame.pass(PASSED.llc);
  frame.offset += 13;
  return NEXT.llc;
}

/** SunATM: flags, path, circuit; the low bits of the flags say LLC. */
export function sunAtm(frame: Frame): Next {
  if (frame.lacks(4)) return NEXT.stop;
  if ((frame.u8(0) & 0x0f) !== 2) return frame.pass(PASSED.llc);
  frame.offset += 4;
  return NEXT.llc;
}

const PREAMBLE = { octet: 0x55, startOfFrame: 0xd5 } as const;

/** Ethernet with the preamble before it (IEEE 802.3 §3.2.1, §3.2.2). */
export function preamble(frame: Frame): Next {
  let octets = 0;
  while (octets < 8 && !frame.lacks(octets + 1) && frame.u8(octets) === PREAMBLE.octet) octets++;
  if (frame.lacks(octets + 1)) return NEXT.stop;
  if (frame.u8(octets) !== PREAMBLE.startOfFrame) return frame.pass(PASSED.llc);
  frame.offset += octets + 1;
  return NEXT.ethernet;
}

/** Record types of Endace's cards that are followed; the rest of the low seven bits are other media. */
const ERF_ETHERNET: ReadonlySet<number> = new Set([2, 11, 16, 20]);
const ERF_IP: ReadonlySet<number> = new Set([22, 23]);
const ERF_MORE = 0x80;

/** Endace's record header: 16 octets, extension headers of eight, and two more before an Ethernet frame. */
export function erf(frame: Frame): Next {
  if (frame.lacks(16)) return NEXT.stop;
  const first = frame.u8(8);
  const type = first & 0x7f;
  let more = (first & ERF_MORE) !== 0;
  let octets = 16;
  while (more) {
    if (frame.lacks(octets + 8)) return NEXT.stop;
    more = (frame.u8(octets) & ERF_MORE) !== 0;
    octets += 8;
  }
  if (ERF_ETHERNET.has(type)) octets += 2;
  if (frame.lacks(octets)) return NEXT.stop;
  frame.offset += octets;
  if (ERF_IP.has(type)) return NEXT.ip;
  return ERF_ETHERNET.has(type) ? NEXT.ethernet : frame.pass(PASSED.notNetwork);
}

const JUNIPER = { magic: 0x4d4743, extensions: 0x80, noLink: 0x02 } as const;

/** Juniper's header before an Ethernet frame, or before IP where the flags say so. */
export function juniperEthernet(frame: Frame): Next {
  if (frame.lacks(6)) return NEXT.stop;
  if (frame.u32(0) >>> 8 !== JUNIPER.magic) return frame.pass(PASSED.notNetwork);
  const flags = frame.u8(3);
  const octets = (flags & JUNIPER.extensions) !== 0 ? 6 + frame.u16(4) : 4;
  const noLink = (flags & JUNIPER.noLink) !== 0;
  if (frame.lacks(octets + (noLink ? 4 : 0))) return NEXT.stop;
  frame.offset += octets + (noLink ? 4 : 0);
  return noLink ? NEXT.ip : NEXT.ethernet;
}

/** Tags of Wireshark's exported PDUs: what the octets behind them are (12 by protocol name). */
const PDU_TAG = { end: 0, protocolName: 12 } as const;

/** Exported PDU (LINKTYPE_WIRESHARK_UPPER_PDU): tags in network order; followed where it holds a whole packet. */
export function upperPdu(frame: Frame): Next {
  let next: Next = NEXT.stop;
  // Four octets a round, so the packet's length bounds the walk.
  while (!frame.lacks(4)) {
    const tag = frame.u16(0);
    const octets = 4 + frame.u16(2);
    if (frame.lacks(octets)) return NEXT.stop;
    if (tag === PDU_TAG.protocolName) next = nextOfProtocolName(frame, octets);
    frame.offset += octets;
    if (tag === PDU_TAG.end) return next === NEXT.stop ? frame.pass(PASSED.upperPdu) : next;
  }
  return NEXT.stop;
}

/** `ip`, `ipv6` and `eth...`, padded with zeros; told by the first letters to spare a string. */
function nextOfProtocolName(frame: Frame, end: number): Next {
  if (end < 6) return NEXT.stop;
  const letters = frame.u16(4);
  const third = end > 6 ? frame.u8(6) : 0;
  if (letters === 0x6970 && (third === 0 || third === 0x76)) return NEXT.ip;
  return letters === 0x6574 && third === 0x68 ? NEXT.ethernet : NEXT.stop;
}
