import { grown } from '../bytes/columns.ts';
import { ip6Text } from '../bytes/ip-text.ts';
import { finish, mix } from '../bytes/mix.ts';
import { freeSlot, vacate } from '../bytes/open-slots.ts';

/** Words of a key: two addresses, both ports, the flow, whether a packet came since the last look. */
const WORDS = 11;
const ADDRESS_WORDS = 4;
const PORTS = 8;
const FLOW = 9;
const HEARD = 10;
/** In place of a flow: no packet is found for this key, or it is free. */
const NO_FLOW = -1;
const FIRST_SLOTS = 4;

/** Endpoint pairs of IPv6, found by a seeded hash; a key is named by where its words begin. */
export class Ip6Keys {
  private words = new Int32Array(WORDS);
  /** Key + 1. Small at first: see `Columns.grow` for why arrays that grow should do so early. */
  private slots = new Int32Array(FIRST_SLOTS);
  private count = 0;
  /** Keys so far, those without packets and those that are free too. */
  private end = 0;
  private readonly free: number[] = [];
  private readonly seed = (Math.random() * 0x7fffffff) | 0;
  /** What was searched for last, and its hash. */
  private readonly probe = new Int32Array(WORDS);
  private hash = 0;

  /** @returns the flow between the addresses at two offsets; negative if there is none: then `add` adds it */
  find(view: DataView, low: number, high: number, ports: number): number {
    const { probe, slots } = this;
    let hash = this.seed;
    for (let i = 0; i < ADDRESS_WORDS; i++) {
      const a = view.getInt32(low + 4 * i);
      const b = view.getInt32(high + 4 * i);
      probe[i] = a;
      probe[ADDRESS_WORDS + i] = b;
      hash = mix(mix(hash, a), b);
    }
    probe[PORTS] = ports;
    hash = finish(mix(hash, ports));
    this.hash = hash;
    const mask = slots.length - 1;
    for (let slot = hash & mask; slots[slot] !== 0; slot = (slot + 1) & mask) {
      const k = ((slots[slot] as number) - 1) * WORDS;
      if (!this.matches(k)) continue;
      this.words[k + HEARD] = 1;
      return this.words[k + FLOW] as number;
    }
    return NO_FLOW;
  }

  /** Adds what was searched for last. @returns the key, which has no flow before `settle` */
  add(): number {
    this.probe[FLOW] = NO_FLOW;
    this.probe[HEARD] = 0;
    return this.write(this.probe, 0);
  }

  /** The key that was just added has this flow from now on. */
  settle(k: number, flow: number): void {
    this.words[k + FLOW] = flow;
    this.slots[freeSlot(this.slots, this.hash)] = k / WORDS + 1;
    if (++this.count * 2 > this.slots.length) this.rehash();
  }

  /** Adds addresses and ports of a key of another table, which no packet is found for here. */
  copy(from: Ip6Keys, key: number): number {
    const k = this.write(from.words, key);
    this.words[k + FLOW] = NO_FLOW;
    return k;
  }

  /** Gives a key with a flow back. */
  forget(k: number): void {
    vacate(this.slots, k / WORDS + 1, (entry) => this.hashOf((entry - 1) * WORDS));
    this.count--;
    this.words[k + FLOW] = NO_FLOW;
    this.free.push(k);
  }

  /** Had it a packet since this was asked last? */
  wasHeard(k: number): boolean {
    const heard = this.words[k + HEARD] === 1;
    this.words[k + HEARD] = 0;
    return heard;
  }

  ports(k: number): number {
    return this.words[k + PORTS] as number;
  }

  /** The address whose words begin here, as RFC 5952 writes it. */
  address(at: number): string {
    const groups: number[] = [];
    for (let i = 0; i < ADDRESS_WORDS; i++) {
      const word = this.words[at + i] as number;
      groups.push(word >>> 16, word & 0xffff);
    }
    return ip6Text(groups);
  }

  private write(from: Int32Array, at: number): number {
    const k = this.free.pop() ?? this.end++ * WORDS;
    if (k + WORDS > this.words.length)
      this.words = grown(this.words, Math.ceil(this.end * 1.5) * WORDS);
    for (let i = 0; i < WORDS; i++) this.words[k + i] = from[at + i] as number;
    return k;
  }

  private matches(k: number): boolean {
    const { words, probe } = this;
    // Ports tell flows between two hosts apart, so they are looked at first.
    for (let i = PORTS; i >= 0; i--) if (words[k + i] !== probe[i]) return false;
    return true;
  }

  private hashOf(k: number): number {
    const { words } = this;
    let hash = this.seed;
    for (let i = k; i < k + ADDRESS_WORDS; i++)
      hash = mix(mix(hash, words[i] as number), words[i + ADDRESS_WORDS] as number);
    return finish(mix(hash, words[k + PORTS] as number));
  }

  private rehash(): void {
    const old = this.slots;
    const slots = new Int32Array(2 * old.length);
    for (const entry of old)
      if (entry !== 0) slots[freeSlot(slots, this.hashOf((entry - 1) * WORDS))] = entry;
    this.slots = slots;
  }
}
