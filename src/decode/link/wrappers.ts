import { PASSED, SPACE } from '../../model/passed-over.ts';
import { aboveEtherType } from '../ether-types.ts';
import type { Frame } from '../frame.ts';
import { NEXT, type Next } from '../next.ts';
import { nextOfLinkType } from './link-types.ts';
import { isIpFamily } from './null-loop.ts';

/** Per-Packet Information (LINKTYPE_PPI): little-endian length and the link type of what follows. */
export function perPacket(frame: Frame): Next {
  if (frame.lacks(8)) return NEXT.stop;
  const { view, offset } = frame;
  return wrapped(frame, 8, view.getUint16(offset + 2, true), view.getUint32(offset + 4, true));
}

/** Darwin's pktap header (LINKTYPE_PKTAP): little-endian length, record type, link type of what follows. */
export function pktap(frame: Frame): Next {
  if (frame.lacks(12)) return NEXT.stop;
  const { view, offset } = frame;
  return wrapped(frame, 12, view.getUint32(offset, true), view.getUint32(offset + 8, true));
}

function wrapped(frame: Frame, least: number, octets: number, linkType: number): Next {
  if (octets < least) {
    frame.malformed(least, octets);
    return NEXT.stop;
  }
  if (frame.lacks(octets)) return NEXT.stop;
  frame.offset += octets;
  return nextOfLinkType(linkType) ?? frame.pass(SPACE.linkType | (linkType & 0xffff));
}

/** Packet filter log (LINKTYPE_PFLOG): length without padding, address family; padded to a multiple of four. */
export function pflog(frame: Frame): Next {
  if (frame.lacks(2)) return NEXT.stop;
  const octets = (frame.u8(0) + 3) & ~3;
  const family = frame.u8(1);
  if (octets < 4) {
    frame.malformed(4, octets);
    return NEXT.stop;
  }
  if (frame.lacks(octets)) return NEXT.stop;
  frame.offset += octets;
  return isIpFamily(family) ? NEXT.ip : frame.pass(PASSED.notNetwork);
}

/** `NFULA_PACKET_HDR`, which begins with the EtherType, and `NFULA_PAYLOAD` of Linux' nfnetlink_log. */
const ATTRIBUTE = { header: 1, payload: 9 } as const;

/** Netfilter log (LINKTYPE_NFLOG): four octets, then attributes in host order; one of them is the packet. */
export function nflog(frame: Frame): Next {
  if (frame.lacks(4)) return NEXT.stop;
  const family = frame.u8(0);
  frame.offset += 4;
  let etherType = 0;
  // Attributes are four octets or longer, so the packet's length bounds the walk.
  while (!frame.lacks(4)) {
    const { view, offset } = frame;
    // Types are below 256, so the zero octet tells the byte order.
    const littleEndian = frame.u8(3) === 0;
    const octets = view.getUint16(offset, littleEndian);
    if (octets < 4) {
      frame.malformed(4, octets);
      return NEXT.stop;
    }
    const attribute = view.getUint16(offset + 2, littleEndian);
    if (attribute === ATTRIBUTE.payload) {
      frame.offset += 4;
      frame.limit(octets - 4);
      if (isIpFamily(family)) return NEXT.ip;
      return etherType === 0 ? frame.pass(PASSED.notNetwork) : aboveEtherType(frame, etherType);
    }
    if (attribute === ATTRIBUTE.header && !frame.lacks(6)) etherType = frame.u16(4);
    const padded = (octets + 3) & ~3;
    if (frame.lacks(padded)) return NEXT.stop;
    frame.offset += padded;
  }
  return NEXT.stop;
}
