import { PASSED, SPACE } from '../../model/passed-over.ts';
import { aboveEtherType } from '../ether-types.ts';
import type { Frame } from '../frame.ts';
import { NEXT, type Next } from '../next.ts';

/** HDLC address "all stations" and control "unnumbered information" (RFC 1662 §3.1). */
const HDLC_ADDRESS_CONTROL = 0xff03;

/** PPP, with or without the HDLC address and control fields and with a protocol of one or two octets (RFC 1661 §2, §6.5). */
export function ppp(frame: Frame): Next {
  if (frame.lacks(2)) return NEXT.stop;
  const first = frame.u16(0);
  // Cisco HDLC on the same link type: unicast or multicast address, control 0.
  if (first === 0x0f00 || first === 0x8f00) return NEXT.chdlc;
  if (first === HDLC_ADDRESS_CONTROL) frame.offset += 2;
  if (frame.lacks(2)) return NEXT.stop;
  // Protocols are odd in their last octet and even in the first, so a first octet that is odd is the whole of it.
  const compressed = (frame.u8(0) & 1) === 1;
  const protocol = compressed ? frame.u8(0) : frame.u16(0);
  frame.offset += compressed ? 1 : 2;
  switch (protocol) {
    case 0x0021:
    case 0x0057:
      frame.byPort = false;
      return NEXT.ip;
    case 0x0281:
    case 0x0283:
      return NEXT.mpls;
    default:
      return frame.pass(SPACE.pppProtocol | protocol);
  }
}

/** HDLC control "unnumbered information", with the address before it written over. */
const HDLC_CONTROL = 0x03;

/**
 * PPP with a direction in the first octet (LINKTYPE_PPP_WITH_DIR), which may stand in the address field's place
 * (PPP_PPPD).
 */
export function pppDirected(frame: Frame): Next {
  if (frame.lacks(2)) return NEXT.stop;
  // No protocol number begins with 3: it is odd and not assigned.
  frame.offset += frame.u8(1) === HDLC_CONTROL ? 2 : 1;
  return NEXT.ppp;
}

/** PPPoE session (RFC 2516 §6): version and type 1, code 0, session, length. */
export function pppoe(frame: Frame): Next {
  if (frame.lacks(6)) return NEXT.stop;
  if (frame.u16(0) !== 0x1100) return frame.pass(PASSED.pppoeOther);
  const length = frame.u16(4);
  frame.offset += 6;
  frame.limit(length);
  return NEXT.ppp;
}

/** Cisco HDLC: address, control, EtherType. */
export function chdlc(frame: Frame): Next {
  if (frame.lacks(4)) return NEXT.stop;
  const protocol = frame.u16(2);
  frame.offset += 4;
  return aboveEtherType(frame, protocol);
}
