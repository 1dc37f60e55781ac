import { DictionaryCoder } from '../bytes/dictionary-coder.ts';
import { RowPages } from '../bytes/row-pages.ts';
import { readI32, readU16 } from '../bytes/scalars.ts';
import { Slab } from '../bytes/slab.ts';
import type { RefusalFact, ServerCloseFact } from '../model/capture-index.ts';
import type { OpeningFact } from '../model/incarnation.ts';
import { LIMITS } from '../model/limits.ts';
import type { Accepted } from './accepted-connections.ts';

/** What is remembered of a server, each in a list of its own. */
export interface Remembered {
  readonly closes: ServerCloseFact;
  readonly refusals: RefusalFact;
  readonly openings: OpeningFact;
  /** Connections that it accepted, of those that are no longer among the last of all. */
  readonly accepted: Accepted;
}

const PLACE: Readonly<Record<keyof Remembered, number>> = {
  closes: 0,
  refusals: 2,
  openings: 4,
  accepted: 6,
};
/** Of each list its newest item and how many it has, or how many more there were. */
const NEWEST = 0;
const COUNT = 1;
const OMITTED = 8;
const INTS = 12;
/** A place of 0 is none. */
const FIRST = 1;
/** Slots of 16, 32, 48 … octets: first the item before, then the dictionary and the length of the text. */
const STEP_BITS = 4;
const DICTIONARY = 4;
const HEAD = 7;
/** More than the text of any of them has. */
const ITEM_OCTETS = 4096;

/**
 * What happened to servers, as lists that only grow up to a bound: plain data as JSON, and of that what differs from others.
 * There may be hundreds of thousands, and rules look at them once, at the end.
 */
export class ServerEvents {
  private readonly rows = new RowPages(INTS, 0);
  private next = FIRST;
  /** Items of all lists. */
  private size = 0;
  private readonly slab = new Slab(STEP_BITS);
  private readonly coder = new DictionaryCoder(
    LIMITS.dictionaries,
    LIMITS.dictionaryOctets,
    ITEM_OCTETS,
  );
  private readonly text = new Uint8Array(ITEM_OCTETS);
  private readonly block = new Uint8Array(HEAD + this.coder.packed.length);

  /** Room for the lists of one more server. @returns its place */
  begin(): number {
    this.rows.reserve(this.next);
    return this.next++;
  }

  /** @returns false where the list is full, or all are: then it is counted only */
  add<Kind extends keyof Remembered>(place: number, kind: Kind, item: Remembered[Kind]): boolean {
    const ints = this.rows.intsOf(place) as Int32Array;
    const at = this.rows.intsAt(place) + PLACE[kind];
    const count = ints[at + COUNT] as number;
    if (count >= LIMITS.eventsPerServer || this.size >= LIMITS.serverEvents) {
      const omitted = this.rows.intsAt(place) + OMITTED + PLACE[kind] / 2;
      ints[omitted] = (ints[omitted] as number) + 1;
      return false;
    }
    this.size++;
    ints[at + COUNT] = count + 1;
    ints[at + NEWEST] = this.store(JSON.stringify(item), ints[at + NEWEST] as number);
    return true;
  }

  /** Items that were counted only. */
  omitted(place: number, kind: keyof Remembered): number {
    return this.int(place, OMITTED + PLACE[kind] / 2);
  }

  /** In the order in which they came. */
  list<Kind extends keyof Remembered>(place: number, kind: Kind): Remembered[Kind][] {
    const items: Remembered[Kind][] = [];
    for (let handle = this.int(place, PLACE[kind] + NEWEST); handle !== 0; ) {
      const bytes = this.slab.bytesOf(handle);
      const at = this.slab.offsetOf(handle);
      items.push(JSON.parse(this.read(bytes, at)));
      handle = readI32(bytes, at);
    }
    return items.reverse();
  }

  private int(place: number, index: number): number {
    return this.rows.intsOf(place)?.[this.rows.intsAt(place) + index] ?? 0;
  }

  private store(text: string, before: number): number {
    const { block, coder } = this;
    for (let i = 0; i < text.length; i++) this.text[i] = text.charCodeAt(i);
    coder.pack(this.text, text.length);
    for (let i = 0; i < DICTIONARY; i++) block[i] = before >> (24 - 8 * i);
    block[DICTIONARY] = coder.dictionary;
    block[DICTIONARY + 1] = text.length >> 8;
    block[DICTIONARY + 2] = text.length;
    for (let i = 0; i < coder.length; i++) block[HEAD + i] = coder.packed[i] as number;
    return this.slab.store(block, 0, HEAD + coder.length);
  }

  private read(bytes: Uint8Array, at: number): string {
    const length = readU16(bytes, at + DICTIONARY + 1);
    this.coder.unpack(bytes[at + DICTIONARY] as number, bytes, at + HEAD, length, this.text);
    return decoder.decode(this.text.subarray(0, length));
  }
}

/** Nothing in the texts is beyond ASCII. */
const decoder = new TextDecoder('latin1');
