/**
 * Connections that were silent for long, in few octets: all numbers of the row, the events and the hellos one behind the
 * other, and of these what differs from connections packed before. Whatever happens next brings the row back as it was.
 *
 *      flags │ last explicit nonces │ dictionary │ length │ what differs
 *               └── 8 octets for each line, as they are: the owner of a nonce is looked for among them
 */
import { DictionaryCoder } from '../bytes/dictionary-coder.ts';
import { RowTape } from '../bytes/row-tape.ts';
import { readI32, readU16 } from '../bytes/scalars.ts';
import { Slab } from '../bytes/slab.ts';
import { LIMITS } from '../model/limits.ts';
import type { FactsRecorder } from './facts-recorder.ts';
import { isEstablished, NONCE_OCTETS, type NonceLines } from './nonce-lines.ts';

/** Slots of 16, 32, 48 … octets. */
const STEP_BITS = 4;
/** Octets that the numbers of a row, and of an event, take at most. */
const ROW_OCTETS = 2048;
const EVENT_OCTETS = 48;
/** Flags of a block, for side 0; those of side 1 stand one to the left. */
const HAS_LINE = 1;
const IS_ESTABLISHED = 4;
const MOST_LINES = 2 * NONCE_OCTETS;

export class PackedConnections {
  private readonly facts: FactsRecorder;
  private readonly nonces: NonceLines;
  private readonly slab = new Slab(STEP_BITS);
  private readonly tape: RowTape;
  private readonly coder: DictionaryCoder;
  private readonly block: Uint8Array;
  /** Octets of all blocks that were made. */
  octets = 0;

  constructor(facts: FactsRecorder, nonces: NonceLines) {
    this.facts = facts;
    this.nonces = nonces;
    const room = ROW_OCTETS + LIMITS.packedEvents * EVENT_OCTETS + LIMITS.packedHelloOctets;
    this.tape = new RowTape(room);
    this.coder = new DictionaryCoder(LIMITS.dictionaries, LIMITS.dictionaryOctets, room);
    this.block = new Uint8Array(MOST_LINES + 4 + this.coder.packed.length);
  }

  /** Is all that is known of it among what is packed, and was it silent by this packet? */
  mayPack(row: number, packet: number): boolean {
    const { table, log, clear, innerTls, hellos } = this.facts;
    const last = this.lastOf(row);
    if (last === 0 || last > packet - LIMITS.silentPackets) return false;
    for (let half = 2 * row; half < 2 * row + 2; half++)
      if (this.nonces.isOffLine(half) || clear.has(half)) return false;
    return (
      hellos.octetsOf(row) <= LIMITS.packedHelloOctets &&
      (table.events[row] as number) <= LIMITS.packedEvents &&
      innerTls.of(row) === undefined &&
      !log.hasMore(table.firstEvent[row] as number)
    );
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
    const { table, hellos, log } = this.facts;
    const { tape, coder, block } = this;
    tape.rewind();
    tape.putOrigin(table.helloPacket[row] as number);
    const at = this.packLines(row);
    log.saveList(table.firstEvent[row] as number, table.events[row] as number, tape);
    hellos.save(row, tape);
    hellos.release(row);
    log.releaseList(table.firstEvent[row] as number, table.lastEvent[row] as number);
    table.clientHello[row] = 0;
    table.serverHello[row] = 0;
    table.firstEvent[row] = 0;
    table.lastEvent[row] = 0;
    table.tcp[row] = 0;
    table.writeRow(row, tape);
    table.release(row);
    coder.pack(tape.bytes, tape.at);
    block[at] = coder.dictionary;
    block[at + 1] = tape.at >> 8;
    block[at + 2] = tape.at;
    const body = at + 3;
    for (let i = 0; i < coder.length; i++) block[body + i] = coder.packed[i] as number;
    this.octets += body + coder.length;
    return this.slab.store(block, 0, body + coder.length);
  }

  /** Gives its octets back. @returns the row, which is as it was but for its places in the log and among the hellos */
  unpack(handle: number): number {
    const { facts, tape, coder, slab } = this;
    const { table, hellos } = facts;
    const bytes = slab.bytesOf(handle);
    const start = slab.offsetOf(handle);
    const row = table.take();
    const at = start + headLength(bytes[start] as number);
    const dictionary = bytes[at] as number;
    coder.unpack(dictionary, bytes, at + 3, readU16(bytes, at + 1), tape.bytes);
    tape.rewind();
    tape.takeOrigin();
    this.unpackLines(row, bytes, start);
    const { first, last } = facts.log.restoreList(tape);
    const { client, server } = hellos.restore(tape);
    table.readRow(row, tape);
    table.firstEvent[row] = first;
    table.lastEvent[row] = last;
    table.clientHello[row] = client;
    table.serverHello[row] = server;
    coder.release(dictionary);
    slab.release(handle);
    return row;
  }

  /** Nothing is packed any more. */
  drain(): void {
    this.slab.drain();
  }

  /** Bits for the sides whose explicit nonces make a line that a nonce belongs to: 1 and 2. */
  ownLines(handle: number, isNear: (high: number, low: number) => boolean): number {
    const bytes = this.slab.bytesOf(handle);
    let at = this.slab.offsetOf(handle);
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
    const { nonces, block } = this;
    let flags = 0;
    let at = 1;
    for (let side = 0; side < 2; side++) {
      const steps = nonces.steps(2 * row + side);
      this.tape.putNatural(steps + 1);
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
      const steps = this.tape.natural() - 1;
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
