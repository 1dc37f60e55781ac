/** How TCP connections begin: SYNs, and the first number of each direction. RFC 9293 §3.5. */
import { LIMITS } from '../model/limits.ts';
import type { NoticeSink } from '../model/notice.ts';
import type { Side } from '../model/stream.ts';
import type { TransportCursor } from '../model/transport-cursor.ts';
import { advance, ahead } from './sequence.ts';
import { hasMultipath, segmentSizeOf, timestampOf } from './tcp-options.ts';
import {
  FLAGS,
  FURTHEST,
  HALF,
  halfOf,
  LAST_DATA_PACKET,
  NEXT_SEQUENCE,
  placeOf,
  rowOf,
  type TcpTable,
} from './tcp-table.ts';
import type { TcpView } from './tcp-view.ts';

const ACK = 16;

export class Beginnings {
  private readonly table: TcpTable;
  private readonly view: TcpView;
  private readonly notices: NoticeSink;

  constructor(table: TcpTable, view: TcpView, notices: NoticeSink) {
    this.table = table;
    this.view = view;
    this.notices = notices;
  }

  synSeen(row: number, side: Side, t: TransportCursor, packet: number, nanos: number): void {
    const table = this.table;
    this.hopsSeen(placeOf(row, side), t.hopLimit);
    table.synSegment[halfOf(placeOf(row, side))] = segmentSizeOf(t);
    const remarks = this.view.known(row);
    if (remarks !== undefined) {
      remarks.synTimestamp[side] ??= timestampOf(t);
      remarks.synWindow[side] ??= t.window;
    }
    if ((t.flags & ACK) !== 0) {
      if (table.synAckPacket[row] === 0 && hasMultipath(t))
        this.notices.notice({
          code: 'tcp-multipath',
          packetNumber: packet,
          offset: -1,
          needed: 0,
          available: 0,
        });
      if (table.initiator[row] === 0) table.initiator[row] = 2 - side;
      if (table.synAckPacket[row] === 0) {
        table.synAckPacket[row] = packet;
        table.synAckNanos[row] = nanos;
      }
      return;
    }
    if (table.initiator[row] === 0) table.initiator[row] = side + 1;
    if (table.synCount[row] === 0) {
      table.synPacket[row] = packet;
      table.synNanos[row] = nanos;
    }
    table.synCount[row] = (table.synCount[row] as number) + 1;
    table.lastSynPacket[row] = packet;
    table.lastSynNanos[row] = nanos;
  }

  private hopsSeen(place: number, hopLimit: number): void {
    const { words, synHopLimit } = this.table;
    const before = synHopLimit[halfOf(place)] as number;
    if (before === 0) synHopLimit[halfOf(place)] = hopLimit;
    else if (before !== hopLimit)
      words[place + FLAGS] = (words[place + FLAGS] as number) | HALF.hopsDiffer;
  }

  /** A SYN, or the first payload or FIN of a direction whose SYN was not captured: a bare ACK may already be ahead of it. */
  starting(place: number, sequence: number, isSyn: boolean): void {
    const { words } = this.table;
    // SYN-ACKs with different numbers (SYN cookies, middleboxes): the last one before data counts.
    if (words[place + LAST_DATA_PACKET] !== 0) {
      this.beganAt(place, sequence);
      return;
    }
    const first = this.firstDue(place, sequence);
    words[place + FLAGS] = (words[place + FLAGS] as number) | HALF.started;
    const isKnown = ((words[place + FLAGS] as number) & HALF.acknowledged) !== 0;
    if (isSyn && isKnown && this.table.acknowledged[halfOf(place)] === sequence)
      this.table.noteLate(place, advance(sequence, -1));
    words[place + NEXT_SEQUENCE] = first;
    words[place + FURTHEST] = first;
    this.table.first[halfOf(place)] = first;
    this.table.atPeerFin[halfOf(place)] = first;
  }

  /** A SYN that was captured behind data, and perhaps the first octets as well: these were passed by. */
  private beganAt(place: number, sequence: number): void {
    const passed = ahead(this.table.first[halfOf(place)] as number, sequence);
    if (passed > 0 && passed <= LIMITS.tcpWindowOctets)
      this.view.remarksOf(rowOf(place)).beganEarlier = true;
  }

  /**
   * Where a direction begins whose first captured segment has this number. If its SYN is not in the capture but that of
   * the peer is, the first acknowledgement tells whether octets are missing before it.
   */
  private firstDue(place: number, sequence: number): number {
    const { words, acknowledged, initiator } = this.table;
    if (((words[place + FLAGS] as number) & HALF.acknowledged) === 0) return sequence;
    if (initiator[rowOf(place)] === 0) return sequence;
    const due = acknowledged[halfOf(place)] as number;
    const missing = ahead(sequence, due);
    return missing > 0 && missing <= LIMITS.tcpWindowOctets ? due : sequence;
  }
}
