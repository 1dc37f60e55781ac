/**
 * Octets of TCP directions → TLS records and handshake messages.
 *
 * A direction is framed by the five octets of each record header; what stands between is looked at only where it is
 * plaintext and says something (handshake, alert, ChangeCipherSpec). Application data is skipped by its length, so the
 * cost of bulk data is the cost of its headers.
 *
 *      unknown ──ClientHello, ServerHello, consistent headers──▶ framed ──implausible header, gap──▶ searching
 *         │  ▲                                                     ▲                                   │
 *         └──┘ every segment start is a chance (STARTTLS, proxies) └───────next plausible header───────┘
 *
 * Nothing is allocated per record, and no body is kept: octets are read where they lie, as they come.
 */
import { grown } from '../bytes/columns.ts';
import { LIMITS } from '../model/limits.ts';
import type { NoticeSink } from '../model/notice.ts';
import { CONTENT_TYPE, type TlsSink } from '../model/record.ts';
import type { Side } from '../model/stream.ts';
import {
  beginsTls,
  continuesTls,
  isClearClientHello,
  isRecordHeader,
  isSsl2ServerHello,
  looksLikeHandshake,
  mayBeginRecord,
  proxyPrefixLength,
  RECORD_HEADER,
  ssl2HelloLength,
} from './detect-tls.ts';
import { HandshakeStreams } from './handshake-tls.ts';

const UNKNOWN = 0;
const FRAMED = 1;
const SEARCHING = 2;
const GIVEN_UP = 3;

const PLAIN = 0;
const PROTECTED = 1;
const UNDECIDED = 2;

/** Octets at the start of a direction that are kept while it is not recognised. */
const START_OCTETS = 64;

interface Candidate {
  readonly type: number;
  readonly version: number;
  readonly length: number;
  readonly packet: number;
  left: number;
}

export class TlsStreams {
  private readonly sink: TlsSink;
  private readonly notices: NoticeSink;
  private readonly handshake: HandshakeStreams;
  private capacity = 512;
  private mode = new Uint8Array(2 * 512);
  private protection = new Uint8Array(2 * 512);
  /** Octets of the present record's body that are still to come; its header; the packet with its first octet. */
  private left = new Int32Array(2 * 512);
  private contentType = new Uint8Array(2 * 512);
  private version = new Int32Array(2 * 512);
  private length = new Int32Array(2 * 512);
  private firstPacket = new Int32Array(2 * 512);
  /** Octets of an incomplete header: how many, and they. */
  private headerHave = new Uint8Array(2 * 512);
  private header = new Uint8Array(2 * 512 * RECORD_HEADER);
  /** A gap within the present record's body: it is not complete in the capture. */
  private damaged = new Uint8Array(2 * 512);
  /** Octets looked at while unknown or searching. */
  private looked = new Int32Array(2 * 512);
  /** The present body is read in pieces; the first octet of an alert that is. */
  private pieces = new Uint8Array(2 * 512);
  private alertLevel = new Uint8Array(2 * 512);
  /** First octets of directions that are not recognised, by direction. */
  private readonly starts = new Map<number, { bytes: Uint8Array; have: number; open: boolean }>();

  /** Records that would explain a direction, by direction. */
  private readonly candidates = new Map<number, Candidate>();

  constructor(sink: TlsSink, notices: NoticeSink) {
    this.sink = sink;
    this.notices = notices;
    this.handshake = new HandshakeStreams(sink, notices);
  }

  octets(
    row: number,
    side: Side,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
    nanos: number,
  ): void {
    const half = row * 2 + side;
    if (row >= this.capacity) this.grow(row);
    if (this.mode[half] === FRAMED) this.frame(row, side, half, bytes, start, end, packet, nanos);
    else if (this.mode[half] === UNKNOWN)
      this.unknown(row, side, half, bytes, start, end, packet, nanos);
    else if (this.mode[half] === SEARCHING)
      this.search(row, side, half, bytes, start, end, packet, nanos);
  }

