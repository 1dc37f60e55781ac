import { LIMITS } from '../model/limits.ts';
import type { CaptureFacts } from '../model/packet.ts';
import { TimestampScale } from './timestamp-scale.ts';

const END_OF_OPTIONS = 0;
const COMMENT = 1;
const IF_NAME = 2;
const IF_DESCRIPTION = 3;
const IF_TSRESOL = 9;
const IF_TSOFFSET = 14;
const ISB_IFRECV = 4;
const ISB_IFDROP = 5;
const ISB_OSDROP = 7;

/** Microseconds, unless an interface says otherwise. */
const DEFAULT_RESOLUTION = 6;

/** Octets of an interface name that are kept; kernels allow 15, friendly names are longer. */
const NAME_OCTETS_MAX = 256;

/** What the options of an Interface Description Block say. */
export interface InterfaceOptions {
  /** Its name, or where there is none its description. */
  readonly name: string | undefined;
  readonly scale: TimestampScale;
}

/**
 * Reads the options of an Interface Description Block. Unknown options, and those of a wrong length, are passed over; an
 * option that runs beyond `end` ends the list.
 *
 * @see draft-ietf-opsawg-pcapng, section 4.2
 */
export function readInterfaceOptions(
  view: DataView,
  start: number,
  end: number,
  littleEndian: boolean,
): InterfaceOptions {
  let name: string | undefined;
  let description: string | undefined;
  let resolution = DEFAULT_RESOLUTION;
  let offsetSeconds = 0;
  for (const { code, at, length } of options(view, start, end, littleEndian)) {
    if (code === IF_NAME) name ??= readText(view, at, length);
    else if (code === IF_DESCRIPTION) description ??= readText(view, at, length);
    else if (code === IF_TSRESOL && length === 1) resolution = view.getUint8(at);
    else if (code === IF_TSOFFSET && length === 8) {
      offsetSeconds = Number(view.getBigInt64(at, littleEndian));
    }
  }
  return { name: name ?? description, scale: new TimestampScale(resolution, offsetSeconds) };
}

/** What an Interface Statistics Block counts; undefined where it does not. */
export interface InterfaceCounts {
  received: number | undefined;
  /** For want of room in the interface, and in the operating system. */
  droppedByInterface: number | undefined;
  droppedBySystem: number | undefined;
}

/**
 * Reads the counts of an Interface Statistics Block. Counts beyond what is exact in a number, as programs write that do
 * not know, are left out.
 *
 * @see draft-ietf-opsawg-pcapng, section 4.6
 */
export function readCounts(
  view: DataView,
  start: number,
  end: number,
  littleEndian: boolean,
): InterfaceCounts {
  const counts: InterfaceCounts = {
    received: undefined,
    droppedByInterface: undefined,
    droppedBySystem: undefined,
  };
  for (const { code, at, length } of options(view, start, end, littleEndian)) {
    if (length !== 8) continue;
    const value = Number(view.getBigUint64(at, littleEndian));
    if (value > Number.MAX_SAFE_INTEGER) continue;
    if (code === ISB_IFRECV) counts.received = value;
    else if (code === ISB_IFDROP) counts.droppedByInterface = value;
    else if (code === ISB_OSDROP) counts.droppedBySystem = value;
  }
  return counts;
}

/**
 * Takes the comments among the options of a block into the facts, for the packet of that number in its file (0: for the
 * file).
 *
 * @see draft-ietf-opsawg-pcapng, section 3.5
 */
export function readComments(
  facts: CaptureFacts,
  packet: number,
  view: DataView,
  start: number,
  end: number,
  littleEndian: boolean,
): void {
  for (const { code, at, length } of options(view, start, end, littleEndian)) {
    if (code !== COMMENT || length === 0) continue;
    if (facts.comments.length < LIMITS.comments)
      facts.comments.push({ packet, text: readText(view, at, length, LIMITS.commentOctets) });
    else facts.commentsOmitted += 1;
  }
}

interface Option {
  readonly code: number;
  readonly at: number;
  readonly length: number;
}

function* options(
  view: DataView,
  start: number,
  end: number,
  littleEndian: boolean,
): Generator<Option> {
  let at = start;
  while (at + 4 <= end) {
    const code = view.getUint16(at, littleEndian);
    const length = view.getUint16(at + 2, littleEndian);
    at += 4;
    if (code === END_OF_OPTIONS || at + length > end) return;
    yield { code, at, length };
    at += (length + 3) & ~3;
  }
}

function readText(view: DataView, at: number, length: number, most = NAME_OCTETS_MAX): string {
  const kept = Math.min(length, most);
  const text = new TextDecoder().decode(new Uint8Array(view.buffer, view.byteOffset + at, kept));
  // Some writers count a terminating zero in.
  const zero = text.indexOf('\0');
  return zero < 0 ? text : text.slice(0, zero);
}
