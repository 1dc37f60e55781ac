import { type ParsedPacket, type ParserInput, parse } from 'pcap-parser';
import type { PacketOutlet } from './packet-outlet.ts';
import {
  capturedLengthAt,
  FILE_HEADER_OCTETS,
  isNoRecord,
  type PcapHeader,
} from './pcap-header.ts';
import type { PcapRecordReader } from './pcap-records.ts';

const MAGIC_MICROS = 0xa1b2c3d4;
const SECOND_NANOS = 1e9;

/**
 * Has the package pcap-parser split records into packets, and keeps it from what it does not withstand.
 *
 * Only whole records with believable lengths reach it, behind a file header it accepts, in one piece per batch and with a
 * fresh parser for each: so its buffer never grows, and it never waits for octets that do not come. It must give back
 * exactly the records that went in. A file of nanoseconds is presented as one of microseconds, whose fraction it passes
 * through unchanged. Times, lengths and octets of the packets are the package's.
 */
export class PcapParserRecordReader implements PcapRecordReader {
  readonly #outlet: PacketOutlet;

  constructor(outlet: PacketOutlet) {
    this.#outlet = outlet;
  }

  read(header: PcapHeader, bytes: Uint8Array, view: DataView, start: number, end: number): number {
    const stop = endOfWholeRecords(header, view, start, end);
    if (stop === start) return stop;
    const batch = makeBatch(header, bytes.subarray(start, stop));

    const { cursor } = this.#outlet;
    cursor.bytes = new Uint8Array(batch.buffer, batch.byteOffset, batch.length);
    cursor.view = new DataView(batch.buffer, batch.byteOffset, batch.length);
    cursor.linkType = header.linkType;
    cursor.interfaceIndex = 0;
    let parsedTo = FILE_HEADER_OCTETS;
    const input = new SingleChunk();
    parse(input).on('packet', (packet) => {
      parsedTo = this.#deliver(header, packet, batch);
    });
    input.emit(batch);
    if (parsedTo !== batch.length) {
      throw new Error(`pcap-parser stopped after ${parsedTo} of ${batch.length} octets`);
    }
    return stop;
  }

  /** @returns where the packet ends in `batch` */
  #deliver(header: PcapHeader, packet: ParsedPacket, batch: Buffer): number {
    const { cursor } = this.#outlet;
    const { timestampSeconds, timestampMicroseconds, originalLength } = packet.header;
    const nanos = timestampMicroseconds * header.fractionNanos;
    const offset = packet.data.byteOffset - batch.byteOffset;
    cursor.offset = offset;
    cursor.capturedLength = packet.data.length;
    cursor.originalLength = originalLength;
    cursor.seconds = timestampSeconds + Math.floor(nanos / SECOND_NANOS);
    cursor.nanos = nanos % SECOND_NANOS;
    this.#outlet.deliver();
    return offset + cursor.capturedLength;
  }
}

/** Where the first record begins that is cut, claims more octets than any packet has, or is none. */
function endOfWholeRecords(header: PcapHeader, view: DataView, start: number, end: number): number {
  let at = start;
  while (at + header.recordHeaderOctets <= end) {
    const captured = capturedLengthAt(header, view, at);
    const next = at + header.recordHeaderOctets + captured;
    if (captured > header.capturedLengthMax || next > end) break;
    if (captured === 0 && isNoRecord(view, at)) break;
    at = next;
  }
  return at;
}

/** A copy of `records` as a file of its own, version 2.4 with microseconds, which is all the package knows. */
function makeBatch(header: PcapHeader, records: Uint8Array): Buffer {
  const batch = Buffer.alloc(FILE_HEADER_OCTETS + records.length);
  const view = new DataView(batch.buffer, batch.byteOffset, batch.length);
  const { littleEndian } = header;
  view.setUint32(0, MAGIC_MICROS, littleEndian);
  view.setUint16(4, 2, littleEndian);
  view.setUint16(6, 4, littleEndian);
  view.setUint32(16, header.snapLength, littleEndian);
  view.setUint32(20, header.linkType, littleEndian);
  batch.set(records, FILE_HEADER_OCTETS);
  if (header.lengthsSwapped) straightenLengths(header, view);
  return batch;
}

/** Puts the captured length first in every record header of a batch. */
function straightenLengths(header: PcapHeader, view: DataView): void {
  let at = FILE_HEADER_OCTETS;
  while (at < view.byteLength) {
    const captured = capturedLengthAt(header, view, at);
    const first = view.getUint32(at + 8, header.littleEndian);
    const second = view.getUint32(at + 12, header.littleEndian);
    view.setUint32(at + 8, captured, header.littleEndian);
    view.setUint32(at + 12, Math.max(first, second), header.littleEndian);
    at += header.recordHeaderOctets + captured;
  }
}

/** The least stream that the package accepts: it emits one chunk, at once. */
class SingleChunk implements ParserInput {
  #listener: ((data: Buffer) => void) | undefined;

  on(event: string, listener: (data: Buffer) => void): void {
    if (event === 'data') this.#listener = listener;
  }

  emit(chunk: Buffer): void {
    const listener = this.#listener;
    // The package keeps the stream until the next tick; it must not hold the chunk as well.
    this.#listener = undefined;
    listener?.(chunk);
  }

  pause(): void {}

  resume(): void {}
}
