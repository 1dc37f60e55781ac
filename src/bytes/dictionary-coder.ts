/** Places in a dictionary take two octets. */
const MOST = 0x1_0000;
/** Octets that are equal by no accident where the match has to say its place, and where it goes on beside the last one. */
const SHORTEST_JUMP = 4;
const SHORTEST = 2;
/** A token: does the match say its place, how many octets stand in front of it as they are, how long it is. */
const JUMP = 0x80;
const LITERALS = 7;
const LENGTH = 15;
/** No match so far: what lies beside it is outside every dictionary. */
const NOWHERE = 1 << 20;

interface Dictionary {
  readonly octets: Uint8Array;
  used: number;
  /** Items that need it to be read. */
  items: number;
}

/**
 * Packs items that are like others: as what differs from octets that came before, which are kept in dictionaries. An item
 * that is unlike all before is learnt. A dictionary that is full gives way to the next; once each has items, nothing more
 * is learnt, and what is like nothing that was takes as many octets as it has.
 *
 * An item is a run of tokens: some octets as they are, then a piece of the dictionary, which follows the piece before at
 * the same distance or says its place. So an item that differs in one octet from one before takes few.
 */
export class DictionaryCoder {
  private readonly dictionaries: Dictionary[] = [];
  private readonly room: number;
  private readonly most: number;
  private current = 0;
  /** Where four octets were learnt last, by their hash; of the present dictionary, whose first place is never told. */
  private slots = new Uint16Array(0);
  /** The item that was packed last, and its octets. */
  readonly packed: Uint8Array;
  length = 0;
  /** The dictionary that it needs. */
  dictionary = 0;

  /** @param itemOctets of the longest item */
  constructor(dictionaries: number, dictionaryOctets: number, itemOctets: number) {
    this.most = dictionaries;
    this.room = Math.min(dictionaryOctets, MOST);
    this.packed = new Uint8Array(2 * itemOctets + 16);
  }

  /** Packs `bytes[0, length)` into `packed`; `release` gives its dictionary free. */
  pack(bytes: Uint8Array, length: number): void {
    if (this.dictionaries.length === 0) this.open(0);
    this.encode(bytes, length);
    if (this.length * 2 > length && this.learn(bytes, length)) this.encode(bytes, length);
    this.dictionary = this.current;
    (this.dictionaries[this.current] as Dictionary).items++;
  }

  /** The item of `length` octets that is packed at `at` again, at the beginning of `to`. */
  unpack(dictionary: number, bytes: Uint8Array, at: number, length: number, to: Uint8Array): void {
    const { octets } = this.dictionaries[dictionary] as Dictionary;
    let from = at;
    let have = 0;
    let beside = 0;
    while (have < length) {
      const token = bytes[from++] as number;
      let literals = (token >> 4) & LITERALS;
      let matched = token & LENGTH;
      if (literals === LITERALS)
        for (let octet = 255; octet === 255; literals += octet) octet = bytes[from++] as number;
      if (matched === LENGTH)
        for (let octet = 255; octet === 255; matched += octet) octet = bytes[from++] as number;
      const place = (token & JUMP) === 0 ? -1 : from;
      if (place >= 0) from += 2;
      while (literals-- > 0) to[have++] = bytes[from++] as number;
      if (place >= 0)
        beside = (((bytes[place] as number) << 8) | (bytes[place + 1] as number)) - have;
      for (const end = have + matched; have < end; have++)
        to[have] = octets[have + beside] as number;
    }
  }

  release(dictionary: number): void {
    (this.dictionaries[dictionary] as Dictionary).items--;
  }

  private encode(bytes: Uint8Array, length: number): void {
    const { slots } = this;
    const { octets, used } = this.dictionaries[this.current] as Dictionary;
    let literal = 0;
    let beside = NOWHERE;
    let at = 0;
    this.length = 0;
    while (at < length) {
      let place = at + beside;
      let matched = place < 0 ? 0 : equal(octets, place, used, bytes, at, length);
      const jumps = matched < SHORTEST;
      if (jumps) {
        place = length - at < SHORTEST_JUMP ? 0 : (slots[hash(bytes, at)] as number);
        matched = place === 0 ? 0 : equal(octets, place, used, bytes, at, length);
        if (matched < SHORTEST_JUMP) {
          at++;
          continue;
        }
      }
      this.token(bytes, literal, at, matched, jumps ? place : -1);
      beside = place - at;
      at += matched;
      literal = at;
    }
    if (literal < length) this.token(bytes, literal, length, 0, -1);
  }

  private token(bytes: Uint8Array, start: number, end: number, matched: number, place: number) {
    const { packed } = this;
    let to = this.length;
    const literals = Math.min(end - start, LITERALS);
    const short = Math.min(matched, LENGTH);
    packed[to++] = (place >= 0 ? JUMP : 0) | (literals << 4) | short;
    if (literals === LITERALS) to = more(packed, to, end - start - literals);
    if (short === LENGTH) to = more(packed, to, matched - short);
    if (place >= 0) {
      packed[to++] = place >> 8;
      packed[to++] = place & 255;
    }
    for (let i = start; i < end; i++) packed[to++] = bytes[i] as number;
    this.length = to;
  }

  /** @returns whether there was room */
  private learn(bytes: Uint8Array, length: number): boolean {
    const known = this.dictionaries[this.current] as Dictionary;
    if (known.used + length > this.room && !this.turn(length)) return false;
    const into = this.dictionaries[this.current] as Dictionary;
    into.octets.set(bytes.subarray(0, length), into.used);
    for (let i = 0; i + SHORTEST_JUMP <= length; i++) this.slots[hash(bytes, i)] = into.used + i;
    into.used += length;
    return true;
  }

  /** Goes on with a dictionary that no item needs. */
  private turn(length: number): boolean {
    if (length > this.room) return false;
    let next = this.dictionaries.findIndex(({ items }) => items === 0);
    if (next < 0) next = this.dictionaries.length;
    if (next >= this.most) return false;
    this.open(next);
    return true;
  }

  private open(number: number): void {
    this.current = number;
    const known = this.dictionaries[number];
    if (known !== undefined) known.used = 0;
    else this.dictionaries.push({ octets: new Uint8Array(this.room), used: 0, items: 0 });
    if (this.slots.length === 0) this.slots = new Uint16Array(1 << HASH_BITS);
    else this.slots.fill(0);
  }
}

const HASH_BITS = 15;

function hash(bytes: Uint8Array, at: number): number {
  const word =
    (bytes[at] as number) |
    ((bytes[at + 1] as number) << 8) |
    ((bytes[at + 2] as number) << 16) |
    ((bytes[at + 3] as number) << 24);
  return Math.imul(word, 0x9e3779b1) >>> (32 - HASH_BITS);
}

/** How many octets from `place` on are those from `at` on. */
function equal(
  octets: Uint8Array,
  place: number,
  used: number,
  bytes: Uint8Array,
  at: number,
  length: number,
): number {
  const most = Math.min(used - place, length - at);
  let n = 0;
  while (n < most && octets[place + n] === bytes[at + n]) n++;
  return n;
}

/** A number in octets of which the last is less than 255. */
function more(packed: Uint8Array, at: number, number: number): number {
  let to = at;
  let rest = number;
  for (; rest >= 255; rest -= 255) packed[to++] = 255;
  packed[to++] = rest;
  return to;
}
