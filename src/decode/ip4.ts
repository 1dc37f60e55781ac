import type { Frame } from './frame.ts';
import type { IpFragments } from './ip-fragments.ts';
import { aboveIp } from './ip-protocols.ts';
import { NEXT, type Next } from './next.ts';

const HEADER_OCTETS = 20;
/** More Fragments and Fragment Offset of the flags field; not Don't Fragment. */
const FRAGMENT_BITS = 0x3fff;

/** IPv4 header with its options (RFC 791 §3.1). */
export function ip4(frame: Frame, fragments: IpFragments): Next {
  if (frame.lacks(HEADER_OCTETS)) return NEXT.stop;
  const headerOctets = (frame.u8(0) & 0x0f) << 2;
  if (headerOctets < HEADER_OCTETS) {
    frame.malformed(HEADER_OCTETS, headerOctets);
    return NEXT.stop;
  }
  if (frame.lacks(headerOctets)) return NEXT.stop;
  const totalLength = frame.u16(2);
  // 0: segmentation was left to the network card after the packet was captured; then the captured length counts.
  if (totalLength !== 0) {
    if (totalLength < headerOctets) {
      frame.malformed(headerOctets, totalLength);
      return NEXT.stop;
    }
    frame.limit(totalLength);
  }
  const fragment = frame.u16(6) & FRAGMENT_BITS;
  const protocol = frame.u8(9);
  frame.family = 4;
  frame.ipId = frame.u16(4);
  frame.hopLimit = frame.u8(8);
  frame.sourceOffset = frame.offset + 12;
  frame.destinationOffset = frame.offset + 16;
  frame.offset += headerOctets;
  if (fragment === 0) return aboveIp(frame, protocol);
  const offset = (fragment & 0x1fff) << 3;
  const whole = fragments.add(frame, frame.ipId, protocol, offset, (fragment & 0x2000) !== 0);
  return whole < 0 ? NEXT.stop : aboveIp(frame, whole);
}

/** Authentication Header after IPv4 (RFC 4302 §2). What it protects is in the clear. */
export function authentication(frame: Frame): Next {
  if (frame.lacks(2)) return NEXT.stop;
  const headerOctets = (frame.u8(1) + 2) << 2;
  if (frame.lacks(headerOctets)) return NEXT.stop;
  const protocol = frame.u8(0);
  frame.offset += headerOctets;
  return aboveIp(frame, protocol);
}
