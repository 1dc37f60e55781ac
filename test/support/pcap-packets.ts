import { concat, type Octets } from './hello-builder.ts';

/** One record of a classic little-endian pcap file, with its header of 16 octets. */
export interface PcapRecord {
  readonly octets: Octets;
  /** Microseconds since 1970. */
  readonly micros: number;
}

export interface PcapParts {
  /** The 24 octets that files with such packets begin with. */
  readonly header: Octets;
  readonly records: readonly PcapRecord[];
}

/** Takes a file of the form that the samples have apart. */
export function partsOf(file: Uint8Array): PcapParts {
  const view = new DataView(file.buffer, file.byteOffset, file.byteLength);
  if (view.getUint32(0, true) !== 0xa1b2c3d4) throw new Error('not a little-endian pcap file');
  const records: PcapRecord[] = [];
  for (let at = 24; at < file.length; ) {
    const end = at + 16 + view.getUint32(at + 8, true);
    const micros = view.getUint32(at, true) * 1e6 + view.getUint32(at + 4, true);
    records.push({ octets: Uint8Array.from(file.subarray(at, end)), micros });
    at = end;
  }
  return { header: Uint8Array.from(file.subarray(0, 24)), records };
}

/** Puts records into a file. */
export function fileOf({ header }: PcapParts, records: readonly PcapRecord[]): Octets {
  return concat(header, ...records.map(({ octets }) => octets));
}

/** The record as if it had been captured at another moment. */
export function at({ octets }: PcapRecord, micros: number): PcapRecord {
  const moved = octets.slice();
  const view = new DataView(moved.buffer);
  view.setUint32(0, Math.floor(micros / 1e6), true);
  view.setUint32(4, micros % 1e6, true);
  return { octets: moved, micros };
}
