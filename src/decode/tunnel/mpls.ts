import { PASSED } from '../../model/passed-over.ts';
import { nextOfEtherType } from '../ether-types.ts';
import type { Frame } from '../frame.ts';
import { NEXT, type Next } from '../next.ts';

const BOTTOM_OF_STACK = 0x100;
const CONTROL_WORD_OCTETS = 4;
/** First nibble of messages about a pseudowire (RFC 4385 §5), which carry no user's frames. */
const ASSOCIATED_CHANNEL = 1;
/** Where an Ethernet header has its EtherType. */
const ETHER_TYPE_AT = 12;

/**
 * MPLS label stack (RFC 3032 §2.1). Nothing in it says what it carries, so the first nibble is asked, as routers do
 * (RFC 4928 §3): 4 and 6 are IP, 0 is a pseudowire control word (RFC 4385 §3), else it may be a bare Ethernet frame.
 */
export function mpls(frame: Frame): Next {
  let bottom = false;
  // Four octets a round, so the packet's length bounds the walk.
  while (!bottom) {
    if (frame.lacks(4)) return NEXT.stop;
    bottom = (frame.u32(0) & BOTTOM_OF_STACK) !== 0;
    frame.offset += 4;
  }
  if (frame.lacks(1)) return NEXT.stop;
  const version = frame.u8(0) >>> 4;
  if (looksLikeIp(frame, version)) return NEXT.ip;
  if (version === 0 && looksLikeEthernet(frame, CONTROL_WORD_OCTETS)) {
    frame.offset += CONTROL_WORD_OCTETS;
    return NEXT.ethernet;
  }
  if (version === ASSOCIATED_CHANNEL) return frame.pass(PASSED.overlayOther);
  return ipOrEthernet(frame) || frame.pass(PASSED.mplsPayload);
}

/** IP or an Ethernet frame where nothing says which; `stop` if it can be neither. */
export function ipOrEthernet(frame: Frame): Next {
  if (frame.end === frame.offset) return NEXT.stop;
  const version = frame.u8(0) >>> 4;
  if (looksLikeIp(frame, version)) return NEXT.ip;
  if (looksLikeEthernet(frame, 0)) return NEXT.ethernet;
  return version === 4 || version === 6 ? NEXT.ip : NEXT.stop;
}

/**
 * Whether the version and the length are those of an IP packet that fits: addresses of Ethernet may begin with 4 or 6
 * too.
 */
function looksLikeIp(frame: Frame, version: number): boolean {
  const octets = frame.wireEnd - frame.offset;
  if (frame.end - frame.offset < 6) return version === 4 || version === 6;
  if (version === 4) return (frame.u8(0) & 0x0f) >= 5 && frame.u16(2) <= octets;
  return version === 6 && frame.u16(4) + 40 <= octets;
}

/** Whether an EtherType that is decoded stands where a frame beginning at `at` has it. */
export function looksLikeEthernet(frame: Frame, at: number): boolean {
  const typeAt = at + ETHER_TYPE_AT;
  if (frame.end - frame.offset < typeAt + 2) return false;
  return nextOfEtherType(frame.u16(typeAt)) !== NEXT.stop;
}

/** Network Service Header (RFC 8300 §2.2): length in words, next protocol. */
export function serviceHeader(frame: Frame): Next {
  if (frame.lacks(8)) return NEXT.stop;
  const octets = (frame.u16(0) & 0x3f) << 2;
  const protocol = frame.u8(3);
  if (octets < 8) {
    frame.malformed(8, octets);
    return NEXT.stop;
  }
  if (frame.lacks(octets)) return NEXT.stop;
  frame.offset += octets;
  const next = nextOfServiceProtocol(protocol);
  return next === NEXT.stop ? frame.pass(PASSED.overlayOther) : next;
}

/** IANA NSH Next Protocol; VXLAN-GPE uses the same first values (and 4 for NSH itself). */
export function nextOfServiceProtocol(protocol: number): Next {
  switch (protocol) {
    case 1:
    case 2:
      return NEXT.ip;
    case 3:
      return NEXT.ethernet;
    case 4:
      return NEXT.serviceHeader;
    case 5:
      return NEXT.mpls;
    default:
      return NEXT.stop;
  }
}
