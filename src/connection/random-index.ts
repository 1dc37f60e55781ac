import { RowPages } from '../bytes/row-pages.ts';
import { readI32 } from '../bytes/scalars.ts';
import type { SharedRandomFact } from '../model/capture-index.ts';
import { LIMITS } from '../model/limits.ts';
import { OtherViews } from './other-views.ts';

/**
 * Int32 words kept of each random, two of its own: equal ones by chance among a million randoms are rarer than one in
 * 10^7. Then its connection and packet, and a print of the key share beside it.
 */
const WORDS = 5;
const OWNER = 2;
const PACKET = 3;
const SHARE = 4;
/** Of the end of a key share: a hybrid one begins with what the client's own share decides. */
const SHARE_PRINT = 8;

type Shared = { -readonly [Key in keyof SharedRandomFact]: SharedRandomFact[Key] };

/**
 * Hello randoms that were seen last, to find the same one on two connections. Open addressing, one row of numbers a random;
 * the oldest gives way.
 */
export class RandomIndex {
  /** Randoms come from the wire: without a seed a capture could be crafted to collide. */
  private readonly seed = (Math.random() * 0x7fffffff) | 0;
  private slots = new Int32Array(1024);
  private mask = 1023;
  private readonly rows = new RowPages(WORDS, 0);
  /** Ever added: the newest is at `count - 1` of the ring. */
  private count = 0;
  private readonly limit: number;
  private readonly shared: Shared[] = [];
  /** By the place of the random, as long as that is kept. */
  private readonly sharedAt = new Map<number, Shared>();
  private told: readonly SharedRandomFact[] | undefined;
  readonly views = new OtherViews();
  /** The first connection of which it was not kept that it shares a random; `Infinity` for none. */
  comparedUntil = Number.POSITIVE_INFINITY;
  /** Told of each connection that has a random in common with another one. */
  onShared: (connection: number) => void = () => undefined;

  constructor(limit: number = LIMITS.helloRandoms) {
    this.limit = limit;
  }

  /** Randoms that are kept. */
  get size(): number {
    return Math.min(this.count, this.limit);
  }

  /**
   * @param role 0 client, 1 server; `offset` of the 32 octets in `bytes`, which may be fewer if damaged
   * @param shareEnd behind the key share; 0 for none
   */
  add(
    role: number,
    bytes: Uint8Array,
    offset: number,
    connection: number,
    packet: number,
    shareEnd = 0,
  ): void {
    if (offset === 0 || offset + 32 > bytes.length) return;
    // The middle of the random: some stacks put the time in its first octets, RFC 8446 §4.1.3 a sentinel in its last.
    const w0 = readI32(bytes, offset + 4) ^ role;
    const w1 = readI32(bytes, offset + 8);
    const share = shareEnd === 0 ? 0 : readI32(bytes, shareEnd - SHARE_PRINT) || 1;
    const known = this.placeOf(w0, w1);
    if (known >= 0) {
      if (this.word(known, OWNER) !== connection)
        this.found(known, role, connection, packet, share);
      return;
    }
    const at = this.count % this.limit;
    if (this.count >= this.limit) this.forget(at);
    this.count++;
    this.rows.reserve(at);
    this.put(at, w0, w1, connection, packet, share);
    if (this.size * 4 > (this.mask + 1) * 3) this.rehash();
  }

  /**
   * The client made up another random for the ClientHello with its cookie: the one it had `before` gives way, unless it
   * was found on another connection. RFC 6347 §4.2.1 asks for the same one.
   *
   * @param before the earlier hello; its random stands at `beforeOffset`
   */
  renew(
    before: Uint8Array,
    beforeOffset: number,
    bytes: Uint8Array,
    offset: number,
    connection: number,
    packet: number,
  ): void {
    const old = this.placeOf(readI32(before, beforeOffset + 4), readI32(before, beforeOffset + 8));
    const isOwn = old >= 0 && this.word(old, OWNER) === connection && !this.sharedAt.has(old);
    const isWhole = offset > 0 && offset + 32 <= bytes.length;
    const [w0, w1] = isWhole ? [readI32(bytes, offset + 4), readI32(bytes, offset + 8)] : [0, 0];
    if (!isOwn || !isWhole || this.placeOf(w0, w1) >= 0) {
      this.add(0, bytes, offset, connection, packet);
      return;
    }
    this.forget(old);
    this.put(old, w0, w1, connection, packet, 0);
  }

