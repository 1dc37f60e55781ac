import { PASSED } from '../../model/passed-over.ts';
import { aboveEtherType, FIRST_ETHER_TYPE } from '../ether-types.ts';
import type { Frame } from '../frame.ts';
import { NEXT, type Next } from '../next.ts';

/** AF_INET everywhere, then AF_INET6 of Linux, Windows, NetBSD and OpenBSD, FreeBSD, Darwin. */
const IP_FAMILIES: ReadonlySet<number> = new Set([2, 10, 23, 24, 28, 30]);

/** Whether an address family, as some system numbers them, is IPv4 or IPv6; the IP header then tells which. */
export function isIpFamily(family: number): boolean {
  return IP_FAMILIES.has(family);
}

/** OpenBSD's interface inside IPsec (LINKTYPE_ENC): address family, parameter index, flags. */
export function enc(frame: Frame): Next {
  if (frame.lacks(12)) return NEXT.stop;
  frame.offset += 12;
  return NEXT.ip;
}

/**
 * BSD loopback (LINKTYPE_NULL and LINKTYPE_LOOP): the address family in the byte order of the capturing machine, or in
 * network order. Families are small, so the order with the zeros in front is the right one.
 */
export function nullLoop(frame: Frame): Next {
  if (frame.lacks(4)) return NEXT.stop;
  const value = frame.u32(0);
  const family = value > 0xffff ? frame.view.getUint32(frame.offset, true) : value;
  frame.offset += 4;
  if (isIpFamily(family)) return NEXT.ip;
  // Some tunnels write an EtherType there.
  const isEtherType = family >= FIRST_ETHER_TYPE && family <= 0xffff;
  return isEtherType ? aboveEtherType(frame, family) : frame.pass(PASSED.notNetwork);
}
