import { NEXT, type Next } from './next.ts';

/** What follows an IP header whose protocol (or last next header) field has this value (IANA Protocol Numbers). */
export function nextOfIpProtocol(protocol: number): Next {
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
    case 97:
      return NEXT.etherIp;
    case 137:
      return NEXT.mpls;
    default:
      return NEXT.stop;
  }
}
