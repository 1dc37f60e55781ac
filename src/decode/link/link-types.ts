import { NEXT, type Next } from '../next.ts';

/** What a packet of this LINKTYPE_ begins with; undefined for those that are not decoded. */
export function nextOfLinkType(linkType: number): Next | undefined {
  switch (linkType) {
    case 1:
      return NEXT.ethernet;
    case 0: // NULL
    case 108: // LOOP
      return NEXT.nullLoop;
    case 12: // DLT_RAW of most systems, of OpenBSD, and the official number
    case 14:
    case 101:
    case 228: // IPV4
    case 229: // IPV6
      return NEXT.ip;
    case 9: // PPP
    case 50: // PPP_HDLC
      return NEXT.ppp;
    case 51: // PPP_ETHER
      return NEXT.pppoe;
    case 104:
      return NEXT.chdlc;
    case 105:
      return NEXT.ieee80211;
    case 113:
      return NEXT.linuxSll;
    case 117:
      return NEXT.pflog;
    case 127:
      return NEXT.radiotap;
    case 192:
      return NEXT.perPacket;
    case 239:
      return NEXT.nflog;
    case 258:
      return NEXT.pktap;
    case 276:
      return NEXT.linuxSll2;
    default:
      return undefined;
  }
}