  gap(row: number, side: Side, length: number, packet: number, nanos: number): void {
    const half = row * 2 + side;
    if (row >= this.capacity) this.grow(row);
    const start = this.starts.get(half);
    if (start !== undefined) start.open = false;
    this.candidates.delete(half);
    if (this.mode[half] !== FRAMED) {
      // A direction of which nothing was recognised is missing something all the same, once the other one is TLS.
      if (this.mode[half] === UNKNOWN && this.mode[half ^ 1] === FRAMED)
        this.sink.lostOctets(row, side, length, false, packet, nanos);
      return;
    }
    this.handshake.lost(half);
    const left = this.left[half] as number;
    if (length <= left && this.headerHave[half] === 0) {
      // The hole is inside a body: boundaries survive, the record itself is not complete.
      this.damaged[half] = 1;
      this.left[half] = left - length;
      this.sink.lostOctets(row, side, length, true, packet, nanos);
      return;
    }
    this.mode[half] = SEARCHING;
    this.looked[half] = 0;
    this.headerHave[half] = 0;
    this.sink.lostOctets(row, side, length, false, packet, nanos);
  }

  /** First octets of a direction that was never recognised, at most 64; undefined if it was, or sent nothing. */
  plaintextStart(row: number, side: Side): Uint8Array | undefined {
    const start = this.starts.get(row * 2 + side);
    return start === undefined || start.have === 0 ? undefined : start.bytes.slice(0, start.have);
  }

  /** Forgets the connection, so that its row can serve another. */
  forget(row: number): void {
    if (row >= this.capacity) return;
    for (let half = row * 2; half < row * 2 + 2; half++) {
      this.mode[half] = UNKNOWN;
      this.protection[half] = PLAIN;
      this.left[half] = 0;
      this.headerHave[half] = 0;
      this.damaged[half] = 0;
      this.looked[half] = 0;
      this.starts.delete(half);
      this.candidates.delete(half);
      this.handshake.forget(half);
    }
  }

  // ------------------------------------------------------------------------------------------------ framed

  private frame(
    row: number,
    side: Side,
    half: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
    nanos: number,
  ): void {
    let at = start;
    while (at < end) {
      const left = this.left[half] as number;
      if (left > 0) {
        const taken = left < end - at ? left : end - at;
        if (this.pieces[half] === 1)
          this.piece(row, side, half, left, bytes, at, at + taken, packet, nanos);
        at += taken;
        this.left[half] = left - taken;
        if (left === taken) this.read(row, side, half, EMPTY, 0, 0, packet, nanos);
        continue;
      }
      if (end - at < RECORD_HEADER || (this.headerHave[half] as number) > 0) {
        at = this.gatherHeader(half, bytes, at, end, packet);
        if ((this.headerHave[half] as number) < RECORD_HEADER) return;
        this.headerHave[half] = 0;
        const h = half * RECORD_HEADER;
        if (
          !this.open(row, side, half, this.header, h, this.header, h + RECORD_HEADER, packet, nanos)
        )
          return;
        // The body, if any, lies in what follows.
        this.pieces[half] = this.wantsBody(half) ? 1 : 0;
        if (this.length[half] === 0) this.read(row, side, half, EMPTY, 0, 0, packet, nanos);
        continue;
      }
      this.firstPacket[half] = packet;
      if (!this.open(row, side, half, bytes, at, bytes, end, packet, nanos)) return;
      at += RECORD_HEADER;
      const body = this.length[half] as number;
      if (body > end - at) {
        this.pieces[half] = this.wantsBody(half) ? 1 : 0;
        continue;
      }
      this.left[half] = 0;
      this.pieces[half] = 0;
      this.read(row, side, half, bytes, at, at + body, packet, nanos);
      at += body;
    }
  }

