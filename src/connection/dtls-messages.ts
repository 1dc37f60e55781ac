import { readU24 } from '../bytes/scalars.ts';
import { LIMITS } from '../model/limits.ts';
import type { NoticeSink } from '../model/notice.ts';

/** `Handshake` header of DTLS: type, length, message_seq, fragment_offset, fragment_length (RFC 6347 §4.2.2). */
export const DTLS_MESSAGE_HEADER = 12;

/** What an incomplete message takes beside its octets: there may be many of one octet. */
const OVERHEAD = 256;

/** One fragment of a handshake message as it stands in a record. */
export interface Fragment {
  type: number;
  length: number;
  sequence: number;
  offset: number;
  /** Where the fragment's octets are. */
  start: number;
  end: number;
}

/** A header to read fragments into. */
export function emptyFragment(): Fragment {
  return { type: 0, length: 0, sequence: 0, offset: 0, start: 0, end: 0 };
}

/** Reads the fragment header at `at` into `fragment`; false if it does not fit into `[at, end)` or contradicts itself. */
export function readFragment(
  bytes: Uint8Array,
  at: number,
  end: number,
  fragment: Fragment,
): boolean {
  if (end - at < DTLS_MESSAGE_HEADER) return false;
  fragment.type = bytes[at] as number;
  fragment.length = readU24(bytes, at + 1);
  fragment.sequence = ((bytes[at + 4] as number) << 8) | (bytes[at + 5] as number);
  fragment.offset = readU24(bytes, at + 6);
  const size = readU24(bytes, at + 9);
  fragment.start = at + DTLS_MESSAGE_HEADER;
  fragment.end = fragment.start + size;
  return fragment.end <= end && fragment.offset + size <= fragment.length;
}

interface Partial {
  readonly half: number;
  readonly sequence: number;
  readonly type: number;
  readonly length: number;
  readonly bytes: Uint8Array;
  /** Covered ranges, ascending and apart: start, end, start, end, … */
  covered: number[];
  fragments: number;
  /** Its neighbours among the incomplete ones of the same direction. */
  newer: Partial | undefined;
  older: Partial | undefined;
}

/**
 * Puts DTLS handshake messages together whose fragments come in any order, overlap, repeat or change their boundaries
 * on retransmission (RFC 6347 §4.2.3). Messages are kept apart by association, direction and message number, since two
 * associations on one 5-tuple use the same numbers.
 */
export class DtlsMessages {
  private readonly partial = new Map<number, Partial>();
  /** The newest incomplete message of each direction that has any. */
  private readonly newest = new Map<number, Partial>();
  private octets = 0;
  private readonly notices: NoticeSink;

  constructor(notices: NoticeSink) {
    this.notices = notices;
  }

  /** Adds a fragment. @returns the body once it is whole, and forgets it; undefined before */
  add(half: number, fragment: Fragment, bytes: Uint8Array, packet: number): Uint8Array | undefined {
    const key = half * 0x10000 + fragment.sequence;
    let message = this.partial.get(key);
    if (
      message === undefined ||
      message.length !== fragment.length ||
      message.type !== fragment.type
    ) {
      if (message !== undefined) this.drop(message);
      message = this.begin(key, fragment, packet);
      if (message === undefined) return undefined;
    }
    if (++message.fragments > LIMITS.dtlsFragments) {
      if (message.fragments === LIMITS.dtlsFragments + 1)
        this.notices.notice({
          code: 'dtls-fragments-limit',
          packetNumber: packet,
          offset: -1,
          needed: message.length,
          available: 0,
        });
      return undefined;
    }
    message.bytes.set(bytes.subarray(fragment.start, fragment.end), fragment.offset);
    message.covered = withRange(
      message.covered,
      fragment.offset,
      fragment.offset + fragment.end - fragment.start,
    );
    if (
      message.covered.length !== 2 ||
      message.covered[0] !== 0 ||
      message.covered[1] !== message.length
    )
      return undefined;
    this.drop(message);
    return message.bytes;
  }

  /** Is some message of a direction incomplete? */
  has(half: number): boolean {
    return this.newest.has(half);
  }

  /** Gives up what is incomplete of a direction. */
  forget(half: number): void {
    for (let one = this.newest.get(half); one !== undefined; one = one.older) this.drop(one);
  }

  private begin(key: number, fragment: Fragment, packet: number): Partial | undefined {
    if (
      fragment.length > LIMITS.handshakeMessageOctets ||
      this.octets + fragment.length + OVERHEAD > LIMITS.handshakeOctets
    ) {
      this.notices.notice({
        code: 'message-too-long',
        packetNumber: packet,
        offset: -1,
        needed: fragment.length,
        available: 0,
      });
      return undefined;
    }
    const half = Math.floor(key / 0x10000);
    const older = this.newest.get(half);
    const message: Partial = {
      half,
      sequence: fragment.sequence,
      type: fragment.type,
      length: fragment.length,
      bytes: new Uint8Array(fragment.length),
      covered: [],
      fragments: 0,
      newer: undefined,
      older,
    };
    this.octets += fragment.length + OVERHEAD;
    this.partial.set(key, message);
    if (older !== undefined) older.newer = message;
    this.newest.set(half, message);
    return message;
  }

  private drop({ half, sequence, length, newer, older }: Partial): void {
    this.octets -= length + OVERHEAD;
    this.partial.delete(half * 0x10000 + sequence);
    if (older !== undefined) older.newer = newer;
    if (newer !== undefined) newer.older = older;
    else if (older !== undefined) this.newest.set(half, older);
    else this.newest.delete(half);
  }
}

/** The ranges with one more in them. */
export function withRange(ranges: readonly number[], start: number, end: number): number[] {
  const merged: number[] = [];
  let from = start;
  let to = end;
  let placed = false;
  for (let i = 0; i < ranges.length; i += 2) {
    const a = ranges[i] as number;
    const b = ranges[i + 1] as number;
    if (b < from) merged.push(a, b);
    else if (a > to) {
      if (!placed) merged.push(from, to);
      placed = true;
      merged.push(a, b);
    } else {
      from = Math.min(from, a);
      to = Math.max(to, b);
    }
  }
  if (!placed) merged.push(from, to);
  return merged;
}
