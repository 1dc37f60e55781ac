import { PASSED } from '../../model/passed-over.ts';
import { aboveEtherType } from '../ether-types.ts';
import type { Frame } from '../frame.ts';
import { NEXT, type Next } from '../next.ts';
import { looksLikeEthernet, nextOfServiceProtocol } from './mpls.ts';

const VXLAN_OCTETS = 8;

/** VXLAN header (RFC 7348 §5), then an Ethernet frame. */
export function vxlan(frame: Frame): Next {
  if (frame.lacks(VXLAN_OCTETS)) return NEXT.stop;
  frame.offset += VXLAN_OCTETS;
  return NEXT.ethernet;
}

/** Flags of a VXLAN header, and the octets that are reserved, in its two words: the network's identifier is there. */
const VXLAN_FLAGS = 0x0800_0000;
const VXLAN_RESERVED = 0xff;

/**
 * VXLAN on Linux' own port, which others use too: only with a header as Linux writes it, and an EtherType that is
 * followed.
 */
export function vxlanOfLinux(frame: Frame): Next {
  if (frame.lacks(VXLAN_OCTETS)) return NEXT.stop;
  const strict = frame.u32(0) === VXLAN_FLAGS && (frame.u32(4) & VXLAN_RESERVED) === 0;
  if (!strict || !looksLikeEthernet(frame, VXLAN_OCTETS)) return NEXT.stop;
  return vxlan(frame);
}

/** VXLAN with a next protocol field (draft-ietf-nvo3-vxlan-gpe §3), which counts whatever the flags say. */
export function vxlanGpe(frame: Frame): Next {
  if (frame.lacks(VXLAN_OCTETS)) return NEXT.stop;
  const protocol = frame.u8(3);
  frame.offset += VXLAN_OCTETS;
  const next = nextOfServiceProtocol(protocol);
  return next === NEXT.stop ? frame.pass(PASSED.overlayOther) : next;
}

/** GENEVE header (RFC 8926 §3.4): version 0, options in words, EtherType. */
export function geneve(frame: Frame): Next {
  if (frame.lacks(8)) return NEXT.stop;
  const first = frame.u8(0);
  if (first >>> 6 !== 0) return NEXT.stop;
  const protocol = frame.u16(2);
  const octets = 8 + ((first & 0x3f) << 2);
  if (frame.lacks(octets)) return NEXT.stop;
  frame.offset += octets;
  return aboveEtherType(frame, protocol);
}

/** LISP data header (RFC 9300 §5.1): eight octets, then IP. */
export function lisp(frame: Frame): Next {
  if (frame.lacks(8)) return NEXT.stop;
  frame.offset += 8;
  return NEXT.ip;
}

/** TaZmen Sniffer Protocol, by which access points mirror frames: version 1, type, encapsulation, tags up to an end tag. */
export function tzsp(frame: Frame): Next {
  if (frame.lacks(4) || frame.u8(0) !== 1) return NEXT.stop;
  const encapsulation = frame.u16(2);
  frame.offset += 4;
  for (;;) {
    if (frame.lacks(1)) return NEXT.stop;
    const tag = frame.u8(0);
    if (tag === TZSP_TAG.end) {
      frame.offset += 1;
      break;
    }
    if (tag === TZSP_TAG.padding) {
      frame.offset += 1;
      continue;
    }
    if (frame.lacks(2)) return NEXT.stop;
    const octets = 2 + frame.u8(1);
    if (frame.lacks(octets)) return NEXT.stop;
    frame.offset += octets;
  }
  if (encapsulation === 1) return NEXT.ethernet;
  return encapsulation === 18 ? NEXT.ieee80211 : frame.pass(PASSED.overlayOther);
}

const TZSP_TAG = { padding: 0, end: 1 } as const;