  /** The same array until another one is found. */
  facts(): readonly SharedRandomFact[] {
    this.told ??= [...this.shared];
    return this.told;
  }

  /** -1 where this random is not kept. */
  private placeOf(w0: number, w1: number): number {
    const { slots, rows, mask } = this;
    for (let slot = this.slotOf(w0, w1); ; slot = (slot + 1) & mask) {
      const at = (slots[slot] as number) - 1;
      if (at < 0) return -1;
      const words = rows.intsOf(at) as Int32Array;
      const k = rows.intsAt(at);
      if (words[k] === w0 && words[k + 1] === w1) return at;
    }
  }

  private put(
    at: number,
    w0: number,
    w1: number,
    connection: number,
    packet: number,
    share: number,
  ): void {
    const words = this.rows.intsOf(at) as Int32Array;
    const k = this.rows.intsAt(at);
    words[k] = w0;
    words[k + 1] = w1;
    words[k + OWNER] = connection;
    words[k + PACKET] = packet;
    words[k + SHARE] = share;
    let slot = this.slotOf(w0, w1);
    while (this.slots[slot] !== 0) slot = (slot + 1) & this.mask;
    this.slots[slot] = at + 1;
  }

  private slotOf(w0: number, w1: number): number {
    const h = Math.imul(w0 ^ this.seed, 0x9e3779b1) ^ w1;
    return (Math.imul(h ^ (h >>> 15), 0x85ebca6b) >>> 7) & this.mask;
  }

  private found(at: number, role: number, connection: number, packet: number, share: number): void {
    let entry = this.sharedAt.get(at);
    if (entry === undefined) {
      if (this.shared.length >= LIMITS.findingsPerRule) {
        this.isBeyond(connection);
        return;
      }
      const owner = this.word(at, OWNER);
      entry = {
        role: role === 0 ? 'client' : 'server',
        connections: [owner],
        packets: [this.word(at, PACKET)],
        keyShares: [this.word(at, SHARE)],
      };
      this.shared.push(entry);
      this.sharedAt.set(at, entry);
      this.told = undefined;
      this.isShared(owner, entry);
    }
    if (entry.connections.includes(connection)) return;
    if (entry.connections.length >= LIMITS.anomaliesPerConnection) {
      this.isBeyond(connection);
      return;
    }
    // An array that is pushed to takes room for sixteen more, and most of these have two items.
    entry.connections = [...entry.connections, connection];
    entry.packets = [...entry.packets, packet];
    entry.keyShares = [...entry.keyShares, share];
    this.isShared(connection, entry);
  }

  private isShared(connection: number, entry: Shared): void {
    this.views.shares(connection, entry);
    this.onShared(connection);
  }

  private isBeyond(connection: number): void {
    this.comparedUntil = Math.min(this.comparedUntil, connection);
  }

  /** Frees the slot of a random; what stands behind it moves up, or it would no longer be found. */
  private forget(at: number): void {
    const { slots, mask } = this;
    this.sharedAt.delete(at);
    let slot = this.slotOf(this.word(at, 0), this.word(at, 1));
    while (slots[slot] !== at + 1) slot = (slot + 1) & mask;
    for (let next = (slot + 1) & mask; slots[next] !== 0; next = (next + 1) & mask) {
      const other = (slots[next] as number) - 1;
      const home = this.slotOf(this.word(other, 0), this.word(other, 1));
      if (((next - home) & mask) < ((next - slot) & mask)) continue;
      slots[slot] = slots[next] as number;
      slot = next;
    }
    slots[slot] = 0;
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
