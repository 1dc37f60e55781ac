import { PASSED } from '../../model/passed-over.ts';
import type { Frame } from '../frame.ts';
import { NEXT, type Next } from '../next.ts';
import { ipOrEthernet } from './mpls.ts';

const GTP_PACKET = 0xff;
/** Octets that GTP's length field does not count. */
const GTP_HEADER_OCTETS = 8;
const GTP_FLAG = { extension: 0x04, anyOptional: 0x07, protocolType: 0x10 } as const;

/** GTP-U G-PDU (3GPP TS 29.281 §5.1): version 1, optional fields and extension headers, then IP or Ethernet. */
export function gtpUser(frame: Frame): Next {
  if (frame.lacks(GTP_HEADER_OCTETS)) return NEXT.stop;
  const flags = frame.u8(0);
  if (flags >>> 5 !== 1 || (flags & GTP_FLAG.protocolType) === 0) return NEXT.stop;
  if (frame.u8(1) !== GTP_PACKET) return frame.passCertain(PASSED.gtpOther);
  frame.byPort = false;
  frame.limit(GTP_HEADER_OCTETS + frame.u16(2));
  let octets = GTP_HEADER_OCTETS;
  if ((flags & GTP_FLAG.anyOptional) !== 0) {
    if (frame.lacks(octets + 4)) return NEXT.stop;
    let extension = (flags & GTP_FLAG.extension) !== 0 ? frame.u8(octets + 3) : 0;
    octets += 4;
    // Lengths count words of four octets; 0 would stand still.
    while (extension !== 0) {
      if (frame.lacks(octets + 4)) return NEXT.stop;
      const words = frame.u8(octets);
      if (words === 0) {
        frame.malformed(1, 0);
        return NEXT.stop;
      }
      octets += words << 2;
      if (frame.lacks(octets)) return NEXT.stop;
      extension = frame.u8(octets - 1);
    }
  }
  frame.offset += octets;
  if (frame.lacks(1)) return NEXT.stop;
  return ipOrEthernet(frame) || frame.pass(PASSED.overlayOther);
}

const TEREDO = { origin: 0, authentication: 1 } as const;

/** Teredo (RFC 4380 §5.1.1): optional authentication and origin indications, then IPv6. */
export function teredo(frame: Frame): Next {
  if (frame.lacks(2)) return NEXT.stop;
  if (frame.u16(0) === TEREDO.authentication) {
    if (frame.lacks(4)) return NEXT.stop;
    const octets = 13 + frame.u8(2) + frame.u8(3);
    if (frame.lacks(octets)) return NEXT.stop;
    frame.offset += octets;
    if (frame.lacks(2)) return NEXT.stop;
  }
  if (frame.u16(0) === TEREDO.origin) {
    if (frame.lacks(9)) return NEXT.stop;
    frame.offset += 8;
  }
  return frame.u8(0) >>> 4 === 6 ? NEXT.ip6 : NEXT.stop;
}

/** CAPWAP header (RFC 5415 §4.3), fields of its first word. */
const CAPWAP = { native: 0x100, fragment: 0x80, keepAlive: 0x08, ieee80211: 1 } as const;

/** CAPWAP data in the clear: an 802.3 frame or one of the wireless binding; fragments are not put together. */
export function capwap(frame: Frame): Next {
  if (frame.lacks(8) || frame.u8(0) !== 0) return NEXT.stop;
  const word = frame.u32(0);
  const octets = ((word >>> 19) & 0x1f) << 2;
  if (octets < 8) return NEXT.stop;
  if (frame.lacks(octets)) return NEXT.stop;
  frame.byPort = false;
  if ((word & CAPWAP.fragment) !== 0) return frame.pass(PASSED.capwapFragment);
  if ((word & CAPWAP.keepAlive) !== 0) return frame.pass(PASSED.capwapOther);
  frame.offset += octets;
  if ((word & CAPWAP.native) === 0) return NEXT.ethernet;
  const is80211 = ((word >>> 9) & 0x1f) === CAPWAP.ieee80211;
  return is80211 ? NEXT.ieee80211Swapped : frame.pass(PASSED.capwapOther);
}

/** Flags of the first two octets (RFC 2661 §3.1); version 2. */
const L2TP = {
  control: 0x8000,
  length: 0x4000,
  sequence: 0x0800,
  offset: 0x0200,
  version: 0x000f,
} as const;

/** L2TP version 2 data message (RFC 2661 §3.1), then PPP. */
export function l2tp(frame: Frame): Next {
  if (frame.lacks(2)) return NEXT.stop;
  const flags = frame.u16(0);
  if ((flags & L2TP.version) === 3) return frame.passCertain(PASSED.l2tp3);
  if ((flags & L2TP.version) !== 2) return NEXT.stop;
  if ((flags & L2TP.control) !== 0) return frame.passCertain(PASSED.l2tpControl);
  let octets = 6;
  if ((flags & L2TP.length) !== 0) octets += 2;
  if ((flags & L2TP.sequence) !== 0) octets += 4;
  if ((flags & L2TP.offset) !== 0) {
    if (frame.lacks(octets + 2)) return NEXT.stop;
    octets += 2 + frame.u16(octets);
  }
  if (frame.lacks(octets)) return NEXT.stop;
  frame.offset += octets;
  return NEXT.ppp;
}
