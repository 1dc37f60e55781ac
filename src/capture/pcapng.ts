import { LIMITS } from '../model/limits.ts';
import type { NoticeSink } from '../model/notice.ts';
import type { UnitReader } from './chunk-joiner.ts';
import { type EmbeddedSecrets, SecretsStore } from './decryption-secrets.ts';
import { readNames } from './name-resolution.ts';
import type { PacketOutlet } from './packet-outlet.ts';
import { isFileHeader } from './pcap-header.ts';
import {
  BLOCK,
  BLOCK_OCTETS_MIN,
  blockOctets,
  FRAMES_WITHOUT_PACKET,
  findBlock,
  LOCAL_BLOCK_TYPES,
  SEARCH_MARGIN_OCTETS,
  sectionByteOrder,
} from './pcapng-blocks.ts';
import { InterfaceTable } from './pcapng-interfaces.ts';
import { readComments } from './pcapng-options.ts';
import { PcapngPackets } from './pcapng-packets.ts';

/** Octets a search wants to see before it gives up, unless the file ends. */
const SEARCH_WINDOW_OCTETS = LIMITS.resynchroniseOctets + SEARCH_MARGIN_OCTETS;

/** Octets of a section header before its options. */
const SECTION_HEADER_OCTETS = 24;

/** Why a block cannot be read on, and what it claimed. */
interface Damage {
  readonly what: string;
  readonly needed: number;
  readonly available: number;
}

/**
 * Reads a pcapng file block by block, any number of sections of either byte order.
 *
 * A block whose lengths contradict each other is damage: the next place that looks like a block is searched, within
 * bounds, and reading goes on there. A block that is whole but makes no sense inside is left out with a notice. A file
 * that breaks off leaves its last block out, as Wireshark does.
 *
 * @see draft-ietf-opsawg-pcapng
 */
export class PcapngReader implements UnitReader {
  needed = BLOCK_OCTETS_MIN;
  readonly #outlet: PacketOutlet;
  readonly #notices: NoticeSink;
  readonly #interfaces: InterfaceTable;
  readonly #packets: PcapngPackets;
  readonly #secrets = new SecretsStore();
  readonly #onSecrets: (secrets: EmbeddedSecrets) => void;
  #littleEndian = true;
  #begun = false;
  #stopped = false;
  /** Set while a continuation is searched. */
  #damage: Damage | undefined;
  #resynchronisations = 0;
  /** Size of a block too large to be read, while it is skipped. */
  #skipped = 0;

  /** @param onSecrets told of each Decryption Secrets Block, before the packets behind it */
  constructor(
    outlet: PacketOutlet,
    notices: NoticeSink,
    onSecrets: (secrets: EmbeddedSecrets) => void = () => {},
  ) {
    this.#outlet = outlet;
    this.#notices = notices;
    this.#onSecrets = onSecrets;
    this.#interfaces = new InterfaceTable(outlet.facts.interfaces);
    this.#packets = new PcapngPackets(outlet, this.#interfaces);
  }

  /** Whether a section header was read. */
  get begun(): boolean {
    return this.#begun;
  }

  /** Payloads of the Decryption Secrets Blocks so far, in file order. */
  get embeddedSecrets(): readonly EmbeddedSecrets[] {
    return this.#secrets.list;
  }

  /** Damage ended the reading. */
  get stopped(): boolean {
    return this.#stopped;
  }

  read(bytes: Uint8Array, view: DataView, start: number, end: number, base: number): number {
    return this.#readBlocks(bytes, view, start, end, base, false);
  }

  finish(bytes: Uint8Array, view: DataView, end: number, base: number, missing: number): void {
    if (!this.#stopped) this.#finishBlocks(bytes, view, end, base, missing);
    this.#tellDropped();
  }

  #finishBlocks(
    bytes: Uint8Array,
    view: DataView,
    end: number,
    base: number,
    missing: number,
  ): void {
    if (missing > 0) {
      this.#truncated(base - (this.#skipped - missing), this.#skipped, this.#skipped - missing);
      return;
    }
    const at = this.#readBlocks(bytes, view, 0, end, base, true);
    if (at < end) this.#truncated(base + at, this.needed, end - at);
  }

