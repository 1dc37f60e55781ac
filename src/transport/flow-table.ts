import { grown } from '../bytes/columns.ts';
import { ip4Text, ip6Text } from '../bytes/ip-text.ts';
import { RowPages } from '../bytes/row-pages.ts';
import type { Endpoint } from '../model/history.ts';
import type { FlowDirectory, InnerFlows, Side } from '../model/stream.ts';
import type { TransportCursor } from '../model/transport-cursor.ts';

/** Int32 words of a flow: two IPv4 addresses, or where the two of IPv6 are; both ports; 6 for IPv6. */
const WORDS = 4;
const PORTS = 2;
const FAMILY = 3;
/** Words of a key of IPv6: two addresses, both ports, the flow. */
const WORDS6 = 10;
const PORTS6 = 8;
const FLOW6 = 9;
/** In its place: no packet is found for this key. */
const NO_FLOW = -1;
const FIRST_SLOTS = 4;
/**
 * Slots of the flows seen last, in front of all the others: few enough for the cache nearest to the processor. Each holds
 * the key itself, so that a lookup touches one cache line: address, address, ports, flow + 1.
 */
const RECENT = 16_384;
const RECENT_SLOT = 4;

/**
 * Endpoint pairs of one protocol → flow numbers, from 0 in order of appearance, each with the side (0 or 1) that the
 * packet's source is. The side is the rank of the endpoint (address, then port), so it does not depend on who spoke first.
 *
 * Open addressing over `Int32Array`; nothing is allocated for a packet of a known flow. The hash is seeded, so that a
 * capture cannot be crafted to collide; the numbers do not depend on the seed.
 */
export class FlowTable implements FlowDirectory, InnerFlows {
  // Small at first: see `Columns.grow` for why arrays that grow should do so early.
  /** Flow + 1. */
  private slots4 = new Int32Array(FIRST_SLOTS);
  private mask4 = FIRST_SLOTS - 1;
  private count4 = 0;
  /** Where in `recent4` the last lookup ended. */
  private last4 = 0;
  private slots6 = new Int32Array(FIRST_SLOTS);
  private mask6 = FIRST_SLOTS - 1;
  private count6 = 0;
  private readonly flows = new RowPages(WORDS, 0);
  private recent4 = new Int32Array(FIRST_SLOTS * RECENT_SLOT);
  private recentMask = FIRST_SLOTS - 1;
  private keys6 = new Int32Array(WORDS6);
  private readonly seed = (Math.random() * 0x7fffffff) | 0;
  private readonly probe = new Int32Array(WORDS6);
  /** Is a flow that is not known added? */
  private adds = true;
  /** Flows so far, inner ones too. */
  size = 0;
  /** Inner flows, ascending, and the one that carries each; `~stream` of one that TCP carries. */
  private inner = new Int32Array(16);
  private outer = new Int32Array(16);
  private innerCount = 0;

  /** Flows that Wireshark numbers. */
  get streams(): number {
    return this.size - this.innerCount;
  }

  addInner(outer: number): number {
    const words = this.flows.intsOf(outer) as Int32Array;
    const k = this.flows.intsAt(outer);
    const flow = this.addFlow(
      words[k] as number,
      words[k + 1] as number,
      words[k + PORTS] as number,
      words[k + FAMILY] as number,
    );
    this.carry(flow, outer);
    return flow;
  }

  /** A flow for what a TCP connection carries: with the endpoints of the flow of `table`, and the number of its stream. */
  addCarried(table: FlowTable, outer: number, stream: number): number {
    const family = table.word(outer, FAMILY);
    const ports = table.word(outer, PORTS);
    const first = table.word(outer, 0);
    if (family === 4) {
      const flow = this.addFlow(first, table.word(outer, 1), ports, family);
      this.carry(flow, ~stream);
      return flow;
    }
    const { probe } = this;
    probe.set(table.keys6.subarray(first, first + PORTS6));
    probe[PORTS6] = ports;
    probe[FLOW6] = NO_FLOW;
    const k = this.addKey6(probe);
    const flow = this.addFlow(k, k + 4, ports, family);
    this.carry(flow, ~stream);
    return flow;
  }

  private carry(flow: number, outer: number): void {
    if (this.innerCount === this.inner.length) {
      this.inner = grown(this.inner, 2 * this.innerCount);
      this.outer = grown(this.outer, 2 * this.innerCount);
    }
    this.inner[this.innerCount] = flow;
    this.outer[this.innerCount++] = outer;
  }

  streamOf(flow: number): number {
    const below = this.innerBelow(flow);
    if (!this.isInner(flow, below)) return flow - below;
    const outer = this.outer[below] as number;
    return outer < 0 ? ~outer : this.streamOf(outer);
  }

