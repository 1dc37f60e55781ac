/**
 * Directions that are not recognised as TLS so far: looks at each of their segments until one begins a record.
 *
 * Every segment start is a chance, because TLS may follow other protocols (STARTTLS, proxies), and because a capture may
 * begin in the middle of a connection. A hello is believed at once. What else begins like a record is believed if the
 * segment, or the segment in which the record ends, confirms it.
 */
import { CONTENT_TYPE } from '../model/record.ts';
import {
  beginsTls,
  continuesTls,
  isRecordHeader,
  isSsl2ServerHello,
  mayBeginRecord,
  mayBeginSsl2,
  RECORD_HEADER,
  ssl2HelloLength,
} from './detect-tls.ts';
import { FirstOctets } from './first-octets.ts';
import { ProxyDialogues } from './proxy-dialogues.ts';
import { proxyHeaderLength } from './proxy-header.ts';
import { tdsHeaderLength } from './tds-packets.ts';
import { mysqlRequestLength } from './upgrade-signs.ts';

/** What `TlsStarts.look` found. */
export const START = {
  nothing: 0,
  /** Records begin: with the octets of `kept`, or else at `at`. */
  records: 1,
  /** A record that began in an earlier segment ends at `at`; `record` is its header. */
  recordEnd: 2,
  /** The ClientHello of SSL 2.0 of `helloLength` octets begins with `kept`, or else at `at`. */
  ssl2Hello: 3,
  ssl2Answer: 4,
  /** The same in packets of TDS, the first of which begins at `at`. */
  wrapped: 6,
  /** Only within this file: more octets will tell. */
  short: 5,
} as const;

/** Whose a hello is that TLS begins with. */
export const HELLO_FROM = { nobody: 0, client: 1, server: 2 } as const;

/** HelloRequest, ClientHello, ServerHello, and HelloVerifyRequest. */
function helloFrom(messageType: number): number {
  if (messageType > 3) return HELLO_FROM.nobody;
  return messageType === 1 ? HELLO_FROM.client : HELLO_FROM.server;
}

/** Some octets and where they came from. */
interface Piece {
  readonly bytes: Uint8Array;
  readonly packet: number;
  readonly nanos: number;
}

/** Octets at the end of a segment that may begin a record; `first` if nothing was before them. */
interface Pending {
  readonly pieces: Piece[];
  readonly first: boolean;
}

/** A record that reaches beyond its segment. */
interface Candidate {
  readonly type: number;
  readonly version: number;
  readonly length: number;
  readonly packet: number;
  left: number;
}

export class TlsStarts {
  /** The last `look` found nothing, but keeps what may be the beginning of a record. */
  isWaiting = false;
  /** What the last `look` gave up as the beginning of a record. */
  refuted: readonly Piece[] = NOTHING;
  /** About the last `look` that found something. */
  at = 0;
  kept: readonly Piece[] = NOTHING;
  record: Candidate = NO_RECORD;
  helloLength = 0;
  /** The first record is a hello, so the direction is in the clear; a value of `HELLO_FROM`. */
  helloFrom: number = HELLO_FROM.nobody;
  /** All by direction. */
  private readonly firsts = new FirstOctets();
  private readonly pending = new Map<number, Pending>();
  private readonly candidates = new Map<number, Candidate>();
  private readonly dialogues = new ProxyDialogues();

  /** @returns a value of `START` */
  look(
    half: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
    nanos: number,
    peerFramed: boolean,
  ): number {
    this.kept = NOTHING;
    this.at = start;
    this.isWaiting = false;
    this.refuted = NOTHING;
    const isFirst = !this.firsts.has(half);
    const prefix = start + prefixLength(bytes, start, end, isFirst);
    const behind = this.dialogues.end(half, bytes, prefix, end, peerFramed, isFirst);
    const candidate = this.candidates.size > 0 ? this.candidates.get(half) : undefined;
    if (candidate !== undefined) {
      const found = this.follow(half, candidate, bytes, start, end);
      if (found !== START.short) return found;
    }
    const pending = this.pending.size > 0 ? this.pending.get(half) : undefined;
    if (pending !== undefined) {
      const joint = joined(pending.pieces, bytes, start, end);
      const found = this.judge(joint, 0, joint.length, peerFramed, pending.first);
      if (found === START.short) pending.pieces.push(pieceOf(bytes, start, end, packet, nanos));
      else this.pending.delete(half);
      if (found !== START.nothing && found !== START.short) {
        this.kept = pending.pieces;
        this.recognised(half);
        return found;
      }
      this.firsts.add(half, bytes, start, end);
      if (found === START.short) {
        this.isWaiting = true;
        return START.nothing;
      }
      this.refuted = pending.pieces;
    }
    const header = tdsHeaderLength(bytes, prefix, end, peerFramed);
    if (header > 0) {
      this.at = prefix;
      this.helloFrom = helloFrom(bytes[prefix + header + RECORD_HEADER] as number);
      this.recognised(half);
      return START.wrapped;
    }
    const isBehind = behind > 0 && behind < end && bytes[behind] === CONTENT_TYPE.handshake;
    const from = isBehind ? behind : prefix;
    const found = this.judge(bytes, from, end, peerFramed, isFirst);
    this.at = from;
    if (found !== START.nothing && found !== START.short) {
      this.recognised(half);
      return found;
    }
    if (pending === undefined) this.firsts.add(half, bytes, start, end);
    if (found === START.nothing) this.consider(half, bytes, from, end, packet);
    else if (from < end) {
      this.isWaiting = true;
      this.pending.set(half, {
        pieces: [pieceOf(bytes, from, end, packet, nanos)],
        first: isFirst,
      });
    }
    return START.nothing;
  }

