import type { Frame } from '../frame.ts';
import { NEXT, type Next } from '../next.ts';

/** Header of a data frame: frame control, duration, three addresses, sequence control. */
const HEADER_OCTETS = 24;
/** Flags in the second octet of the frame control field (IEEE 802.11 §9.2.4.1). */
const FLAG = {
  toDs: 0x01,
  fromDs: 0x02,
  moreFragments: 0x04,
  protected: 0x40,
  order: 0x80,
} as const;
const DATA = 2;
/** Subtype bits of data frames: without a body, with a QoS field. */
const SUBTYPE = { noData: 0x4, qos: 0x8 } as const;
const AGGREGATE = 0x80;

/** IEEE 802.11 data frame in the clear, as far as LLC. */
export function ieee80211(frame: Frame): Next {
  return frame.lacks(2) ? NEXT.stop : dataFrame(frame, frame.u8(0), frame.u8(1), false);
}

/** The same with the header padded to a multiple of four octets, as some drivers hand it up. */
export function ieee80211Padded(frame: Frame): Next {
  return frame.lacks(2) ? NEXT.stop : dataFrame(frame, frame.u8(0), frame.u8(1), true);
}

/** The same with the frame control octets exchanged, as access points send it over CAPWAP; told by the version and type bits. */
export function ieee80211Swapped(frame: Frame): Next {
  if (frame.lacks(2)) return NEXT.stop;
  const swapped = isData(frame.u8(1));
  return dataFrame(frame, frame.u8(swapped ? 1 : 0), frame.u8(swapped ? 0 : 1), false);
}

/** Protocol version 0 and type Data. */
function isData(control: number): boolean {
  return (control & 0x0f) === DATA << 2;
}

function dataFrame(frame: Frame, control: number, flags: number, padded: boolean): Next {
  const subtype = control >>> 4;
  if (!isData(control) || (subtype & SUBTYPE.noData) !== 0) return NEXT.stop;
  if ((flags & (FLAG.protected | FLAG.moreFragments)) !== 0) return NEXT.stop;
  const betweenSystems = FLAG.toDs | FLAG.fromDs;
  let octets = (flags & betweenSystems) === betweenSystems ? HEADER_OCTETS + 6 : HEADER_OCTETS;
  if ((subtype & SUBTYPE.qos) !== 0) {
    if (frame.lacks(octets + 2)) return NEXT.stop;
    // Several frames in one (A-MSDU) are not taken apart.
    if ((frame.u8(octets) & AGGREGATE) !== 0) return NEXT.stop;
    octets += (flags & FLAG.order) !== 0 ? 6 : 2;
  }
  if (padded) octets = (octets + 3) & ~3;
  if (frame.lacks(octets)) return NEXT.stop;
  frame.offset += octets;
  return NEXT.llc;
}

/** Bits of radiotap's first presence word, and of its flags field. */
const PRESENT = { timer: 0x1, flags: 0x2, more: 0x8000_0000 } as const;
const DATA_PADDING = 0x20;

/** Radiotap header, little-endian, fields aligned to their size; only the padding flag matters here. */
export function radiotap(frame: Frame): Next {
  if (frame.lacks(8) || frame.u8(0) !== 0) return NEXT.stop;
  const { view, offset } = frame;
  const octets = view.getUint16(offset + 2, true);
  if (octets < 8) {
    frame.malformed(8, octets);
    return NEXT.stop;
  }
  if (frame.lacks(octets)) return NEXT.stop;
  const present = view.getUint32(offset + 4, true);
  let at = 4;
  while (at + 4 <= octets && (view.getUint32(offset + at, true) & PRESENT.more) !== 0) at += 4;
  at += 4;
  if ((present & PRESENT.timer) !== 0) at = ((at + 7) & ~7) + 8;
  const flags = (present & PRESENT.flags) !== 0 && at < octets ? frame.u8(at) : 0;
  frame.offset += octets;
  return (flags & DATA_PADDING) !== 0 ? NEXT.ieee80211Padded : NEXT.ieee80211;
}
