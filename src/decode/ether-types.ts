import { SPACE } from '../model/passed-over.ts';
import type { Frame } from './frame.ts';
import { NEXT, type Next } from './next.ts';

/** Smallest EtherType; smaller values of the field are a length (IEEE 802.3 §3.2.6). */
export const FIRST_ETHER_TYPE = 0x0600;

/** What follows an EtherType; one that is not followed is counted. */
export function aboveEtherType(frame: Frame, type: number): Next {
  const next = nextOfEtherType(type);
  if (next === NEXT.stop) return frame.pass(SPACE.etherType | type);
  frame.byPort = false;
  return next;
}

/** What follows an EtherType (IEEE registry of EtherTypes); `stop` if it is not followed. */
export function nextOfEtherType(type: number): Next {
  switch (type) {
    case 0x0800:
    case 0x86dd:
      return NEXT.ip;
    case 0x8100: // C-VLAN
    case 0x88a8: // S-VLAN
    case 0x9100: // stacked VLANs before IEEE 802.1ad
    case 0x9200:
    case 0x9300:
      return NEXT.tag2;
    case 0x8926: // VN-Tag
    case 0x892f: // HSR (IEC 62439-3): path, size and sequence number
      return NEXT.tag4;
    case 0x8909: // Cisco MetaData: version, length, and one option with the Security Group Tag
    case 0x893f: // E-Tag (IEEE 802.1BR)
      return NEXT.tag6;
    case 0x88e7: // I-Tag of backbone bridges (IEEE 802.1ah)
      return NEXT.backboneTag;
    case 0x88e5: // MACsec (IEEE 802.1AE)
      return NEXT.macsec;
    case 0x8847:
    case 0x8848:
      return NEXT.mpls;
    case 0x8864:
      return NEXT.pppoe;
    case 0x6558: // Transparent Ethernet Bridging (RFC 1701, RFC 7637)
      return NEXT.ethernet;
    case 0x880b: // PPP, over GRE version 1 (RFC 2637 §4.1)
      return NEXT.ppp;
    case 0x22eb:
      return NEXT.erspan3;
    case 0x883e:
      return NEXT.wccp;
    case 0x894f:
      return NEXT.serviceHeader;
    case 0x8870: // LLC in a frame longer than 1,500 octets
      return NEXT.llc;
    default:
      return NEXT.stop;
  }
}
