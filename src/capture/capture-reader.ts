import type { NoticeSink } from '../model/notice.ts';
import type { CaptureFacts, PacketSink } from '../model/packet.ts';
import { ChunkJoiner } from './chunk-joiner.ts';
import type { EmbeddedSecrets } from './decryption-secrets.ts';
import { describeForeign, SIGNATURE_OCTETS } from './foreign-formats.ts';
import { PacketOutlet } from './packet-outlet.ts';
import { PcapReader } from './pcap.ts';
import { FILE_HEADER_OCTETS, isModifiedPcapMagic, isPcapMagic } from './pcap-header.ts';
import { PcapParserRecordReader } from './pcap-parser-reader.ts';
import { NativeRecordReader } from './pcap-records.ts';
import { PcapngReader } from './pcapng.ts';
import { BLOCK } from './pcapng-blocks.ts';

/** How a capture is to be read. */
export interface CaptureReaderOptions {
  /**
   * `pcap-parser` has the package of that name split classic pcap files into packets, guarded by our own checks of their
   * lengths. pcapng, and pcap with Kuznetzov's longer record headers, are beyond it and read natively in any case.
   */
  readonly reader: 'native' | 'pcap-parser';
  /** Number of the first packet: 1 more than the packets of all captures before. */
  readonly firstPacketNumber: number;
  /** Told of secrets that a pcapng file carries, before the packets behind them. */
  readonly onSecrets?: (secrets: EmbeddedSecrets) => void;
}

const MAGIC_OCTETS = 4;

/**
 * Reads one capture file: pcap or pcapng, told by the first octets. Takes the file in chunks of any size, hands packets
 * to the sink in place, keeps the facts up to date and reports damage as notices. Never throws for what a file holds.
 */
export class CaptureReader {
  readonly #outlet: PacketOutlet;
  readonly #notices: NoticeSink;
  readonly #options: CaptureReaderOptions;
  /** The beginning of the file, until the format is known or, for a foreign one, described. */
  readonly #head = new Uint8Array(SIGNATURE_OCTETS);
  #headLength = 0;
  #foreign = false;
  #reader: PcapReader | PcapngReader | undefined;
  #joiner: ChunkJoiner | undefined;
  #problem: string | undefined;

  /**
   * @param sink takes packets during `push` and `end`
   * @param facts of this file, freshly made; `format`, counts, times and interfaces are filled in here
   */
  constructor(
    sink: PacketSink,
    notices: NoticeSink,
    facts: CaptureFacts,
    options: CaptureReaderOptions,
  ) {
    this.#outlet = new PacketOutlet(sink, facts, options.firstPacketNumber);
    this.#notices = notices;
    this.#options = options;
  }

  /**
   * Why this is no capture that can be read: one line saying what the file is and what to do. Undefined while that is
   * open and for captures; known at the latest after `end`. Once set, nothing of the rest will be read.
   */
  get problem(): string | undefined {
    return this.#problem;
  }

  /** Whether nothing of the rest will be read. */
  get finished(): boolean {
    return this.#problem !== undefined || this.#reader?.stopped === true;
  }

  /** Secrets that a pcapng file carries, in file order, so far. */
  get embeddedSecrets(): readonly EmbeddedSecrets[] {
    return this.#reader instanceof PcapngReader ? this.#reader.embeddedSecrets : [];
  }

  /** @param chunk the next octets of the (decompressed) file; may be reused after the call */
  push(chunk: Uint8Array): void {
    // A subclass may slice without copying, as Node's Buffer does; what is kept of a chunk must be a copy.
    const octets =
      chunk.constructor === Uint8Array
        ? chunk
        : new Uint8Array(chunk.buffer, chunk.byteOffset, chunk.length);
    if (this.#joiner !== undefined) this.#joiner.push(octets);
    else if (this.#problem === undefined) this.#sniff(octets);
  }

  /** The file is over. Call once. */
  end(): void {
    this.#joiner?.end();
    if (this.#problem !== undefined) return;
    const head = this.#head.subarray(0, this.#headLength);
    if (this.#reader === undefined) {
      this.#problem = describeForeign(head, this.#outlet.facts.compression);
    } else if (!this.#reader.begun) {
      this.#problem = describeHeaderless(this.#reader);
    } else if (this.#outlet.facts.packets === 0) {
      this.#notices.notice({
        code: 'capture-empty',
        packetNumber: 0,
        offset: -1,
        needed: 0,
        available: 0,
      });
    }
  }

  #sniff(chunk: Uint8Array): void {
    const wanted = this.#foreign ? SIGNATURE_OCTETS : MAGIC_OCTETS;
    const taken = Math.min(wanted - this.#headLength, chunk.length);
    this.#head.set(chunk.subarray(0, taken), this.#headLength);
    this.#headLength += taken;
    if (this.#headLength < wanted) return;
    if (this.#foreign) {
      this.#problem = describeForeign(this.#head, this.#outlet.facts.compression);
      return;
    }
    this.#reader = this.#choose(new DataView(this.#head.buffer));
    if (this.#reader === undefined) {
      this.#foreign = true;
    } else {
      this.#joiner = new ChunkJoiner(this.#reader);
      this.#joiner.push(this.#head.subarray(0, MAGIC_OCTETS));
    }
    if (taken < chunk.length) this.push(chunk.subarray(taken));
  }

  #choose(magic: DataView): PcapReader | PcapngReader | undefined {
    if (magic.getUint32(0, false) === BLOCK.sectionHeader) {
      return new PcapngReader(this.#outlet, this.#notices, this.#options.onSecrets);
    }
    if (!isPcapMagic(magic, 0)) return undefined;
    const native = this.#options.reader === 'native' || isModifiedPcapMagic(magic, 0);
    const records = native
      ? new NativeRecordReader(this.#outlet)
      : new PcapParserRecordReader(this.#outlet);
    return new PcapReader(this.#outlet, this.#notices, records);
  }
}

function describeHeaderless(reader: PcapReader | PcapngReader): string {
  if (reader instanceof PcapReader) {
    return `this pcap file ends within its header of ${FILE_HEADER_OCTETS} octets; record it again, the program that wrote it was stopped too early`;
  }
  return 'this pcapng file has no readable section header; record it again, or try to repair it: pcapfix FILE';
}
