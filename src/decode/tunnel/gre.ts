import { nextOfEtherType } from '../ether-types.ts';
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
  // Source routes (RFC 1701) were never in use and are gone from RFC 2784.
  if (version !== 0 || (flags & FLAG.routing) !== 0) return NEXT.stop;
  let octets = 4;
  if ((flags & FLAG.checksum) !== 0) octets += 4;
  if ((flags & FLAG.key) !== 0) octets += 4;
  if ((flags & FLAG.sequence) !== 0) octets += 4;
  if (frame.lacks(octets)) return NEXT.stop;
  frame.offset += octets;
  if (protocol !== ERSPAN) return nextOfEtherType(protocol);
  // Type I has no header of its own and no sequence number, type II has both.
  if ((flags & FLAG.sequence) === 0) return NEXT.ethernet;
  return skip(frame, ERSPAN_2_OCTETS, NEXT.ethernet);
}

/** Enhanced GRE: the key holds the payload's length; without a sequence number it is an acknowledgement alone. */
function pptp(frame: Frame, flags: number, protocol: number): Next {
  if ((flags & FLAG.sequence) === 0) return NEXT.stop;
  const octets = (flags & ACKNOWLEDGEMENT) !== 0 ? 16 : 12;
  if (frame.lacks(octets)) return NEXT.stop;
  const payloadOctets = frame.u16(4);
  frame.offset += octets;
  frame.limit(payloadOctets);
  return nextOfEtherType(protocol);
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
  return skip(frame, ERSPAN_3_OCTETS + ((last & 1) !== 0 ? ERSPAN_PLATFORM_OCTETS : 0), next);
}

/** WCCP redirection: version 2 puts four octets before the packet, version 1 none; no IP header begins with 0 to 3. */
export function wccp(frame: Frame): Next {
  if (frame.lacks(1)) return NEXT.stop;
  return frame.u8(0) >>> 4 >= 4 ? NEXT.ip : skip(frame, 4, NEXT.ip);
}

/** Ethernet in IP (RFC 3378 §3): version 3, then zeros. */
export function etherIp(frame: Frame): Next {
  if (frame.lacks(2) || frame.u16(0) !== 0x3000) return NEXT.stop;
  return skip(frame, 2, NEXT.ethernet);
}

function skip(frame: Frame, octets: number, next: Next): Next {
  if (frame.lacks(octets)) return NEXT.stop;
  frame.offset += octets;
  return next;
}
