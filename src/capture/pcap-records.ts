import type { PacketOutlet } from './packet-outlet.ts';
import { isNoRecord, type PcapHeader } from './pcap-header.ts';

/** Turns the records of a classic pcap file into packets. */
export interface PcapRecordReader {
  /**
   * Hands on every packet of `bytes[start, end)` whose record is whole and believable.
   *
   * @returns where the first other record begins
   */
  read(header: PcapHeader, bytes: Uint8Array, view: DataView, start: number, end: number): number;
}

const SECOND_NANOS = 1e9;

/** Our own loop: no allocation, no copy, no call but the sink's. */
export class NativeRecordReader implements PcapRecordReader {
  readonly #outlet: PacketOutlet;

  constructor(outlet: PacketOutlet) {
    this.#outlet = outlet;
  }

  read(header: PcapHeader, bytes: Uint8Array, view: DataView, start: number, end: number): number {
    const outlet = this.#outlet;
    const cursor = outlet.cursor;
    const { littleEndian, fractionNanos, recordHeaderOctets, lengthsSwapped, capturedLengthMax } =
      header;
    cursor.bytes = bytes;
    cursor.view = view;
    cursor.linkType = header.linkType;
    cursor.interfaceIndex = 0;
    let at = start;
    while (at + recordHeaderOctets <= end) {
      let captured = view.getUint32(at + 8, littleEndian);
      let original = view.getUint32(at + 12, littleEndian);
      if (lengthsSwapped && captured > original) {
        const smaller = original;
        original = captured;
        captured = smaller;
      }
      const data = at + recordHeaderOctets;
      if (captured > capturedLengthMax || data + captured > end) return at;
      if (captured === 0 && isNoRecord(view, at)) return at;
      let seconds = view.getUint32(at, littleEndian);
      let nanos = view.getUint32(at + 4, littleEndian) * fractionNanos;
      if (nanos >= SECOND_NANOS) {
        // Some writers let the fraction run over instead of carrying it.
        seconds += Math.floor(nanos / SECOND_NANOS);
        nanos %= SECOND_NANOS;
      }
      cursor.offset = data;
      cursor.capturedLength = captured;
      cursor.originalLength = original;
      cursor.seconds = seconds;
      cursor.nanos = nanos;
      outlet.deliver();
      at = data + captured;
    }
    return at;
  }
}