  /** Takes a header; false if it cannot be one, and the direction is searched from here on. */
  private open(
    row: number,
    side: Side,
    half: number,
    header: Uint8Array,
    at: number,
    all: Uint8Array,
    end: number,
    packet: number,
    nanos: number,
  ): boolean {
    if (!isRecordHeader(header, at)) {
      this.sink.notARecord(
        row,
        side,
        all.slice(at, Math.min(end, at + START_OCTETS)),
        packet,
        nanos,
      );
      this.handshake.lost(half);
      this.mode[half] = SEARCHING;
      this.looked[half] = 0;
      return false;
    }
    this.contentType[half] = header[at] as number;
    this.version[half] = ((header[at + 1] as number) << 8) | (header[at + 2] as number);
    const length = ((header[at + 3] as number) << 8) | (header[at + 4] as number);
    this.length[half] = length;
    this.left[half] = length;
    this.damaged[half] = 0;
    return true;
  }

  private gatherHeader(
    half: number,
    bytes: Uint8Array,
    from: number,
    end: number,
    packet: number,
  ): number {
    let at = from;
    let have = this.headerHave[half] as number;
    if (have === 0) this.firstPacket[half] = packet;
    while (at < end && have < RECORD_HEADER)
      this.header[half * RECORD_HEADER + have++] = bytes[at++] as number;
    this.headerHave[half] = have;
    return at;
  }

  /** Does the content of the present record have to be read? */
  private wantsBody(half: number): boolean {
    const type = this.contentType[half] as number;
    // No protection leaves an alert of two octets.
    if (type === CONTENT_TYPE.alert) return this.length[half] === 2;
    return type === CONTENT_TYPE.handshake && this.protection[half] !== PROTECTED;
  }

  /**
   * Some octets of a body that does not lie within one segment: messages are read as they come. `left` octets of the body
   * are due, these included.
   */
  private piece(
    row: number,
    side: Side,
    half: number,
    left: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
    nanos: number,
  ): void {
    if (this.damaged[half] === 1) return;
    const length = this.length[half] as number;
    if (this.contentType[half] === CONTENT_TYPE.alert) {
      const level = left === 2 ? (bytes[start] as number) : (this.alertLevel[half] as number);
      this.alertLevel[half] = level;
      if (end - start === left)
        this.sink.alert(row, side, level, bytes[end - 1] as number, packet, nanos);
      return;
    }
    if (this.protection[half] === UNDECIDED && left === length)
      this.decide(half, bytes, start, end);
    if (this.protection[half] === PROTECTED) this.pieces[half] = 0;
    else this.handshake.octets(row, side, bytes, start, end, packet, nanos);
  }

  /** Plaintext or ciphertext? The first octets of a handshake record tell. */
  private decide(half: number, bytes: Uint8Array, start: number, end: number): void {
    this.protection[half] = looksLikeHandshake(bytes, start, end, this.length[half] as number)
      ? PLAIN
      : PROTECTED;
  }

  /** A record is complete; `[start, end)` is its body where it is wanted and whole. */
  private read(
    row: number,
    side: Side,
    half: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
    nanos: number,
  ): void {
    const type = this.contentType[half] as number;
    const length = this.length[half] as number;
    // A record with a hole is no complete record, but a ChangeCipherSpec has no room for one.
    if (this.damaged[half] === 1) return;
    if (this.protection[half] === UNDECIDED && type === CONTENT_TYPE.handshake)
      this.decide(half, bytes, start, end);
    const alone = type === CONTENT_TYPE.alert && length === 2;
    const hello =
      type === CONTENT_TYPE.handshake &&
      this.protection[half] === PROTECTED &&
      isClearClientHello(bytes, start, end);
    const plain =
      alone || hello || (this.protection[half] !== PROTECTED && type !== CONTENT_TYPE.alert);
    this.sink.record(
      row,
      side,
      type,
      this.version[half] as number,
      length,
      plain,
      this.firstPacket[half] as number,
      packet,
      nanos,
    );
    if (type === CONTENT_TYPE.handshake) {
      if (plain && end > start) this.handshake.octets(row, side, bytes, start, end, packet, nanos);
    } else if (type === CONTENT_TYPE.changeCipherSpec) {
      const next = this.sink.changeCipherSpec(row, side, packet, nanos);
      this.protection[half] =
        next === 'plain' ? PLAIN : next === 'protected' ? PROTECTED : UNDECIDED;
    } else if (type === CONTENT_TYPE.alert && plain && end - start === 2) {
      this.sink.alert(row, side, bytes[start] as number, bytes[start + 1] as number, packet, nanos);
    }
  }

