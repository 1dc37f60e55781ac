import type { At } from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';

/** A segment that a direction sent again, and how often it did so in a row. */
interface Repeat {
  readonly offset: number;
  length: number;
  times: number;
  readonly first: At;
  last: At;
}

/**
 * The segment that each direction repeated last, as long as it is at its beginning, where handshakes are. TCP repeats from
 * the first octet that was not acknowledged (RFC 6298 §5, rule 5.4): what it repeats over and over does not get through.
 */
export class Repeats {
  private readonly known = new Map<number, Repeat>();

  get size(): number {
    return this.known.size;
  }

  /**
   * @param half names the direction
   * @param offset of the segment in its stream
   */
  note(half: number, offset: number, length: number, packet: number, nanos: number): void {
    const before = this.known.get(half);
    if (before?.offset === offset) {
      before.length = Math.max(before.length, length);
      before.times++;
      before.last = { packet, nanos };
      return;
    }
    if (before === undefined && this.known.size === LIMITS.tcpRepeats) this.dropOldest();
    const when = { packet, nanos };
    this.known.set(half, { offset, length, times: 1, first: when, last: when });
  }

  of(half: number): Readonly<Repeat> | undefined {
    return this.known.get(half);
  }

  forget(half: number): void {
    this.known.delete(half);
  }

  private dropOldest(): void {
    for (const half of this.known.keys()) {
      this.known.delete(half);
      return;
    }
  }
}
