import type { NoticeCode, NoticeSink } from '../model/notice.ts';
import { CONTENT_TYPE, type TlsSink } from '../model/record.ts';
import type { Side } from '../model/stream.ts';
import {
  isClearClientHello,
  isHeaderDue,
  looksLikeHandshake,
  RECORD_HEADER,
  versionAt,
} from './detect-tls.ts';
import { START_OCTETS } from './first-octets.ts';
import { HandshakeStreams } from './handshake-tls.ts';
import { HeaderSearch } from './header-search.ts';
import { SealedBodies } from './sealed-bodies.ts';
import { TdsPackets } from './tds-packets.ts';
import {
  ENDS_OCTETS,
  FRAMED,
  GATHERED,
  GIVEN_UP,
  HEAD_OCTETS,
  HOLE,
  PLAIN,
  PROTECTED,
  READ,
  SEARCHING,
  SKIPPED,
  SSL2_FORM,
  TAIL_OCTETS,
  TENTATIVE,
  TlsHalves,
  UNDECIDED,
} from './tls-halves.ts';

/**
 * Directions that are known to carry TLS → records and handshake messages. RFC 8446 §5.1.
 *
 * A direction is framed by the five octets of each record header; what stands between is looked at only where it is
 * plaintext and says something (handshake, alert, ChangeCipherSpec). Application data is skipped by its length, so the
 * cost of bulk data is the cost of its headers.
 *
 * Nothing is allocated per record, and no body is kept: octets are read where they lie, as they come. Where a body does
 * not lie within one segment, its first octets are kept: they say whether it is plaintext, and tell it from others.
 *
 * The file is long because no step may allocate: each hands on the same values, one a line.
 */
export abstract class RecordFraming extends TlsHalves {
  protected readonly sink: TlsSink;
  protected readonly handshake: HandshakeStreams;
  protected readonly searches = new HeaderSearch();
  /** Bodies of records that do not lie within one segment; only where whole records are kept. */
  protected bodies: SealedBodies | undefined;
  protected readonly ssl2Hellos = new SealedBodies();
  protected readonly tds = new TdsPackets();
  private readonly notices: NoticeSink;

  constructor(sink: TlsSink, notices: NoticeSink) {
    super();
    this.sink = sink;
    this.notices = notices;
    this.handshake = new HandshakeStreams(sink, notices);
  }

  /** There are secrets: from now on whole records and messages are handed on. */
  keepBodies(): void {
    this.bodies ??= new SealedBodies();
    this.handshake.keepBodies();
  }

  /** There is no secret for this connection: what was begun for it is dropped. */
  dropBodies(row: number): void {
    const seat = this.seatOf(row);
    for (let half = seat * 2; half < seat * 2 + 2; half++) {
      this.bodiless[half] = 1;
      this.bodies?.drop(half);
      this.handshake.dropBodies(half);
    }
  }