  // ------------------------------------------------------------------------------------------------ unknown

  private unknown(
    row: number,
    side: Side,
    half: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
    nanos: number,
  ): void {
    const peerFramed = this.mode[half ^ 1] === FRAMED;
    const candidate = this.candidates.size > 0 ? this.candidates.get(half) : undefined;
    if (candidate !== undefined) {
      this.confirm(candidate, row, side, half, bytes, start, end, packet, nanos);
      return;
    }
    let first = this.starts.get(half);
    if (first === undefined) {
      // The whole segment decides nearly always.
      const skip = proxyPrefixLength(bytes, start, end);
      const verdict = beginsTls(bytes, start + skip, end, peerFramed);
      if (verdict === 'yes') {
        this.begin(row, side, half, bytes, start + skip, end, packet, nanos);
        return;
      }
      if (this.ssl2(row, side, half, bytes, start, end, packet, nanos)) return;
      first = { bytes: new Uint8Array(START_OCTETS), have: 0, open: verdict === 'short' };
      this.starts.set(half, first);
      if (verdict === 'no') this.consider(half, bytes, start, end, packet);
    } else if (!first.open) {
      // A later segment: only hellos, or what continues a conversation that is TLS already.
      this.looked[half] = (this.looked[half] as number) + (end - start);
      if (beginsTls(bytes, start, end, peerFramed) === 'yes' || continuesTls(bytes, start, end)) {
        this.begin(row, side, half, bytes, start, end, packet, nanos);
      } else this.consider(half, bytes, start, end, packet);
      return;
    }
    const taken = Math.min(end - start, START_OCTETS - first.have);
    first.bytes.set(bytes.subarray(start, start + taken), first.have);
    first.have += taken;
    if (!first.open) return;
    const verdict = beginsTls(first.bytes, 0, first.have, peerFramed);
    if (verdict === 'yes') {
      const kept = first.bytes.slice(0, first.have);
      this.begin(row, side, half, kept, 0, kept.length, packet, nanos);
      if (taken < end - start) this.octets(row, side, bytes, start + taken, end, packet, nanos);
    } else if (verdict === 'no') first.open = false;
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

  private confirm(
    candidate: Candidate,
    row: number,
    side: Side,
    half: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
    nanos: number,
  ): void {
    const taken = Math.min(candidate.left, end - start);
    candidate.left -= taken;
    if (candidate.left > 0) return;
    this.candidates.delete(half);
    const next = start + taken;
    const follows =
      next === end ||
      (isRecordHeader(bytes, next, end) &&
        (next + 2 >= end || (bytes[next + 2] as number) === (candidate.version & 0xff)));
    if (!follows) {
      this.unknown(row, side, half, bytes, start, end, packet, nanos);
      return;
    }
    this.starts.delete(half);
    this.mode[half] = FRAMED;
    this.protection[half] = UNDECIDED;
    this.sink.recognised(row, side, packet, nanos);
    this.contentType[half] = candidate.type;
    this.version[half] = candidate.version;
    this.length[half] = candidate.length;
    this.firstPacket[half] = candidate.packet;
    this.read(row, side, half, EMPTY, 0, 0, packet, nanos);
    if (next < end) this.frame(row, side, half, bytes, next, end, packet, nanos);
  }

  /** Hellos of SSL 2.0: what follows a client's may be TLS, what follows a server's is not looked at. */
  private ssl2(
    row: number,
    side: Side,
    half: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
    nanos: number,
  ): boolean {
    const hello = ssl2HelloLength(bytes, start, end);
    if (hello > 0 && start + hello <= end) {
      this.mode[half] = FRAMED;
      this.sink.recognised(row, side, packet, nanos);
      this.sink.ssl2Hello(row, side, false, hello, packet, nanos);
      if (start + hello < end)
        this.frame(row, side, half, bytes, start + hello, end, packet, nanos);
      return true;
    }
    if (this.mode[half ^ 1] !== FRAMED || !isSsl2ServerHello(bytes, start, end)) return false;
    this.mode[half] = GIVEN_UP;
    this.mode[half ^ 1] = GIVEN_UP;
    this.sink.ssl2Hello(row, side, true, end - start, packet, nanos);
    return true;
  }

  private begin(
    row: number,
    side: Side,
    half: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
    nanos: number,
  ): void {
    this.starts.delete(half);
    this.mode[half] = FRAMED;
    // Without a hello in front it may be anywhere in the conversation: the first message will tell.
    const hello =
      bytes[start] === CONTENT_TYPE.handshake && ((bytes[start + 5] as number) & 0xfc) === 0;
    this.protection[half] = hello ? PLAIN : UNDECIDED;
    this.sink.recognised(row, side, packet, nanos);
    this.frame(row, side, half, bytes, start, end, packet, nanos);
  }

  // ------------------------------------------------------------------------------------------------ searching

  /** Looks for the next header: the connection's own version, a known type, a possible length. */
  private search(
    row: number,
    side: Side,
    half: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
    nanos: number,
  ): void {
    const version = this.version[half] as number;
    for (let at = start; at + RECORD_HEADER <= end; at++) {
      if (
        isRecordHeader(bytes, at) &&
        (((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number)) === version &&
        follows(bytes, at, end, version)
      ) {
        this.mode[half] = FRAMED;
        this.left[half] = 0;
        this.notices.notice({
          code: 'tls-resynchronised',
          packetNumber: packet,
          offset: -1,
          needed: 0,
          available: 0,
        });
        this.frame(row, side, half, bytes, at, end, packet, nanos);
        return;
      }
    }
    const looked = (this.looked[half] as number) + (end - start);
    this.looked[half] = looked;
    if (looked > LIMITS.resynchroniseOctets) {
      this.mode[half] = GIVEN_UP;
      this.notices.notice({
        code: 'tls-boundaries-lost',
        packetNumber: packet,
        offset: -1,
        needed: 0,
        available: looked,
      });
    }
  }

  private grow(row: number): void {
    const next = Math.max(row + 1, Math.ceil(this.capacity * 1.5));
    this.mode = grown(this.mode, 2 * next);
    this.protection = grown(this.protection, 2 * next);
    this.left = grown(this.left, 2 * next);
    this.contentType = grown(this.contentType, 2 * next);
    this.version = grown(this.version, 2 * next);
    this.length = grown(this.length, 2 * next);
    this.firstPacket = grown(this.firstPacket, 2 * next);
    this.headerHave = grown(this.headerHave, 2 * next);
    this.header = grown(this.header, 2 * next * RECORD_HEADER);
    this.damaged = grown(this.damaged, 2 * next);
    this.pieces = grown(this.pieces, 2 * next);
    this.alertLevel = grown(this.alertLevel, 2 * next);
    this.looked = grown(this.looked, 2 * next);
    this.capacity = next;
  }
}

const EMPTY = new Uint8Array(0);

/** Where the record at `at` ends inside the segment, another header (of the same version) must begin or the segment end. */
function follows(bytes: Uint8Array, at: number, end: number, version: number): boolean {
  const next = at + RECORD_HEADER + (((bytes[at + 3] as number) << 8) | (bytes[at + 4] as number));
  if (next + 3 > end) return true;
  return (
    isRecordHeader(bytes, next, end) &&
    (((bytes[next + 1] as number) << 8) | (bytes[next + 2] as number)) === version
  );
}