  isOverTcp(flow: number): boolean {
    const below = this.innerBelow(flow);
    if (!this.isInner(flow, below)) return false;
    const outer = this.outer[below] as number;
    return outer < 0 || this.isOverTcp(outer);
  }

  /** @returns `flow * 2 + side` of the packet's source; a flow seen for the first time is added */
  find(t: TransportCursor): number {
    if (t.family !== 4) return this.find6(t);
    const { view } = t;
    const s = view.getInt32(t.sourceOffset);
    const d = view.getInt32(t.destinationOffset);
    const first = s < d || (s === d && t.sourcePort <= t.destinationPort);
    const a = first ? s : d;
    const b = first ? d : s;
    const ports = first
      ? (t.sourcePort << 16) | t.destinationPort
      : (t.destinationPort << 16) | t.sourcePort;
    const side = first ? 0 : 1;
    const { recent4 } = this;
    // Packets of a flow come in runs.
    const last = this.last4;
    if (
      recent4[last] === a &&
      recent4[last + 1] === b &&
      recent4[last + 2] === ports &&
      recent4[last + 3] !== 0
    )
      return (((recent4[last + 3] as number) - 1) << 1) | side;
    const hash = finish(mix(mix(mix(this.seed, a), b), ports));
    const at = (hash & this.recentMask) * RECENT_SLOT;
    this.last4 = at;
    const known = recent4[at + 3] as number;
    if (known !== 0 && recent4[at] === a && recent4[at + 1] === b && recent4[at + 2] === ports)
      return ((known - 1) << 1) | side;
    return ((this.remember4(at, hash, a, b, ports) - 1) << 1) | side;
  }

  /** The same for flows that are known; negative for others, which are not added. */
  known(t: TransportCursor): number {
    this.adds = false;
    const found = this.find(t);
    this.adds = true;
    return found;
  }

  private remember4(at: number, hash: number, a: number, b: number, ports: number): number {
    const flow = this.lookUp4(hash, a, b, ports);
    const { recent4 } = this;
    recent4[at] = a;
    recent4[at + 1] = b;
    recent4[at + 2] = ports;
    recent4[at + 3] = flow;
    return flow;
  }

  /** @returns the flow plus 1; one that is seen for the first time is added */
  private lookUp4(hash: number, a: number, b: number, ports: number): number {
    const { slots4, flows } = this;
    for (let slot = hash & this.mask4; ; slot = (slot + 1) & this.mask4) {
      const flow = slots4[slot] as number;
      if (flow === 0) return this.add4(slot, a, b, ports) + 1;
      const words = flows.intsOf(flow - 1) as Int32Array;
      const k = flows.intsAt(flow - 1);
      if (words[k] === a && words[k + 1] === b && words[k + PORTS] === ports) return flow;
    }
  }

  endpoint(flow: number, side: Side): Endpoint {
    return { address: this.address(flow, side), port: this.port(flow, side) };
  }

  /** Peers behind one relay are not one endpoint. */
  endpointKey(flow: number, side: Side): number | string {
    if (this.innerCount > 0 && this.isInner(flow, this.innerBelow(flow)))
      return `inner ${flow} ${side}`;
    if (this.word(flow, FAMILY) === 6)
      return `${this.address(flow, side)} ${this.port(flow, side)}`;
    return (this.word(flow, side) >>> 0) * 0x10000 + this.port(flow, side);
  }

  /** Port of one side. */
  port(flow: number, side: number): number {
    const ports = this.word(flow, PORTS);
    return side === 0 ? ports >>> 16 : ports & 0xffff;
  }

  /** Address of one side as text: dotted decimal, or RFC 5952. */
  address(flow: number, side: number): string {
    const a = this.word(flow, side);
    if (this.word(flow, FAMILY) !== 6) return ip4Text(a);
    const groups: number[] = [];
    for (let i = 0; i < 4; i++) {
      const word = this.keys6[a + i] as number;
      groups.push(word >>> 16, word & 0xffff);
    }
    return ip6Text(groups);
  }

  private isInner(flow: number, below: number): boolean {
    return below < this.innerCount && this.inner[below] === flow;
  }

