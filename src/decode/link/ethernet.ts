import { FIRST_ETHER_TYPE, nextOfEtherType } from '../ether-types.ts';
import type { Frame } from '../frame.ts';
import { NEXT, type Next } from '../next.ts';

const HEADER_OCTETS = 14;

/** Ethernet: destination, source, then an EtherType or the length of an LLC frame (IEEE 802.3 §3.2.6). */
export function ethernet(frame: Frame): Next {
  if (frame.lacks(HEADER_OCTETS)) return NEXT.stop;
  return typeOrLength(frame, HEADER_OCTETS - 2);
}

/** A tag of two octets before the real EtherType: VLANs of any age and depth (IEEE 802.1Q §9.6). */
export function tag2(frame: Frame): Next {
  return frame.lacks(4) ? NEXT.stop : typeOrLength(frame, 2);
}

/** A tag of four octets before the real EtherType. */
export function tag4(frame: Frame): Next {
  return frame.lacks(6) ? NEXT.stop : typeOrLength(frame, 4);
}

/** A tag of six octets before the real EtherType. */
export function tag6(frame: Frame): Next {
  return frame.lacks(8) ? NEXT.stop : typeOrLength(frame, 6);
}

/** I-Tag: four octets, then a whole customer frame (IEEE 802.1ah §9.7). */
export function backboneTag(frame: Frame): Next {
  if (frame.lacks(4)) return NEXT.stop;
  frame.offset += 4;
  return NEXT.ethernet;
}

/** IEEE 802.2 LLC, with SNAP (RFC 1042) or with IP directly above (SAP 6). */
export function llc(frame: Frame): Next {
  if (frame.lacks(3)) return NEXT.stop;
  const saps = frame.u16(0);
  if (frame.u8(2) !== UNNUMBERED_INFORMATION) return NEXT.stop;
  if (saps === 0x0606) {
    frame.offset += 3;
    return NEXT.ip;
  }
  if (saps !== 0xaaaa || frame.lacks(8)) return NEXT.stop;
  const organization = (frame.u8(3) << 16) | frame.u16(4);
  const protocol = frame.u16(6);
  frame.offset += 8;
  if (organization === 0 || organization === BRIDGED_ETHERNET) return nextOfEtherType(protocol);
  const bridged = protocol === 0x0001 || protocol === 0x0007;
  return organization === IEEE_802_1 && bridged ? NEXT.ethernet : NEXT.stop;
}

const UNNUMBERED_INFORMATION = 0x03;
/** IEEE 802.1H: an EtherType tunnelled through a medium without EtherTypes. */
const BRIDGED_ETHERNET = 0x0000f8;
/** RFC 2427 §4.2: bridged frames; 1 with and 7 without the frame check sequence. */
const IEEE_802_1 = 0x0080c2;

function typeOrLength(frame: Frame, at: number): Next {
  const type = frame.u16(at);
  frame.offset += at + 2;
  if (type >= FIRST_ETHER_TYPE) return nextOfEtherType(type);
  if (type !== 0) frame.limit(type);
  return NEXT.llc;
}
