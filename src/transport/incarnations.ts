/**
 * Whose a segment is, where two endpoints have had one TCP connection after the other (RFC 9293 §3.4.1, §3.10.7.4).
 *
 *    former   ────────data────────┤FIN        ├─ delayed ─┤
 *    present                           SYN  SYN-ACK ──data──
 *                                      └ asking ┘
 *
 * A SYN on endpoints that have a connection only asks for another one. The host that still knows the former answers with
 * an ACK of that (a challenge), and the former goes on as if nothing had happened. Only an answer to the SYN makes the
 * next connection. Segments of the former may still come then.
 */
import type { At } from '../model/history.ts';
import type { OldSegmentFact } from '../model/incarnation.ts';
import { LIMITS } from '../model/limits.ts';
import { otherSide, type Side } from '../model/stream.ts';
import type { TransportCursor } from '../model/transport-cursor.ts';
import type { Reassembly } from './reassembly.ts';
import type { FormerOfSides } from './remarks.ts';
import { advance, ahead } from './sequence.ts';
import { timestampOf } from './tcp-options.ts';
import {
  FIN_PACKET,
  FLAGS,
  FURTHEST,
  HALF,
  halfOf,
  LAST_DATA_PACKET,
  LAST_PACKET,
  NEXT_SEQUENCE,
  peerOf,
  placeOf,
  RST_PACKET,
  sideOf,
  type TcpTable,
} from './tcp-table.ts';
import type { TcpView } from './tcp-view.ts';

const FIN = 1;
const SYN = 2;
const RST = 4;
const ACK = 16;

/** The window that is taken for the one offered where no SYN tells. */
const WINDOW = 0xffff;

export class Incarnations {
  private readonly table: TcpTable;
  private readonly view: TcpView;
  private readonly reassembly: Reassembly;

  constructor(table: TcpTable, view: TcpView, reassembly: Reassembly) {
    this.table = table;
    this.view = view;
    this.reassembly = reassembly;
  }

  /**
   * A SYN asks for the connection `row`, while `former` (-1 for one before the capture) may live on.
   *
   * @returns the one that the segment is of; -1 where nothing tells
   */
  ownerWhileAsking(row: number, former: number, side: Side, t: TransportCursor): number {
    const initiator = (this.table.initiator[row] as number) - 1;
    const asked = placeOf(row, initiator);
    if (side === initiator) {
      if (former < 0 || (t.flags & SYN) !== 0) return row;
      const before = placeOf(former, side);
      // Nobody knows the numbers of a host that has not answered: these are the ones of the former.
      if ((t.flags & ACK) !== 0 && this.hasSent(peerOf(before), t.acknowledgement)) return former;
      if (t.sequence === this.table.words[asked + NEXT_SEQUENCE]) return row;
      return this.isCloser(before, asked, t.sequence) ? former : -1;
    }
    if ((t.flags & ACK) !== 0) return this.isAnswer(asked, former, t) ? row : former;
    if (former < 0) return row;
    const before = placeOf(former, side);
    if ((t.flags & RST) !== 0 && this.isStarted(before) && this.isNear(before, t.sequence))
      return former;
    return row;
  }

  /** Does this acknowledge the SYN, and perhaps data that came with it? RFC 9293 §3.10.7.3, RFC 7413 §4.1.2. */
  private isAnswer(asked: number, former: number, { acknowledgement, flags }: TransportCursor) {
    const { words, first } = this.table;
    const beyond = ahead(acknowledgement, first[halfOf(asked)] as number);
    if (beyond < 0 || beyond > LIMITS.tcpWindowOctets) return false;
    if (former < 0) return true;
    if ((flags & SYN) !== 0) return ahead(acknowledgement, words[asked + FURTHEST] as number) <= 0;
    // The SYN-ACK is not in the capture, or this is about the former.
    const before = placeOf(former, sideOf(asked));
    return !this.isStarted(before) || beyond < this.distance(before, acknowledgement);
  }

