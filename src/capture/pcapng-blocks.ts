/** Block types of pcapng that are read; all others are passed over by their length. */
export const BLOCK = {
  sectionHeader: 0x0a0d0d0a,
  interfaceDescription: 1,
  /** Obsolete since 2011, still found. */
  packet: 2,
  simplePacket: 3,
  nameResolution: 4,
  interfaceStatistics: 5,
  enhancedPacket: 6,
  decryptionSecrets: 10,
} as const;

/**
 * Blocks without a network packet that Wireshark lists as frames all the same: systemd journal entries, system call
 * events, custom blocks. They take a packet number so that ours equal its `frame.number`.
 */
export const FRAMES_WITHOUT_PACKET: ReadonlySet<number> = new Set([
  9, 0x204, 0x216, 0x221, 0x0bad, 0x40000bad,
]);

/** Types from here on are for local use: nobody else is meant to know them. */
export const LOCAL_BLOCK_TYPES = 0x8000_0000;

/** Whether `type` means something to us, so that a search may take it for the beginning of a block. */
function isKnownBlock(type: number): boolean {
  return KNOWN.has(type) || FRAMES_WITHOUT_PACKET.has(type);
}

const KNOWN: ReadonlySet<number> = new Set(Object.values(BLOCK));

/** Octets of the smallest block: type, length, length. */
export const BLOCK_OCTETS_MIN = 12;

const SECTION_OCTETS_MIN = 28;
const BYTE_ORDER_MAGIC = 0x1a2b3c4d;

/** Byte order of the section whose header block begins at `offset`: little endian, or undefined if there is no such magic. */
export function sectionByteOrder(view: DataView, offset: number): boolean | undefined {
  if (view.getUint32(offset + 8, true) === BYTE_ORDER_MAGIC) return true;
  if (view.getUint32(offset + 8, false) === BYTE_ORDER_MAGIC) return false;
  return undefined;
}

/** Whether a section header stands at `offset`, of which 12 octets must be there. */
export function isSectionHeader(view: DataView, offset: number): boolean {
  return (
    view.getUint32(offset, false) === BLOCK.sectionHeader &&
    sectionByteOrder(view, offset) !== undefined
  );
}

/**
 * Octets from the beginning of a block to the next, for the length it states, or -1 for one that no block has. Lengths
 * that are no multiple of four are rounded up: their writers padded the block and did not count the padding.
 */
export function blockOctets(type: number, stated: number): number {
  const min = type === BLOCK.sectionHeader ? SECTION_OCTETS_MIN : BLOCK_OCTETS_MIN;
  if (stated < min) return -1;
  const beyond = stated % 4;
  return beyond === 0 ? stated : stated + 4 - beyond;
}

/** Largest block in whose beginning a search believes: a packet of the usual limit with options. */
const SEARCHED_BLOCK_OCTETS_MAX = 1024 * 1024;

/** Octets a search wants to see: those it tries as beginnings, and behind them one block. */
export const SEARCH_MARGIN_OCTETS = SEARCHED_BLOCK_OCTETS_MAX + BLOCK_OCTETS_MIN;

/**
 * Searches the next block after a damaged one: a known type, a possible length, and the same length again at its end.
 *
 * @param stop beginnings are tried before this offset
 * @param end of the octets there are
 * @returns the offset in `view`, or -1
 */
export function findBlock(
  view: DataView,
  start: number,
  stop: number,
  end: number,
  littleEndian: boolean,
): number {
  for (let at = start; at < stop && at + BLOCK_OCTETS_MIN <= end; at += 1) {
    const type = view.getUint32(at, littleEndian);
    if (!isKnownBlock(type)) continue;
    let little = littleEndian;
    if (type === BLOCK.sectionHeader) {
      const order = sectionByteOrder(view, at);
      if (order === undefined) continue;
      little = order;
    }
    const stated = view.getUint32(at + 4, little);
    if (stated > SEARCHED_BLOCK_OCTETS_MAX) continue;
    const octets = blockOctets(type, stated);
    if (octets < 0 || at + octets > end) continue;
    if (view.getUint32(at + octets - 4, little) === stated) return at;
  }
  return -1;
}
