import { TCP, UDP } from '../model/transport-cursor.ts';
import type { Frame } from './frame.ts';
import { NEXT, type Next } from './next.ts';
import { mayCarryPacket, tunnelByOctets } from './tunnel/by-octets.ts';
import { tunnelOfPorts } from './tunnel/udp-ports.ts';

const TCP_HEADER_OCTETS = 20;
const UDP_HEADER_OCTETS = 8;

/** TCP header (RFC 9293 §3.1). One whose options were cut off is still given, without payload. */
export function tcp(frame: Frame): Next {
  const { view, offset, end, wireEnd } = frame;
  if (end - offset < TCP_HEADER_OCTETS) {
    frame.lacks(TCP_HEADER_OCTETS);
    return NEXT.stop;
  }
  const ports = view.getInt32(offset);
  const last = view.getInt32(offset + 12);
  const headerOctets = (last >>> 28) << 2;
  const payloadOffset = offset + headerOctets;
  if (headerOctets < TCP_HEADER_OCTETS || payloadOffset > wireEnd) {
    frame.malformed(Math.max(headerOctets, TCP_HEADER_OCTETS), wireEnd - offset);
    return NEXT.stop;
  }
  if (end < wireEnd) frame.short(wireEnd - offset);
  frame.protocol = TCP;
  frame.headerOffset = offset;
  frame.sourcePort = ports >>> 16;
  frame.destinationPort = ports & 0xffff;
  frame.sequence = view.getInt32(offset + 4);
  frame.acknowledgement = view.getInt32(offset + 8);
  frame.flags = (last >>> 16) & 0xff;
  frame.window = last & 0xffff;
  frame.payloadOffset = payloadOffset < end ? payloadOffset : end;
  frame.payloadLength = payloadOffset < end ? end - payloadOffset : 0;
  frame.wirePayloadLength = wireEnd - payloadOffset;
  frame.sink.tcp(frame);
  return NEXT.stop;
}

/** UDP header (RFC 768). The datagram is given first, then what it carries if its ports are those of a tunnel. */
export function udp(frame: Frame): Next {
  const { view, offset } = frame;
  if (frame.end - offset < UDP_HEADER_OCTETS) {
    frame.lacks(UDP_HEADER_OCTETS);
    return NEXT.stop;
  }
  const ports = view.getInt32(offset);
  const length = view.getUint16(offset + 4);
  // 0 stands for "longer than 65,535" (RFC 2675 §4), and is right too where the IP header gives no length either.
  if (length !== 0 || (frame.bounded && frame.wireEnd - offset <= 0xffff)) {
    if (length < UDP_HEADER_OCTETS) {
      frame.malformed(UDP_HEADER_OCTETS, length);
      return NEXT.stop;
    }
    if (offset + length !== frame.wireEnd) frame.limit(length);
  }
  const { end, wireEnd } = frame;
  if (end < wireEnd) frame.short(wireEnd - offset);
  const payloadOffset = offset + UDP_HEADER_OCTETS;
  frame.protocol = UDP;
  frame.headerOffset = offset;
  frame.sourcePort = ports >>> 16;
  frame.destinationPort = ports & 0xffff;
  frame.payloadOffset = payloadOffset;
  frame.payloadLength = end - payloadOffset;
  frame.wirePayloadLength = wireEnd - payloadOffset;

  const next = tunnelOfPorts(ports >>> 16, ports & 0xffff);
  if (next === NEXT.stop) {
    frame.sink.udp(frame);
    if (payloadOffset >= end || !mayCarryPacket(frame.bytes[payloadOffset] as number))
      return NEXT.stop;
    frame.offset = payloadOffset;
    return tunnelByOctets(frame);
  }
  if (dtlsOfCapwap(frame, next)) {
    frame.sink.udp(frame);
    return NEXT.stop;
  }
  frame.sink.udp(frame);
  frame.offset = payloadOffset;
  frame.byPort = true;
  return next;
}

/** The UDP header in the first of several IP fragments, the others of which are not there yet. */
export function udpFragment(frame: Frame): void {
  const { view, offset } = frame;
  if (frame.end - offset < UDP_HEADER_OCTETS) return;
  const ports = view.getInt32(offset);
  frame.protocol = UDP;
  frame.headerOffset = offset;
  frame.sourcePort = ports >>> 16;
  frame.destinationPort = ports & 0xffff;
  frame.payloadOffset = offset + UDP_HEADER_OCTETS;
  frame.payloadLength = frame.end - frame.payloadOffset;
  const length = view.getUint16(offset + 4) - UDP_HEADER_OCTETS;
  frame.wirePayloadLength = Math.max(length, frame.payloadLength);
  frame.sink.udpFragment?.(frame);
}

/** CAPWAP's preamble: version 0, type DTLS, then 24 bits that have to be zero (RFC 5415 §4.2). */
const DTLS_PREAMBLE = 0x0100_0000;
const PREAMBLE_OCTETS = 4;

/** Steps over the preamble that CAPWAP puts before DTLS, so that the datagram is the DTLS record itself. */
function dtlsOfCapwap(frame: Frame, next: Next): boolean {
  if (next !== NEXT.capwap && next !== NEXT.capwapControl) return false;
  if (frame.payloadLength < PREAMBLE_OCTETS) return false;
  if (frame.view.getInt32(frame.payloadOffset) !== DTLS_PREAMBLE) return false;
  frame.payloadOffset += PREAMBLE_OCTETS;
  frame.payloadLength -= PREAMBLE_OCTETS;
  frame.wirePayloadLength -= PREAMBLE_OCTETS;
  return true;
}
