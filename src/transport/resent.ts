import type { At } from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';
import type { NoticeCode, NoticeSink } from '../model/notice.ts';
import type { ConflictFact } from '../model/tcp-facts.ts';
import type { TransportCursor } from '../model/transport-cursor.ts';
import { isAtOnce, type SentOctets } from './sent-octets.ts';
import { ahead } from './sequence.ts';
import {
  halfOf,
  LAST_DATA_PACKET,
  LAST_PACKET,
  peerOf,
  RETRANSMISSIONS,
  rowOf,
  SENDER,
  type TcpTable,
} from './tcp-table.ts';
import type { TcpView } from './tcp-view.ts';

/**
 * What comes under numbers that were sent before: one packet that was captured twice, a retransmission, or other octets
 * than the first time.
 */
export class Resent {
  private readonly table: TcpTable;
  private readonly view: TcpView;
  private readonly sentOctets: SentOctets;
  private readonly notices: NoticeSink;

  constructor(table: TcpTable, view: TcpView, sentOctets: SentOctets, notices: NoticeSink) {
    this.table = table;
    this.view = view;
    this.sentOctets = sentOctets;
    this.notices = notices;
  }

  /** Octets that were kept or delivered already: no packet of before, but a retransmission. */
  repeated(place: number, sequence: number, length: number, packet: number, nanos: number): void {
    const { words, first } = this.table;
    words[place + RETRANSMISSIONS] = (words[place + RETRANSMISSIONS] as number) + 1;
    const offset = ahead(sequence, first[halfOf(place)] as number);
    if (offset >= 0 && offset + length <= LIMITS.tcpRepeatOctets)
      this.view.repeats.note(halfOf(place), offset, length, packet, nanos);
  }

  /**
   * Is it a packet that was captured before? What TCP repeats comes in a packet of its own, with the same octets (RFC 9293
   * §3.4).
   */
  isSamePacket(
    place: number,
    sequence: number,
    { bytes, payloadOffset, payloadLength, ipId }: TransportCursor,
    packet: number,
    nanos: number,
  ): boolean {
    const sender = this.senderOf(place);
    const { sentOctets } = this;
    const earlier = sentOctets.otherwise(sender, sequence, bytes, payloadOffset, payloadLength);
    if (earlier !== undefined) {
      this.conflict(place, { packet, nanos, earlier });
      return false;
    }
    const same = sentOctets.samePacket(sender, sequence, payloadLength, ipId);
    if (same === undefined) return false;
    if (this.wentOn(place, same.packet))
      this.view.order.cameAgain(this.table.flow[rowOf(place)] as number);
    if (!isAtOnce(nanos, same.nanos)) return false;
    this.notice('captured-twice', packet);
    return true;
  }

  /** Came others of the connection behind this packet, the present one apart? */
  private wentOn(place: number, packet: number): boolean {
    const { words } = this.table;
    return (
      (words[place + LAST_DATA_PACKET] as number) > packet ||
      (words[peerOf(place) + LAST_PACKET] as number) > packet
    );
  }

  /** The packet that had the same octets under the same numbers; undefined if they differ or are no longer kept. */
  copyOf(
    place: number,
    sequence: number,
    { bytes, payloadOffset, payloadLength }: TransportCursor,
  ): At | undefined {
    if (payloadLength === 0) return undefined;
    return this.sentOctets.same(
      this.senderOf(place),
      sequence,
      bytes,
      payloadOffset,
      payloadLength,
    );
  }

  /** Rows are given to one connection after the other, the number of a stream is not. */
  private senderOf(place: number): number {
    return this.table.words[place + SENDER] as number;
  }

  /** A retransmission with other octets: only one of the two can have been what its receiver took. */
  conflict(place: number, conflict: ConflictFact): void {
    this.notice('tcp-overlap-differs', conflict.packet);
    this.view.remarksOf(rowOf(place)).addConflict(conflict);
  }

  private notice(code: NoticeCode, packetNumber: number): void {
    this.notices.notice({ code, packetNumber, offset: -1, needed: 0, available: 0 });
  }
}
