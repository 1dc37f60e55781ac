import { ip4Text } from '../bytes/ip-text.ts';
import { finish, mix } from '../bytes/mix.ts';
import { freeSlot, vacate } from '../bytes/open-slots.ts';
import { RowPages } from '../bytes/row-pages.ts';
import type { Endpoint } from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';
import type { NoticeSink } from '../model/notice.ts';
import type { FlowDirectory, InnerFlows, Side } from '../model/stream.ts';
import type { TransportCursor } from '../model/transport-cursor.ts';
import { type FlowHolder, HOLD, HOLDS_NOTHING, tooManyFlows } from './flow-holder.ts';
import { Ip6Keys } from './ip6-keys.ts';

/** Int32 words of a flow: two IPv4 addresses, or where the two of IPv6 are; both ports; what kind it is; its stream. */
const WORDS = 5;
const PORTS = 2;
const KIND = 3;
const STREAM = 4;
/** Of its kind: 6 for IPv6, else 4; another conversation carries it, that is one of TCP; a packet came since the last look. */
const FAMILY = 7;
const INNER = 8;
const OVER_TCP = 16;
const HEARD = 32;
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
 * Beyond `LIMITS.flows` the number of one that was silent for long is used again, of those whose loss is the smallest: a
 * hand goes round and passes whatever had a packet since it was there last.
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
  private flows = new RowPages(WORDS, 0);
  private recent4 = new Int32Array(FIRST_SLOTS * RECENT_SLOT);
  private recentMask = FIRST_SLOTS - 1;
  private readonly seed = (Math.random() * 0x7fffffff) | 0;
  private keys6 = new Ip6Keys();
  /** Is a flow that is not known added? */
  private adds = true;
  /** Numbers of flows so far, inner ones too. */
  size = 0;
  /** Flows that Wireshark numbers, those that were forgotten too. */
  streams = 0;
  private innerCount = 0;
  /** A flow whose number is free, plus 1. */
  private spare = 0;
  /** Where the hand is. */
  private hand = 0;
  private holder = HOLDS_NOTHING;
  private onFull: () => void = () => undefined;
  /** Flows were forgotten: one that seems new may have been seen before. */
  hasForgotten = false;

  /** Asks this holder before flows are forgotten, and says so. */
  heldBy(holder: FlowHolder, protocol: 'TCP' | 'UDP', notices: NoticeSink): void {
    this.holder = holder;
    this.onFull = () => notices.notice(tooManyFlows(protocol));
  }

  close(): void {
    this.holder = HOLDS_NOTHING;
    this.flows = new RowPages(WORDS, 0);
    this.keys6 = new Ip6Keys();
    this.slots4 = new Int32Array(0);
    this.recent4 = new Int32Array(0);
  }

  addInner(outer: number): number {
    const words = this.flows.intsOf(outer) as Int32Array;
    const k = this.flows.intsAt(outer);
    return this.addCarriedFlow(
      words[k] as number,
      words[k + 1] as number,
      words[k + PORTS] as number,
      words[k + KIND] as number,
      words[k + STREAM] as number,
    );
  }

  /** A flow for what a TCP connection carries: with the endpoints of the flow of `table`, and the number of its stream. */
  addCarried(table: FlowTable, outer: number, stream: number): number {
    const kind = table.word(outer, KIND) | OVER_TCP;
    const ports = table.word(outer, PORTS);
    const first = table.word(outer, 0);
    if ((kind & FAMILY) === 4)
      return this.addCarriedFlow(first, table.word(outer, 1), ports, kind, stream);
    const k = this.keys6.copy(table.keys6, first);
    return this.addCarriedFlow(k, k + 4, ports, kind, stream);
  }

  private addCarriedFlow(
    a: number,
    b: number,
    ports: number,
    kind: number,
    stream: number,
  ): number {
    this.innerCount++;
    return this.addFlow(a, b, ports, kind | INNER, stream);
  }

  streamOf(flow: number): number {
    return this.word(flow, STREAM);
  }

  isOverTcp(flow: number): boolean {
    return (this.word(flow, KIND) & OVER_TCP) !== 0;
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
      if (flow === 0) return this.add4(hash, a, b, ports) + 1;
      const words = flows.intsOf(flow - 1) as Int32Array;
      const k = flows.intsAt(flow - 1);
      if (words[k] !== a || words[k + 1] !== b || words[k + PORTS] !== ports) continue;
      words[k + KIND] = (words[k + KIND] as number) | HEARD;
      return flow;
    }
  }

  endpoint(flow: number, side: Side): Endpoint {
    return { address: this.address(flow, side), port: this.port(flow, side) };
  }

  /** Peers behind one relay are not one endpoint. */
  endpointKey(flow: number, side: Side): number | string {
    const kind = this.word(flow, KIND);
    if ((kind & INNER) !== 0) return `inner ${flow} ${side}`;
    if ((kind & FAMILY) === 6) return `${this.address(flow, side)} ${this.port(flow, side)}`;
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
    if ((this.word(flow, KIND) & FAMILY) !== 6) return ip4Text(a);
    return this.keys6.address(a);
  }

  private find6(t: TransportCursor): number {
    const { view, sourceOffset: s, destinationOffset: d, sourcePort, destinationPort } = t;
    const first = comesFirst(view, s, d, sourcePort <= destinationPort);
    const ports = first
      ? (sourcePort << 16) | destinationPort
      : (destinationPort << 16) | sourcePort;
    const flow = this.keys6.find(view, first ? s : d, first ? d : s, ports);
    return ((flow < 0 ? this.add6() : flow) << 1) | (first ? 0 : 1);
  }

  private add4(hash: number, a: number, b: number, ports: number): number {
    if (!this.adds) return -1;
    this.makeRoom();
    const flow = this.addFlow(a, b, ports, 4, this.streams++);
    this.slots4[freeSlot(this.slots4, hash)] = flow + 1;
    if (++this.count4 * 2 > this.mask4) this.rehash4();
    return flow;
  }

  private add6(): number {
    if (!this.adds) return -1;
    // What is searched for stays while another is forgotten.
    this.makeRoom();
    const k = this.keys6.add();
    const flow = this.addFlow(k, k + 4, this.keys6.ports(k), 6, this.streams++);
    this.keys6.settle(k, flow);
    return flow;
  }

  private addFlow(a: number, b: number, ports: number, kind: number, stream: number): number {
    const { flows } = this;
    const flow = this.spare > 0 ? this.spare - 1 : this.size++;
    this.spare = 0;
    flows.reserve(flow);
    const words = flows.intsOf(flow) as Int32Array;
    const k = flows.intsAt(flow);
    words[k] = a;
    words[k + 1] = b;
    words[k + PORTS] = ports;
    words[k + KIND] = kind;
    words[k + STREAM] = stream;
    return flow;
  }

  // ------------------------------------------------------------------------------------------------ forgetting

  private makeRoom(): void {
    if (this.size - this.innerCount < LIMITS.flows) return;
    let flow = -1;
    // Twice round: what had packets since the last look is passed once.
    for (let n = 0; n < 2 * this.size; n++) {
      if (n >= LIMITS.flowsLookedAt && flow >= 0) break;
      if (this.hand >= this.size) this.hand = 0;
      const next = this.hand++;
      if ((this.word(next, KIND) & INNER) !== 0 || this.wasHeard(next)) continue;
      const hold = this.holder.holds(next);
      if (hold === HOLD.nothing || (hold === HOLD.something && flow < 0)) flow = next;
      if (hold === HOLD.nothing) break;
    }
    if (flow >= 0) this.forget(flow);
  }

  /** Had it a packet since it was asked this last? */
  private wasHeard(flow: number): boolean {
    const words = this.flows.intsOf(flow) as Int32Array;
    const k = this.flows.intsAt(flow);
    const kind = words[k + KIND] as number;
    if ((kind & FAMILY) === 6) return this.keys6.wasHeard(words[k] as number);
    words[k + KIND] = kind & ~HEARD;
    // Packets of those in front do not come this far.
    const at = (this.hashOf4(flow) & this.recentMask) * RECENT_SLOT;
    const isRecent = this.recent4[at + 3] === flow + 1;
    if (isRecent) this.recent4[at + 3] = 0;
    return isRecent || (kind & HEARD) !== 0;
  }

  private forget(flow: number): void {
    if (!this.hasForgotten) this.onFull();
    this.hasForgotten = true;
    this.holder.forget(flow);
    if ((this.word(flow, KIND) & FAMILY) === 6) this.keys6.forget(this.word(flow, 0));
    else {
      vacate(this.slots4, flow + 1, (one) => this.hashOf4(one - 1));
      this.count4--;
    }
    this.spare = flow + 1;
  }

  private word(flow: number, index: number): number {
    return this.flows.intsOf(flow)?.[this.flows.intsAt(flow) + index] ?? 0;
  }

  private hashOf4(flow: number): number {
    const words = this.flows.intsOf(flow) as Int32Array;
    const k = this.flows.intsAt(flow);
    const hash = mix(mix(this.seed, words[k] as number), words[k + 1] as number);
    return finish(mix(hash, words[k + PORTS] as number));
  }

  private rehash4(): void {
    const old = this.slots4;
    this.mask4 = this.mask4 * 2 + 1;
    const slots = new Int32Array(this.mask4 + 1);
    for (const one of old) if (one !== 0) slots[freeSlot(slots, this.hashOf4(one - 1))] = one;
    this.slots4 = slots;
    this.last4 = 0;
    if (this.recentMask + 1 < RECENT) {
      this.recentMask = this.mask4;
      this.recent4 = new Int32Array((this.recentMask + 1) * RECENT_SLOT);
    }
  }
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
