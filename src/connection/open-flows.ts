import { grown } from '../bytes/columns.ts';

/** The flows that have associations, without a hole, so that going round costs nothing for those that had some. */
export class OpenFlows {
  private flows = new Int32Array(64);
  /** By flow: its place in `flows` plus 1; 0 for none. */
  private places = new Int32Array(512);
  size = 0;

  at(place: number): number {
    return this.flows[place] as number;
  }

  /** Adds a flow that is not among them. */
  add(flow: number): void {
    if (this.size === this.flows.length) this.flows = grown(this.flows, 2 * this.size);
    if (flow >= this.places.length) this.places = grown(this.places, Math.ceil(flow * 1.5) + 1);
    this.flows[this.size] = flow;
    this.places[flow] = ++this.size;
  }

  /** Takes a flow out that is among them; the last one takes its place. */
  remove(flow: number): void {
    const place = this.places[flow] as number;
    const last = this.at(--this.size);
    this.flows[place - 1] = last;
    this.places[last] = place;
    this.places[flow] = 0;
  }
}
