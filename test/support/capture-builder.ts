/**
 * Writes capture files octet by octet, right ones and wrong ones: lengths, versions and trailers are what a test says.
 * Shares no code with the readers.
 */
import { concat } from './hello-builder.ts';

type Octets = Uint8Array;
export type ByteOrder = 'little' | 'big';

export interface PacketSpec {
  readonly octets: Octets;
  /** Since 1970; 1,700,000,000 unless given. */
  readonly seconds?: number;
  readonly nanos?: number;
  /** What the record claims to hold; the number of octets unless given. */
  readonly capturedLength?: number;
  readonly originalLength?: number;
}

export interface PcapSpec {
  readonly order?: ByteOrder;
  /** Nanosecond magic and fractions. */
  readonly nanos?: boolean;
  /** Kuznetzov's variant: record headers of 24 octets. */
  readonly modified?: boolean;
  readonly version?: readonly [major: number, minor: number];
  readonly snapLength?: number;
  /** The whole field of 32 bits. */
  readonly linkType?: number;
  /** The two lengths of a record in the order of versions before 2.4. */
  readonly lengthsSwapped?: boolean;
  readonly packets?: readonly PacketSpec[];
}

/** A classic pcap file. */
export function pcapFile(spec: PcapSpec = {}): Octets {
  const { order = 'little', nanos = false, modified = false, packets = [] } = spec;
  const [major, minor] = spec.version ?? [2, 4];
  const magic = modified ? 0xa1b2cd34 : nanos ? 0xa1b23c4d : 0xa1b2c3d4;
  const header = concat(
    u32(magic, order),
    u16(major, order),
    u16(minor, order),
    new Uint8Array(8),
    u32(spec.snapLength ?? 65_535, order),
    u32(spec.linkType ?? 1, order),
  );
  return concat(header, ...packets.map((packet) => pcapRecord(packet, spec)));
}

/** One record of a classic pcap file, to be put between others. */
export function pcapRecord(packet: PacketSpec, spec: PcapSpec = {}): Octets {
  const { order = 'little' } = spec;
  const { octets, seconds = 1_700_000_000, nanos = 0 } = packet;
  const captured = packet.capturedLength ?? octets.length;
  const original = packet.originalLength ?? octets.length;
  return concat(
    u32(seconds, order),
    u32(spec.nanos ? nanos : Math.floor(nanos / 1000), order),
    u32(spec.lengthsSwapped ? original : captured, order),
    u32(spec.lengthsSwapped ? captured : original, order),
    new Uint8Array(spec.modified ? 8 : 0),
    octets,
  );
}

/** A block of a pcapng section: written once the section's byte order is known. */
export type Block = (order: ByteOrder) => Octets;

export interface SectionSpec {
  readonly order?: ByteOrder;
  readonly version?: readonly [major: number, minor: number];
  readonly comments?: readonly string[];
  readonly blocks: readonly Block[];
}

/** A pcapng file of one or more sections. */
export function pcapngFile(...sections: readonly SectionSpec[]): Octets {
  return concat(
    ...sections.map(({ order = 'little', version: [major, minor] = [1, 0], comments, blocks }) =>
      concat(
        block(0x0a0d0d0a, (o) =>
          concat(
            u32(0x1a2b3c4d, o),
            u16(major, o),
            u16(minor, o),
            filled(8, 0xff),
            options(o, (comments ?? []).map(commentOption)),
          ),
        )(order),
        ...blocks.map((write) => write(order)),
      ),
    ),
  );
}

export interface BlockDamage {
  /** Length at the beginning, in place of the true one. */
  readonly length?: number;
  /** Length at the end, in place of the one at the beginning. */
  readonly trailer?: number;
}

/** Any block; the body is padded to four octets. */
export function block(
  type: number,
  body: Octets | ((order: ByteOrder) => Octets),
  damage: BlockDamage = {},
): Block {
  return (order) => {
    const octets = typeof body === 'function' ? body(order) : body;
    const length = damage.length ?? 12 + padded(octets).length;
    const trailer = damage.trailer ?? length;
    return concat(u32(type, order), u32(length, order), padded(octets), u32(trailer, order));
  };
}

export interface InterfaceSpec {
  readonly linkType?: number;
  readonly snapLength?: number;
  readonly name?: string;
  /** The octet of `if_tsresol`. */
  readonly resolution?: number;
  readonly offsetSeconds?: number;
}

