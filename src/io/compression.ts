import { LIMITS } from '../model/limits.ts';
import type { Compression } from '../model/packet.ts';

/** How files of each kind begin. The legacy frames of lz4 have a number of their own and are unpacked by the same program. */
const MAGICS: readonly (readonly [Compression, ...number[]])[] = [
  ['gzip', 0x1f, 0x8b],
  ['zstd', 0x28, 0xb5, 0x2f, 0xfd],
  ['lz4', 0x04, 0x22, 0x4d, 0x18],
  ['lz4', 0x02, 0x21, 0x4c, 0x18],
  ['xz', 0xfd, 0x37, 0x7a, 0x58, 0x5a, 0x00],
];

/** Header of a frame to be skipped: 50 to 5f, 2a 4d 18, and the length of what follows. */
const SKIPPABLE_HEADER_OCTETS = 8;

/**
 * Tells from the first octets how a file is compressed. zstd and lz4 share frames that are to be skipped (RFC 8878
 * §3.1.2); what such a file is, the first frame behind them tells.
 *
 * @param last no more than `head` can be had
 * @returns null for a file that is not compressed, undefined when more octets are needed
 */
export function compressionOf(head: Uint8Array, last: boolean): Compression | null | undefined {
  let at = 0;
  while (isSkippable(head, at)) {
    const next = endOfSkippable(head, at);
    if (next >= head.length) return last || next > LIMITS.sniffedOctets ? 'zstd' : undefined;
    at = next;
  }
  const beginning = head.subarray(at);
  const found = MAGICS.find(([, ...magic]) => isPrefix(magic, beginning));
  if (found !== undefined) return found[0];
  if (!last && MAGICS.some(([, ...magic]) => isPrefix(beginning, magic))) return undefined;
  if (
    !last &&
    head.length < 4 &&
    isSkippable(Uint8Array.of(...head, ...SKIPPABLE.slice(head.length)), 0)
  )
    return undefined;
  return at > 0 ? 'zstd' : null;
}

const SKIPPABLE = [0x50, 0x2a, 0x4d, 0x18];

function isSkippable(head: Uint8Array, at: number): boolean {
  return SKIPPABLE.every((octet, i) => ((head[at + i] ?? 0) & (i === 0 ? 0xf0 : 0xff)) === octet);
}

function endOfSkippable(head: Uint8Array, at: number): number {
  const data = at + SKIPPABLE_HEADER_OCTETS;
  if (data > head.length) return head.length;
  return data + new DataView(head.buffer, head.byteOffset).getUint32(at + 4, true);
}

function isPrefix(beginning: ArrayLike<number>, whole: ArrayLike<number>): boolean {
  for (let i = 0; i < beginning.length; i += 1) if (beginning[i] !== whole[i]) return false;
  return true;
}