  /** What is known of `row` when the next connection on its endpoints begins under `sequence` of `side`. */
  formerFacts(row: number, side: Side, sequence: number): FormerOfSides {
    const { words, stream } = this.table;
    const [a, b] = [placeOf(row, 0), placeOf(row, 1)];
    const fins = [a, b].map((place) => words[place + FIN_PACKET] as number);
    const [finA = 0, finB = 0] = fins;
    const isReset = [a, b].some((place) => words[place + RST_PACKET] !== 0);
    const count = fins.filter((packet) => packet !== 0).length;
    const mine = placeOf(row, side);
    return {
      stream: stream[row] as number,
      last: {
        packet: words[this.table.lastPlace(row) + LAST_PACKET] as number,
        nanos: this.table.lastNanos(row),
      },
      end: count === 2 ? 'closed' : isReset ? 'reset' : count === 1 ? 'half-closed' : 'open',
      closedFirst: count === 0 ? undefined : finB === 0 || (finA !== 0 && finA < finB) ? 0 : 1,
      ahead: this.isStarted(mine) ? ahead(sequence, words[mine + FURTHEST] as number) : undefined,
    };
  }

  /**
   * Payload that was sent on the former connection and comes on the present one; undefined if it is of this one, or
   * nothing tells.
   */
  oldSegment(
    row: number,
    former: number,
    side: Side,
    t: TransportCursor,
  ): Pick<OldSegmentFact, 'how' | 'earlier' | 'taken'> | undefined {
    const { words, first } = this.table;
    const place = placeOf(row, side);
    const before = placeOf(former, side);
    if (!this.isStarted(place) || !this.isStarted(before)) return undefined;
    const { sequence } = t;
    const earlier = () => this.reassembly.resent.copyOf(before, sequence, t);
    const timestamp = timestampOf(t);
    const begun = this.view.known(row)?.synTimestamp[side];
    if (timestamp !== undefined && begun !== undefined)
      return ahead(timestamp, begun) < 0
        ? { how: 'timestamp', earlier: earlier(), taken: false }
        : undefined;

    // RFC 9293 §3.10.7.4, RFC 5961 §5.2: what acknowledges octets that were never sent here is dropped.
    const peer = peerOf(place);
    if (
      (t.flags & ACK) !== 0 &&
      this.isStarted(peer) &&
      !this.hasSent(peer, t.acknowledgement) &&
      this.hasSent(peerOf(before), t.acknowledgement)
    )
      return { how: 'acknowledgement', earlier: earlier(), taken: false };

    const end = advance(sequence, t.wirePayloadLength);
    const isOfFormer =
      ahead(sequence, first[halfOf(before)] as number) >= 0 &&
      ahead(end, words[before + FURTHEST] as number) <= 0;
    if (!isOfFormer) return undefined;
    const skew = ahead(sequence, words[place + NEXT_SEQUENCE] as number);
    // A keep-alive stands before the octet that is due.
    if (skew === -1 && t.wirePayloadLength === 1) return undefined;
    if (ahead(end, first[halfOf(place)] as number) <= 0)
      return { how: 'number', earlier: earlier(), taken: false };
    if (skew < 0 && this.reassembly.resent.copyOf(place, sequence, t) !== undefined)
      return undefined;
    const copy: At | undefined = earlier();
    if (copy === undefined) return undefined;
    const window = this.view.known(row)?.synWindow[otherSide(side)] ?? WINDOW;
    const isNew = ahead(end, words[place + NEXT_SEQUENCE] as number) > 0;
    return { how: 'copy', earlier: copy, taken: isNew && skew < window };
  }

  /** Is a RST or FIN rather of the former connection? Only its number tells. */
  isOfFormer(row: number, former: number, side: Side, { sequence, flags }: TransportCursor) {
    const [place, before] = [placeOf(row, side), placeOf(former, side)];
    if (!this.isStarted(before) || this.isCloser(place, before, sequence)) return false;
    // Who sends its FIN again is not done with it, and takes no SYN: this is a copy.
    if ((flags & FIN) !== 0 && this.table.words[before + FIN_PACKET] !== 0) this.cameAgain(row);
    return true;
  }