  /** Is anything kept of the direction? */
  has(half: number): boolean {
    return this.firsts.has(half) || this.pending.has(half) || this.candidates.has(half);
  }

  /** Octets are missing: what follows does not continue what was kept. */
  gap(half: number): void {
    this.firsts.close(half);
    this.pending.delete(half);
    this.candidates.delete(half);
    this.dialogues.forget(half);
  }

  forget(half: number): void {
    this.firsts.forget(half);
    this.pending.delete(half);
    this.candidates.delete(half);
    this.dialogues.forget(half);
  }

  /** First octets of a direction that was never recognised, at most 64; undefined if it was, or sent nothing. */
  firstOctets(half: number): Uint8Array | undefined {
    return this.firsts.of(half);
  }

  private recognised(half: number): void {
    this.firsts.forget(half);
    this.dialogues.forget(half);
  }

  private judge(
    bytes: Uint8Array,
    start: number,
    end: number,
    peerFramed: boolean,
    isFirst: boolean,
  ): number {
    const verdict = beginsTls(bytes, start, end, peerFramed);
    if (verdict === 'yes' || continuesTls(bytes, start, end)) {
      this.helloFrom =
        bytes[start] === CONTENT_TYPE.handshake
          ? helloFrom(bytes[start + RECORD_HEADER] as number)
          : HELLO_FROM.nobody;
      return START.records;
    }
    if (!isFirst) return verdict === 'short' ? START.short : START.nothing;
    this.helloLength = ssl2HelloLength(bytes, start, end);
    if (this.helloLength > 0) {
      this.helloFrom = HELLO_FROM.client;
      return START.ssl2Hello;
    }
    if (peerFramed && isSsl2ServerHello(bytes, start, end)) {
      this.helloLength = end - start;
      return START.ssl2Answer;
    }
    return verdict === 'short' || mayBeginSsl2(bytes, start, end, peerFramed)
      ? START.short
      : START.nothing;
  }

  /** Remembers a record that would reach beyond its segment, until its end shows whether it is one. */
  private consider(
    half: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
  ): void {
    if (!mayBeginRecord(bytes, start, end)) return;
    const length = ((bytes[start + 3] as number) << 8) | (bytes[start + 4] as number);
    this.candidates.set(half, {
      type: bytes[start] as number,
      version: ((bytes[start + 1] as number) << 8) | (bytes[start + 2] as number),
      length,
      left: length - (end - start - RECORD_HEADER),
      packet,
    });
  }

  /** @returns `short` if the candidate is refuted, and the segment to be looked at by itself */
  private follow(
    half: number,
    candidate: Candidate,
    bytes: Uint8Array,
    start: number,
    end: number,
  ): number {
    const taken = Math.min(candidate.left, end - start);
    candidate.left -= taken;
    if (candidate.left > 0) return START.nothing;
    this.candidates.delete(half);
    const next = start + taken;
    if (next < end) {
      if (!isRecordHeader(bytes, next, end)) return START.short;
      if (next + 2 < end && bytes[next + 2] !== (candidate.version & 0xff)) return START.short;
    }
    this.recognised(half);
    this.record = candidate;
    this.at = next;
    return START.recordEnd;
  }
}

/** Octets in front of what may be TLS in the same segment, of protocols whose clients do not wait for an answer. */
function prefixLength(bytes: Uint8Array, start: number, end: number, isFirst: boolean): number {
  const proxy = isFirst ? proxyHeaderLength(bytes, start, end) : 0;
  const request = start + proxy;
  const length = mysqlRequestLength(bytes, request, end);
  return length > 0 && bytes[request + length] === CONTENT_TYPE.handshake ? proxy + length : proxy;
}

const NOTHING: readonly Piece[] = [];
const NO_RECORD: Candidate = { type: 0, version: 0, length: 0, packet: 0, left: 0 };

function pieceOf(
  bytes: Uint8Array,
  start: number,
  end: number,
  packet: number,
  nanos: number,
): Piece {
  return { bytes: bytes.slice(start, end), packet, nanos };
}

function joined(pieces: readonly Piece[], bytes: Uint8Array, start: number, end: number) {
  const before = pieces.reduce((sum, piece) => sum + piece.bytes.length, 0);
  const joint = new Uint8Array(before + end - start);
  let at = 0;
  for (const piece of pieces) {
    joint.set(piece.bytes, at);
    at += piece.bytes.length;
  }
  joint.set(bytes.subarray(start, end), at);
  return joint;
}