  /** How many inner flows have lower numbers. */
  private innerBelow(flow: number): number {
    let low = 0;
    let high = this.innerCount;
    while (low < high) {
      const middle = (low + high) >> 1;
      if ((this.inner[middle] as number) < flow) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private find6(t: TransportCursor): number {
    const { view, sourceOffset: s, destinationOffset: d } = t;
    const { probe } = this;
    const first = comesFirst(view, s, d, t.sourcePort <= t.destinationPort);
    const low = first ? s : d;
    const high = first ? d : s;
    let hash = this.seed;
    for (let i = 0; i < 4; i++) {
      const a = view.getInt32(low + 4 * i);
      const b = view.getInt32(high + 4 * i);
      probe[i] = a;
      probe[4 + i] = b;
      hash = mix(mix(hash, a), b);
    }
    const ports = first
      ? (t.sourcePort << 16) | t.destinationPort
      : (t.destinationPort << 16) | t.sourcePort;
    probe[PORTS6] = ports;
    let slot = finish(mix(hash, ports)) & this.mask6;
    const side = first ? 0 : 1;
    for (;;) {
      const key = (this.slots6[slot] as number) - 1;
      if (key < 0) return (this.add6(slot) << 1) | side;
      if (this.matches(key)) return ((this.keys6[key * WORDS6 + FLOW6] as number) << 1) | side;
      slot = (slot + 1) & this.mask6;
    }
  }

  private matches(key: number): boolean {
    const { keys6, probe } = this;
    const k = key * WORDS6;
    // Ports tell flows between two hosts apart, so they are looked at first.
    for (let i = PORTS6; i >= 0; i--) if (keys6[k + i] !== probe[i]) return false;
    return true;
  }

  private add4(slot: number, a: number, b: number, ports: number): number {
    if (!this.adds) return -1;
    const flow = this.addFlow(a, b, ports, 4);
    this.slots4[slot] = flow + 1;
    if (++this.count4 * 2 > this.mask4) this.rehash4();
    return flow;
  }

  private add6(slot: number): number {
    if (!this.adds) return -1;
    const { probe } = this;
    const k = this.count6 * WORDS6;
    const flow = this.addFlow(k, k + 4, probe[PORTS6] as number, 6);
    probe[FLOW6] = flow;
    this.slots6[slot] = this.count6 + 1;
    this.addKey6(probe);
    return flow;
  }

  /** @returns where it is */
  private addKey6(words: Int32Array): number {
    const k = this.count6 * WORDS6;
    if (k + WORDS6 > this.keys6.length)
      this.keys6 = grown(this.keys6, Math.ceil((this.count6 + 1) * 1.5) * WORDS6);
    this.keys6.set(words, k);
    if (++this.count6 * 2 > this.mask6) this.rehash6();
    return k;
  }

  private addFlow(a: number, b: number, ports: number, family: number): number {
    const { flows } = this;
    const flow = this.size++;
    flows.reserve(flow);
    const words = flows.intsOf(flow) as Int32Array;
    const k = flows.intsAt(flow);
    words[k] = a;
    words[k + 1] = b;
    words[k + PORTS] = ports;
    words[k + FAMILY] = family;
    return flow;
  }

  private word(flow: number, index: number): number {
    return this.flows.intsOf(flow)?.[this.flows.intsAt(flow) + index] ?? 0;
  }

  private rehash4(): void {
    const old = this.slots4;
    const { flows, seed } = this;
    this.mask4 = this.mask4 * 2 + 1;
    const slots = new Int32Array(this.mask4 + 1);
    for (const flow of old) {
      if (flow === 0) continue;
      const words = flows.intsOf(flow - 1) as Int32Array;
      const k = flows.intsAt(flow - 1);
      const hash = mix(mix(seed, words[k] as number), words[k + 1] as number);
      let slot = finish(mix(hash, words[k + PORTS] as number)) & this.mask4;
      while (slots[slot] !== 0) slot = (slot + 1) & this.mask4;
      slots[slot] = flow;
    }
    this.slots4 = slots;
    this.last4 = 0;
    if (this.recentMask + 1 < RECENT) {
      this.recentMask = this.mask4;
      this.recent4 = new Int32Array((this.recentMask + 1) * RECENT_SLOT);
    }
  }

  private rehash6(): void {
    this.mask6 = this.mask6 * 2 + 1;
    this.slots6 = new Int32Array(this.mask6 + 1);
    for (let key = 0; key < this.count6; key++) {
      const k = key * WORDS6;
      if (this.keys6[k + FLOW6] === NO_FLOW) continue;
      let hash = this.seed;
      for (let i = 0; i < 4; i++)
        hash = mix(mix(hash, this.keys6[k + i] as number), this.keys6[k + 4 + i] as number);
      let slot = finish(mix(hash, this.keys6[k + PORTS6] as number)) & this.mask6;
      while (this.slots6[slot] !== 0) slot = (slot + 1) & this.mask6;
      this.slots6[slot] = key + 1;
    }
  }
}

function mix(hash: number, word: number): number {
  const h = Math.imul(hash ^ word, 0x9e3779b1);
  return (h << 13) | (h >>> 19);
}

function finish(hash: number): number {
  const h = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  return (h ^ (h >>> 13)) >>> 0;
}

/** Is the endpoint at `a` the lower one? */
function comesFirst(view: DataView, a: number, b: number, lowerPort: boolean): boolean {
  for (let i = 0; i < 16; i += 4) {
    const x = view.getInt32(a + i);
    const y = view.getInt32(b + i);
    if (x !== y) return x < y;
  }
  return lowerPort;
}
