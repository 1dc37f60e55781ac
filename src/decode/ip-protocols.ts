import { SPACE } from '../model/passed-over.ts';
import type { Frame } from './frame.ts';
import { NEXT, type Next } from './next.ts';

/** What follows an IP header; a protocol that is not followed is counted. The IP header bears out what a port told. */
export function aboveIp(frame: Frame, protocol: number): Next {
  frame.byPort = false;
  const next = nextOfIpProtocol(protocol);
  return next === NEXT.stop ? frame.pass(SPACE.ipProtocol | protocol) : next;
}

/** What follows an IP header whose protocol (or last next header) field has this value (IANA Protocol Numbers). */
function nextOfIpProtocol(protocol: number): Next {
  switch (protocol) {
    case 6:
      return NEXT.tcp;
    case 17:
      return NEXT.udp;
    case 1:
      return NEXT.icmp;
    case 58:
      return NEXT.icmp6;
    case 4:
    case 41:
      return NEXT.ip;
    case 47:
      return NEXT.gre;
    case 51:
      return NEXT.authentication;
    case 143: // Ethernet (RFC 8986 §4.9)
      return NEXT.ethernet;
    case 97:
      return NEXT.etherIp;
    case 137:
      return NEXT.mpls;
    default:
      return NEXT.stop;
  }
}
