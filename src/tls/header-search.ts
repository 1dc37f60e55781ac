import { LIMITS } from '../model/limits.ts';
import { isHeaderDue, isNextHeader, RECORD_HEADER, versionAt } from './detect-tls.ts';

/** Octets that a header can have in earlier segments. */
const CARRIED = RECORD_HEADER - 1;

interface Search {
  /** The last octets seen. */
  readonly carry: Uint8Array;
  have: number;
  looked: number;
  /** Octets are missing: before it began, or since. */
  isBehindHole: boolean;
}

/** Looks for record headers in directions whose record boundaries are lost. */
export class HeaderSearch {
  /** Where the header begins that `look` found; before the segment's start if it began in an earlier one. */
  at = 0;
  /** Octets of its beginning that lie in earlier segments. */
  readonly before = new Uint8Array(CARRIED);
  private readonly searches = new Map<number, Search>();
  private readonly seam = new Uint8Array(2 * CARRIED);

  /** Are octets missing where the last search was? Otherwise something else than TLS stands there. */
  isBehindHole = false;

  /** @param behind octets in front of what will be looked at, at most four */
  begin(half: number, behind: Uint8Array, isBehindHole: boolean): void {
    const carry = new Uint8Array(CARRIED);
    carry.set(behind);
    this.searches.set(half, { carry, have: behind.length, looked: 0, isBehindHole });
  }

  /** Octets are missing: what was seen last is no beginning of a header. */
  gap(half: number): void {
    const search = this.searches.get(half);
    if (search === undefined) return;
    search.have = 0;
    search.isBehindHole = true;
  }

  end(half: number): void {
    if (this.searches.size > 0) this.searches.delete(half);
  }

  /** Octets looked at so far. */
  looked(half: number): number {
    return this.searches.get(half)?.looked ?? 0;
  }

  /**
   * Looks for a header with one of two versions, a known type and a length that occurs. Where its record ends inside the
   * segment, another of the same version must follow.
   *
   * @returns whether there is one; then the search is over
   */
  look(
    half: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    version: number,
    other: number,
  ): boolean {
    const search = this.searches.get(half);
    if (search === undefined) return false;
    this.isBehindHole = search.isBehindHole;
    const { seam } = this;
    const { carry, have } = search;
    let joint = have;
    if (have > 0) {
      seam.set(carry);
      for (let at = start; at < end && joint < have + CARRIED; )
        seam[joint++] = bytes[at++] as number;
      for (let i = 0; i < have && i + RECORD_HEADER <= joint; i++) {
        const found = versionAt(seam, i);
        if (found !== version && found !== other) continue;
        if (!isNextHeader(seam, i, joint)) continue;
        if (!isFollowed(seam, i, bytes, start - have + i, end)) continue;
        this.at = start - have + i;
        this.before.set(seam.subarray(i, have));
        this.searches.delete(half);
        return true;
      }
    }
    for (let at = start; at + RECORD_HEADER <= end; at++) {
      if (bytes[at + 1] !== 3) continue;
      const found = versionAt(bytes, at);
      if (found !== version && found !== other) continue;
      if (!isNextHeader(bytes, at, end) || !isFollowed(bytes, at, bytes, at, end)) continue;
      this.at = at;
      this.searches.delete(half);
      return true;
    }
    search.looked += end - start;
    // The octets at the end may begin a header.
    const length = end - start;
    if (length >= CARRIED) carry.set(bytes.subarray(end - CARRIED, end));
    else if (have === 0) carry.set(bytes.subarray(start, end));
    else carry.set(seam.subarray(Math.max(0, joint - CARRIED), joint));
    search.have = Math.min(CARRIED, have + length);
    return false;
  }

  /** So much was looked at that the direction is not worth more. */
  isHopeless(half: number): boolean {
    return this.looked(half) > LIMITS.resynchroniseOctets;
  }
}

/** The header at `at` of `header` stands at `place` of the segment. */
function isFollowed(
  header: Uint8Array,
  at: number,
  bytes: Uint8Array,
  place: number,
  end: number,
): boolean {
  const length = ((header[at + 3] as number) << 8) | (header[at + 4] as number);
  const next = place + RECORD_HEADER + length;
  if (next + RECORD_HEADER > end) return true;
  return isHeaderDue(bytes, next) && versionAt(bytes, next) === versionAt(header, at);
}
