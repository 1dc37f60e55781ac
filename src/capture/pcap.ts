import { LIMITS } from '../model/limits.ts';
import type { NoticeSink } from '../model/notice.ts';
import type { UnitReader } from './chunk-joiner.ts';
import type { PacketOutlet } from './packet-outlet.ts';
import {
  capturedLengthAt,
  FILE_HEADER_OCTETS,
  fileHeaderOctets,
  interfaceOf,
  isFileHeader,
  isNoRecord,
  type PcapHeader,
  RECORD_HEADER_OCTETS,
  readPcapHeader,
} from './pcap-header.ts';
import { NativeRecordReader, type PcapRecordReader } from './pcap-records.ts';
import { findRecord, isPlausible, SEARCH_WINDOW_OCTETS } from './pcap-search.ts';
import { isSectionHeader } from './pcapng-blocks.ts';

/** How much longer record headers are than the file header lets expect, in variants that only the records give away. */
const HIDDEN_VARIANTS: readonly (readonly [octets: number, writer: string])[] = [
  [4, 'Nokia or SuSE'],
  [8, 'Red Hat'],
];
const HIDDEN_OCTETS_MAX = Math.max(...HIDDEN_VARIANTS.map(([octets]) => octets));

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
  /** For records with headers of the usual size; all others are read natively. */
  readonly #records: PcapRecordReader;
  readonly #longRecords: PcapRecordReader;
  #header: PcapHeader | undefined;
  /** Where the file header at hand stands. */
  #headerAt = 0;
  /** It is known how long record headers are; until then, the time of the first packet, or -1. */
  #isSettled = false;
  #firstSeconds = -1;
  #stopped = false;
  /** Captured length that was not believed, while a continuation is searched; else -1. */
  #absurdLength = -1;
  #resynchronisations = 0;
  /** Record headers of zeros in a row. Wireshark takes them for frames without octets. */
  #blanks = 0;

  constructor(outlet: PacketOutlet, notices: NoticeSink, records: PcapRecordReader) {
    this.#outlet = outlet;
    this.#notices = notices;
    this.#records = records;
    this.#longRecords = new NativeRecordReader(outlet);
  }

  /** Whether the file header was complete. */
  get begun(): boolean {
    return this.#header !== undefined;
  }

  /** Damage ended the reading. */
  get stopped(): boolean {
    return this.#stopped;
  }

  read(bytes: Uint8Array, view: DataView, start: number, end: number, base: number): number {
    let at = start;
    if (this.#header === undefined) {
      if (!this.#hasFileHeader(view, start, end)) return start;
      at = this.#begin(view, start, base);
    }
    return this.#readRecords(bytes, view, at, end, base, false);
  }

  finish(bytes: Uint8Array, view: DataView, end: number, base: number): void {
    if (this.#header === undefined || this.#stopped) return;
    const at = this.#readRecords(bytes, view, 0, end, base, true);
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
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    base: number,
    last: boolean,
  ): number {
    let at = start;
    while (!this.#stopped) {
      if (!this.#isSettled) {
        const next = this.#settle(bytes, view, at, end, last);
        if (next < 0) return at;
        at = next;
        continue;
      }
      const header = this.#header as PcapHeader;
      if (this.#absurdLength >= 0) {
        if (!last && end - at < SEARCH_WINDOW_OCTETS) {
          this.needed = SEARCH_WINDOW_OCTETS;
          return at;
        }
        at = this.#resynchronise(header, view, at, end, base, last);
        continue;
      }
      const next = this.#recordsFor(header).read(header, bytes, view, at, end);
      if (next > at) this.#blanks = 0;
      at = next;
      if (end - at < header.recordHeaderOctets) {
        this.needed = header.recordHeaderOctets;
        return at;
      }
      const captured = capturedLengthAt(header, view, at);
      const isBlank = isNoRecord(view, at);
      if (captured <= header.capturedLengthMax && !isBlank) {
        this.needed = header.recordHeaderOctets + captured;
        return at;
      }
      if (isFileHeader(view, at)) {
        if (!this.#hasFileHeader(view, at, end)) return at;
        at = this.#begin(view, at, base);
      } else if (isSectionHeader(view, at)) this.#stopAtPcapng(base + at);
      else if (isBlank && this.#blanks < LIMITS.blankRecords) {
        this.#blanks += 1;
        this.#deliverBlank(bytes, view, at);
        at += header.recordHeaderOctets;
      } else this.#absurdLength = captured;
    }
    return Number.POSITIVE_INFINITY;
  }

  /** A packet without octets and time; it is given that of the packet before. */
  #deliverBlank(bytes: Uint8Array, view: DataView, at: number): void {
    const { cursor } = this.#outlet;
    cursor.bytes = bytes;
    cursor.view = view;
    cursor.offset = at;
    cursor.capturedLength = 0;
    cursor.originalLength = 0;
    this.#outlet.deliver();
  }

  /** Whether the file header at `at` is whole; says how much is needed if not. */
  #hasFileHeader(view: DataView, at: number, end: number): boolean {
    this.needed = FILE_HEADER_OCTETS;
    if (end - at >= FILE_HEADER_OCTETS) this.needed = fileHeaderOctets(view, at);
    return end - at >= this.needed;
  }

  /** Takes the header at `offset`: of the file, or of another one that was appended to it. */
  #begin(view: DataView, offset: number, base: number): number {
    const header = readPcapHeader(view, offset);
    const { facts } = this.#outlet;
    const isFirst = this.#header === undefined;
    this.#header = header;
    this.#isSettled = false;
    this.#firstSeconds = -1;
    this.#headerAt = base + offset;
    facts.format = 'pcap';
    const { linkType, versionMajor, versionMinor, reservedBits } = header;
    if (!facts.interfaces.some((known) => known.linkType === linkType)) {
      facts.interfaces.push(interfaceOf(header));
    }
    if (!isFirst) {
      this.#odd('another pcap file was appended here; it was read on as one', base + offset);
    }
    if (versionMajor !== 2 || versionMinor !== 4) {
      this.#odd(`version ${versionMajor}.${versionMinor} instead of 2.4`, base + offset + 4);
    }
    if (reservedBits !== 0) {
      this.#odd('reserved bits of the link type are set', base + offset + 20);
    }
    return offset + fileHeaderOctets(view, offset);
  }

  /**
   * Finds out by the second record whether headers are longer than the magic number says: where they make no sense as
   * usual, and do some octets further on. Nothing waits for it: the first packet is handed on before.
   *
   * @returns where reading goes on; negative where there are not octets enough
   */
  #settle(bytes: Uint8Array, view: DataView, at: number, end: number, last: boolean): number {
    const header = this.#header as PcapHeader;
    const { recordHeaderOctets } = header;
    const isFirst = this.#firstSeconds < 0;
    if (end - at < recordHeaderOctets) return this.#wait(recordHeaderOctets, at, last);
    if (isFirst) {
      const octets = recordHeaderOctets + capturedLengthAt(header, view, at);
      if (octets > recordHeaderOctets + header.capturedLengthMax || isNoRecord(view, at)) {
        this.#isSettled = true;
        return at;
      }
      if (end - at < octets) return this.#wait(octets, at, last);
      this.#firstSeconds = view.getUint32(at, header.littleEndian);
      return this.#recordsFor(header).read(header, bytes, view, at, at + octets);
    }
    const octets = recordHeaderOctets + HIDDEN_OCTETS_MAX;
    const isUsual = isPlausible(header, view, at, null);
    if (!isUsual && end - at < octets && !last) return this.#wait(octets, at, last);
    this.#isSettled = true;
    const near = { seconds: this.#firstSeconds };
    for (const [beyond, writer] of isUsual ? [] : HIDDEN_VARIANTS) {
      const longer = at + beyond;
      if (longer + recordHeaderOctets > end || !isPlausible(header, view, longer, near)) continue;
      this.#header = { ...header, recordHeaderOctets: recordHeaderOctets + beyond };
      this.#odd(
        `packet headers are ${beyond} octets longer than usual, as programs of ${writer} wrote them; the first packet was read before that showed`,
        this.#headerAt,
      );
      return longer;
    }
    return at;
  }

  /** The unit at `at` needs so many octets. At the end there will be no more, and it is read as if nothing were odd. */
  #wait(octets: number, at: number, last: boolean): number {
    this.needed = octets;
    if (!last) return -1;
    this.#isSettled = true;
    return at;
  }

  #recordsFor({ recordHeaderOctets }: PcapHeader): PcapRecordReader {
    return recordHeaderOctets === RECORD_HEADER_OCTETS ? this.#records : this.#longRecords;
  }

  /** A file of the other format was appended. Who put the two together can take them apart again. */
  #stopAtPcapng(offset: number): void {
    this.#stopped = true;
    this.#odd(
      `a pcapng file was appended at octet ${offset} and not read; read it alone: tail -c +${offset + 1} FILE | tlsdiag analyze -`,
      offset,
    );
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
