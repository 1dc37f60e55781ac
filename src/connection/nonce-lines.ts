/**
 * Explicit nonces of AEAD records up to TLS 1.2 (RFC 5288 §3, RFC 6655 §3): eight octets in the clear. Most stacks count
 * them up by one from any start, some use the sequence number, some draw them at random. Where they count, they make a
 * line, and a record off the line was not written by this sender in this state.
 *
 *      … 41  42  43      44  45        line
 *                    9                 stray, line goes on:   one record of somebody else
 *      … 41  42  43 │ 70  71  72       stray, line moves:     numbers are missing, or the state was exchanged
 *      … 41  42  43  42  44  43  45    two lines:             two writers with one state
 */
import { grown } from '../bytes/columns.ts';
import { readI32, writeI32 } from '../bytes/scalars.ts';
import { LIMITS } from '../model/limits.ts';

/** Length of an explicit nonce, the same with GCM and CCM. RFC 5288 §3, RFC 6655 §3. */
export const NONCE_OCTETS = 8;

/** What a record's nonce tells. */
export const NONCE = {
  /** It continues the line, or nothing can be said. */
  ordinary: 0,
  /** It is off the line. */
  stray: 1,
  /** It was used before on the line. */
  repeated: 2,
  /** It continues the line, which the record before it did not. */
  returns: 3,
  /** It continues the record that was off the line, while the line does not go on. */
  moves: 4,
  /** The same, while the line goes on as well. */
  second: 5,
} as const;

/** Numbers kept of each direction: a half cache line. */
const WORDS = 8;
/** Records on the line in a row; -1 for a direction whose nonces are no counter. */
const STEPS = 0;
const HIGH = 1;
const LOW = 2;
/** The record off the line: its nonce, the event that tells of it, and whether the line went on behind it. */
const OTHER_HIGH = 3;
const OTHER_LOW = 4;
const ENTRY = 5;
const RETURNED = 6;
const STRAYS = 7;

/** Two steps of one are no accident in 64 bits, whatever came before. */
const ESTABLISHED = 2;
/** Nonces below this look like sequence numbers, which all connections have in common. */
const SEQUENCE_NUMBERS = 0x1_0000_0000;
/** How far from its line a nonce can be and still be of it, when the owner of a record is looked for. */
const NEAR = 64;

export class NonceLines {
  private words = new Int32Array(WORDS * 1024);
  private searches = 0;
  /**
   * Looks on among directions that are kept elsewhere. Told the direction that was found so far, or -1; answers as
   * `ownerOf` does.
   */
  elsewhere: (isNear: (high: number, low: number) => boolean, found: number) => number = (
    _,
    found,
  ) => found;

  /** @returns a value of `NONCE`; for what is a stray the caller says which event tells of it, by `told` */
  take(half: number, bytes: Uint8Array, at: number): number {
    const { words } = this;
    const w = half * WORDS;
    if (w + WORDS > words.length) return this.first(half, bytes, at);
    const high = readI32(bytes, at);
    const low = readI32(bytes, at + 4);
    const steps = words[w] as number;
    if (steps > 0 && follows(words, w + HIGH, high, low)) {
      words[w + STEPS] = steps + 1;
      words[w + HIGH] = high;
      words[w + LOW] = low;
      if (words[w + ENTRY] === 0 || words[w + RETURNED] !== 0) return NONCE.ordinary;
      words[w + RETURNED] = 1;
      return NONCE.returns;
    }
    if (steps < 0) return NONCE.ordinary;
    return this.offLine(w, steps, high, low);
  }

  /** The event that tells of the present stray of this direction; 0 for none. */
  entry(half: number): number {
    return this.words[half * WORDS + ENTRY] as number;
  }

  told(half: number, entry: number): void {
    this.words[half * WORDS + ENTRY] = entry;
  }

  /** What comes next need not continue: octets are missing, or the keys change. */
  interrupt(half: number): void {
    const w = half * WORDS;
    if (w < this.words.length) this.words.fill(0, w, w + STRAYS);
  }

  /** Is there, or was there, a record off the line of this direction? */
  isOffLine(half: number): boolean {
    for (let w = half * WORDS + OTHER_HIGH; w < (half + 1) * WORDS; w++)
      if (w < this.words.length && this.words[w] !== 0) return true;
    return false;
  }

  /** Records on the line in a row; -1 for a direction whose nonces are no counter, 0 where nothing is known. */
  steps(half: number): number {
    return this.words[half * WORDS + STEPS] ?? 0;
  }

