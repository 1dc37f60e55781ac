import { CONTENT_TYPE, type DtlsSink } from '../model/record.ts';
import type { Side } from '../model/stream.ts';

/** Octets of a DTLS record header: type, version, epoch, sequence number, length (RFC 6347 §4.1). */
export const DTLS_HEADER = 13;
/** As in TLS, RFC 6347 §4.1. */
const FRAGMENT_MAX = 16_384 + 2_048;
const DTLS_1_0 = 0xfeff;
const DTLS_1_2 = 0xfefd;
/** OpenSSL before 0.9.8f put this on the wire; Cisco AnyConnect still does. */
const DTLS_PRE_STANDARD = 0x0100;

/**
 * UDP datagrams → DTLS records. Datagrams carry whole records (RFC 6347 §4.1.1), so each is judged by its own octets: the
 * records must fill it exactly, and other protocols on the same 5-tuple (STUN, RTP, TURN, RFC 7983 §7) pass by.
 *
 * Octets after the last whole record that are no record end the datagram; what was read before them counts.
 */
export class DtlsDatagrams {
  private readonly sink: DtlsSink;

  constructor(sink: DtlsSink) {
    this.sink = sink;
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
    if (end - start < DTLS_HEADER || !isDtlsHeader(bytes, start)) return false;
    const next = start + DTLS_HEADER + lengthAt(bytes, start);
    if (next === wireEnd) {
      this.one(flow, side, bytes, start, end, packet, nanos, ipId);
      return true;
    }
    if (next > wireEnd || !mayFollow(bytes, next, end)) return false;
    let at = start;
    while (at + DTLS_HEADER <= end && isDtlsHeader(bytes, at)) {
      const after = at + DTLS_HEADER + lengthAt(bytes, at);
      if (after > wireEnd) break;
      this.one(flow, side, bytes, at, after < end ? after : end, packet, nanos, ipId);
      at = after;
    }
    return true;
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
    const high = ((bytes[at + 5] as number) << 8) | (bytes[at + 6] as number);
    const low =
      ((bytes[at + 7] as number) << 24) |
      ((bytes[at + 8] as number) << 16) |
      ((bytes[at + 9] as number) << 8) |
      (bytes[at + 10] as number);
    this.sink.record(
      flow,
      side,
      bytes[at] as number,
      ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number),
      ((bytes[at + 3] as number) << 8) | (bytes[at + 4] as number),
      high === 0 && low >= 0 ? low : high * 0x100000000 + (low >>> 0),
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

function lengthAt(bytes: Uint8Array, at: number): number {
  return ((bytes[at + 11] as number) << 8) | (bytes[at + 12] as number);
}

function isDtlsHeader(bytes: Uint8Array, at: number): boolean {
  const type = bytes[at] as number;
  if (type < CONTENT_TYPE.changeCipherSpec || type > CONTENT_TYPE.tls12Cid) return false;
  const version = ((bytes[at + 1] as number) << 8) | (bytes[at + 2] as number);
  if (version !== DTLS_1_2 && version !== DTLS_1_0 && version !== DTLS_PRE_STANDARD) return false;
  return (((bytes[at + 11] as number) << 8) | (bytes[at + 12] as number)) <= FRAGMENT_MAX;
}

/** Behind the first record: another one, whose header may be cut, or a unified header of DTLS 1.3 (RFC 9147 §4). */
function mayFollow(bytes: Uint8Array, next: number, end: number): boolean {
  return (
    next + DTLS_HEADER > end || isDtlsHeader(bytes, next) || (bytes[next] as number) >> 5 === 1
  );
}
