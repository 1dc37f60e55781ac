import { TCP, UDP } from '../model/transport-cursor.ts';
import type { Frame } from './frame.ts';
import { NEXT, type Next } from './next.ts';

/** Type, code, checksum and an unused word stand before the quoted packet (RFC 792, RFC 4443 §3.1). */
const HEADER_OCTETS = 8;
const DESTINATION_UNREACHABLE = { icmp: 3, icmp6: 1 } as const;
/** What every quote holds of the transport header (RFC 792): the ports, and TCP's sequence number. */
const QUOTED_OCTETS = 8;

/** ICMP Destination Unreachable (RFC 792); other messages say nothing about a TLS peer. */
export function icmp(frame: Frame): Next {
  if (!readHeader(frame, DESTINATION_UNREACHABLE.icmp)) return NEXT.stop;
  if (frame.end - frame.offset < 20) return NEXT.stop;
  const first = frame.u8(0);
  const octets = (first & 0x0f) << 2;
  const laterFragment = (frame.u16(6) & 0x1fff) !== 0;
  if (first >>> 4 !== 4 || octets < 20 || laterFragment) return NEXT.stop;
  quote(frame, 4, frame.u8(9), octets);
  return NEXT.stop;
}

/** ICMPv6 Destination Unreachable (RFC 4443 §3.1). A quote with extension headers is not looked through. */
export function icmp6(frame: Frame): Next {
  if (!readHeader(frame, DESTINATION_UNREACHABLE.icmp6)) return NEXT.stop;
  if (frame.end - frame.offset < 40 || frame.u8(0) >>> 4 !== 6) return NEXT.stop;
  quote(frame, 6, frame.u8(6), 40);
  return NEXT.stop;
}

/** Quotes are cut short by design, so a short one is no notice. */
function readHeader(frame: Frame, type: number): boolean {
  if (frame.sink.icmpUnreachable === undefined) return false;
  if (frame.lacks(HEADER_OCTETS) || frame.u8(0) !== type) return false;
  frame.icmpType = type;
  frame.icmpCode = frame.u8(1);
  frame.offset += HEADER_OCTETS;
  return true;
}

function quote(frame: Frame, family: 4 | 6, protocol: number, headerOctets: number): void {
  if (protocol !== TCP && protocol !== UDP) return;
  if (frame.end - frame.offset < headerOctets + QUOTED_OCTETS) return;
  const { view } = frame;
  frame.protocol = protocol;
  frame.family = family;
  frame.sourceOffset = frame.offset + (family === 4 ? 12 : 8);
  frame.destinationOffset = frame.sourceOffset + (family === 4 ? 4 : 16);
  frame.hopLimit = frame.u8(family === 4 ? 8 : 7);
  frame.ipId = family === 4 ? frame.u16(4) : 0;
  frame.offset += headerOctets;
  frame.headerOffset = frame.offset;
  frame.sourcePort = frame.u16(0);
  frame.destinationPort = frame.u16(2);
  frame.sequence = view.getInt32(frame.offset + 4);
  frame.payloadOffset = frame.end;
  frame.payloadLength = 0;
  frame.wirePayloadLength = 0;
  frame.sink.icmpUnreachable?.(frame);
}
