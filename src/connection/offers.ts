import { readU16 } from '../bytes/scalars.ts';
import { isGrease } from '../model/code-points/grease.ts';
import { isPostQuantum } from '../model/code-points/groups.ts';
import type { OfferFacts } from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';

const KEY_SHARE = 51;
/** padding, pre_shared_key, early_data and cookie: they come and go with the session, not with the client. */
const VOLATILE: ReadonlySet<number> = new Set([21, 41, 42, 44]);

/**
 * What ClientHellos offer, each kind once: a client sends the same again and again, so that a connection needs no more than
 * a number to remember its offer. 0 stands for one that is not known.
 */
export class Offers {
  private readonly known: OfferFacts[] = [];
  /** By hash; kinds with one hash stand behind each other. */
  private readonly byHash = new Map<number, number>();
  private readonly types: number[] = [];

  get size(): number {
    return this.known.length;
  }

  of(number: number): OfferFacts | undefined {
    return this.known[number - 1];
  }

  /**
   * @param at behind the cipher suites of a ClientHello whose structure was found sound
   * @param highestVersion that it offers, as on the wire
   */
  numberOf(bytes: Uint8Array, at: number, end: number, highestVersion: number): number {
    const { types } = this;
    types.length = 0;
    let postQuantum = false;
    let hash = highestVersion;
    // Compression methods, then the list of extensions with its length.
    let next = at + 1 + (bytes[at] as number) + 2;
    while (end - next >= 4) {
      const type = readU16(bytes, next);
      const body = next + 4;
      next = body + readU16(bytes, next + 2);
      if (next > end) return 0;
      if (isGrease(type) || VOLATILE.has(type)) continue;
      types.push(type);
      // The order does not count: some clients shuffle.
      hash += Math.imul(type + 1, 0x9e3779b1) >>> 8;
      if (type === KEY_SHARE) postQuantum = hasPostQuantum(bytes, body + 2, next);
    }
    return this.find(postQuantum ? -hash : hash, highestVersion, postQuantum);
  }

  private find(hash: number, highestVersion: number, postQuantum: boolean): number {
    let key = hash;
    for (let found = this.byHash.get(key); found !== undefined; found = this.byHash.get(++key)) {
      if (this.isThis(this.known[found - 1] as OfferFacts, highestVersion, postQuantum))
        return found;
    }
    if (this.known.length === LIMITS.offers) return 0;
    const extensions = [...this.types].sort((a, b) => a - b);
    this.known.push({ highestVersion, extensions, postQuantum });
    this.byHash.set(key, this.known.length);
    return this.known.length;
  }

  private isThis(offer: OfferFacts, highestVersion: number, postQuantum: boolean): boolean {
    if (offer.highestVersion !== highestVersion || offer.postQuantum !== postQuantum) return false;
    if (offer.extensions.length !== this.types.length) return false;
    for (const type of this.types) if (!offer.extensions.includes(type)) return false;
    return true;
  }
}

function hasPostQuantum(bytes: Uint8Array, start: number, end: number): boolean {
  for (let at = start; end - at >= 4; at += 4 + readU16(bytes, at + 2))
    if (isPostQuantum(readU16(bytes, at))) return true;
  return false;
}
