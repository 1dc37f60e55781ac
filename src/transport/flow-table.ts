import { grown } from '../bytes/columns.ts';
import type { TransportCursor } from '../model/transport-cursor.ts';

/** Int32 words of one key: two addresses of four words, both ports, protocol and family. */
const WORDS = 10;
const TAG = 9;
const PORTS = 8;

/**
 * Endpoint pairs → flow numbers, from 0 in order of appearance, each with the side (0 or 1) that the packet's source is.
 * The side is the rank of the endpoint (address, then port), so it does not depend on who spoke first.
 *
 * Open addressing over an `Int32Array`; nothing is allocated for a packet of a known flow. The hash is seeded, so that
 * a capture cannot be crafted to collide.
 */
export class FlowTable {
  private slots = new Int32Array(1024);
  private mask = 1023;
  private keys = new Int32Array(512 * WORDS);
  private readonly seed = (Math.random() * 0x7fffffff) | 0;
  private readonly probe = new Int32Array(WORDS);
  /** Flows so far. */
  size = 0;

  /** @returns `flow * 2 + side` of the packet's source; a flow seen for the first time is added */
  find(t: TransportCursor): number {
    const { view, sourceOffset: s, destinationOffset: d } = t;
    const probe = this.probe;
    let side = 0;
    let hash = this.seed ^ (t.protocol * 0x3d4d51cb);
    const ports = (t.sourcePort << 16) | t.destinationPort;
    if (t.family === 4) {
      const a = view.getInt32(s);
      const b = view.getInt32(d);
      side = a < b || (a === b && t.sourcePort <= t.destinationPort) ? 0 : 1;
      probe[0] = side === 0 ? a : b;
      probe[4] = side === 0 ? b : a;
      probe[PORTS] = side === 0 ? ports : (ports << 16) | (ports >>> 16);
      hash = mix(mix(mix(hash, probe[0]), probe[4]), probe[PORTS]);
      probe[TAG] = t.protocol;
      let slot = finish(hash) & this.mask;
      for (;;) {
        const flow = (this.slots[slot] as number) - 1;
        if (flow < 0) return (this.add(slot) << 1) | side;
        const k = flow * WORDS;
        const keys = this.keys;
        if (
          keys[k] === probe[0] &&
          keys[k + 4] === probe[4] &&
          keys[k + PORTS] === probe[PORTS] &&
          keys[k + TAG] === probe[TAG]
        )
          return (flow << 1) | side;
        slot = (slot + 1) & this.mask;
      }
    }
    side = compareSix(view, s, d) || (t.sourcePort <= t.destinationPort ? -1 : 1);
    side = side < 0 ? 0 : 1;
    const first = side === 0 ? s : d;
    const second = side === 0 ? d : s;
    for (let i = 0; i < 4; i++) {
      const a = view.getInt32(first + 4 * i);
      const b = view.getInt32(second + 4 * i);
      probe[i] = a;
      probe[4 + i] = b;
      hash = mix(mix(hash, a), b);
    }
    probe[PORTS] = side === 0 ? ports : (ports << 16) | (ports >>> 16);
    probe[TAG] = t.protocol | 0x100;
    let slot = finish(mix(hash, probe[PORTS])) & this.mask;
    for (;;) {
      const flow = (this.slots[slot] as number) - 1;
      if (flow < 0) return (this.add(slot) << 1) | side;
      if (this.matches(flow)) return (flow << 1) | side;
      slot = (slot + 1) & this.mask;
    }
  }

  /** Port of one side. */
  port(flow: number, side: number): number {
    const ports = this.keys[flow * WORDS + PORTS] as number;
    return side === 0 ? ports >>> 16 : ports & 0xffff;
  }

  /** Address of one side as text: dotted decimal, or RFC 5952. */
  address(flow: number, side: number): string {
    const k = flow * WORDS + side * 4;
    const keys = this.keys;
    if (((keys[flow * WORDS + TAG] as number) & 0x100) === 0) {
      const a = keys[k] as number;
      return `${a >>> 24}.${(a >>> 16) & 255}.${(a >>> 8) & 255}.${a & 255}`;
    }
    const groups: number[] = [];
    for (let i = 0; i < 4; i++) {
      const word = keys[k + i] as number;
      groups.push(word >>> 16, word & 0xffff);
    }
    return formatGroups(groups);
  }

  private matches(flow: number): boolean {
    const k = flow * WORDS;
    for (let i = 0; i < WORDS; i++) if (this.keys[k + i] !== this.probe[i]) return false;
    return true;
  }

  private add(slot: number): number {
    const flow = this.size++;
    if ((flow + 1) * WORDS > this.keys.length)
      this.keys = grown(this.keys, Math.ceil(this.keys.length * 1.5));
    const four = this.probe[TAG] === 6 || this.probe[TAG] === 17;
    if (four) for (let i = 1; i < PORTS; i++) if (i !== 4) this.probe[i] = 0;
    this.keys.set(this.probe, flow * WORDS);
    this.slots[slot] = flow + 1;
    if (this.size * 2 > this.mask) this.rehash();
    return flow;
  }

  private rehash(): void {
    this.mask = this.mask * 2 + 1;
    this.slots = new Int32Array(this.mask + 1);
    for (let flow = 0; flow < this.size; flow++) {
      let slot = finish(this.hashOf(flow)) & this.mask;
      while (this.slots[slot] !== 0) slot = (slot + 1) & this.mask;
      this.slots[slot] = flow + 1;
    }
  }

  private hashOf(flow: number): number {
    const k = flow * WORDS;
    const keys = this.keys;
    const tag = keys[k + TAG] as number;
    let hash = this.seed ^ ((tag & 0xff) * 0x3d4d51cb);
    if ((tag & 0x100) === 0) hash = mix(mix(hash, keys[k] as number), keys[k + 4] as number);
    else {
      for (let i = 0; i < 4; i++) {
        hash = mix(hash, keys[k + i] as number);
        hash = mix(hash, keys[k + 4 + i] as number);
      }
    }
    return mix(hash, keys[k + PORTS] as number);
  }
}

function mix(hash: number, word: number): number {
  const h = Math.imul(hash ^ word, 0x9e3779b1);
  return (h << 13) | (h >>> 19);
}

function finish(hash: number): number {
  let h = hash ^ (hash >>> 15);
  h = Math.imul(h, 0x85ebca6b);
  return (h ^ (h >>> 13)) >>> 0;
}

function compareSix(view: DataView, a: number, b: number): number {
  for (let i = 0; i < 16; i += 4) {
    const x = view.getInt32(a + i);
    const y = view.getInt32(b + i);
    if (x !== y) return x < y ? -1 : 1;
  }
  return 0;
}

/** RFC 5952 §4: lower case, the longest run of two or more zero groups shortened once. */
function formatGroups(groups: readonly number[]): string {
  let best = -1;
  let bestLength = 1;
  for (let i = 0; i < 8; i++) {
    let n = 0;
    while (i + n < 8 && groups[i + n] === 0) n++;
    if (n > bestLength) {
      best = i;
      bestLength = n;
    }
    i += n;
  }
  const hex = groups.map((g) => g.toString(16));
  if (best < 0) return hex.join(':');
  return `${hex.slice(0, best).join(':')}::${hex.slice(best + bestLength).join(':')}`;
}
