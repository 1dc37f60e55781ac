import { readU16 } from '../bytes/scalars.ts';
import type { OfferFacts } from '../model/capture-index.ts';
import { isGrease } from '../model/code-points/grease.ts';
import { isPostQuantum } from '../model/code-points/groups.ts';
import { LIMITS } from '../model/limits.ts';

const KEY_SHARE = 51;
/** padding, pre_shared_key, early_data and cookie: they come and go with the session, not with the client. */
const VOLATILE_LOW = 1 << 21;
const VOLATILE_HIGH = (1 << (41 - 32)) | (1 << (42 - 32)) | (1 << (44 - 32));

/** What tells two kinds apart: extensions below 32 and below 64 as bits, a sum over the others, version and key share. */
const WORDS = 4;

/**
 * What ClientHellos offer, each kind once: a client sends the same again and again, so that a connection needs no more than
 * a number to remember its offer. 0 stands for one that is not known.
 */
export class Offers {
  private readonly known: OfferFacts[] = [];
  private readonly words = new Int32Array(WORDS * (LIMITS.offers + 1));
  /** Number by hash; kinds with one hash stand behind each other. */
  private readonly byHash = new Map<number, number>();

  get size(): number {
    return this.known.length;
  }

  of(number: number): OfferFacts | undefined {
    return this.known[number - 1];
  }

  /**
   * Runs once for each connection, so it allocates nothing for a kind that is known.
   *
   * @param at behind the cipher suites of a ClientHello whose structure was found sound
   * @param highestVersion that it offers, as on the wire
   */
  numberOf(bytes: Uint8Array, at: number, end: number, highestVersion: number): number {
    let low = 0;
    let high = 0;
    let others = 0;
    let last = highestVersion << 1;
    const start = firstExtension(bytes, at);
    let next = start;
    while (end - next >= 4) {
      const type = readU16(bytes, next);
      const body = next + 4;
      next = body + readU16(bytes, next + 2);
      if (next > end) return 0;
      if (type < 32) low |= 1 << type;
      else if (type < 64) high |= 1 << (type - 32);
      // The order does not count: some clients shuffle.
      else if (!isGrease(type)) others = (others + Math.imul(type, 0x9e3779b1)) | 0;
      if (type === KEY_SHARE && hasPostQuantum(bytes, body + 2, next)) last |= 1;
    }
    low &= ~VOLATILE_LOW;
    high &= ~VOLATILE_HIGH;
    // A small integer, which costs no object.
    let key = (low ^ Math.imul(high, 31) ^ Math.imul(others, 17) ^ Math.imul(last, 131)) >>> 4;
    for (let found = this.byHash.get(key); found !== undefined; found = this.byHash.get(++key))
      if (this.is(found, low, high, others, last)) return found;
    if (this.known.length === LIMITS.offers) return 0;
    this.words.set([low, high, others, last], WORDS * (this.known.length + 1));
    this.byHash.set(key, this.known.length + 1);
    const extensions = typesOf(bytes, start, end);
    return this.known.push({ highestVersion, extensions, postQuantum: (last & 1) !== 0 });
  }

  private is(number: number, low: number, high: number, others: number, last: number): boolean {
    const { words } = this;
    const at = WORDS * number;
    return (
      words[at] === low &&
      words[at + 1] === high &&
      words[at + 2] === others &&
      words[at + 3] === last
    );
  }
}

/** Behind the compression methods and the length of the list of extensions. */
const firstExtension = (bytes: Uint8Array, at: number): number =>
  at + 1 + (bytes[at] as number) + 2;

function typesOf(bytes: Uint8Array, start: number, end: number): number[] {
  const types: number[] = [];
  for (let at = start; end - at >= 4; at += 4 + readU16(bytes, at + 2)) {
    const type = readU16(bytes, at);
    const isVolatile =
      type < 32
        ? ((1 << type) & VOLATILE_LOW) !== 0
        : type < 64 && ((1 << (type - 32)) & VOLATILE_HIGH) !== 0;
    if (!isVolatile && !isGrease(type)) types.push(type);
  }
  return types.sort((a, b) => a - b);
}

function hasPostQuantum(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; end - at >= 4; at += 4 + readU16(bytes, at + 2))
    if (isPostQuantum(readU16(bytes, at))) return true;
  return false;
}
