/**
 * Connections that were silent for long, in few octets: all numbers of the row, the events and the hellos one behind the
 * other, and of these what differs from connections packed before. Whatever happens next brings the row back as it was.
 *
 *      flags │ last explicit nonces │ dictionary │ length │ what differs
 *               └── 8 octets for each line, as they are: the owner of a nonce is looked for among them
 */
import { readI32 } from '../bytes/scalars.ts';
import { LIMITS } from '../model/limits.ts';
import type { FactsRecorder } from './facts-recorder.ts';
import { isEstablished, NONCE_OCTETS, type NonceLines } from './nonce-lines.ts';
import { RowBlocks } from './row-blocks.ts';

/** Flags of a block, for side 0; those of side 1 stand one to the left. */
const HAS_LINE = 1;
const IS_ESTABLISHED = 4;
const LONGEST_HEAD = 1 + 2 * NONCE_OCTETS;

export class PackedConnections {
  private readonly facts: FactsRecorder;
  private readonly nonces: NonceLines;
  private readonly blocks: RowBlocks;

  constructor(facts: FactsRecorder, nonces: NonceLines) {
    this.facts = facts;
    this.nonces = nonces;
    this.blocks = new RowBlocks(facts, LONGEST_HEAD, 0);
  }

  /** Octets of all blocks that were made. */
  get octets(): number {
    return this.blocks.octets;
  }

  /** Is all that is known of it among what is packed, and was it silent by this packet? */
  mayPack(row: number, packet: number): boolean {
    const { nonces, facts } = this;
    const last = this.lastOf(row);
    if (last === 0 || last > packet - LIMITS.silentPackets) return false;
    if (nonces.isOffLine(2 * row) || nonces.isOffLine(2 * row + 1)) return false;
    return facts.innerTls.of(row) === undefined && this.blocks.mayPack(row);
  }

  /** Its last message, alert or protected record; 0 where there was none. */
  private lastOf(row: number): number {
    const { table, log } = this.facts;
    const event = table.lastEvent[row] as number;
    return Math.max(
      table.lastPacket[2 * row] as number,
      table.lastPacket[2 * row + 1] as number,
      event === 0 ? 0 : log.packet(event),
    );
  }

  /** Gives the row back. @returns a positive integer, by which `unpack` finds it */
  pack(row: number): number {
    this.blocks.begin(this.facts.table.helloPacket[row] as number);
    return this.blocks.pack(row, this.packLines(row));
  }

  /** Gives its octets back. @returns the row, which is as it was but for its places in the log and among the hellos */
  unpack(handle: number): number {
    const { blocks } = this;
    const bytes = blocks.bytesOf(handle);
    const start = blocks.offsetOf(handle);
    const head = headLength(bytes[start] as number);
    const row = this.facts.table.take();
    blocks.open(handle, head);
    this.unpackLines(row, bytes, start);
    blocks.unpack(handle, head, row);
    return row;
  }

  /** Nothing is packed any more. */
  drain(): void {
    this.blocks.drain();
  }

  /** Bits for the sides whose explicit nonces make a line that a nonce belongs to: 1 and 2. */
  ownLines(handle: number, isNear: (high: number, low: number) => boolean): number {
    const bytes = this.blocks.bytesOf(handle);
    let at = this.blocks.offsetOf(handle);
    const flags = bytes[at++] as number;
    let sides = 0;
    for (let side = 0; side < 2; side++) {
      if ((flags & (HAS_LINE << side)) === 0) continue;
      const isSought = (flags & (IS_ESTABLISHED << side)) !== 0;
      if (isSought && isNear(readI32(bytes, at), readI32(bytes, at + 4))) sides |= 1 << side;
      at += NONCE_OCTETS;
    }
    return sides;
  }

  /** Writes the head of a block. @returns where it goes on */
  private packLines(row: number): number {
    const { nonces } = this;
    const { block, tape } = this.blocks;
    let flags = 0;
    let at = 1;
    for (let side = 0; side < 2; side++) {
      const steps = nonces.steps(2 * row + side);
      tape.putNatural(steps + 1);
      if (steps === 0) continue;
      flags |= HAS_LINE << side;
      if (isEstablished(steps)) flags |= IS_ESTABLISHED << side;
      nonces.writeLast(2 * row + side, block, at);
      at += NONCE_OCTETS;
    }
    block[0] = flags;
    nonces.forget(2 * row);
    nonces.forget(2 * row + 1);
    return at;
  }

  private unpackLines(row: number, bytes: Uint8Array, start: number): void {
    let at = start + 1;
    for (let side = 0; side < 2; side++) {
      const steps = this.blocks.tape.natural() - 1;
      if (steps === 0) continue;
      this.nonces.resume(2 * row + side, steps, bytes, at);
      at += NONCE_OCTETS;
    }
  }
}

/** Octets of a block in front of the number of its dictionary. */
function headLength(flags: number): number {
  return 1 + NONCE_OCTETS * ((flags & HAS_LINE) + ((flags >> 1) & HAS_LINE));
}
