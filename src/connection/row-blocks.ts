import { DictionaryCoder } from '../bytes/dictionary-coder.ts';
import { RowTape } from '../bytes/row-tape.ts';
import { readU16 } from '../bytes/scalars.ts';
import { Slab } from '../bytes/slab.ts';
import { LIMITS } from '../model/limits.ts';
import type { FactsRecorder } from './facts-recorder.ts';

/** Slots of 16, 32, 48 … octets. */
const STEP_BITS = 4;
/** Octets that the numbers of a row, and of an event, take at most. */
const ROW_OCTETS = 2048;
const EVENT_OCTETS = 48;

/**
 * Rows of connections that were silent for long, with their events and hellos, as blocks of octets: what differs from those
 * packed before. In front stands a head that its user reads as it is, and on the tape what else he wants to keep.
 *
 *      head │ dictionary │ length │ what differs
 */
export class RowBlocks {
  readonly tape: RowTape;
  /** Where the head of the next block is written. */
  readonly block: Uint8Array;
  /** Octets of all blocks that were made. */
  octets = 0;
  private readonly facts: FactsRecorder;
  private readonly slab = new Slab(STEP_BITS);
  private readonly coder: DictionaryCoder;

  /** @param head octets of the longest head; `more` those that the user puts on the tape at most */
  constructor(facts: FactsRecorder, head: number, more: number) {
    this.facts = facts;
    const room = ROW_OCTETS + LIMITS.packedEvents * EVENT_OCTETS + LIMITS.packedHelloOctets + more;
    this.tape = new RowTape(room);
    this.coder = new DictionaryCoder(LIMITS.dictionaries, LIMITS.dictionaryOctets, room);
    this.block = new Uint8Array(head + 3 + this.coder.packed.length);
  }

  /** Is all that is known of the row among what is packed? */
  mayPack(row: number): boolean {
    const { table, log, clear, hellos } = this.facts;
    return (
      !clear.has(2 * row) &&
      !clear.has(2 * row + 1) &&
      hellos.octetsOf(row) <= LIMITS.packedHelloOctets &&
      (table.events[row] as number) <= LIMITS.packedEvents &&
      !log.hasMore(table.firstEvent[row] as number)
    );
  }

  /** Begins a block: what its user keeps goes to the tape. @param packet that the connection's others are near to */
  begin(packet: number): void {
    this.tape.rewind();
    this.tape.putOrigin(packet);
  }

  /** Ends the block, and gives the row back. @returns a positive integer that the block is found by */
  pack(row: number, head: number): number {
    const { tape, coder, block } = this;
    const { table, hellos, log } = this.facts;
    log.saveList(table.firstEvent[row] as number, table.events[row] as number, tape);
    hellos.save(row, tape);
    hellos.packed(row);
    log.releaseList(
      table.firstEvent[row] as number,
      table.lastEvent[row] as number,
      table.events[row] as number,
    );
    table.clientHello[row] = 0;
    table.serverHello[row] = 0;
    table.firstEvent[row] = 0;
    table.lastEvent[row] = 0;
    table.tcp[row] = 0;
    table.writeRow(row, tape);
    table.release(row);
    coder.pack(tape.bytes, tape.at);
    block[head] = coder.dictionary;
    block[head + 1] = tape.at >> 8;
    block[head + 2] = tape.at;
    const body = head + 3;
    for (let i = 0; i < coder.length; i++) block[body + i] = coder.packed[i] as number;
    this.octets += body + coder.length;
    return this.slab.store(block, 0, body + coder.length);
  }

  bytesOf(handle: number): Uint8Array {
    return this.slab.bytesOf(handle);
  }

  offsetOf(handle: number): number {
    return this.slab.offsetOf(handle);
  }

  /** Opens a block: its user takes what he kept from the tape. */
  open(handle: number, head: number): void {
    const bytes = this.slab.bytesOf(handle);
    const at = this.slab.offsetOf(handle) + head;
    this.coder.unpack(bytes[at] as number, bytes, at + 3, readU16(bytes, at + 1), this.tape.bytes);
    this.tape.rewind();
    this.tape.takeOrigin();
  }

  /** Fills a row with the rest of an open block, and gives the block back. */
  unpack(handle: number, head: number, row: number): void {
    const { tape, slab } = this;
    const { table, hellos, log } = this.facts;
    const { first, last } = log.restoreList(tape);
    const { client, server } = hellos.restore(tape);
    table.readRow(row, tape);
    table.firstEvent[row] = first;
    table.lastEvent[row] = last;
    table.clientHello[row] = client;
    table.serverHello[row] = server;
    this.coder.release(slab.bytesOf(handle)[slab.offsetOf(handle) + head] as number);
    slab.release(handle);
  }

  /** Nothing is packed any more. */
  drain(): void {
    this.slab.drain();
  }
}
