import { PASSED } from '../../model/passed-over.ts';
import { aboveEtherType } from '../ether-types.ts';
import type { Frame } from '../frame.ts';
import { NEXT, type Next } from '../next.ts';

/** Flags of the first two octets (RFC 2784 §2.1, RFC 2890 §2, RFC 1701, RFC 2637 §4.1). */
const FLAG = { checksum: 0x8000, routing: 0x4000, key: 0x2000, sequence: 0x1000 } as const;
const ACKNOWLEDGEMENT = 0x0080;
const VERSION = 0x0007;
const ERSPAN = 0x88be;

/** GRE header, version 0 (RFC 2784, RFC 2890) or 1 (PPTP, RFC 2637). */
export function gre(frame: Frame): Next {
  if (frame.lacks(4)) return NEXT.stop;
  const flags = frame.u16(0);
  const protocol = frame.u16(2);
  const version = flags & VERSION;
  if (version === 1) return pptp(frame, flags, protocol);
  if (version !== 0) return frame.pass(PASSED.gre);
  let octets = 4;
  if ((flags & (FLAG.checksum | FLAG.routing)) !== 0) octets += 4;
  if ((flags & FLAG.key) !== 0) octets += 4;
  if ((flags & FLAG.sequence) !== 0) octets += 4;
  if (frame.lacks(octets)) return NEXT.stop;
  frame.offset += octets;
  if ((flags & FLAG.routing) !== 0 && !sourceRoutes(frame)) return NEXT.stop;
  if (protocol !== ERSPAN) return aboveGre(frame, protocol);
  // Type I has no header of its own and no sequence number, type II has both.
  if ((flags & FLAG.sequence) === 0) return NEXT.ethernet;
  return skip(frame, ERSPAN_2_OCTETS, NEXT.ethernet);
}

/** Source routes (RFC 1701), gone from RFC 2784: family, offset, length, address; an empty one is the last. */
function sourceRoutes(frame: Frame): boolean {
  // Four octets a round, so the packet's length bounds the walk.
  for (;;) {
    if (frame.lacks(4)) return false;
    const octets = 4 + frame.u8(3);
    const last = frame.u16(0) === 0 && octets === 4;
    if (frame.lacks(octets)) return false;
    frame.offset += octets;
    if (last) return true;
  }
}

/** Protocols of GRE that no EtherType is: Ethernet before 0x6558, and 802.11 frames between Aruba's devices. */
const GRE_ETHERNET = 0x6400;
const FRAME_RELAY = 0x6559;
const ARUBA = { first: 0x8200, last: 0x8370 } as const;

function aboveGre(frame: Frame, protocol: number): Next {
  if (protocol === GRE_ETHERNET) return NEXT.ethernet;
  if (protocol === FRAME_RELAY) return NEXT.frameRelay;
  if (protocol >= ARUBA.first && protocol <= ARUBA.last) return NEXT.ieee80211;
  return aboveEtherType(frame, protocol);
}

/**
 * Enhanced GRE: the key holds the payload's length; without a sequence number it is an acknowledgement alone, or
 * MikroTik's Ethernet over IP.
 */
function pptp(frame: Frame, flags: number, protocol: number): Next {
  if (protocol === GRE_ETHERNET) return skip(frame, 8, NEXT.ethernet);
  if ((flags & FLAG.sequence) === 0) return frame.pass(PASSED.overlayOther);
  const octets = (flags & ACKNOWLEDGEMENT) !== 0 ? 16 : 12;
  if (frame.lacks(octets)) return NEXT.stop;
  const payloadOctets = frame.u16(4);
  frame.offset += octets;
  frame.limit(payloadOctets);
  return aboveEtherType(frame, protocol);
}

const ERSPAN_2_OCTETS = 8;
const ERSPAN_3_OCTETS = 12;
const ERSPAN_PLATFORM_OCTETS = 8;

/** ERSPAN type III header: its last 16 bits hold the frame type and whether a platform header follows. */
export function erspan3(frame: Frame): Next {
  if (frame.lacks(ERSPAN_3_OCTETS)) return NEXT.stop;
  const last = frame.u16(10);
  const frameType = (last >>> 10) & 0x1f;
  const next = frameType === 0 ? NEXT.ethernet : frameType === 2 ? NEXT.ip : NEXT.stop;
  if (next === NEXT.stop) return frame.pass(PASSED.overlayOther);
  return skip(frame, ERSPAN_3_OCTETS + ((last & 1) !== 0 ? ERSPAN_PLATFORM_OCTETS : 0), next);
}

/** WCCP redirection: version 2 puts four octets before the packet, version 1 none; no IP header begins with 0 to 3. */
export function wccp(frame: Frame): Next {
  if (frame.lacks(1)) return NEXT.stop;
  return frame.u8(0) >>> 4 >= 4 ? NEXT.ip : skip(frame, 4, NEXT.ip);
}

/** Ethernet in IP (RFC 3378 §3): version 3, then zeros. */
export function etherIp(frame: Frame): Next {
  if (frame.lacks(2)) return NEXT.stop;
  if (frame.u16(0) !== 0x3000) return frame.pass(PASSED.overlayOther);
  return skip(frame, 2, NEXT.ethernet);
}

function skip(frame: Frame, octets: number, next: Next): Next {
  if (frame.lacks(octets)) return NEXT.stop;
  frame.offset += octets;
  return next;
}
