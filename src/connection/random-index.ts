import { RowPages } from '../bytes/row-pages.ts';
import { readI32 } from '../bytes/scalars.ts';
import type { SharedRandomFact } from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';

/**
 * Int32 words kept of each random, two of its own: equal ones by chance among a million randoms are rarer than one in
 * 10^7. Then its connection and packet.
 */
const WORDS = 4;
const OWNER = 2;
const PACKET = 3;

interface Shared extends SharedRandomFact {
  readonly connections: number[];
  readonly packets: number[];
}

/**
 * Hello randoms of all connections, to find the same one on two of them. Open addressing, one row of numbers a random.
 */
export class RandomIndex {
  /** Randoms come from the wire: without a seed a capture could be crafted to collide. */
  private readonly seed = (Math.random() * 0x7fffffff) | 0;
  private slots = new Int32Array(1024);
  private mask = 1023;
  private readonly rows = new RowPages(WORDS, 0);
  private size = 0;
  private readonly shared = new Map<number, Shared>();
  private told: readonly SharedRandomFact[] | undefined;

  /** @param role 0 client, 1 server; `offset` of the 32 octets in `bytes`, which may be fewer if damaged */
  add(role: number, bytes: Uint8Array, offset: number, connection: number, packet: number): void {
    if (offset === 0 || offset + 32 > bytes.length) return;
    // The middle of the random: some stacks put the time in its first octets, RFC 8446 §4.1.3 a sentinel in its last.
    if (this.size >= LIMITS.helloRandoms) return;
    const w0 = readI32(bytes, offset + 4) ^ role;
    const w1 = readI32(bytes, offset + 8);
    const { rows } = this;
    let slot = this.slotOf(w0, w1);
    for (;;) {
      const at = (this.slots[slot] as number) - 1;
      if (at < 0) break;
      const words = rows.intsOf(at) as Int32Array;
      const k = rows.intsAt(at);
      if (words[k] === w0 && words[k + 1] === w1) {
        if (words[k + OWNER] !== connection) this.found(at, role, connection, packet);
        return;
      }
      slot = (slot + 1) & this.mask;
    }
    const at = this.size++;
    rows.reserve(at);
    const words = rows.intsOf(at) as Int32Array;
    const k = rows.intsAt(at);
    words[k] = w0;
    words[k + 1] = w1;
    words[k + OWNER] = connection;
    words[k + PACKET] = packet;
    this.slots[slot] = at + 1;
    if (this.size * 2 > this.mask) this.rehash();
  }

  /** The same array until another one is found. */
  facts(): readonly SharedRandomFact[] {
    this.told ??= [...this.shared.values()];
    return this.told;
  }

  private slotOf(w0: number, w1: number): number {
    const h = Math.imul(w0 ^ this.seed, 0x9e3779b1) ^ w1;
    return (Math.imul(h ^ (h >>> 15), 0x85ebca6b) >>> 7) & this.mask;
  }

  private found(at: number, role: number, connection: number, packet: number): void {
    let entry = this.shared.get(at);
    if (entry === undefined) {
      if (this.shared.size >= LIMITS.findingsPerRule) return;
      entry = {
        role: role === 0 ? 'client' : 'server',
        connections: [this.word(at, OWNER)],
        packets: [this.word(at, PACKET)],
      };
      this.shared.set(at, entry);
      this.told = undefined;
    }
    if (
      entry.connections.length < LIMITS.anomaliesPerConnection &&
      !entry.connections.includes(connection)
    ) {
      entry.connections.push(connection);
      entry.packets.push(packet);
    }
  }

  private word(at: number, index: number): number {
    return this.rows.intsOf(at)?.[this.rows.intsAt(at) + index] ?? 0;
  }

  private rehash(): void {
    this.mask = this.mask * 2 + 1;
    this.slots = new Int32Array(this.mask + 1);
    for (let at = 0; at < this.size; at++) {
      let slot = this.slotOf(this.word(at, 0), this.word(at, 1));
      while (this.slots[slot] !== 0) slot = (slot + 1) & this.mask;
      this.slots[slot] = at + 1;
    }
  }
}
