import type { PassedOver } from './passed-over.ts';

/**
 * The packet that a reader stands on: one object, reused for every packet. `bytes` and `view` cover the block the packet
 * lies in and are valid until the sink returns; nothing may keep them.
 */
export interface PacketCursor {
  bytes: Uint8Array;
  view: DataView;
  /** Where the packet begins in `bytes`. */
  offset: number;
  capturedLength: number;
  originalLength: number;
  /** Seconds since 1970 and nanoseconds within the second. */
  seconds: number;
  nanos: number;
  /** pcap LINKTYPE_ value. */
  linkType: number;
  /** Interface within the file, counted from 0 over all sections. */
  interfaceIndex: number;
  /** 1-based over all packets of all captures of the run, in the order of their analysis; see `PacketPlaces`. */
  packetNumber: number;
}

/** A cursor that stands on no packet yet. */
export function blankCursor(bytes: Uint8Array, view: DataView): PacketCursor {
  return {
    bytes,
    view,
    offset: 0,
    capturedLength: 0,
    originalLength: 0,
    seconds: 0,
    nanos: 0,
    linkType: 0,
    interfaceIndex: 0,
    packetNumber: 0,
  };
}

/** Takes packets as a reader finds them. */
export interface PacketSink {
  packet(cursor: PacketCursor): void;
}

/** What a capture file says about one interface. */
export interface InterfaceFacts {
  readonly linkType: number;
  readonly snapLength: number;
  readonly name?: string;
  /**
   * Packets that never came into the file, by the interface's own count (pcapng `isb_ifdrop` and `isb_osdrop` together);
   * absent where nothing counts them. The count stands behind the packets, mostly at the end of the file.
   */
  dropped?: number;
  /** Of these, for want of room in the operating system. */
  droppedBySystem?: number;
  /** Packets that the interface received (`isb_ifrecv`). */
  received?: number;
}

/** What somebody noted in a pcapng file, as in Wireshark's packet comments. */
export interface CaptureComment {
  /** Number within the file; 0 for a comment on the file as a whole. */
  readonly packet: number;
  /** As it stands there: hostile like all that a capture holds. */
  readonly text: string;
}

/** How a capture file is packed. */
export type Compression = 'gzip' | 'zstd' | 'lz4' | 'xz';

/** What is known of one capture file at the end of its reading. */
export interface CaptureFacts {
  readonly path: string;
  format: 'pcap' | 'pcapng' | 'unknown';
  /** Why nothing of the file can be read: one line with what to do. */
  problem?: string;
  compression: Compression | null;
  /** Octets of the file as read (before decompression). */
  octets: number;
  packets: number;
  /** Packet numbers used: Wireshark counts some blocks that hold no packet. */
  frames: number;
  /** Packets whose captured length is shorter than their original length. */
  cutPackets: number;
  /** Octets of the largest packet, on the wire. */
  largestPacket: number;
  /** Seconds since 1970 and nanoseconds of the earliest and the latest packet in file order; null without packets. */
  firstTime: { seconds: number; nanos: number } | null;
  lastTime: { seconds: number; nanos: number } | null;
  readonly interfaces: InterfaceFacts[];
  /** In file order, the first `LIMITS.comments` of them. */
  readonly comments: CaptureComment[];
  /** Comments beyond those. */
  commentsOmitted: number;
  /**
   * Names that a pcapng file gives for addresses, by the address as text: hostile like all that a capture holds. Up to
   * `LIMITS.hostNames` addresses.
   */
  readonly hostNames: Map<string, string[]>;
  /** Addresses beyond those. */
  hostNamesOmitted: number;
  /** What its packets were that lead to no TCP segment or UDP datagram, by kind. Known at its end. */
  passedOver?: readonly PassedOver[];
}

/** Where the packets of a run, which are numbered over all of its captures, stand in their files. */
export interface PacketPlaces {
  /** More than one capture is read in this run. */
  readonly several: boolean;
  /** Paths of the captures begun so far. */
  readonly paths: readonly string[];
  /** Index of the capture that a packet of the run lies in. */
  captureOf(packet: number): number;
  /** Number of a packet of the run within its file: Wireshark's `frame.number`. */
  numberInFile(packet: number): number;
  /** The last packet of the run up to which packets are of the same file and follow each other there. */
  followedUpTo(packet: number): number;
}
