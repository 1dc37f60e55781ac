import { ip4Text, ip6Text } from '../bytes/ip-text.ts';
import { readI32, readU16 } from '../bytes/scalars.ts';
import type { ProxiedEnds } from '../model/upgrade.ts';
import { textOf } from './codec/text.ts';

/** `PROXY`, and the twelve octets that begin version 2. */
const VERSION_1 = [0x50, 0x52, 0x4f, 0x58, 0x59, 0x20];
const VERSION_2 = [0x0d, 0x0a, 0x0d, 0x0a, 0x00, 0x0d, 0x0a, 0x51, 0x55, 0x49, 0x54, 0x0a];
/** Longest line of version 1, CR and LF included. */
const LINE_MAX = 107;
/** Octets in front of the addresses of version 2: signature, command, family, length. */
const FIXED = 16;
const LOCAL = 0x20;
const OVER_IP4 = 0x11;
const OVER_IP6 = 0x21;

/** Octets of a PROXY protocol header (version 1 or 2, with all its TLVs) in front of the stream; 0 if there is none. */
export function proxyHeaderLength(bytes: Uint8Array, start: number, end: number): number {
  if (begins(bytes, start, end, VERSION_1)) {
    const limit = Math.min(end, start + LINE_MAX);
    for (let at = start + VERSION_1.length; at + 1 < limit; at++)
      if (bytes[at] === 0x0d && bytes[at + 1] === 0x0a) return at + 2 - start;
    return 0;
  }
  if (end - start < FIXED || !begins(bytes, start, end, VERSION_2)) return 0;
  const length = FIXED + readU16(bytes, start + 14);
  return start + length <= end ? length : 0;
}

/** The ends that a header names; undefined where it speaks of no TCP connection (`UNKNOWN`, `LOCAL`, UNIX sockets). */
export function proxiedEnds(
  bytes: Uint8Array,
  start: number,
  end: number,
): ProxiedEnds | undefined {
  return bytes[start] === VERSION_1[0]
    ? fromLine(textOf(bytes, start, end))
    : fromOctets(bytes, start, end);
}

function fromLine(line: string): ProxiedEnds | undefined {
  const found = /^PROXY TCP[46] ([\da-f.:]+) ([\da-f.:]+) (\d{1,5}) (\d{1,5})\r\n/i.exec(line);
  if (found === null) return undefined;
  const [, from = '', to = '', fromPort, toPort] = found;
  return {
    source: { address: from, port: Number(fromPort) },
    destination: { address: to, port: Number(toPort) },
  };
}

function fromOctets(bytes: Uint8Array, start: number, end: number): ProxiedEnds | undefined {
  if (bytes[start + 12] === LOCAL) return undefined;
  const over = bytes[start + 13];
  const octets = over === OVER_IP4 ? 4 : over === OVER_IP6 ? 16 : 0;
  const ports = start + FIXED + 2 * octets;
  if (octets === 0 || ports + 4 > end) return undefined;
  const address = (at: number) =>
    octets === 4
      ? ip4Text(readI32(bytes, at))
      : ip6Text(Array.from({ length: 8 }, (_, group) => readU16(bytes, at + 2 * group)));
  return {
    source: { address: address(start + FIXED), port: readU16(bytes, ports) },
    destination: { address: address(start + FIXED + octets), port: readU16(bytes, ports + 2) },
  };
}

function begins(bytes: Uint8Array, start: number, end: number, with_: readonly number[]): boolean {
  if (bytes[start] !== with_[0] || end - start < with_.length) return false;
  return with_.every((octet, i) => bytes[start + i] === octet);
}
