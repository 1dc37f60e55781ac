import { LIMITS } from '../model/limits.ts';
import type { NoticeSink } from '../model/notice.ts';
import type { UnitReader } from './chunk-joiner.ts';
import type { PacketOutlet } from './packet-outlet.ts';
import {
  capturedLengthAt,
  FILE_HEADER_OCTETS,
  interfaceOf,
  type PcapHeader,
  readPcapHeader,
} from './pcap-header.ts';
import type { PcapRecordReader } from './pcap-records.ts';
import { findRecord, SEARCH_WINDOW_OCTETS } from './pcap-search.ts';

/**
 * Reads a classic pcap file: header, then records. It finds out what is damaged or cut; a record reader turns whole
 * records into packets.
 *
 * A record that claims more octets than any packet has is damage: the next place that looks like a record is searched,
 * within bounds, and reading goes on there. A file that breaks off leaves its last packet out, as Wireshark does.
 *
 * @see draft-ietf-opsawg-pcap
 */
export class PcapReader implements UnitReader {
  needed = FILE_HEADER_OCTETS;
  readonly #outlet: PacketOutlet;
  readonly #notices: NoticeSink;
  readonly #records: PcapRecordReader;
  #header: PcapHeader | undefined;
  #stopped = false;
  /** Captured length that was not believed, while a continuation is searched; else -1. */
  #absurdLength = -1;
  #resynchronisations = 0;

  constructor(outlet: PacketOutlet, notices: NoticeSink, records: PcapRecordReader) {
    this.#outlet = outlet;
    this.#notices = notices;
    this.#records = records;
  }

  /** Whether the file header was complete. */
  get begun(): boolean {
    return this.#header !== undefined;
  }

  read(bytes: Uint8Array, view: DataView, start: number, end: number, base: number): number {
    let at = start;
    if (this.#header === undefined) {
      if (end - start < FILE_HEADER_OCTETS) return start;
      this.#header = this.#begin(view, start);
      at += FILE_HEADER_OCTETS;
    }
    return this.#readRecords(this.#header, bytes, view, at, end, base, false);
  }

  finish(bytes: Uint8Array, view: DataView, end: number, base: number): void {
    if (this.#header === undefined || this.#stopped) return;
    const at = this.#readRecords(this.#header, bytes, view, 0, end, base, true);
    if (at >= end) return;
    this.#notices.notice({
      code: 'capture-truncated',
      packetNumber: this.#outlet.nextNumber,
      offset: base + at,
      needed: this.needed,
      available: end - at,
    });
  }

  /** @param last nothing follows `end`, so a search must do with what is there */
  #readRecords(
    header: PcapHeader,
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    base: number,
    last: boolean,
  ): number {
    let at = start;
    while (!this.#stopped) {
      if (this.#absurdLength >= 0) {
        if (!last && end - at < SEARCH_WINDOW_OCTETS) {
          this.needed = SEARCH_WINDOW_OCTETS;
          return at;
        }
        at = this.#resynchronise(header, view, at, end, base, last);
        continue;
      }
      at = this.#records.read(header, bytes, view, at, end);
      if (end - at < header.recordHeaderOctets) {
        this.needed = header.recordHeaderOctets;
        return at;
      }
      const captured = capturedLengthAt(header, view, at);
      if (captured <= header.capturedLengthMax) {
        this.needed = header.recordHeaderOctets + captured;
        return at;
      }
      this.#absurdLength = captured;
    }
    return Number.POSITIVE_INFINITY;
  }

  #begin(view: DataView, offset: number): PcapHeader {
    const header = readPcapHeader(view, offset);
    const { facts } = this.#outlet;
    facts.format = 'pcap';
    facts.interfaces.push(interfaceOf(header));
    const { versionMajor, versionMinor, reservedBits } = header;
    if (versionMajor !== 2 || versionMinor !== 4) {
      this.#odd(`version ${versionMajor}.${versionMinor} instead of 2.4`, offset + 4);
    }
    if (reservedBits !== 0) this.#odd('reserved bits of the link type are set', offset + 20);
    return header;
  }

  #odd(detail: string, offset: number): void {
    this.#notices.notice({
      code: 'capture-odd-header',
      packetNumber: 0,
      offset,
      needed: 0,
      available: 0,
      detail,
    });
  }

  /** Says what became of the damage at `at`, and returns where reading goes on. */
  #resynchronise(
    header: PcapHeader,
    view: DataView,
    at: number,
    end: number,
    base: number,
    last: boolean,
  ): number {
    this.#resynchronisations += 1;
    const next =
      this.#resynchronisations > LIMITS.captureResynchronisations
        ? -1
        : findRecord(header, view, at + 1, end, last, this.#outlet.facts.lastTime);
    this.#notices.notice({
      code: 'capture-damaged',
      packetNumber: this.#outlet.nextNumber,
      offset: base + at,
      needed: this.#absurdLength,
      available: header.capturedLengthMax,
      detail:
        next < 0
          ? 'no further packet header was found; reading stopped here'
          : `reading went on ${next - at} octets further`,
    });
    this.#absurdLength = -1;
    this.#stopped = next < 0;
    return next;
  }
}
