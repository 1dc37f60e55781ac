/**
 * Tunnels over UDP on ports of their users' choice: Foo-over-UDP, GUE (draft-ietf-intarea-gue), VXLAN moved elsewhere. No
 * port tells them, so the packet inside must: its lengths have to fill the datagram to the octet, and the checksum of an
 * IPv4 header, or the header above IPv6, has to be right. Less than that, and the datagram is nobody's tunnel.
 */
import { FIRST_ETHER_TYPE } from '../ether-types.ts';
import type { Frame } from '../frame.ts';
import { NEXT, type Next } from '../next.ts';

/** What a first octet may begin; one octet each, so that ordinary datagrams cost one load. */
const MAY_BEGIN = { nothing: 0, ip: 1, gueOrGre: 2, gre: 3, vxlan: 4 } as const;
const FIRST = new Uint8Array(256);
FIRST[0x45] = MAY_BEGIN.ip;
for (let first = 0x60; first < 0x70; first++) FIRST[first] = MAY_BEGIN.ip;
// GUE's version 0 without the control bit; below, lengths of its optional fields.
for (let first = 0x00; first < 0x20; first++) FIRST[first] = MAY_BEGIN.gueOrGre;
// Checksum, key and sequence number of GRE.
for (const first of [0x20, 0x30, 0x80, 0x90, 0xa0, 0xb0]) FIRST[first] = MAY_BEGIN.gre;
FIRST[0x08] = MAY_BEGIN.vxlan;

const IP_IN_IP = 4;
const IP6_IN_IP = 41;
const GRE = 47;
const ETHERNET_OCTETS = 14;
/** Where Ethernet begins in VXLAN, and how much of it a frame may have as padding: 60 octets in all. */
const VXLAN_OCTETS = 8;
const VXLAN_FLAGS = 0x0800_0000;
const PADDED_OCTETS = 60;

/** May a datagram that begins so carry a packet on a port of no tunnel? */
export function mayCarryPacket(first: number): boolean {
  return FIRST[first] !== MAY_BEGIN.nothing;
}

/** What the payload at the frame's offset is for certain, with the frame moved on to it; `stop` where nothing is. */
export function tunnelByOctets(frame: Frame): Next {
  switch (FIRST[frame.u8(0)]) {
    case MAY_BEGIN.ip:
      return isIp(frame, 0, 0) ? NEXT.ip : NEXT.stop;
    case MAY_BEGIN.gueOrGre:
      return gueByOctets(frame) || greByOctets(frame, 0);
    case MAY_BEGIN.gre:
      return greByOctets(frame, 0);
    case MAY_BEGIN.vxlan:
      return isVxlan(frame) ? NEXT.vxlan : gueByOctets(frame);
    default:
      return NEXT.stop;
  }
}

/** GUE of version 0: control bit, length of the optional fields in words; protocol; flags. Version 1 is bare IP. */
function gueByOctets(frame: Frame): Next {
  if (frame.end - frame.offset < 4) return NEXT.stop;
  const octets = 4 + ((frame.u8(0) & 0x1f) << 2);
  const protocol = frame.u8(1);
  if (protocol === GRE) return greByOctets(frame, octets);
  if (protocol !== IP_IN_IP && protocol !== IP6_IN_IP) return NEXT.stop;
  if (!isIp(frame, octets, 0)) return NEXT.stop;
  frame.offset += octets;
  return NEXT.ip;
}

/** GRE of version 0 (RFC 2784, RFC 2890) at `at` with IP or Ethernet in it. */
function greByOctets(frame: Frame, at: number): Next {
  if (frame.end - frame.offset < at + 4) return NEXT.stop;
  const flags = frame.u16(at);
  if ((flags & 0x4fff) !== 0) return NEXT.stop;
  let inner = at + 4;
  for (const flag of GRE_FIELDS) if ((flags & flag) !== 0) inner += 4;
  const type = frame.u16(at + 2);
  const isPacket =
    type === 0x6558 ? isEthernet(frame, inner) : isIpType(type) && isIp(frame, inner, 0);
  if (!isPacket) return NEXT.stop;
  frame.offset += at;
  return NEXT.gre;
}

const GRE_FIELDS = [0x8000, 0x2000, 0x1000] as const;

function isVxlan(frame: Frame): boolean {
  return (
    frame.end - frame.offset >= VXLAN_OCTETS &&
    frame.u32(0) === VXLAN_FLAGS &&
    frame.u8(VXLAN_OCTETS - 1) === 0 &&
    isEthernet(frame, VXLAN_OCTETS)
  );
}

/** An Ethernet frame at `at` with an IP packet that fills it, perhaps behind one tag of IEEE 802.1Q. */
function isEthernet(frame: Frame, at: number): boolean {
  const has = frame.end - frame.offset - at;
  if (has < ETHERNET_OCTETS + 4) return false;
  const type = frame.u16(at + ETHERNET_OCTETS - 2);
  const octets = type === 0x8100 ? ETHERNET_OCTETS + 4 : ETHERNET_OCTETS;
  const wire = frame.wireEnd - frame.offset - at;
  const padding = wire <= PADDED_OCTETS ? wire - octets : 0;
  return isIpType(frame.u16(at + octets - 2)) && isIp(frame, at + octets, padding);
}

function isIpType(type: number): boolean {
  return type >= FIRST_ETHER_TYPE && (type === 0x0800 || type === 0x86dd);
}

/** An IP packet at `at` that fills what is left on the wire, but for `padding` octets at most. */
function isIp(frame: Frame, at: number, padding: number): boolean {
  const has = frame.end - frame.offset - at;
  const wire = frame.wireEnd - frame.offset - at;
  if (has < 28) return false;
  const version = frame.u8(at) >>> 4;
  if (version === 4) {
    const rest = wire - frame.u16(at + 2);
    return frame.u8(at) === 0x45 && rest >= 0 && rest <= padding && isSummed(frame, at);
  }
  if (version !== 6 || has < 48) return false;
  const octets = frame.u16(at + 4);
  const rest = wire - 40 - octets;
  return rest >= 0 && rest <= padding && isUnicast(frame, at) && isTransport(frame, at, octets);
}

/** Does the checksum of the IPv4 header agree? RFC 791 §3.1. */
function isSummed(frame: Frame, at: number): boolean {
  let sum = 0;
  for (let i = 0; i < 20; i += 2) sum += frame.u16(at + i);
  return (sum & 0xffff) + (sum >>> 16) === 0xffff;
}

/** Addresses of IPv6 that hosts send from and to: global, unique local or of the link (RFC 4291 §2.4, RFC 4193 §3.1). */
function isUnicast(frame: Frame, at: number): boolean {
  return isHost(frame.u16(at + 8)) && isHost(frame.u16(at + 24));
}

function isHost(group: number): boolean {
  return group >>> 13 === 1 || group >>> 9 === 0x7e || group >>> 6 === 0x3fa || group === 0x64;
}

/** A header of UDP whose length agrees, or one of TCP without reserved bits, above IPv6. */
function isTransport(frame: Frame, at: number, octets: number): boolean {
  const header = at + 40;
  switch (frame.u8(at + 6)) {
    case 17:
      return frame.u16(header + 4) === octets;
    case 6: {
      if (frame.end - frame.offset < header + 20) return false;
      const headerOctets = (frame.u8(header + 12) >>> 4) << 2;
      const flags = frame.u16(header + 12) & 0x0fff;
      return headerOctets >= 20 && headerOctets <= octets && flags > 0 && flags < 0x100;
    }
    default:
      return false;
  }
}
