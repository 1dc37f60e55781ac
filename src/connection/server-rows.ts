import { ip4Text } from '../bytes/ip-text.ts';
import { freeSlot } from '../bytes/open-slots.ts';
import { RowPages } from '../bytes/row-pages.ts';
import type { Endpoint } from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';
import type { FlowDirectory, Side } from '../model/stream.ts';
import type { Nanos } from '../model/time.ts';
import { endpointOf, SharedTexts, textOf } from './shared-texts.ts';

/** IPv4 address and port; of others the numbers of two texts: address and port, and the key of the endpoint. */
const HOST = 0;
const PORT = 1;
const BITS = 2;
const FAILURES = 3;
const COMPARED = 4;
const LAST = 5;
const ELDERS = 6;
const EVENTS = 7;
const INTS = 8;
const UDP = 1;
const SPEAKS_TLS = 2;
const REMARKABLE = 4;
/** Stands for all beyond the limit; no rule sees it. */
const OTHERS = 8;
/** Its endpoint is text. */
const TEXT = 16;
const FIRST_SLOTS = 1024;

/** What is kept of a server endpoint: a view of its row. */
export class Server {
  /** From 1, in the order of their appearance. */
  readonly number: number;
  private readonly ints: Int32Array;
  private readonly at: number;
  private readonly floats: Float64Array;
  private readonly floatAt: number;

  constructor(number: number, rows: RowPages) {
    this.number = number;
    this.ints = rows.intsOf(number) as Int32Array;
    this.at = rows.intsAt(number);
    this.floats = rows.floatsOf(number) as Float64Array;
    this.floatAt = rows.floatsAt(number);
  }

  get transport(): 'tcp' | 'udp' {
    return this.has(UDP) ? 'udp' : 'tcp';
  }

  /** Does it stand for all servers beyond the limit? */
  get isOthers(): boolean {
    return this.has(OTHERS);
  }

  get speaksTls(): boolean {
    return this.has(SPEAKS_TLS);
  }

  set speaksTls(speaks: boolean) {
    this.put(SPEAKS_TLS, speaks);
  }

  /** Something failed, closed unexpectedly or was refused: worth a rule's attention. */
  get remarkable(): boolean {
    return this.has(REMARKABLE);
  }

  set remarkable(is: boolean) {
    this.put(REMARKABLE, is);
  }

  /** Its connections that failed or were aborted. */
  get failures(): number {
    return this.int(FAILURES);
  }

  set failures(count: number) {
    this.ints[this.at + FAILURES] = count;
  }

  /** Its connections whose hellos are kept in short. */
  get compared(): number {
    return this.int(COMPARED);
  }

  set compared(count: number) {
    this.ints[this.at + COMPARED] = count;
  }

  /** Id of the last of its connections that became final. */
  get last(): number {
    return this.int(LAST);
  }

  set last(id: number) {
    this.ints[this.at + LAST] = id;
  }

  /** How many that went well are kept beyond the last of all. */
  get elders(): number {
    return this.int(ELDERS);
  }

  set elders(count: number) {
    this.ints[this.at + ELDERS] = count;
  }

  /** Its place among `ServerEvents`; 0 for most servers, which have none. */
  get events(): number {
    return this.int(EVENTS);
  }

  set events(place: number) {
    this.ints[this.at + EVENTS] = place;
  }

  /** When the last of the connections ended that it accepted and that are forgotten; -1 for none. */
  get forgottenUntil(): Nanos {
    return this.floats[this.floatAt] as number;
  }

  set forgottenUntil(nanos: Nanos) {
    this.floats[this.floatAt] = nanos;
  }

  /** The first close that was not kept. */
  get completeUntil(): Nanos {
    return this.floats[this.floatAt + 1] as number;
  }

  set completeUntil(nanos: Nanos) {
    this.floats[this.floatAt + 1] = nanos;
  }

  private int(index: number): number {
    return this.ints[this.at + index] as number;
  }

  private has(bit: number): boolean {
    return (this.int(BITS) & bit) !== 0;
  }

  private put(bit: number, is: boolean): void {
    const bits = this.int(BITS);
    this.ints[this.at + BITS] = is ? bits | bit : bits & ~bit;
  }
}

/** All servers, by their endpoint: a row of numbers each, since a capture may have as many as connections. */
export class ServerRows {
  /** Endpoints come from the wire: without a seed a capture could be crafted to collide. */
  private readonly seed = (Math.random() * 0x7fffffff) | 0;
  private readonly flows: { readonly tcp: FlowDirectory; readonly udp: FlowDirectory };
  private readonly rows = new RowPages(INTS, 2);
  private readonly texts = new SharedTexts();
  /** Numbers by the hash of their endpoint: open addressing; 0 for none. */
  private slots = new Int32Array(FIRST_SLOTS);
  private used = 0;
  private readonly sizes = { tcp: 0, udp: 0 };
  private readonly others = { tcp: 0, udp: 0 };
  private count = 0;

  constructor(flows: { readonly tcp: FlowDirectory; readonly udp: FlowDirectory }) {
    this.flows = flows;
  }

  /** Servers so far: the highest number. */
  get size(): number {
    return this.count;
  }

  at(number: number): Server | undefined {
    return number > 0 && number <= this.count ? new Server(number, this.rows) : undefined;
  }

