/** How TCP connections end: FIN, RST, and RSTs that their receiver did not take. RFC 9293 §3.6, §3.10.7.4. */

import { LIMITS } from '../model/limits.ts';
import type { TransportCursor } from '../model/transport-cursor.ts';
import { advance, ahead } from './sequence.ts';
import {
  EARLY_OCTETS,
  FIN_NANOS,
  FIN_PACKET,
  FLAGS,
  FURTHEST,
  HALF,
  halfOf,
  NEXT_SEQUENCE,
  peerOf,
  RST_NANOS,
  RST_PACKET,
  rowOf,
  sideOf,
  type TcpTable,
} from './tcp-table.ts';
import type { TcpView } from './tcp-view.ts';

const ACK = 16;

export class Endings {
  private readonly table: TcpTable;
  private readonly view: TcpView;

  constructor(table: TcpTable, view: TcpView) {
    this.table = table;
    this.view = view;
  }

  /** A FIN under this number. @returns whether both sides are closed */
  finished(
    place: number,
    sequence: number,
    t: TransportCursor,
    packet: number,
    nanos: number,
  ): boolean {
    const { words, numbers } = this.table;
    const seen = words[place + FLAGS] as number;
    const peer = peerOf(place);
    if ((seen & HALF.fin) === 0) {
      if (!this.isNear(place, sequence)) return false;
      words[place + FLAGS] = seen | HALF.fin;
      if ((seen & HALF.acknowledged) !== 0)
        this.table.noteLate(place, advance(sequence, t.wirePayloadLength));
      words[place + FIN_PACKET] = packet;
      numbers[(place >> 1) + FIN_NANOS] = nanos;
      if (((words[peer + FLAGS] as number) & HALF.started) !== 0)
        this.table.atPeerFin[halfOf(peer)] = this.knownAt(peer, t);
      // Its number counts octets that the capture may lack.
      if ((seen & HALF.started) !== 0 && ahead(sequence, words[place + FURTHEST] as number) > 0)
        words[place + FURTHEST] = sequence;
    }
    return ((words[peer + FLAGS] as number) & HALF.fin) !== 0;
  }

  /**
   * A RST that its receiver would not have taken either is no end (RFC 9293 §3.10.7.4, RFC 5961 §3.2): a late answer to
   * an older connection on these endpoints, or forged.
   *
   * @returns whether it may have been taken
   */
  reset(
    place: number,
    sequence: number,
    t: TransportCursor,
    packet: number,
    nanos: number,
  ): boolean {
    const { words, numbers } = this.table;
    const seen = words[place + FLAGS] as number;
    const withAck = (t.flags & ACK) !== 0;
    // Who has sent nothing so far refuses a SYN: only what it acknowledges can tell (RFC 9293 §3.10.7.3).
    if (!this.isNear(place, sequence)) return false;
    if ((seen & HALF.started) === 0 && withAck && !this.isNear(peerOf(place), t.acknowledgement))
      return false;
    if ((seen & HALF.rst) !== 0) return true;
    words[place + FLAGS] = seen | HALF.rst | (withAck ? HALF.rstWithAck : 0);
    words[place + RST_PACKET] = packet;
    numbers[(place >> 1) + RST_NANOS] = nanos;
    this.table.rstWindow[halfOf(place)] = t.window;
    this.table.rstHopLimit[halfOf(place)] = t.hopLimit;
    const distance = ahead(sequence, words[place + NEXT_SEQUENCE] as number);
    this.table.rstAhead[halfOf(place)] =
      distance > 0 ? Math.max(0, distance - (words[place + EARLY_OCTETS] as number)) : distance;
    this.table.atReset[halfOf(place)] =
      (seen & HALF.started) === 0 ? sequence : (words[place + FURTHEST] as number);
    this.table.doubt(rowOf(place));
    return true;
  }

  isReset(place: number): boolean {
    const { words } = this.table;
    const both = (words[place + FLAGS] as number) | (words[peerOf(place) + FLAGS] as number);
    return (both & HALF.rst) !== 0;
  }

  /**
   * Who took a RST acknowledges nothing any more. If it does so with octets that came behind the RST, that was none: its
   * number was not the one due, and a challenge was the answer (RFC 5961 §3.2).
   *
   * @param place of who acknowledges
   * @returns whether the connection goes on
   */
  outlives(place: number, acknowledgement: number): boolean {
    const { words, numbers, atReset } = this.table;
    const sender = peerOf(place);
    const seen = words[sender + FLAGS] as number;
    if (
      (seen & HALF.rst) === 0 ||
      ahead(acknowledgement, atReset[halfOf(sender)] as number) <= 0 ||
      ahead(acknowledgement, words[sender + FURTHEST] as number) > 0
    )
      return false;
    const row = rowOf(place);
    this.view.remarksOf(row).ignoredReset[sideOf(sender)] = {
      packet: words[sender + RST_PACKET] as number,
      nanos: numbers[(sender >> 1) + RST_NANOS] as number,
    };
    words[sender + FLAGS] = seen & ~(HALF.rst | HALF.rstWithAck);
    words[sender + RST_PACKET] = 0;
    return (seen & (words[place + FLAGS] as number) & HALF.fin) === 0;
  }

  /** How far the direction was when its peer sent this: as captured, or beyond, as the peer acknowledges. */
  private knownAt(place: number, { flags, acknowledgement }: TransportCursor): number {
    const furthest = this.table.words[place + FURTHEST] as number;
    const beyond = (flags & ACK) === 0 ? 0 : ahead(acknowledgement, furthest);
    return beyond > 0 && beyond <= LIMITS.tcpWindowOctets ? acknowledgement : furthest;
  }

  /** Could the direction be at this number? True where nothing is known of it. */
  private isNear(place: number, sequence: number): boolean {
    const { words } = this.table;
    if (((words[place + FLAGS] as number) & HALF.started) === 0) return true;
    const distance = ahead(sequence, words[place + NEXT_SEQUENCE] as number);
    return distance <= LIMITS.tcpWindowOctets && distance >= -LIMITS.tcpWindowOctets;
  }
}
