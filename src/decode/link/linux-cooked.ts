import { PASSED } from '../../model/passed-over.ts';
import { aboveEtherType, FIRST_ETHER_TYPE } from '../ether-types.ts';
import type { Frame } from '../frame.ts';
import { NEXT, type Next } from '../next.ts';

/** ARPHRD_ values with which the protocol field means nothing, or something else. */
const DEVICE = {
  frameRelay: 770,
  ieee80211: 801,
  ieee80211Prism: 802,
  ieee80211Radiotap: 803,
  netlink: 824,
} as const;
/** Values of the protocol field below the EtherTypes (linux/if_ether.h). */
const PROTOCOL = { every: 3, llc: 4, ppp: 7 } as const;

/** Linux cooked capture (LINKTYPE_LINUX_SLL): 16 octets, protocol last. */
export function linuxSll(frame: Frame): Next {
  if (frame.lacks(16)) return NEXT.stop;
  const device = frame.u16(2);
  const protocol = frame.u16(14);
  frame.offset += 16;
  return cooked(frame, device, protocol);
}

/** Linux cooked capture v2 (LINKTYPE_LINUX_SLL2): 20 octets, protocol first. */
export function linuxSll2(frame: Frame): Next {
  if (frame.lacks(20)) return NEXT.stop;
  const protocol = frame.u16(0);
  const device = frame.u16(8);
  frame.offset += 20;
  return cooked(frame, device, protocol);
}

function cooked(frame: Frame, device: number, protocol: number): Next {
  switch (device) {
    case DEVICE.frameRelay:
      return NEXT.frameRelay;
    case DEVICE.ieee80211:
      return NEXT.ieee80211;
    case DEVICE.ieee80211Prism:
      return NEXT.prism;
    case DEVICE.ieee80211Radiotap:
      return NEXT.radiotap;
    case DEVICE.netlink:
      return frame.pass(PASSED.notNetwork);
  }
  if (protocol >= FIRST_ETHER_TYPE) return aboveEtherType(frame, protocol);
  switch (protocol) {
    case PROTOCOL.every:
      return NEXT.ethernet;
    case PROTOCOL.llc:
      return NEXT.llc;
    case PROTOCOL.ppp:
      return NEXT.ppp;
    default:
      return frame.pass(PASSED.notNetwork);
  }
}
