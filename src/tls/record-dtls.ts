import type { NoticeSink } from '../model/notice.ts';
import { CONTENT_TYPE, type DtlsSink } from '../model/record.ts';
import type { Side } from '../model/stream.ts';
import {
  CONNECTION_ID_AT,
  DTLS_HEADER,
  fills,
  isDtlsHeader,
  lengthAt,
  mayFollow,
  sequenceAt,
} from './dtls-header.ts';
import { IdLengths } from './id-lengths.ts';
import { isUnified } from './unified-header.ts';

/** What `idLength` answers where there is no length. */
const UNREAD = -1;

/**
 * UDP datagrams → DTLS records. Datagrams carry whole records (RFC 6347 §4.1.1), so each is judged by its own octets: the
 * records must fill it exactly, and other protocols on the same 5-tuple (STUN, RTP, TURN, RFC 7983 §7) pass by.
 *
 * Octets after the last whole record that are no record end the datagram; what was read before them counts. A unified
 * header of DTLS 1.3 has no version and perhaps no length: whether it is one, and where its record ends, is for the sink to
 * say, which knows the connection.
 */
export class DtlsDatagrams {
  private readonly sink: DtlsSink;
  private readonly idLengths: IdLengths;

  constructor(sink: DtlsSink, notices: NoticeSink) {
    this.sink = sink;
    this.idLengths = new IdLengths(notices);
  }

  /** @returns whether the datagram is DTLS */
  datagram(
    flow: number,
    side: Side,
    bytes: Uint8Array,
    start: number,
    end: number,
    wireLength: number,
    packet: number,
    nanos: number,
    ipId: number,
  ): boolean {
    const wireEnd = start + wireLength;
    // Most datagrams are one record.
    if (
      end - start < DTLS_HEADER ||
      !isDtlsHeader(bytes, start) ||
      bytes[start] === CONTENT_TYPE.tls12Cid
    )
      return this.several(flow, side, bytes, start, end, wireEnd, packet, nanos, ipId);
    const next = start + DTLS_HEADER + lengthAt(bytes, start);
    if (next === wireEnd) {
      this.one(flow, side, bytes, start, end, packet, nanos, ipId);
      return true;
    }
    if (next > wireEnd || !mayFollow(bytes, next, end)) return false;
    return this.several(flow, side, bytes, start, end, wireEnd, packet, nanos, ipId);
  }

  /** Records one behind the other, of any form. @returns whether there are any */
  /** The number is that of another flow from now on. */
  forget(flow: number): void {
    for (const side of [0, 1]) this.idLengths.forget(2 * flow + side);
  }

  private several(
    flow: number,
    side: Side,
    bytes: Uint8Array,
    start: number,
    end: number,
    wireEnd: number,
    packet: number,
    nanos: number,
    ipId: number,
  ): boolean {
    let at = start;
    while (at < end) {
      let after = 0;
      if (isUnified(bytes[at] as number))
        after = this.sink.unified(flow, side, bytes, at, end, wireEnd, packet, nanos, ipId);
      else if (at + DTLS_HEADER <= end && isDtlsHeader(bytes, at))
        after = this.plain(flow, side, bytes, at, end, wireEnd, packet, nanos, ipId);
      if (after === 0) break;
      at = after;
    }
    // Where nobody knows how long a connection id is, the datagram is DTLS all the same.
    return at > start || (end - start >= DTLS_HEADER && isDtlsHeader(bytes, start));
  }

  /** A record with a header of DTLS 1.2. @returns where it ends; 0 if it is none */
  private plain(
    flow: number,
    side: Side,
    bytes: Uint8Array,
    at: number,
    end: number,
    wireEnd: number,
    packet: number,
    nanos: number,
    ipId: number,
  ): number {
    const withId = bytes[at] === CONTENT_TYPE.tls12Cid;
    const idLength = withId ? this.idLength(flow, side, bytes, at, end, wireEnd, packet, nanos) : 0;
    if (idLength < 0) return 0;
    const after = at + DTLS_HEADER + idLength + lengthAt(bytes, at + idLength);
    if (after > wireEnd) return 0;
    const last = after < end ? after : end;
    if (withId) this.withId(flow, side, bytes, at, idLength, last, packet, nanos, ipId);
    else this.one(flow, side, bytes, at, last, packet, nanos, ipId);
    return after;
  }

  /** Octets of the connection id of the record at `at`; `UNREAD` if nobody knows. */
  private idLength(
    flow: number,
    side: Side,
    bytes: Uint8Array,
    at: number,
    end: number,
    wireEnd: number,
    packet: number,
    nanos: number,
  ): number {
    const { sink } = this;
    const known = sink.connectionIdLength(flow, side, bytes, at + CONNECTION_ID_AT, end);
    if (known < 0)
      return this.idLengths.guess(2 * flow + side, bytes, at, end, wireEnd, packet) ?? UNREAD;
    if (fills(bytes, at, end, wireEnd, known)) return known;
    sink.misfit(flow, side, bytes, at, end, wireEnd, packet, nanos);
    return UNREAD;
  }

  private withId(
    flow: number,
    side: Side,
    bytes: Uint8Array,
    at: number,
    idLength: number,
    end: number,
    packet: number,
    nanos: number,
    ipId: number,
  ): void {
    this.sink.recordWithId(
      flow,
      side,
      ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number),
      ((bytes[at + 3] as number) << 8) | (bytes[at + 4] as number),
      sequenceAt(bytes, at),
      idLength,
      lengthAt(bytes, at + idLength),
      bytes,
      at + DTLS_HEADER + idLength,
      end,
      packet,
      nanos,
      ipId,
    );
  }

  /** A record with its header at `at`; `end` is where its captured octets end. */
  private one(
    flow: number,
    side: Side,
    bytes: Uint8Array,
    at: number,
    end: number,
    packet: number,
    nanos: number,
    ipId: number,
  ): void {
    this.sink.record(
      flow,
      side,
      bytes[at] as number,
      ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number),
      ((bytes[at + 3] as number) << 8) | (bytes[at + 4] as number),
      sequenceAt(bytes, at),
      lengthAt(bytes, at),
      bytes,
      at + DTLS_HEADER,
      end,
      packet,
      nanos,
      ipId,
    );
  }
}
