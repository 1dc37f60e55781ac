import { PASSED } from '../../model/passed-over.ts';
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
/** Sequence control: the fragment's number is in its low bits. */
const FRAGMENT_AT = 22;
const FRAGMENT_NUMBER = 0x0f;
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

/**
 * The same with the frame control octets exchanged, as access points send it over CAPWAP; told by the version and type
 * bits.
 */
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
  if (!isData(control) || (subtype & SUBTYPE.noData) !== 0)
    return frame.pass(PASSED.wlanManagement);
  if ((flags & FLAG.protected) !== 0) return frame.pass(PASSED.wlanProtected);
  const betweenSystems = FLAG.toDs | FLAG.fromDs;
  let octets = (flags & betweenSystems) === betweenSystems ? HEADER_OCTETS + 6 : HEADER_OCTETS;
  if (frame.lacks(octets)) return NEXT.stop;
  if ((flags & FLAG.moreFragments) !== 0) return frame.pass(PASSED.wlanFragment);
  const fragment = frame.u8(FRAGMENT_AT) & FRAGMENT_NUMBER;
  let next: Next = NEXT.llc;
  if ((subtype & SUBTYPE.qos) !== 0) {
    if (frame.lacks(octets + 2)) return NEXT.stop;
    if ((frame.u8(octets) & AGGREGATE) !== 0) next = NEXT.aggregate;
    octets += (flags & FLAG.order) !== 0 ? 6 : 2;
  }
  if (padded) octets = (octets + 3) & ~3;
  if (frame.lacks(octets)) return NEXT.stop;
  frame.offset += octets;
  // Controllers mirror whole frames with a number there, so a last fragment is one that does not begin with LLC.
  if (fragment === 0) return next;
  if (frame.lacks(3)) return NEXT.stop;
  const beginsWithSnap = frame.u16(0) === 0xaaaa && frame.u8(2) === 0x03;
  return beginsWithSnap ? next : frame.pass(PASSED.wlanFragment);
}

/** Two addresses and a length before each frame of an aggregate; each but the last is padded to a multiple of four. */
const SUBFRAME_HEADER_OCTETS = 14;

/** One of several frames in an 802.11 frame (A-MSDU, IEEE 802.11 §9.3.2.2.2); the ones behind it are put off. */
export function aggregate(frame: Frame): Next {
  if (frame.lacks(SUBFRAME_HEADER_OCTETS)) return NEXT.stop;
  const length = frame.u16(SUBFRAME_HEADER_OCTETS - 2);
  const later = frame.offset + ((SUBFRAME_HEADER_OCTETS + length + 3) & ~3);
  // What is shorter than a header is padding or a frame check sequence.
  if (frame.wireEnd - later >= SUBFRAME_HEADER_OCTETS && !frame.putOff(later))
    frame.pass(PASSED.rest);
  frame.offset += SUBFRAME_HEADER_OCTETS;
  frame.limit(length);
  return NEXT.llc;
}

/** Bits of radiotap's first presence word, and of its flags field. */
const PRESENT = { timer: 0x1, flags: 0x2, more: 0x8000_0000 } as const;
const RADIOTAP_FLAG = { checkSequence: 0x10, padding: 0x20 } as const;
const CHECK_SEQUENCE_OCTETS = 4;

/**
 * Radiotap header, little-endian, fields aligned to their size; only the flags for padding and a trailing check
 * sequence matter.
 */
export function radiotap(frame: Frame): Next {
  if (frame.lacks(8)) return NEXT.stop;
  if (frame.u8(0) !== 0) return frame.pass(PASSED.wlanManagement);
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
  if ((flags & RADIOTAP_FLAG.checkSequence) !== 0) frame.trim(CHECK_SEQUENCE_OCTETS);
  return (flags & RADIOTAP_FLAG.padding) !== 0 ? NEXT.ieee80211Padded : NEXT.ieee80211;
}

/** The first 20 bits of an AVS header, which stands at times where a Prism header is announced. */
const AVS_MAGIC = 0x80211;

/**
 * Prism or AVS header of 802.11 drivers: both give their length in the second word, AVS in network order, Prism in that
 * of the capturing machine; lengths are small, so the order with the zeros in front is the right one.
 */
export function prism(frame: Frame): Next {
  if (frame.lacks(8)) return NEXT.stop;
  const length = frame.u32(4);
  const avs = frame.u32(0) >>> 12 === AVS_MAGIC;
  const octets = avs || length <= 0xffff ? length : frame.view.getUint32(frame.offset + 4, true);
  if (octets < 8) {
    frame.malformed(8, octets);
    return NEXT.stop;
  }
  if (frame.lacks(octets)) return NEXT.stop;
  frame.offset += octets;
  return NEXT.ieee80211;
}
