import { SPACE } from '../model/passed-over.ts';
import { TCP, UDP } from '../model/transport-cursor.ts';
import type { Frame } from './frame.ts';
import { NEXT, type Next } from './next.ts';

/** Type, code, checksum and one more word stand before the quoted packet (RFC 792, RFC 4443 §2.1, §3). */
const HEADER_OCTETS = 8;
/** What every quote holds of the transport header (RFC 792): the ports, and TCP's sequence number. */
const QUOTED_OCTETS = 8;
const DESTINATION_UNREACHABLE = { icmp: 3, icmp6: 1 } as const;
/** Unreachable, source quench, redirect, time exceeded, parameter problem. */
const ICMP_ERRORS: ReadonlySet<number> = new Set([3, 4, 5, 11, 12]);
const PASSED_ICMP = SPACE.ipProtocol | 1;
const PASSED_ICMP6 = SPACE.ipProtocol | 58;
/** ICMPv6 messages below this are errors (RFC 4443 §2.1). */
const FIRST_ICMP6_INFORMATION = 128;

/** ICMP (RFC 792): errors are told to the sink with the endpoints of the packet that they quote. */
export function icmp(frame: Frame): Next {
  if (frame.lacks(HEADER_OCTETS)) return NEXT.stop;
  const type = frame.u8(0);
  if (!ICMP_ERRORS.has(type)) return frame.pass(PASSED_ICMP);
  readHeader(frame, type);
  if (frame.end - frame.offset < 20) return frame.pass(PASSED_ICMP);
  const first = frame.u8(0);
  const octets = (first & 0x0f) << 2;
  const laterFragment = (frame.u16(6) & 0x1fff) !== 0;
  if (first >>> 4 !== 4 || octets < 20 || laterFragment) return frame.pass(PASSED_ICMP);
  if (!readQuote(frame, 4, frame.u8(9), octets)) return frame.pass(PASSED_ICMP);
  return tell(frame, type === DESTINATION_UNREACHABLE.icmp);
}

/** ICMPv6 (RFC 4443). A quote with extension headers is not looked through. */
export function icmp6(frame: Frame): Next {
  if (frame.lacks(HEADER_OCTETS)) return NEXT.stop;
  const type = frame.u8(0);
  if (type >= FIRST_ICMP6_INFORMATION) return frame.pass(PASSED_ICMP6);
  readHeader(frame, type);
  if (frame.end - frame.offset < 40 || frame.u8(0) >>> 4 !== 6) return frame.pass(PASSED_ICMP6);
  if (!readQuote(frame, 6, frame.u8(6), 40)) return frame.pass(PASSED_ICMP6);
  return tell(frame, type === DESTINATION_UNREACHABLE.icmp6);
}

function readHeader(frame: Frame, type: number): void {
  frame.icmpType = type;
  frame.icmpCode = frame.u8(1);
  frame.offset += HEADER_OCTETS;
}

/** Quotes are cut short by design, so a short one is no notice. */
function readQuote(frame: Frame, family: 4 | 6, protocol: number, headerOctets: number): boolean {
  if (protocol !== TCP && protocol !== UDP) return false;
  if (frame.end - frame.offset < headerOctets + QUOTED_OCTETS) return false;
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
  frame.sequence = frame.u32(4) | 0;
  frame.payloadOffset = frame.end;
  frame.payloadLength = 0;
  frame.wirePayloadLength = 0;
  return true;
}

function tell(frame: Frame, unreachable: boolean): Next {
  if (unreachable) frame.sink.icmpUnreachable?.(frame);
  else frame.sink.icmpQuote?.(frame);
  return NEXT.stop;
}