  /** @param last nothing follows `end`, so a search must do with what is there */
  #readBlocks(
    bytes: Uint8Array,
    view: DataView,
    start: number,
    end: number,
    base: number,
    last: boolean,
  ): number {
    let at = start;
    while (!this.#stopped) {
      if (this.#damage !== undefined) {
        if (!last && end - at < SEARCH_WINDOW_OCTETS) {
          this.needed = SEARCH_WINDOW_OCTETS;
          return at;
        }
        at = this.#resynchronise(this.#damage, view, at, end, base);
        continue;
      }
      if (end - at < BLOCK_OCTETS_MIN) {
        this.needed = BLOCK_OCTETS_MIN;
        return at;
      }
      const type = view.getUint32(at, this.#littleEndian);
      if (type === BLOCK.sectionHeader && !this.#enterSection(view, at)) continue;
      const stated = view.getUint32(at + 4, this.#littleEndian);
      const octets = blockOctets(type, stated);
      if (octets < 0) {
        this.#damage = {
          what: 'a block cannot be that short',
          needed: stated,
          available: BLOCK_OCTETS_MIN,
        };
        continue;
      }
      if (octets > Math.min(LIMITS.blockOctets, end - at) && isFileHeader(view, at)) {
        this.#stopAtPcap(base + at);
        continue;
      }
      if (octets > LIMITS.blockOctets) return this.#skip(at, octets, base);
      if (octets > end - at) {
        this.needed = octets;
        return at;
      }
      const repeated = view.getUint32(at + octets - 4, this.#littleEndian);
      if (repeated !== stated) {
        this.#damage = {
          what: 'the length at the end of a block differs from the one at its beginning',
          needed: stated,
          available: repeated,
        };
        continue;
      }
      this.#readBlock(type, bytes, view, at, octets, base);
      at += octets;
    }
    return Number.POSITIVE_INFINITY;
  }

  /** Takes the byte order of a new section; false when its header has none. Interface numbers begin again. */
  #enterSection(view: DataView, at: number): boolean {
    const order = sectionByteOrder(view, at);
    if (order === undefined) {
      this.#damage = { what: 'a section has no byte order', needed: 0, available: 0 };
      return false;
    }
    this.#littleEndian = order;
    return true;
  }

  #readBlock(
    type: number,
    bytes: Uint8Array,
    view: DataView,
    at: number,
    octets: number,
    base: number,
  ): void {
    const little = this.#littleEndian;
    const body = at + 8;
    const end = at + octets - 4;
    let whole = true;
    switch (type) {
      case BLOCK.enhancedPacket:
        whole = this.#packets.readEnhanced(bytes, view, body, end, little);
        break;
      case BLOCK.simplePacket:
        whole = this.#packets.readSimple(bytes, view, body, end, little);
        break;
      case BLOCK.packet:
        whole = this.#packets.readObsolete(bytes, view, body, end, little);
        break;
      case BLOCK.sectionHeader:
        this.#beginSection(view, at, end, base);
        break;
      case BLOCK.interfaceDescription:
        whole = this.#interfaces.describe(view, body, end, little);
        break;
      case BLOCK.interfaceStatistics:
        whole = this.#interfaces.count(view, body, end, little);
        break;
      case BLOCK.decryptionSecrets:
        whole = this.#readSecrets(bytes, view, body, end, base);
        break;
      case BLOCK.nameResolution:
        readNames(this.#outlet.facts, view, body, end, little);
        break;
      default:
        if (FRAMES_WITHOUT_PACKET.has(type)) this.#outlet.countFrame();
        else if (type < LOCAL_BLOCK_TYPES) this.#unknown(type, base + at, octets);
    }
    if (!whole) {
      this.#damaged(
        base + at,
        octets,
        octets,
        `a block of type ${type} contradicts itself and was left out`,
      );
    }
  }

  #beginSection(view: DataView, at: number, end: number, base: number): void {
    const { facts } = this.#outlet;
    this.#begun = true;
    facts.format = 'pcapng';
    readComments(facts, 0, view, at + SECTION_HEADER_OCTETS, end, this.#littleEndian);
    this.#interfaces.beginSection();
    const major = view.getUint16(at + 12, this.#littleEndian);
    const minor = view.getUint16(at + 14, this.#littleEndian);
    // 1.2 was written by mistake and means 1.0.
    if (major === 1 && (minor === 0 || minor === 2)) return;
    this.#notices.notice({
      code: 'capture-odd-header',
      packetNumber: 0,
      offset: base + at,
      needed: 0,
      available: 0,
      detail: `pcapng version ${major}.${minor} instead of 1.0`,
    });
  }

  /** A Decryption Secrets Block: type, length, payload. */
  #readSecrets(
    bytes: Uint8Array,
    view: DataView,
    body: number,
    end: number,
    base: number,
  ): boolean {
    if (end - body < 8) return false;
    const type = view.getUint32(body, this.#littleEndian);
    const length = view.getUint32(body + 4, this.#littleEndian);
    if (length > end - body - 8) return false;
    if (!this.#secrets.add(type, bytes.subarray(body + 8, body + 8 + length))) {
      this.#notices.notice({
        code: 'limit-reached',
        packetNumber: this.#outlet.nextNumber,
        offset: base + body - 8,
        needed: length,
        available: LIMITS.embeddedSecretsOctets,
        detail: 'embeddedSecretsOctets: further embedded secrets were left out',
      });
    } else this.#onSecrets(this.#secrets.list.at(-1) as EmbeddedSecrets);
    return true;
  }

  /** A block beyond all sense is not assembled; its length alone is believed. */
  #skip(at: number, octets: number, base: number): number {
    this.#skipped = octets;
    this.#damaged(
      base + at,
      octets,
      LIMITS.blockOctets,
      'the block was passed over by the length it states',
    );
    return at + octets;
  }

  #resynchronise(damage: Damage, view: DataView, at: number, end: number, base: number): number {
    this.#resynchronisations += 1;
    const stop = Math.min(end, at + LIMITS.resynchroniseOctets);
    const next =
      this.#resynchronisations > LIMITS.captureResynchronisations
        ? -1
        : findBlock(view, at + 1, stop, end, this.#littleEndian);
    const outcome =
      next < 0
        ? 'no further block was found; reading stopped here'
        : `reading went on ${next - at} octets further`;
    this.#damaged(base + at, damage.needed, damage.available, `${damage.what}; ${outcome}`);
    this.#damage = undefined;
    this.#stopped = next < 0;
    return next;
  }

  /** Packets that the capturing host could not keep, by interface. */
  #tellDropped(): void {
    for (const [index, face] of this.#outlet.facts.interfaces.entries()) {
      const { dropped = 0, droppedBySystem = 0, received, name } = face;
      if (dropped === 0) continue;
      const of = received === undefined ? '' : ` of ${received} received`;
      this.#notices.notice({
        code: 'capture-dropped-packets',
        packetNumber: 0,
        offset: -1,
        needed: dropped,
        available: received ?? 0,
        detail: `interface ${name ?? index}${of}; ${dropped - droppedBySystem} by the interface, ${droppedBySystem} by the system; record with a larger buffer: dumpcap -B 64`,
      });
    }
  }

  /** A file of the other format was appended. Who put the two together can take them apart again. */
  #stopAtPcap(offset: number): void {
    this.#stopped = true;
    this.#notices.notice({
      code: 'capture-odd-header',
      packetNumber: 0,
      offset,
      needed: 0,
      available: 0,
      detail: `a pcap file was appended at octet ${offset} and not read; read it alone: tail -c +${offset + 1} FILE | tlsdiag analyze -`,
    });
  }

  #damaged(offset: number, needed: number, available: number, detail: string): void {
    const packetNumber = this.#outlet.nextNumber;
    this.#notices.notice({
      code: 'capture-damaged',
      packetNumber,
      offset,
      needed,
      available,
      detail,
    });
  }

  #truncated(offset: number, needed: number, available: number): void {
    const packetNumber = this.#outlet.nextNumber;
    this.#notices.notice({ code: 'capture-truncated', packetNumber, offset, needed, available });
  }

  #unknown(type: number, offset: number, octets: number): void {
    this.#notices.notice({
      code: 'capture-unknown-block',
      packetNumber: this.#outlet.nextNumber,
      offset,
      needed: octets,
      available: octets,
      detail: `block type 0x${type.toString(16)}`,
    });
  }
}