  /** Writes the last nonce of a direction of which something is known. */
  writeLast(half: number, to: Uint8Array, at: number): void {
    writeI32(to, at, this.words[half * WORDS + HIGH] as number);
    writeI32(to, at + 4, this.words[half * WORDS + LOW] as number);
  }

  /** Goes on where a direction was with its last nonce, which is at `at`. */
  resume(half: number, steps: number, bytes: Uint8Array, at: number): void {
    if ((half + 1) * WORDS > this.words.length) this.grow(half);
    begin(this.words, half * WORDS, steps, readI32(bytes, at), readI32(bytes, at + 4));
  }

  forget(half: number): void {
    const w = half * WORDS;
    if (w < this.words.length) this.words.fill(0, w, w + WORDS);
  }

  /** The nonce of the present stray, in hexadecimal. */
  got(half: number): string {
    return hex64(valueAt(this.words, half * WORDS + OTHER_HIGH));
  }

  /** The nonce that this direction's line comes to next, in hexadecimal. */
  due(half: number): string {
    return hex64(valueAt(this.words, half * WORDS + HIGH) + 1n);
  }

  /**
   * The one direction of another row to whose line a nonce belongs; -1 where there is none, or more than one. Nonces
   * that are sequence numbers say nothing.
   */
  ownerOf(bytes: Uint8Array, at: number, row: number): number {
    const nonce = join64(readI32(bytes, at), readI32(bytes, at + 4));
    if (nonce < SEQUENCE_NUMBERS || this.searches >= LIMITS.nonceOwnerSearches) return -1;
    this.searches++;
    const isNear = (high: number, low: number) => {
      const distance = nonce - join64(high, low);
      return distance <= NEAR && distance >= -NEAR;
    };
    const { words } = this;
    let owner = -1;
    for (let half = 0; half * WORDS < words.length; half++) {
      const w = half * WORDS;
      if (half >> 1 === row || !isEstablished(words[w] as number)) continue;
      if (!isNear(words[w + HIGH] as number, words[w + LOW] as number)) continue;
      if (owner >= 0) return -1;
      owner = half;
    }
    return this.elsewhere(isNear, owner);
  }

  private first(half: number, bytes: Uint8Array, at: number): number {
    this.grow(half);
    return this.take(half, bytes, at);
  }

  private grow(half: number): void {
    this.words = grown(this.words, Math.ceil((half + 1) * 1.5) * WORDS);
  }

  private offLine(w: number, steps: number, high: number, low: number): number {
    const { words } = this;
    if (words[w + ENTRY] !== 0 && follows(words, w + OTHER_HIGH, high, low)) {
      words[w + OTHER_HIGH] = high;
      words[w + OTHER_LOW] = low;
      if (words[w + RETURNED] !== 0) return NONCE.second;
      begin(words, w, ESTABLISHED, high, low);
      return NONCE.moves;
    }
    if (steps < ESTABLISHED) {
      begin(words, w, 1, high, low);
      return NONCE.ordinary;
    }
    if ((words[w + STRAYS] as number) >= LIMITS.nonceStrays) {
      words[w + STEPS] = -1;
      return NONCE.ordinary;
    }
    words[w + STRAYS] = (words[w + STRAYS] as number) + 1;
    words[w + OTHER_HIGH] = high;
    words[w + OTHER_LOW] = low;
    words[w + ENTRY] = 0;
    words[w + RETURNED] = 0;
    const back = valueAt(words, w + HIGH) - valueAt(words, w + OTHER_HIGH);
    return back >= 0n && back < BigInt(steps) ? NONCE.repeated : NONCE.stray;
  }
}

/** Is it no accident that so many records followed each other? */
export function isEstablished(steps: number): boolean {
  return steps >= ESTABLISHED;
}

function begin(words: Int32Array, w: number, steps: number, high: number, low: number): void {
  words[w + STEPS] = steps;
  words[w + HIGH] = high;
  words[w + LOW] = low;
}

/** Is this nonce one more than that at `at`? */
function follows(words: Int32Array, at: number, high: number, low: number): boolean {
  const next = ((words[at + 1] as number) + 1) | 0;
  return low === next && high === (next === 0 ? ((words[at] as number) + 1) | 0 : words[at]);
}

function valueAt(words: Int32Array, at: number): bigint {
  return join64(words[at] as number, words[at + 1] as number);
}

function join64(high: number, low: number): bigint {
  return (BigInt(high >>> 0) << 32n) | BigInt(low >>> 0);
}

function hex64(value: bigint): string {
  return BigInt.asUintN(64, value).toString(16).padStart(16, '0');
}
