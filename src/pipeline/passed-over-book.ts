import { LIMITS } from '../model/limits.ts';
import type { CaptureFacts } from '../model/packet.ts';
import {
  hiding,
  PASSED,
  type PassedOver,
  type PassedOverSink,
  passedOverName,
} from '../model/passed-over.ts';
import type { NoticeBook } from './notice-book.ts';

type Counts = Map<number, { packets: number; readonly firstPacket: number }>;

/** Counts what the packets of each capture were that lead to no TLS or DTLS, by kind. */
export class PassedOverBook implements PassedOverSink {
  private readonly book: NoticeBook;
  private readonly captures: Counts[] = [];

  constructor(book: NoticeBook) {
    this.book = book;
  }

  passedOver(key: number, packetNumber: number): void {
    const { captures } = this;
    const { current } = this.book;
    const counts = captures[current] ?? new Map();
    captures[current] = counts;
    const known = counts.get(key);
    if (known !== undefined) known.packets++;
    else if (counts.size < LIMITS.passedOverKinds || key === PASSED.rest)
      counts.set(key, { packets: 1, firstPacket: packetNumber });
    else this.passedOver(PASSED.rest, packetNumber);
  }

  /** Puts what was counted into the facts; gives notice of each kind that may hide connections. */
  end(facts: readonly CaptureFacts[]): void {
    facts.forEach((one, index) => {
      one.passedOver = this.listOf(this.captures[index] ?? new Map());
    });
  }

  /** The most frequent first. */
  private listOf(counts: Counts): PassedOver[] {
    const { places } = this.book;
    const kinds = [...counts].sort(([, a], [, b]) => b.packets - a.packets);
    // Numbers that share a name are told together, each number's notice by itself.
    const named = new Map<string, PassedOver>();
    for (const [key, { packets, firstPacket }] of kinds) {
      const kind = passedOverName(key);
      const number = places.numberInFile(firstPacket);
      const before = named.get(kind);
      named.set(kind, {
        kind,
        packets: packets + (before?.packets ?? 0),
        firstPacket: Math.min(number, before?.firstPacket ?? number),
      });
      const hidden = hiding(key);
      if (hidden === undefined) continue;
      const [code, advice] = hidden;
      const unit = packets === 1 ? 'packet' : 'packets';
      this.book.notice({
        code,
        packetNumber: firstPacket,
        offset: -1,
        needed: 0,
        available: 0,
        detail: `${packets} ${unit} of ${kind}: ${advice}`,
        counted: true,
      });
    }
    return [...named.values()];
  }
}
