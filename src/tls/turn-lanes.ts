import { grown } from '../bytes/columns.ts';
import { LIMITS } from '../model/limits.ts';
import type { InnerFlows } from '../model/stream.ts';

/** Words of a key: flow, then family, port and address of the peer; a channel number stands as port under family 0. */
const WORDS = 7;
const FIRST_ROWS = 16;

/**
 * Peers behind TURN relays, and the channels bound to them (RFC 8656 §12): which flow of its own the DTLS of each has. One
 * relay carries the conversations with all its client's peers on one 5-tuple; taken for one conversation, the records of
 * one peer would be strays in that with another.
 *
 * Rows of numbers in a hash table; nothing is allocated for a row that is known. Beyond `LIMITS.turnPeers` further peers
 * have no lane.
 */
export class TurnLanes {
  private readonly flows: InnerFlows;
  private slots = new Int32Array(2 * FIRST_ROWS);
  private keys = new Int32Array(FIRST_ROWS * WORDS);
  /** The inner flow plus 1; 0 while there is none. */
  private lane = new Int32Array(FIRST_ROWS);
  /** The row of the peer plus 1 that a channel is bound to. */
  private bound = new Int32Array(FIRST_ROWS);
  private count = 0;
  private readonly outers = new Set<number>();
  private readonly probe = new Int32Array(WORDS);
  /** Ports, addresses and channels come from the wire. */
  private readonly seed = (Math.random() * 0x7fffffff) | 0;

  constructor(flows: InnerFlows) {
    this.flows = flows;
  }

  /** Are peers told apart on this flow? */
  has(flow: number): boolean {
    return this.outers.has(flow);
  }

  /** @param peer as `StunScan.peer` has it. @returns a row for `flowOf`; -1 beyond the limit */
  peer(flow: number, peer: Int32Array): number {
    this.probe[0] = flow;
    for (let i = 1; i < WORDS; i++) this.probe[i] = peer[i - 1] as number;
    return this.row();
  }

  /** @returns a row for `flowOf`; -1 beyond the limit */
  channel(flow: number, channel: number): number {
    this.probe.fill(0);
    this.probe[0] = flow;
    this.probe[2] = channel;
    return this.row();
  }

  /** From now on the channel carries what goes to this peer. */
  bind(flow: number, channel: number, peer: Int32Array): void {
    const to = this.peer(flow, peer);
    const from = this.channel(flow, channel);
    if (from < 0 || to < 0) return;
    // What came over the channel before is that peer's, if it is bound for the first time.
    if (this.bound[from] === 0 && this.lane[from] !== 0 && this.lane[to] === 0)
      this.lane[to] = this.lane[from] as number;
    this.bound[from] = to + 1;
  }

  /** The flow that the conversation of this row has; made when first asked for. */
  flowOf(row: number, outer: number): number {
    const bound = this.bound[row] as number;
    const at = bound === 0 ? row : bound - 1;
    const known = this.lane[at] as number;
    if (known !== 0) return known - 1;
    const flow = this.flows.addInner(outer);
    this.lane[at] = flow + 1;
    return flow;
  }

  /** The same without making one; -1 where there is none. */
  knownFlowOf(row: number): number {
    const bound = this.bound[row] as number;
    return (this.lane[bound === 0 ? row : bound - 1] as number) - 1;
  }

  private row(): number {
    const mask = this.slots.length - 1;
    let slot = this.hash(this.probe, 0) & mask;
    for (;;) {
      const row = (this.slots[slot] as number) - 1;
      if (row < 0) return this.add(slot);
      if (this.matches(row)) return row;
      slot = (slot + 1) & mask;
    }
  }

  private matches(row: number): boolean {
    for (let i = 0; i < WORDS; i++) if (this.keys[row * WORDS + i] !== this.probe[i]) return false;
    return true;
  }

  private add(slot: number): number {
    if (this.count === LIMITS.turnPeers) return -1;
    const row = this.count++;
    this.outers.add(this.probe[0] as number);
    if (row === this.lane.length) {
      this.keys = grown(this.keys, 2 * row * WORDS);
      this.lane = grown(this.lane, 2 * row);
      this.bound = grown(this.bound, 2 * row);
    }
    this.keys.set(this.probe, row * WORDS);
    this.slots[slot] = row + 1;
    if (this.count * 2 > this.slots.length) this.rehash();
    return row;
  }

  private rehash(): void {
    this.slots = new Int32Array(this.slots.length * 2);
    const mask = this.slots.length - 1;
    for (let row = 0; row < this.count; row++) {
      let slot = this.hash(this.keys, row * WORDS) & mask;
      while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
      this.slots[slot] = row + 1;
    }
  }

  private hash(words: Int32Array, at: number): number {
    let hash = this.seed;
    for (let i = 0; i < WORDS; i++) {
      hash = Math.imul(hash ^ (words[at + i] as number), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    return Math.imul(hash, 0x85ebca6b) >>> 7;
  }
}
