import { LIMITS } from '../model/limits.ts';
import { capturedLengthAt, type PcapHeader } from './pcap-header.ts';

/** Largest packet that a search believes in. */
const PACKET_OCTETS_MAX = 262_144;

/** Record headers in a row that must make sense. */
const CHAIN = 3;

/** Octets a search wants to see: those it tries as beginnings, and behind them room for the packets of one chain. */
export const SEARCH_WINDOW_OCTETS = LIMITS.resynchroniseOctets + CHAIN * (PACKET_OCTETS_MAX + 64);

/** Seconds that a packet may lie before or after the last good one. */
const TIME_SPAN = 86_400;

/**
 * Searches the next place from which records follow each other, after a damaged one.
 *
 * Three headers in a row must hold a possible fraction of a second, a time within a day of the last good packet and
 * lengths that a packet can have; at the end of the file fewer will do if the last one ends exactly there.
 *
 * @param last nothing follows `end` in the file
 * @param near time of the last good packet, if there was one
 * @returns the offset in `view`, or -1 when there is none within `LIMITS.resynchroniseOctets`
 */
export function findRecord(
  header: PcapHeader,
  view: DataView,
  start: number,
  end: number,
  last: boolean,
  near: { readonly seconds: number } | null,
): number {
  const stop = Math.min(end, start + LIMITS.resynchroniseOctets);
  for (let at = start; at < stop; at += 1) {
    if (isChain(header, view, at, end, last, near)) return at;
  }
  return -1;
}

/** Whether three records in a row make sense from `start` on. */
function isChain(
  header: PcapHeader,
  view: DataView,
  start: number,
  end: number,
  last: boolean,
  near: { readonly seconds: number } | null,
): boolean {
  let at = start;
  for (let link = 0; link < CHAIN; link += 1) {
    if (last && at === end) return link > 0;
    if (at + header.recordHeaderOctets > end) return false;
    if (!isPlausible(header, view, at, near)) return false;
    at += header.recordHeaderOctets + capturedLengthAt(header, view, at);
  }
  return true;
}

/** Whether the record header at `at`, whose octets must be there, holds what a packet can have, near that time. */
export function isPlausible(
  header: PcapHeader,
  view: DataView,
  at: number,
  near: { readonly seconds: number } | null,
): boolean {
  const captured = capturedLengthAt(header, view, at);
  // Runs of zeros must not pass for packets without octets.
  if (captured === 0 || captured > PACKET_OCTETS_MAX) return false;
  const { littleEndian, fractionNanos, lengthsSwapped } = header;
  const original = lengthsSwapped
    ? Math.max(view.getUint32(at + 8, littleEndian), view.getUint32(at + 12, littleEndian))
    : view.getUint32(at + 12, littleEndian);
  if (original < captured || original > LIMITS.packetOctets) return false;
  if (view.getUint32(at + 4, littleEndian) * fractionNanos >= 1e9) return false;
  return near === null || Math.abs(view.getUint32(at, littleEndian) - near.seconds) <= TIME_SPAN;
}
