import { LIMITS } from '../model/limits.ts';
import type { NoticeSink } from '../model/notice.ts';
import {
  hiding,
  PASSED,
  type PassedOver,
  type PassedOverSink,
  passedOverName,
} from '../model/passed-over.ts';

/** Counts what the packets of a capture were that lead to no TLS or DTLS, by kind. */
export class PassedOverBook implements PassedOverSink {
  private counts = new Map<number, { packets: number; readonly firstPacket: number }>();

  beginCapture(): void {
    this.counts = new Map();
  }

  passedOver(key: number, packetNumber: number): void {
    const known = this.counts.get(key);
    if (known !== undefined) known.packets++;
    else if (this.counts.size < LIMITS.passedOverKinds || key === PASSED.rest)
      this.counts.set(key, { packets: 1, firstPacket: packetNumber });
    else this.passedOver(PASSED.rest, packetNumber);
  }

  /** What was counted, most frequent first; gives notice of each kind that may hide connections. */
  endCapture(notices: NoticeSink): PassedOver[] {
    const kinds = [...this.counts].sort(([, a], [, b]) => b.packets - a.packets);
    // Numbers that share a name are told together, each number's notice by itself.
    const named = new Map<string, PassedOver>();
    for (const [key, { packets, firstPacket }] of kinds) {
      const kind = passedOverName(key);
      const before = named.get(kind);
      named.set(kind, {
        kind,
        packets: packets + (before?.packets ?? 0),
        firstPacket: Math.min(firstPacket, before?.firstPacket ?? firstPacket),
      });
      const hidden = hiding(key);
      if (hidden === undefined) continue;
      const [code, advice] = hidden;
      const unit = packets === 1 ? 'packet' : 'packets';
      notices.notice({
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
