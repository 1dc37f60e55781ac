import { grown } from '../bytes/columns.ts';
import {
  CLIENT_HELLO,
  NEW_SESSION_TICKET,
  SERVER_HELLO,
} from '../model/code-points/handshake-types.ts';
import { LIMITS } from '../model/limits.ts';
import type { NoticeSink } from '../model/notice.ts';
import type { TlsSink } from '../model/record.ts';
import type { Side } from '../model/stream.ts';

/** `msg_type` and `length`, RFC 8446 §4. */
const MESSAGE_HEADER = 4;

/** Octets of room for a hello at first: most end here. */
const FIRST_ROOM = 2048;

interface Gathering {
  bytes: Uint8Array;
  have: number;
  readonly length: number;
}

/** Messages out of protected records come without their octets. */
type HandshakeSink = Pick<TlsSink, 'message'> & Partial<Pick<TlsSink, 'handshakeOctets'>>;

/**
 * Plaintext handshake records → messages, coalesced or split at any octet (RFC 8446 §5.1). A message that lies within
 * one record is handed on in place; a message that is read and does not is gathered, any other is counted down.
 */
export class HandshakeStreams {
  private readonly sink: HandshakeSink;
  private readonly notices: NoticeSink;
  private keepsBodies = false;
  private headerHave = new Uint8Array(0);
  private header = new Uint8Array(0);
  private left = new Int32Array(0);
  private bodiless = new Uint8Array(0);
  private readonly gathering = new Map<number, Gathering>();
  /** Octets of all of them. */
  private gathered = 0;

  constructor(sink: HandshakeSink, notices: NoticeSink) {
    this.sink = sink;
    this.notices = notices;
  }

  /** From now on the bodies of all messages are handed on. */
  keepBodies(): void {
    this.keepsBodies = true;
  }

  /** Those of this direction are not needed. */
  dropBodies(half: number): void {
    if (half >= this.headerHave.length) this.grow(half);
    this.bodiless[half] = 1;
  }

  /** @param half what the direction is known by here */
  octets(
    row: number,
    side: Side,
    bytes: Uint8Array,
    start: number,
    end: number,
    packet: number,
    nanos: number,
    half = row * 2 + side,
  ): void {
    if (half >= this.headerHave.length) this.grow(half);
    const begins = this.left[half] === 0 && this.headerHave[half] === 0;
    this.messages(row, side, half, bytes, start, end, packet, nanos);
    this.sink.handshakeOctets?.(row, side, begins, bytes, start, end);
  }

  private messages(
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
        const taken = Math.min(left, end - at);
        if (this.gathering.size > 0) this.append(half, bytes, at, at + taken, packet);
        at += taken;
        this.left[half] = left - taken;
        if (left === taken) this.finish(row, side, half, packet, nanos);
        continue;
      }
      let have = this.headerHave[half] as number;
      const h = half * MESSAGE_HEADER;
      while (at < end && have < MESSAGE_HEADER) this.header[h + have++] = bytes[at++] as number;
      this.headerHave[half] = have;
      if (have < MESSAGE_HEADER) return;
      const length = this.lengthOf(half);
      if (length <= end - at) {
        this.headerHave[half] = 0;
        const body = this.isRead(half, this.header[h] as number) ? at + length : at;
        this.sink.message(
          row,
          side,
          this.header[h] as number,
          length,
          bytes,
          at,
          body,
          packet,
          nanos,
        );
        at += length;
        continue;
      }
      this.left[half] = length;
      if (this.isRead(half, this.header[h] as number)) this.gather(half, length, packet);
    }
  }

  /** Is no message under way? */
  isBetween(half: number): boolean {
    return (
      half >= this.left.length ||
      ((this.left[half] as number) | (this.headerHave[half] as number)) === 0
    );
  }

  /** Octets of this direction are missing: the present message cannot be completed. */
  lost(half: number): void {
    if (half >= this.headerHave.length) return;
    this.headerHave[half] = 0;
    this.left[half] = 0;
    this.drop(half);
  }

  forget(half: number): void {
    this.lost(half);
    if (half < this.bodiless.length) this.bodiless[half] = 0;
  }

  /** Only hellos and tickets are read unless bodies are kept; other messages count with their type and length. */
  private isRead(half: number, type: number): boolean {
    return (
      type === CLIENT_HELLO ||
      type === SERVER_HELLO ||
      type === NEW_SESSION_TICKET ||
      (this.keepsBodies && this.bodiless[half] === 0)
    );
  }

  private finish(row: number, side: Side, half: number, packet: number, nanos: number): void {
    const type = this.header[half * MESSAGE_HEADER] as number;
    const length = this.lengthOf(half);
    this.headerHave[half] = 0;
    const hello = this.gathering.get(half);
    this.drop(half);
    if (hello === undefined) this.sink.message(row, side, type, length, EMPTY, 0, 0, packet, nanos);
    else this.sink.message(row, side, type, length, hello.bytes, 0, hello.have, packet, nanos);
  }

  private gather(half: number, length: number, packet: number): void {
    // What a header announces is no reason to set memory aside: room grows with what comes.
    const room = Math.min(length, FIRST_ROOM);
    if (length > LIMITS.handshakeMessageOctets || this.gathered + room > LIMITS.handshakeOctets) {
      this.tooLong(length, packet);
      return;
    }
    this.gathered += room;
    this.gathering.set(half, { bytes: new Uint8Array(room), have: 0, length });
  }

  private append(half: number, bytes: Uint8Array, start: number, end: number, packet: number) {
    const hello = this.gathering.get(half);
    if (hello === undefined) return;
    const have = hello.have + end - start;
    if (have > hello.bytes.length) {
      const more = Math.min(hello.length, Math.max(have, 2 * hello.bytes.length));
      if (this.gathered + more - hello.bytes.length > LIMITS.handshakeOctets) {
        this.drop(half);
        this.tooLong(hello.length, packet);
        return;
      }
      this.gathered += more - hello.bytes.length;
      hello.bytes = grown(hello.bytes, more);
    }
    hello.bytes.set(bytes.subarray(start, end), hello.have);
    hello.have = have;
  }

  private tooLong(needed: number, packetNumber: number): void {
    const code = 'message-too-long';
    this.notices.notice({ code, packetNumber, offset: -1, needed, available: 0 });
  }

  private drop(half: number): void {
    if (this.gathering.size === 0) return;
    const hello = this.gathering.get(half);
    if (hello === undefined) return;
    this.gathered -= hello.bytes.length;
    this.gathering.delete(half);
  }

  private lengthOf(half: number): number {
    const h = half * MESSAGE_HEADER;
    return (
      ((this.header[h + 1] as number) << 16) |
      ((this.header[h + 2] as number) << 8) |
      (this.header[h + 3] as number)
    );
  }

  private grow(half: number): void {
    const next = Math.max(1024, half + 2, Math.ceil(this.headerHave.length * 1.5));
    this.headerHave = grown(this.headerHave, next);
    this.header = grown(this.header, next * MESSAGE_HEADER);
    this.left = grown(this.left, next);
    this.bodiless = grown(this.bodiless, next);
  }
}

const EMPTY = new Uint8Array(0);