export function interfaceBlock(spec: InterfaceSpec = {}): Block {
  return block(1, (order) =>
    concat(
      u16(spec.linkType ?? 1, order),
      u16(0, order),
      u32(spec.snapLength ?? 0, order),
      options(order, [
        [2, spec.name === undefined ? undefined : new TextEncoder().encode(spec.name)],
        [9, spec.resolution === undefined ? undefined : Uint8Array.of(spec.resolution)],
        [14, spec.offsetSeconds === undefined ? undefined : u64(BigInt(spec.offsetSeconds), order)],
      ]),
    ),
  );
}

export interface BlockPacketSpec {
  readonly octets: Octets;
  readonly interfaceId?: number;
  /** Timestamp in units of the interface. */
  readonly units?: bigint;
  readonly capturedLength?: number;
  readonly originalLength?: number;
  readonly comment?: string;
}

/** Microseconds at which packets of blocks are captured unless told otherwise. */
export const DEFAULT_UNITS = 1_700_000_000_000_000n;

export function enhancedPacket(spec: BlockPacketSpec, damage?: BlockDamage): Block {
  return block(6, (o) => concat(u32(spec.interfaceId ?? 0, o), packetBody(spec, o)), damage);
}

/** The obsolete Packet Block. */
export function obsoletePacket(spec: BlockPacketSpec): Block {
  return block(2, (o) =>
    concat(u16(spec.interfaceId ?? 0, o), u16(0xffff, o), packetBody(spec, o)),
  );
}

export function simplePacket(octets: Octets, originalLength = octets.length): Block {
  return block(3, (order) => concat(u32(originalLength, order), octets));
}

export function decryptionSecrets(type: number, payload: Octets): Block {
  return block(10, (order) => concat(u32(type, order), u32(payload.length, order), payload));
}

export function interfaceStatistics(
  interfaceId: number,
  dropped: { interface?: number; system?: number; received?: number },
): Block {
  const counter = (value: number | undefined, order: ByteOrder) =>
    value === undefined ? undefined : u64(BigInt(value), order);
  return block(5, (order) =>
    concat(
      u32(interfaceId, order),
      new Uint8Array(8),
      options(order, [
        [4, counter(dropped.received, order)],
        [5, counter(dropped.interface, order)],
        [7, counter(dropped.system, order)],
      ]),
    ),
  );
}

/** `length` octets that differ from place to place and from seed to seed. */
export function payload(length: number, seed = 1): Octets {
  return Uint8Array.from({ length }, (_, index) => (seed * 37 + index * 11 + (index >> 8)) & 0xff);
}

function packetBody(spec: BlockPacketSpec, order: ByteOrder): Octets {
  const units = spec.units ?? DEFAULT_UNITS;
  return concat(
    u32(Number(units >> 32n), order),
    u32(Number(units & 0xffff_ffffn), order),
    u32(spec.capturedLength ?? spec.octets.length, order),
    u32(spec.originalLength ?? spec.octets.length, order),
    padded(spec.octets),
    options(order, spec.comment === undefined ? [] : [commentOption(spec.comment)]),
  );
}

const commentOption = (text: string) => [1, new TextEncoder().encode(text)] as const;

/** Options that have a value, and the end of the list; nothing when there are none. */
function options(order: ByteOrder, list: readonly (readonly [number, Octets | undefined])[]) {
  const present = list.filter((entry): entry is [number, Octets] => entry[1] !== undefined);
  if (present.length === 0) return new Uint8Array(0);
  return concat(
    ...present.map(([code, value]) =>
      concat(u16(code, order), u16(value.length, order), padded(value)),
    ),
    new Uint8Array(4),
  );
}

function padded(octets: Octets): Octets {
  return concat(octets, new Uint8Array(-octets.length & 3));
}

function filled(length: number, value: number): Octets {
  return new Uint8Array(length).fill(value);
}

function u16(value: number, order: ByteOrder): Octets {
  const octets = new Uint8Array(2);
  new DataView(octets.buffer).setUint16(0, value, order === 'little');
  return octets;
}

function u32(value: number, order: ByteOrder): Octets {
  const octets = new Uint8Array(4);
  new DataView(octets.buffer).setUint32(0, value, order === 'little');
  return octets;
}

function u64(value: bigint, order: ByteOrder): Octets {
  const octets = new Uint8Array(8);
  new DataView(octets.buffer).setBigInt64(0, value, order === 'little');
  return octets;
}
