import type { IpFragmentFact } from '../model/flights.ts';
import type { At } from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';

/** Datagrams of one direction of a handshake that came as IP fragments. */
export class IpPieces {
  private count = 0;
  private firstWhole: At | undefined;
  /** First fragments of those that are not whole. */
  private readonly halves: At[] = [];
  private octets = 0;

  begin(octets: number, at: At): void {
    this.octets = Math.max(this.octets, octets);
    // Those beyond the limit are forgotten, so that nothing is held for missing that came.
    if (this.halves.length < LIMITS.ipHalves) this.halves.push(at);
  }

  whole(first: number, octets: number, at: At): void {
    this.octets = Math.max(this.octets, octets);
    this.count++;
    this.firstWhole ??= at;
    const index = this.halves.findIndex(({ packet }) => packet === first);
    if (index >= 0) this.halves.splice(index, 1);
  }

  fact(): IpFragmentFact | undefined {
    const { count, firstWhole, halves, octets } = this;
    if (count === 0 && halves.length === 0) return undefined;
    return { whole: count, firstWhole, halves: [...halves], octets };
  }
}
