import { PASSED } from '../../model/passed-over.ts';
import { aboveEtherType, FIRST_ETHER_TYPE } from '../ether-types.ts';
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
  if (frame.u8(2) !== UNNUMBERED_INFORMATION) return frame.pass(PASSED.llc);
  if (saps === 0x0606) {
    frame.offset += 3;
    return NEXT.ip;
  }
  if (saps !== 0xaaaa) return frame.pass(PASSED.llc);
  return frame.lacks(8) ? NEXT.stop : snap(frame, 3);
}

/** Organization and protocol at `at` (RFC 1042). */
export function snap(frame: Frame, at: number): Next {
  const organization = (frame.u8(at) << 16) | frame.u16(at + 1);
  const protocol = frame.u16(at + 3);
  frame.offset += at + 5;
  if (organization === 0 || organization === BRIDGED_ETHERNET)
    return aboveEtherType(frame, protocol);
  const bridged = protocol === 0x0001 || protocol === 0x0007;
  return organization === IEEE_802_1 && bridged ? NEXT.ethernet : frame.pass(PASSED.llc);
}

/** Bits of the first octet of MACsec's tag (IEEE 802.1AE §9.5): encrypted, changed, with a channel identifier. */
const SEC_TAG = { encrypted: 0x08, changed: 0x04, channel: 0x20 } as const;

/** MACsec: read where it protects integrity alone, which leaves the frame in the clear before the check value. */
export function macsec(frame: Frame): Next {
  if (frame.lacks(8)) return NEXT.stop;
  const control = frame.u8(0);
  if ((control & (SEC_TAG.encrypted | SEC_TAG.changed)) !== 0) return frame.pass(PASSED.macsec);
  const octets = (control & SEC_TAG.channel) !== 0 ? 14 : 6;
  if (frame.lacks(octets + 2)) return NEXT.stop;
  return typeOrLength(frame, octets);
}

const UNNUMBERED_INFORMATION = 0x03;
/** IEEE 802.1H: an EtherType tunnelled through a medium without EtherTypes. */
const BRIDGED_ETHERNET = 0x0000f8;
/** RFC 2427 §4.2: bridged frames; 1 with and 7 without the frame check sequence. */
const IEEE_802_1 = 0x0080c2;

/** An EtherType or a length at `at`, after which the frame's payload begins. */
export function typeOrLength(frame: Frame, at: number): Next {
  const type = frame.u16(at);
  frame.offset += at + 2;
  if (type >= FIRST_ETHER_TYPE) return aboveEtherType(frame, type);
  if (type !== 0) frame.limit(type);
  return NEXT.llc;
}
