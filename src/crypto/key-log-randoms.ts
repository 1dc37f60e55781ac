import { grown } from '../bytes/columns.ts';
import { readI32 } from '../bytes/scalars.ts';

/** Two randoms that differ in no more octets than this are one random and damage. */
const MOST_DIFFERING = 8;

/** The randoms of a key log, 32 octets each, numbered in the order in which they came: found by hash, millions of them. */
export class KeyLogRandoms {
  count = 0;
  /** Randoms come from the wire: without a seed a log could be crafted to collide. */
  private readonly seed = (Math.random() * 0x7fffffff) | 0;
  private slots = new Int32Array(1024);
  private octets = new Uint8Array(256 * 32);

  /** The row of a key of up to 32 octets, zeros behind it; -1 if the log does not have it. */
  rowOf(key: Uint8Array): number {
    return (this.slots[this.slotOf(padded(key))] as number) - 1;
  }

  /** The row of a key of 32 octets, which is `count` for a new one. */
  take(key: Uint8Array): number {
    const slot = this.slotOf(key);
    const known = (this.slots[slot] as number) - 1;
    if (known >= 0) return known;
    const row = this.count++;
    if (row * 32 === this.octets.length)
      this.octets = grown(this.octets, Math.ceil(row * 1.5) * 32);
    this.octets.set(key, row * 32);
    this.slots[slot] = row + 1;
    if (this.count * 2 > this.slots.length) this.rehash();
    return row;
  }

  copy(row: number): Uint8Array {
    return this.octets.slice(row * 32, row * 32 + 32);
  }

  /** The row that differs from this random least, in a few octets only; -1 if none does. */
  nearest(random: Uint8Array): {
    readonly row: number;
    readonly differing: number;
    readonly leading: number;
  } {
    let row = -1;
    let fewest = MOST_DIFFERING + 1;
    for (let other = 0; other < this.count; other++) {
      const differing = this.differing(random, other, fewest);
      if (differing < fewest) [row, fewest] = [other, differing];
    }
    return { row, differing: fewest, leading: row < 0 ? 0 : this.leading(random, row) };
  }

  private differing(random: Uint8Array, row: number, most: number): number {
    let differing = 0;
    const from = row * 32;
    for (let i = 0; i < 32 && differing < most; i++)
      if (this.octets[from + i] !== random[i]) differing++;
    return differing;
  }

  private leading(random: Uint8Array, row: number): number {
    let equal = 0;
    while (equal < 32 && this.octets[row * 32 + equal] === random[equal]) equal++;
    return equal;
  }

  /** The slot that holds this key, or the empty one where it belongs. */
  private slotOf(key: Uint8Array): number {
    const mask = this.slots.length - 1;
    let slot = this.hash(key, 0) & mask;
    for (;;) {
      const row = (this.slots[slot] as number) - 1;
      if (row < 0 || this.differing(key, row, 1) === 0) return slot;
      slot = (slot + 1) & mask;
    }
  }

  private hash(octets: Uint8Array, at: number): number {
    let hash = this.seed;
    for (let i = at; i < at + 32; i += 4) {
      hash = Math.imul(hash ^ readI32(octets, i), 0x9e3779b1);
      hash ^= hash >>> 15;
    }
    return Math.imul(hash, 0x85ebca6b) >>> 7;
  }

  private rehash(): void {
    this.slots = new Int32Array(this.slots.length * 2);
    const mask = this.slots.length - 1;
    for (let row = 0; row < this.count; row++) {
      let slot = this.hash(this.octets, row * 32) & mask;
      while (this.slots[slot] !== 0) slot = (slot + 1) & mask;
      this.slots[slot] = row + 1;
    }
  }
}

function padded(key: Uint8Array): Uint8Array {
  if (key.length === 32) return key;
  const whole = new Uint8Array(32);
  whole.set(key);
  return whole;
}
