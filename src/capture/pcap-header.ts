import { LIMITS } from '../model/limits.ts';
import type { InterfaceFacts } from '../model/packet.ts';

/** Octets of the header of a classic pcap file. */
export const FILE_HEADER_OCTETS = 24;

/** Ixia's files have the octets of all records behind the header. */
const IXIA_HEADER_OCTETS = 28;

/** Octets of a record header as everyone writes it, and as Kuznetzov's patch of 1999 does (interface and protocol added). */
export const RECORD_HEADER_OCTETS = 16;
const MODIFIED_RECORD_HEADER_OCTETS = 24;

const MAGIC_MICROS = 0xa1b2c3d4;
const MAGIC_NANOS = 0xa1b23c4d;
const MAGIC_MODIFIED = 0xa1b2cd34;
const MAGIC_IXIA_NANOS = 0x1c0001ac;
const MAGIC_IXIA_MICROS = 0x1c0001ab;

const MAGICS: ReadonlySet<number> = new Set([
  MAGIC_MICROS,
  MAGIC_NANOS,
  MAGIC_MODIFIED,
  MAGIC_IXIA_NANOS,
  MAGIC_IXIA_MICROS,
]);

/** AIX writes version 2.2, nanoseconds, and the type of an interface as RFC 1573 numbers it in place of the link type. */
const AIX_LINK_TYPES: ReadonlyMap<number, number> = new Map([
  [6, 1],
  [9, 6],
  [15, 10],
  [24, 0],
]);

/** Largest captured length that libpcap and Wireshark accept, whatever the snap length. */
const USUAL_PACKET_OCTETS = 262_144;

/** What the header of a classic pcap file says about its records. */
export interface PcapHeader {
  readonly littleEndian: boolean;
  readonly versionMajor: number;
  readonly versionMinor: number;
  /** Nanoseconds of one step of the fraction: 1000 or 1. */
  readonly fractionNanos: number;
  readonly recordHeaderOctets: number;
  /** Records of versions before 2.4 may hold the two lengths in the other order; the smaller one is the captured one. */
  readonly lengthsSwapped: boolean;
  /** LINKTYPE_ value without the bits above it. */
  readonly linkType: number;
  /** Bits of the link type field that say something else than frame check sequence or type, or are reserved. */
  readonly reservedBits: number;
  readonly snapLength: number;
  /** A captured length above this is damage. */
  readonly capturedLengthMax: number;
}

/** Whether four octets at the start of a file are a magic number of classic pcap, in either byte order. */
export function isPcapMagic(view: DataView, offset: number): boolean {
  return isMagic(view.getUint32(offset, true)) || isMagic(view.getUint32(offset, false));
}

/** Whether they are the magic number of Kuznetzov's variant with longer record headers. */
export function isModifiedPcapMagic(view: DataView, offset: number): boolean {
  return (
    view.getUint32(offset, true) === MAGIC_MODIFIED ||
    view.getUint32(offset, false) === MAGIC_MODIFIED
  );
}

function isMagic(value: number): boolean {
  return MAGICS.has(value);
}

/** Octets of the file header whose magic number stands at `offset`. */
export function fileHeaderOctets(view: DataView, offset: number): number {
  const magic = view.getUint32(offset, isMagic(view.getUint32(offset, true)));
  const isIxia = magic === MAGIC_IXIA_NANOS || magic === MAGIC_IXIA_MICROS;
  return isIxia ? IXIA_HEADER_OCTETS : FILE_HEADER_OCTETS;
}

/**
 * Reads the header of a classic pcap file.
 *
 * @param offset of the header; the magic has been checked and FILE_HEADER_OCTETS octets are there
 * @see draft-ietf-opsawg-pcap, section 4
 */
export function readPcapHeader(view: DataView, offset: number): PcapHeader {
  const littleEndian = isMagic(view.getUint32(offset, true));
  const magic = view.getUint32(offset, littleEndian);
  const versionMajor = view.getUint16(offset + 4, littleEndian);
  const versionMinor = view.getUint16(offset + 6, littleEndian);
  // Offsets 8 and 12 once held a time zone and an accuracy; nobody ever filled them with meaning.
  const snapLength = view.getUint32(offset + 16, littleEndian);
  const network = view.getUint32(offset + 20, littleEndian);
  const aixLinkType =
    magic === MAGIC_MICROS && versionMajor === 2 && versionMinor === 2
      ? AIX_LINK_TYPES.get(network)
      : undefined;
  const nanos = magic === MAGIC_NANOS || magic === MAGIC_IXIA_NANOS || aixLinkType !== undefined;
  return {
    littleEndian,
    versionMajor,
    versionMinor,
    fractionNanos: nanos ? 1 : 1000,
    recordHeaderOctets:
      magic === MAGIC_MODIFIED ? MODIFIED_RECORD_HEADER_OCTETS : RECORD_HEADER_OCTETS,
    // Digital UNIX wrote 543.0 and the old order with it.
    lengthsSwapped: (versionMajor === 2 && versionMinor < 4) || versionMajor === 543,
    linkType: aixLinkType ?? network & 0xffff,
    // The upper six bits hold the length of the frame check sequence and whether it is known.
    reservedBits: network & 0x03ff0000,
    snapLength,
    capturedLengthMax: Math.min(LIMITS.packetOctets, Math.max(USUAL_PACKET_OCTETS, snapLength)),
  };
}

/** The captured length in the record header at `offset`, whose octets must be there. */
export function capturedLengthAt(header: PcapHeader, view: DataView, offset: number): number {
  const captured = view.getUint32(offset + 8, header.littleEndian);
  if (!header.lengthsSwapped) return captured;
  return Math.min(captured, view.getUint32(offset + 12, header.littleEndian));
}

/**
 * Whether a record header at `offset` says that there is no record: it is all zeros, as preallocated files are behind
 * what was written, or it is the header of another file.
 */
export function isNoRecord(view: DataView, offset: number): boolean {
  if (view.getUint32(offset + 8, true) !== 0 || view.getUint32(offset + 12, true) !== 0)
    return false;
  const isZeros = view.getUint32(offset, true) === 0 && view.getUint32(offset + 4, true) === 0;
  return isZeros || isPcapMagic(view, offset);
}

/** Whether a whole file header of the versions that there are stands at `offset`, of which 8 octets must be there. */
export function isFileHeader(view: DataView, offset: number): boolean {
  if (!isPcapMagic(view, offset)) return false;
  const little = isMagic(view.getUint32(offset, true));
  return view.getUint16(offset + 4, little) === 2 && view.getUint16(offset + 6, little) <= 4;
}

/** The one interface of a classic file. */
export function interfaceOf(header: PcapHeader): InterfaceFacts {
  return { linkType: header.linkType, snapLength: header.snapLength };
}
