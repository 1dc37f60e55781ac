import { FIRST_ETHER_TYPE, nextOfEtherType } from '../ether-types.ts';
import type { Frame } from '../frame.ts';
import { NEXT, type Next } from '../next.ts';

/** ARPHRD_ values with which the protocol field means nothing. */
const DEVICE = {
  ieee80211: 801,
  ieee80211Prism: 802,
  ieee80211Radiotap: 803,
  netlink: 824,
} as const;
/** Values of the protocol field below the EtherTypes: the frame begins with LLC. */
const LINUX_802_2 = 4;

/** Linux cooked capture (LINKTYPE_LINUX_SLL): 16 octets, protocol last. */
export function linuxSll(frame: Frame): Next {
  if (frame.lacks(16)) return NEXT.stop;
  const device = frame.u16(2);
  const protocol = frame.u16(14);
  frame.offset += 16;
  return cooked(device, protocol);
}

/** Linux cooked capture v2 (LINKTYPE_LINUX_SLL2): 20 octets, protocol first. */
export function linuxSll2(frame: Frame): Next {
  if (frame.lacks(20)) return NEXT.stop;
  const protocol = frame.u16(0);
  const device = frame.u16(8);
  frame.offset += 20;
  return cooked(device, protocol);
}

function cooked(device: number, protocol: number): Next {
  switch (device) {
    case DEVICE.ieee80211Radiotap:
      return NEXT.radiotap;
    case DEVICE.netlink:
      return NEXT.stop;
    default:
      if (protocol >= FIRST_ETHER_TYPE) return nextOfEtherType(protocol);
      return protocol === LINUX_802_2 ? NEXT.llc : NEXT.stop;
  }
}
