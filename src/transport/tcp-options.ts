/**
 * TCP options, read only where a segment is out of the ordinary (RFC 9293 §3.1, RFC 7323 §3.2, RFC 8684 §3.1).
 */

import type { TransportCursor } from '../model/transport-cursor.ts';

const END = 0;
const NO_OPERATION = 1;
const SEGMENT_SIZE = 2;
const TIMESTAMPS = 8;
const MULTIPATH = 30;

/** Octets of the fixed part of the header. */
const HEADER = 20;

/** TSval as a signed 32-bit integer; undefined where the segment has no timestamps. RFC 7323 §3.2. */
export function timestampOf(t: TransportCursor): number | undefined {
  const at = find(t, TIMESTAMPS, 10);
  return at < 0 ? undefined : t.view.getInt32(at + 2);
}

/** The largest payload that the sender of a SYN wants to get in a segment; 0 where it does not say. RFC 9293 §3.7.1. */
export function segmentSizeOf(t: TransportCursor): number {
  const at = find(t, SEGMENT_SIZE, 4);
  return at < 0 ? 0 : t.view.getUint16(at + 2);
}

/** Does the segment speak of Multipath TCP? RFC 8684 §3.1. */
export function hasMultipath(t: TransportCursor): boolean {
  return find(t, MULTIPATH, 3) >= 0;
}

/** @returns where the option begins, if it is there with at least so many octets; -1 otherwise */
function find({ bytes, headerOffset, payloadOffset }: TransportCursor, kind: number, size: number) {
  let at = headerOffset + HEADER;
  while (at < payloadOffset) {
    const found = bytes[at] as number;
    if (found === END) return -1;
    if (found === NO_OPERATION) {
      at++;
      continue;
    }
    const length = at + 1 < payloadOffset ? (bytes[at + 1] as number) : 0;
    if (length < 2 || at + length > payloadOffset) return -1;
    if (found === kind) return length >= size ? at : -1;
    at += length;
  }
  return -1;
}