  /** Takes octets of a direction that is framed. */
  protected frame(
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
        if (this.reading[half] !== SKIPPED)
          this.piece(row, side, half, bytes, at, at + taken, packet, nanos);
        if (left - taken < TAIL_OCTETS) this.keepTail(half, bytes, at, at + taken);
        const trouble = this.trouble[half] as number;
        const own = this.bodiless[half] === 0 ? this.bodies : undefined;
        const bodies = (trouble & SSL2_FORM) !== 0 ? this.ssl2Hellos : own;
        if (bodies !== undefined && (trouble & HOLE) === 0)
          bodies.append(half, this.length[half] as number, bytes, at, at + taken);
        at += taken;
        this.left[half] = left - taken;
        if (left === taken) this.complete(row, side, half, packet, nanos);
        continue;
      }
      if (end - at < RECORD_HEADER || (this.headerHave[half] as number) > 0) {
        at = this.gatherHeader(half, bytes, at, end, packet);
        if ((this.headerHave[half] as number) < RECORD_HEADER) return;
        this.headerHave[half] = 0;
        const h = half * RECORD_HEADER;
        if (this.open(half, this.header, h)) {
          if (this.length[half] === 0) this.complete(row, side, half, packet, nanos);
          continue;
        }
        if (this.endsLogin(half)) return;
        const taken = this.header.slice(h, h + RECORD_HEADER);
        this.notARecord(row, side, half, joined(taken, bytes, at, end), packet, nanos);
        // One may begin at any octet but the first.
        this.lose(half, taken.subarray(1));
        at = this.search(half, bytes, at, end, packet);
        if (at < 0) return;
        continue;
      }
      this.firstPacket[half] = packet;
      if (!this.open(half, bytes, at)) {
        if (this.endsLogin(half)) return;
        this.notARecord(row, side, half, joined(EMPTY, bytes, at, end), packet, nanos);
        this.lose(half, EMPTY);
        at = this.search(half, bytes, at + 1, end, packet);
        if (at < 0) return;
        continue;
      }
      at += RECORD_HEADER;
      const body = this.length[half] as number;
      if (body > end - at) continue;
      this.left[half] = 0;
      this.whole(row, side, half, bytes, at, at + body, packet, nanos);
      at += body;
    }
  }

  /** Takes a header; false if it cannot be one. */
  private open(half: number, header: Uint8Array, at: number): boolean {
    if (!isHeaderDue(header, at)) return false;
    const type = header[at] as number;
    const length = ((header[at + 3] as number) << 8) | (header[at + 4] as number);
    this.contentType[half] = type;
    this.version[half] = versionAt(header, at);
    this.length[half] = length;
    this.left[half] = length;
    this.trouble[half] = this.mode[half] === FRAMED ? 0 : TENTATIVE;
    this.mode[half] = FRAMED;
    const isRead = type === CONTENT_TYPE.handshake && this.protection[half] === PLAIN;
    this.reading[half] = isRead ? READ : GATHERED;
    this.headHave[half] = 0;
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

  /** Some octets of a body that does not lie within one segment: messages are read as they come. */
  private piece(
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
    if (this.reading[half] === GATHERED) {
      const { head } = this;
      const length = this.length[half] as number;
      const due = length < HEAD_OCTETS ? length : HEAD_OCTETS;
      const h = half * ENDS_OCTETS;
      let have = this.headHave[half] as number;
      while (at < end && have < due) head[h + have++] = bytes[at++] as number;
      this.headHave[half] = have;
      if (have < due) return;
      const type = this.contentType[half] as number;
      // No protection leaves an alert of two octets.
      if (type === CONTENT_TYPE.alert && length === 2)
        this.sink.alert(row, side, head[h] as number, head[h + 1] as number, packet, nanos);
      const plain = type === CONTENT_TYPE.handshake && this.isPlain(half, head, h, h + have);
      this.reading[half] = plain ? READ : SKIPPED;
      if (!plain) return;
      this.handshake.octets(row, side, head, h, h + have, packet, nanos, half);
    }
    if (at < end) this.handshake.octets(row, side, bytes, at, end, packet, nanos, half);
  }

  /** Is the present handshake record plaintext? `[start, end)` are its first octets, at least six, or all. */
  private isPlain(half: number, bytes: Uint8Array, start: number, end: number): boolean {
    const length = this.length[half] as number;
    if (this.protection[half] === PLAIN) return true;
    if (this.protection[half] === PROTECTED) return isClearClientHello(bytes, start, end, length);
    const plain = looksLikeHandshake(bytes, start, end, length);
    this.protection[half] = plain ? PLAIN : PROTECTED;
    return plain;
  }

  /** The record ended, and its body has been taken in pieces. */
  private complete(row: number, side: Side, half: number, packet: number, nanos: number): void {
    const trouble = this.trouble[half] as number;
    if ((trouble & SSL2_FORM) !== 0) this.ssl2Hello(row, side, half, packet, nanos);
    if ((trouble & (HOLE | SSL2_FORM)) !== 0) return;
    const isHandshake = this.contentType[half] === CONTENT_TYPE.handshake;
    const read = isHandshake && (this.reading[half] === READ || this.length[half] === 0);
    if (this.bodies !== undefined && this.bodiless[half] === 0) {
      const body = this.length[half] === 0 ? EMPTY : this.bodies.take(half);
      if (body !== undefined && !read)
        this.sealed(row, side, half, body, 0, body.length, packet, nanos);
    }
    const isAll = read || (this.length[half] as number) < ENDS_OCTETS;
    const have = isAll ? (this.headHave[half] as number) : ENDS_OCTETS;
    const h = half * ENDS_OCTETS;
    this.tell(row, side, half, read, this.head, h, h + have, packet, nanos);
  }

  /** Without octets where some of them are missing. */
  private ssl2Hello(row: number, side: Side, half: number, packet: number, nanos: number): void {
    const octets = this.ssl2Hellos.take(half) ?? EMPTY;
    this.sink.ssl2Hello(row, side, false, this.length[half] as number, octets, packet, nanos);
  }

  /** The body of the present record lies in one segment. */
  private whole(
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
    let read = false;
    if (type === CONTENT_TYPE.handshake) {
      read = start === end || this.isPlain(half, bytes, start, end);
      if (read) this.handshake.octets(row, side, bytes, start, end, packet, nanos, half);
    } else if (type === CONTENT_TYPE.alert && end - start === 2)
      this.sink.alert(row, side, bytes[start] as number, bytes[start + 1] as number, packet, nanos);
    if (this.bodies !== undefined && !read && this.bodiless[half] === 0)
      this.sealed(row, side, half, bytes, start, end, packet, nanos);
    this.tell(row, side, half, read, bytes, start, end, packet, nanos);
  }

  /** Hands on the body of a record that is not plaintext, where whole records are kept. */
  private sealed(
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
    if (type === CONTENT_TYPE.changeCipherSpec) return;
    if (type === CONTENT_TYPE.alert && end - start === 2) return;
    if (type > CONTENT_TYPE.applicationData && this.protection[half] !== PROTECTED) return;
    const version = this.version[half] as number;
    this.sink.sealed?.(row, side, type, version, bytes, start, end, packet, nanos);
  }

  /**
   * Tells a complete record behind what it contains; `read` says of a handshake record that it was read, `[start, end)`
   * are the octets of its body that are at hand: all, or the first `HEAD_OCTETS` and behind them the last `TAIL_OCTETS`.
   */
  protected tell(
    row: number,
    side: Side,
    half: number,
    read: boolean,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
    nanos: number,
  ): void {
    const type = this.contentType[half] as number;
    const length = this.length[half] as number;
    let plain = read;
    if (type === CONTENT_TYPE.alert) plain = length === 2;
    else if (type !== CONTENT_TYPE.applicationData && type !== CONTENT_TYPE.handshake) {
      plain = this.protection[half] !== PROTECTED;
      if (type === CONTENT_TYPE.changeCipherSpec) {
        const next = this.sink.changeCipherSpec(row, side, packet, nanos);
        this.protection[half] =
          next === 'plain' ? PLAIN : next === 'protected' ? PROTECTED : UNDECIDED;
      }
    }
    const version = this.version[half] as number;
    const firstPacket = this.firstPacket[half] as number;
    this.sink.record(
      row,
      side,
      type,
      version,
      length,
      plain,
      bytes,
      start,
      end,
      firstPacket,
      packet,
      nanos,
    );
  }

  /** Octets of a direction that is framed are missing. */
  protected frameGap(
    row: number,
    side: Side,
    half: number,
    length: number,
    packet: number,
    nanos: number,
  ): void {
    const left = this.left[half] as number;
    const boundaries = length <= left && this.headerHave[half] === 0;
    if (boundaries) {
      // The hole is inside a body: the record itself is not complete.
      this.handshake.lost(half);
      this.trouble[half] = (this.trouble[half] as number) | HOLE;
      this.bodies?.drop(half);
      this.ssl2Hellos.drop(half);
      this.reading[half] = SKIPPED;
      this.left[half] = left - length;
      if (length === left) this.complete(row, side, half, packet, nanos);
      if (this.contentType[half] === CONTENT_TYPE.changeCipherSpec)
        this.protection[half] = UNDECIDED;
    } else this.lose(half, EMPTY, true);
    this.sink.lostOctets(row, side, length, boundaries, packet, nanos);
  }

  // ------------------------------------------------------------------------------------------------ searching

  /** Something else stands where a header is due. */
  private notARecord(
    row: number,
    side: Side,
    half: number,
    octets: Uint8Array,
    packet: number,
    nanos: number,
  ): void {
    // What was found by searching and leads nowhere was our mistake.
    if (((this.trouble[half] as number) & TENTATIVE) === 0)
      this.sink.notARecord(row, side, octets, packet, nanos);
  }

  /** TDS may protect the login only and go on in the clear. */
  private endsLogin(half: number): boolean {
    if (!this.tds.has(half)) return false;
    this.mode[half] = GIVEN_UP;
    return true;
  }

  /** Nobody knows where the next record begins: it is looked for from here, `behind` being octets that came before. */
  protected lose(
    half: number,
    behind: Uint8Array,
    isBehindHole = ((this.trouble[half] as number) & TENTATIVE) !== 0 || this.tds.has(half),
  ): void {
    this.handshake.lost(half);
    this.bodies?.drop(half);
    this.ssl2Hellos.drop(half);
    this.searches.begin(half, behind, isBehindHole);
    this.mode[half] = SEARCHING;
    this.left[half] = 0;
    this.headerHave[half] = 0;
    // A ChangeCipherSpec may be among what is lost.
    if (this.protection[half] === PLAIN) this.protection[half] = UNDECIDED;
  }

  /** @returns where framing goes on, maybe with octets already in `header`; -1 if not in this segment */
  protected search(
    half: number,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
  ): number {
    const { searches } = this;
    // The record of a ClientHello may have had a version of its own; the peer has the negotiated one.
    const own = this.version[half] as number;
    const peer = this.mode[half ^ 1] === FRAMED ? (this.version[half ^ 1] as number) : own;
    if (!searches.look(half, bytes, start, end, own, peer)) {
      this.firstPacket[half] = packet;
      if (!searches.isHopeless(half)) return -1;
      this.mode[half] = GIVEN_UP;
      this.notice('tls-boundaries-lost', packet, searches.looked(half));
      searches.end(half);
      return -1;
    }
    this.notice(searches.isBehindHole ? 'tls-resynchronised' : 'tls-begins-again', packet, 0);
    const { at, before } = searches;
    if (at >= start) return at;
    this.headerHave[half] = start - at;
    this.header.set(before.subarray(0, start - at), half * RECORD_HEADER);
    return start;
  }

  private notice(code: NoticeCode, packetNumber: number, available: number): void {
    this.notices.notice({ code, packetNumber, offset: -1, needed: 0, available });
  }
}

/** For what has no octets; shared. */
export const EMPTY = new Uint8Array(0);

/** Octets of `before` and of the segment behind them, as many as are kept of a direction that is no TLS. */
function joined(before: Uint8Array, bytes: Uint8Array, start: number, end: number): Uint8Array {
  const more = Math.min(end - start, START_OCTETS - before.length);
  const octets = new Uint8Array(before.length + more);
  octets.set(before);
  octets.set(bytes.subarray(start, start + more), before.length);
  return octets;
}
