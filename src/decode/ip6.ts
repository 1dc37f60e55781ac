import type { Frame } from './frame.ts';
import type { IpFragments } from './ip-fragments.ts';
import { aboveIp } from './ip-protocols.ts';
import { NEXT, type Next } from './next.ts';

const HEADER_OCTETS = 40;

/** Next Header values of the extension headers (IANA IPv6 Extension Header Types). */
const EXTENSION = {
  hopByHop: 0,
  routing: 43,
  fragment: 44,
  authentication: 51,
  destination: 60,
  mobility: 135,
  hostIdentity: 139,
  shim6: 140,
} as const;

/** IPv6 header and its extension headers (RFC 8200 §3, §4). */
export function ip6(frame: Frame, fragments: IpFragments): Next {
  if (frame.lacks(HEADER_OCTETS)) return NEXT.stop;
  const payloadOctets = frame.u16(4);
  // 0: a jumbogram or segmentation left to the network card; then the option or the captured length counts.
  const nextHeader = frame.u8(6);
  const octets = payloadOctets === 0 ? jumboOctets(frame, nextHeader) : payloadOctets;
  if (octets !== 0) frame.limit(HEADER_OCTETS + octets);
  frame.family = 6;
  frame.ipId = 0;
  frame.hopLimit = frame.u8(7);
  frame.sourceOffset = frame.offset + 8;
  frame.destinationOffset = frame.offset + 24;
  frame.offset += HEADER_OCTETS;
  return extensionHeaders(frame, fragments, nextHeader);
}

/** Jumbo Payload option (RFC 2675 §2), the first one of the hop-by-hop options, as its alignment asks for. */
const JUMBO = 0xc204;

/** The length of a jumbogram's payload; 0 for other packets. */
function jumboOctets(frame: Frame, nextHeader: number): number {
  if (nextHeader !== EXTENSION.hopByHop || frame.end - frame.offset < HEADER_OCTETS + 8) return 0;
  return frame.u16(HEADER_OCTETS + 2) === JUMBO ? frame.u32(HEADER_OCTETS + 4) : 0;
}

/** Each round moves on by 8 octets or more, so the packet's length bounds the walk. */
function extensionHeaders(frame: Frame, fragments: IpFragments, first: number): Next {
  let header = first;
  for (;;) {
    switch (header) {
      case EXTENSION.hopByHop:
      case EXTENSION.routing:
      case EXTENSION.destination:
      case EXTENSION.mobility:
      case EXTENSION.hostIdentity:
      case EXTENSION.shim6: {
        if (frame.lacks(8)) return NEXT.stop;
        const octets = (frame.u8(1) + 1) << 3;
        if (frame.lacks(octets)) return NEXT.stop;
        header = frame.u8(0);
        frame.offset += octets;
        break;
      }
      case EXTENSION.authentication: {
        // Counted in 4-octet units here, unlike its neighbours (RFC 4302 §2.2).
        if (frame.lacks(8)) return NEXT.stop;
        const octets = (frame.u8(1) + 2) << 2;
        if (frame.lacks(octets)) return NEXT.stop;
        header = frame.u8(0);
        frame.offset += octets;
        break;
      }
      case EXTENSION.fragment: {
        header = fragmentHeader(frame, fragments);
        if (header < 0) return NEXT.stop;
        break;
      }
      default:
        return aboveIp(frame, header);
    }
  }
}

/** Fragment header (RFC 8200 §4.5): the header that follows in the whole packet, or -1 while parts are missing. */
function fragmentHeader(frame: Frame, fragments: IpFragments): number {
  if (frame.lacks(8)) return -1;
  const header = frame.u8(0);
  const position = frame.u16(2);
  const id = frame.u32(4) | 0;
  frame.offset += 8;
  // An atomic fragment is a whole packet (RFC 6946 §4).
  if ((position & 0xfff9) === 0) return header;
  return fragments.add(frame, id, header, position & 0xfff8, (position & 1) !== 0);
}