  isRemarkable(number: number): boolean {
    return ((this.rows.intsOf(number)?.[this.rows.intsAt(number) + BITS] ?? 0) & REMARKABLE) !== 0;
  }

  /** The server at this end of a flow: a new one if it is not known, or that which stands for all beyond the limit. */
  of(transport: 'tcp' | 'udp', flow: number, side: Side): Server {
    const key = this.flows[transport].endpointKey(flow, side);
    const slot = this.slotOf(transport, key);
    const known = this.slots[slot] as number;
    if (known !== 0) return new Server(known, this.rows);
    const isFull = this.sizes[transport] === LIMITS.serverEndpoints;
    if (isFull && this.others[transport] !== 0)
      return new Server(this.others[transport], this.rows);
    const number = ++this.count;
    this.rows.reserve(number);
    const ints = this.rows.intsOf(number) as Int32Array;
    const at = this.rows.intsAt(number);
    const isText = typeof key === 'string';
    ints[at + HOST] = isText
      ? this.texts.take(textOf(this.flows[transport].endpoint(flow, side)))
      : key / 0x10000;
    ints[at + PORT] = isText ? this.texts.take(key) : key & 0xffff;
    ints[at + BITS] = (transport === 'udp' ? UDP : 0) | (isFull ? OTHERS : 0) | (isText ? TEXT : 0);
    const server = new Server(number, this.rows);
    server.forgottenUntil = -1;
    server.completeUntil = Number.POSITIVE_INFINITY;
    if (isFull) this.others[transport] = number;
    else {
      this.sizes[transport]++;
      this.slots[slot] = number;
      if (++this.used * 2 > this.slots.length) this.rehash();
    }
    return server;
  }

  endpoint({ number }: Server): Endpoint {
    const ints = this.rows.intsOf(number) as Int32Array;
    const at = this.rows.intsAt(number);
    const host = ints[at + HOST] as number;
    if (((ints[at + BITS] as number) & TEXT) !== 0) return endpointOf(this.texts.at(host) ?? '');
    return { address: ip4Text(host), port: ints[at + PORT] as number };
  }

  /** The server at an endpoint, if there is one that something happened to. */
  find(transport: 'tcp' | 'udp', endpoint: Endpoint): Server | undefined {
    const number = this.slots[this.slotOf(transport, keyOf(endpoint))] as number;
    return this.isRemarkable(number) ? this.at(number) : undefined;
  }

  /** Those that something happened to, over TCP first, in the order of their appearance. */
  *remarkable(): Iterable<Server> {
    for (const transport of [0, UDP])
      for (let number = 1; number <= this.count; number++) {
        const bits = this.rows.intsOf(number)?.[this.rows.intsAt(number) + BITS] ?? 0;
        if ((bits & (UDP | REMARKABLE | OTHERS)) === (transport | REMARKABLE))
          yield new Server(number, this.rows);
      }
  }

  /** Where the number of an endpoint stands, or belongs. */
  private slotOf(transport: 'tcp' | 'udp', key: number | string): number {
    const { slots } = this;
    const udp = transport === 'udp' ? UDP : 0;
    const mask = slots.length - 1;
    for (let slot = this.hash(udp, key) & mask; ; slot = (slot + 1) & mask) {
      const number = slots[slot] as number;
      if (number === 0) return slot;
      const ints = this.rows.intsOf(number) as Int32Array;
      const at = this.rows.intsAt(number);
      if (((ints[at + BITS] as number) & UDP) === udp && this.keyAt(number) === key) return slot;
    }
  }

  /** What `FlowDirectory.endpointKey` gives for a server. */
  private keyAt(number: number): number | string {
    const ints = this.rows.intsOf(number) as Int32Array;
    const at = this.rows.intsAt(number);
    const port = ints[at + PORT] as number;
    return ((ints[at + BITS] as number) & TEXT) === 0
      ? ((ints[at + HOST] as number) >>> 0) * 0x10000 + port
      : (this.texts.at(port) ?? '');
  }

  private rehash(): void {
    const old = this.slots;
    this.slots = new Int32Array(2 * old.length);
    for (const number of old) {
      if (number === 0) continue;
      const server = new Server(number, this.rows);
      const hash = this.hash(server.transport === 'udp' ? UDP : 0, this.keyAt(number));
      this.slots[freeSlot(this.slots, hash)] = number;
    }
  }

  private hash(udp: number, key: number | string): number {
    let hash = this.seed ^ udp;
    if (typeof key === 'number')
      hash = Math.imul(Math.imul(hash ^ (key | 0), 0x9e3779b1) ^ (key / 0x1_0000_0000), 0x85ebca6b);
    else
      for (let i = 0; i < key.length; i++) hash = Math.imul(hash ^ key.charCodeAt(i), 0x01000193);
    return (hash ^ (hash >>> 15)) >>> 0;
  }
}

/** The key that `FlowDirectory.endpointKey` gives for the same endpoint. */
function keyOf(endpoint: Endpoint): number | string {
  const { address, port } = endpoint;
  if (address.includes(':')) return textOf(endpoint);
  return (
    address.split('.').reduce((number, octet) => number * 256 + Number(octet), 0) * 0x10000 + port
  );
}
