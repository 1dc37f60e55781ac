import { grown } from '../bytes/columns.ts';
import { freeSlot, vacate } from '../bytes/open-slots.ts';
import type { Endpoint } from '../model/history.ts';

const FIRST_PLACES = 64;
/** Octets of a page: a power of two. Names have some twenty. A longer text has a page of its own. */
const PAGE_BITS = 16;
const PAGE_OCTETS = 1 << PAGE_BITS;
/** Texts are moved together once what is gone takes as much as what is left, and more than this. */
const WORTH_MOVING = 4 * PAGE_OCTETS;

/**
 * Texts that many rows have in common, each kept once and as long as a row has it: as UTF-8 in pages, with numbers in
 * columns, because a capture may name a million servers and a string in a `Map` takes four times the room.
 */
export class SharedTexts {
  /** Texts come from the wire: without a seed a capture could be crafted to collide. */
  private readonly seed = (Math.random() * 0x7fffffff) | 0;
  /** Place by hash: open addressing; 0 for none. */
  private slots = new Int32Array(2 * FIRST_PLACES);
  private hashes = new Int32Array(FIRST_PLACES);
  private uses = new Int32Array(FIRST_PLACES);
  /** Page and offset of the first octet, and how many octets. */
  private starts = new Int32Array(FIRST_PLACES);
  private lengths = new Int32Array(FIRST_PLACES);
  private pages: Uint8Array[] = [];
  /** Where the last page is free. */
  private next = PAGE_OCTETS;
  private living = 0;
  private dead = 0;
  private free = new Int32Array(FIRST_PLACES);
  private freeCount = 0;
  private end = 1;
  /** The text that was asked for last. */
  private octets = new Uint8Array(256);

  /** Texts that are kept. */
  get size(): number {
    return this.end - 1 - this.freeCount;
  }

  /** A number for one more row that has the text; 0 for none. */
  take(text: string | undefined): number {
    if (text === undefined) return 0;
    const length = this.encode(text);
    const hash = this.hashOf(length);
    let slot = hash & (this.slots.length - 1);
    let place = this.slots[slot] as number;
    while (place !== 0 && !this.isAt(place, hash, length)) {
      slot = (slot + 1) & (this.slots.length - 1);
      place = this.slots[slot] as number;
    }
    if (place === 0) place = this.add(hash, length);
    this.uses[place] = (this.uses[place] as number) + 1;
    return place;
  }

  at(place: number): string | undefined {
    if (place <= 0 || (this.uses[place] ?? 0) === 0) return undefined;
    const start = this.startOf(place);
    return decoder.decode(
      this.pageOf(place).subarray(start, start + (this.lengths[place] as number)),
    );
  }

  /** A row that had it is given up. */
  release(place: number): void {
    const uses = place > 0 ? (this.uses[place] ?? 0) : 0;
    if (uses === 0) return;
    this.uses[place] = uses - 1;
    if (uses > 1) return;
    vacate(this.slots, place, (other) => this.hashes[other] as number);
    if (this.freeCount === this.free.length) this.free = grown(this.free, 2 * this.freeCount);
    this.free[this.freeCount++] = place;
    const length = this.lengths[place] as number;
    this.living -= length;
    this.dead += length;
    if (this.dead > WORTH_MOVING && this.dead > this.living) this.moveTogether();
  }

  private add(hash: number, length: number): number {
    const place = this.freeCount > 0 ? (this.free[--this.freeCount] as number) : this.end++;
    if (place === this.uses.length) {
      const room = 2 * place;
      this.uses = grown(this.uses, room);
      this.hashes = grown(this.hashes, room);
      this.starts = grown(this.starts, room);
      this.lengths = grown(this.lengths, room);
    }
    this.hashes[place] = hash;
    this.store(place, this.octets, 0, length);
    this.living += length;
    if (2 * this.size > this.slots.length) {
      const old = this.slots;
      this.slots = new Int32Array(2 * old.length);
      for (const other of old) if (other !== 0) this.enter(other);
    }
    this.enter(place);
    return place;
  }

  private enter(place: number): void {
    this.slots[freeSlot(this.slots, this.hashes[place] as number)] = place;
  }

  private store(place: number, bytes: Uint8Array, start: number, length: number): void {
    if (this.next + Math.max(1, length) > PAGE_OCTETS) {
      this.pages.push(new Uint8Array(Math.max(PAGE_OCTETS, length)));
      this.next = 0;
    }
    const page = this.pages.at(-1) as Uint8Array;
    for (let i = 0; i < length; i++) page[this.next + i] = bytes[start + i] as number;
    this.starts[place] = ((this.pages.length - 1) << PAGE_BITS) | this.next;
    this.lengths[place] = length;
    this.next += length;
  }

  private moveTogether(): void {
    const { pages } = this;
    this.pages = [];
    this.next = PAGE_OCTETS;
    this.dead = 0;
    for (let place = 1; place < this.end; place++) {
      if (this.uses[place] === 0) continue;
      const page = pages[(this.starts[place] as number) >> PAGE_BITS] as Uint8Array;
      this.store(place, page, this.startOf(place), this.lengths[place] as number);
    }
  }

  private isAt(place: number, hash: number, length: number): boolean {
    if (this.hashes[place] !== hash || this.lengths[place] !== length) return false;
    const page = this.pageOf(place);
    const start = this.startOf(place);
    for (let i = 0; i < length; i++) if (page[start + i] !== this.octets[i]) return false;
    return true;
  }

  private pageOf(place: number): Uint8Array {
    return this.pages[(this.starts[place] as number) >> PAGE_BITS] as Uint8Array;
  }

  private startOf(place: number): number {
    return (this.starts[place] as number) & (PAGE_OCTETS - 1);
  }

  /** Into `octets`. @returns how many */
  private encode(text: string): number {
    if (text.length * MOST_OCTETS > this.octets.length)
      this.octets = new Uint8Array(2 * MOST_OCTETS * text.length);
    for (let i = 0; i < text.length; i++) {
      const code = text.charCodeAt(i);
      if (code > 0x7f) return encoder.encodeInto(text, this.octets).written;
      this.octets[i] = code;
    }
    return text.length;
  }

  private hashOf(length: number): number {
    let hash = this.seed;
    for (let i = 0; i < length; i++)
      hash = Math.imul(hash ^ (this.octets[i] as number), 0x01000193);
    return hash ^ (hash >>> 15);
  }
}

/** An endpoint as a text, and back. */
export const textOf = ({ address, port }: Endpoint): string => `${address} ${port}`;

/** The endpoint that `textOf` made a text of. */
export function endpointOf(text: string): Endpoint {
  const space = text.indexOf(' ');
  return { address: text.slice(0, space), port: Number(text.slice(space + 1)) };
}

/** Of UTF-8 for one unit of a string. */
const MOST_OCTETS = 3;
const encoder = new TextEncoder();
const decoder = new TextDecoder('utf-8', { ignoreBOM: true });
