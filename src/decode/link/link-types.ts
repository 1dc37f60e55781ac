import { NEXT, type Next } from '../next.ts';

/** What a packet of this LINKTYPE_ begins with; undefined for those that are not decoded. */
export function nextOfLinkType(linkType: number): Next | undefined {
  switch (linkType) {
    case 1:
      return NEXT.ethernet;
    case 0: // NULL
    case 108: // LOOP
      return NEXT.nullLoop;
    case 6:
      return NEXT.tokenRing;
    case 10:
      return NEXT.fddi;
    case 11: // ATM_RFC1483 of most systems, and the official number
    case 100:
      return NEXT.llc;
    case 107:
      return NEXT.frameRelay;
    case 109:
      return NEXT.enc;
    case 122:
      return NEXT.ipOverFibreChannel;
    case 123:
      return NEXT.sunAtm;
    case 138:
      return NEXT.ipOverFireWire;
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
    case 205: // C_HDLC_WITH_DIR
      return NEXT.chdlcDirected;
    case 206: // FRELAY_WITH_DIR
      return NEXT.frameRelayDirected;
    case 113:
      return NEXT.linuxSll;
    case 119: // PRISM
    case 163: // AVS
      return NEXT.prism;
    case 117:
      return NEXT.pflog;
    case 127:
      return NEXT.radiotap;
    case 166: // PPP_PPPD
    case 204: // PPP_WITH_DIR
      return NEXT.pppDirected;
    case 178:
      return NEXT.juniperEthernet;
    case 192:
      return NEXT.perPacket;
    case 197:
      return NEXT.erf;
    case 226:
      return NEXT.ipnet;
    case 239:
      return NEXT.nflog;
    case 240:
      return NEXT.netAnalyzer;
    case 241:
      return NEXT.netAnalyzerTransparent;
    case 252:
      return NEXT.upperPdu;
    case 258:
      return NEXT.pktap;
    case 274: // ETHERNET_MPACKET
      return NEXT.preamble;
    case 281: // DSA_TAG_BRCM
    case 284: // DSA_TAG_DSA
      return NEXT.switchTag4;
    case 282:
      return NEXT.switchTagBefore;
    case 285:
      return NEXT.switchTag8;
    case 276:
      return NEXT.linuxSll2;
    default:
      return undefined;
  }
}