  /**
   * Was this SYN or SYN-ACK seen before, and later packets since: of its own connection, or of the next ones? A host that
   * went on does not send it again. A SYN-ACK that answers the SYN before the one that its receiver went on from is late too.
   */
  lookForCopy(row: number, side: Side, t: TransportCursor): void {
    const { words, asking, lastSynPacket, former } = this.table;
    const place = placeOf(row, side);
    const wentOn =
      (t.flags & ACK) === 0
        ? asking[row] === 0 &&
          (words[place + LAST_PACKET] as number) > (lastSynPacket[row] as number)
        : words[place + LAST_DATA_PACKET] !== 0;
    let isAgain = wentOn && this.begins(place, t);
    for (let before = former[row] as number; before > 0; before = former[before - 1] as number)
      isAgain ||=
        this.begins(placeOf(before - 1, side), t) || this.answersOnly(before - 1, row, side, t);
    if (isAgain) this.cameAgain(row);
  }

  /** Does it acknowledge what was sent on the former connection, and never on this one? */
  private answersOnly(former: number, row: number, side: Side, t: TransportCursor): boolean {
    const [sent, before] = [placeOf(row, otherSide(side)), placeOf(former, otherSide(side))];
    const { flags, acknowledgement } = t;
    return (
      (flags & ACK) !== 0 &&
      this.isStarted(sent) &&
      !this.hasSent(sent, acknowledgement) &&
      this.hasSent(before, acknowledgement)
    );
  }

  /** Does the direction begin with this SYN? */
  private begins(place: number, { sequence }: TransportCursor): boolean {
    return this.isStarted(place) && this.table.first[halfOf(place)] === advance(sequence, 1);
  }

  private cameAgain(row: number): void {
    this.view.order.cameAgain(this.table.flow[row] as number);
  }

  /**
   * Has a segment of this side, or what it acknowledges, a number beyond all that was captured of either direction? Or may
   * the connection have been closed in what came before the capture?
   */
  isBeyond(row: number, side: Side, { sequence, acknowledgement }: TransportCursor): boolean {
    const place = placeOf(row, side);
    return (
      this.isBehind(place, sequence) ||
      this.isBehind(peerOf(place), acknowledgement) ||
      (this.table.initiator[row] === 0 && (this.isMute(place) || this.isMute(peerOf(place))))
    );
  }

  /** Neither payload nor a FIN of this direction was captured. */
  private isMute(place: number): boolean {
    const { words, first } = this.table;
    if (((words[place + FLAGS] as number) & HALF.fin) !== 0) return false;
    return !this.isStarted(place) || words[place + FURTHEST] === first[halfOf(place)];
  }

  private isBehind(place: number, number: number): boolean {
    if (!this.isStarted(place)) return false;
    const { words } = this.table;
    const fin = ((words[place + FLAGS] as number) & HALF.fin) === 0 ? 0 : 1;
    return ahead(number, words[place + FURTHEST] as number) > fin;
  }

  /** Could this be acknowledged of what the direction has sent, a FIN included? */
  private hasSent(place: number, acknowledgement: number): boolean {
    const { words, first } = this.table;
    return (
      this.isStarted(place) &&
      ahead(acknowledgement, first[halfOf(place)] as number) >= 0 &&
      ahead(acknowledgement, words[place + FURTHEST] as number) <= 1
    );
  }

  /** Is the number nearer to where the one direction is than to where the other was? */
  private isCloser(place: number, other: number, sequence: number): boolean {
    if (!this.isStarted(place) || !this.isStarted(other)) return true;
    return this.distance(place, sequence) <= this.distance(other, sequence);
  }

  private distance(place: number, sequence: number): number {
    const { words } = this.table;
    const due = Math.abs(ahead(sequence, words[place + NEXT_SEQUENCE] as number));
    return Math.min(due, Math.abs(ahead(sequence, words[place + FURTHEST] as number)));
  }

  private isNear(place: number, sequence: number): boolean {
    return this.distance(place, sequence) <= LIMITS.tcpWindowOctets;
  }

  private isStarted(place: number): boolean {
    return ((this.table.words[place + FLAGS] as number) & HALF.started) !== 0;
  }
}
