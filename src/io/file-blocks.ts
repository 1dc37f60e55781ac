import { readSync } from 'node:fs';
import { LIMITS } from '../model/limits.ts';

/** Blocks after which timers and signals get their turn: 8 MiB, some hundredths of a second. */
const BLOCKS_PER_TURN = 8;

/**
 * Reads a regular file in blocks of `LIMITS.readBlockOctets`, all in the same memory. Reading is synchronous: with the
 * file in the page cache that costs less than a promise per block, and every few blocks the event loop gets its turn.
 *
 * @param progress is told the octets read so far, before each block is handed on
 */
export async function* readBlocks(
  descriptor: number,
  progress: (octets: number) => void,
): AsyncGenerator<Uint8Array, void, undefined> {
  const block = new Uint8Array(LIMITS.readBlockOctets);
  let position = 0;
  for (let count = 1; ; count += 1) {
    const octets = readInto(descriptor, block, position);
    if (octets === 0) return;
    position += octets;
    progress(position);
    yield octets === block.length ? block : block.subarray(0, octets);
    if (count % BLOCKS_PER_TURN === 0) await new Promise((resolve) => setImmediate(resolve));
  }
}

/**
 * Fills `block` from `position` of the file on.
 *
 * @returns the octets read: fewer than the block has only at the end of the file
 */
export function readInto(descriptor: number, block: Uint8Array, position: number): number {
  let filled = 0;
  while (filled < block.length) {
    const octets = readSync(descriptor, block, filled, block.length - filled, position + filled);
    if (octets === 0) break;
    filled += octets;
  }
  return filled;
}
