import { readI32 } from '../bytes/scalars.ts';
import { LIMITS } from '../model/limits.ts';

/** A print is made of the octets in front of this one; those in front of `PRINT_FROM` may be an explicit nonce. */
export const PRINT_END = 16;
const PRINT_FROM = 8;
/** The length from which on it is no accident if two records are the same. */
export const PRINTED_LENGTH = 32;

/** Where the numbers of a place lie. The moment takes two of them. */
const WORDS = 8;
const KEY = 1;
const LENGTH = 2;
const SENDER = 3;
const IDENTITY = 4;
const PACKET = 5;
const MOMENT = 3;

/**
 * Prints of the protected records seen last, over all connections, to find the same ciphertext twice. Ciphertext under
 * working keys does not repeat: not in another connection, not in the other direction, not under the next number.
 *
 * A table of one place for each hash: a record drives out the one whose place it takes. What is looked at for every
 * record is a column of its own, since it has to stay in the cache.
 */
export class RecordPrints {
  /** Ciphertext comes from the wire: without a seed a capture could be crafted to collide. */
  private readonly seed = (Math.random() * 0x7fffffff) | 0;
  private readonly keys = new Int32Array(LIMITS.recordPrints);
  private readonly ints: Int32Array;
  private readonly floats: Float64Array;
  /** The record that `take` found: connection times two plus side, and where it was. */
  sender = 0;
  identity = 0;
  packet = 0;
  nanos = 0;

  constructor() {
    const octets = new ArrayBuffer(LIMITS.recordPrints * WORDS * 4);
    this.ints = new Int32Array(octets);
    this.floats = new Float64Array(octets);
  }

  /**
   * Remembers a record by eight octets of its ciphertext, and its length.
   *
   * @param sender connection times two plus side
   * @param identity what two captures of one handshake have in common
   * @returns whether the same one was seen before; then the fields say where
   */
  take(
    bytes: Uint8Array,
    at: number,
    length: number,
    sender: number,
    identity: number,
    packet: number,
    nanos: number,
  ): boolean {
    const k0 = readI32(bytes, at + PRINT_FROM);
    const k1 = readI32(bytes, at + PRINT_FROM + 4);
    const place = Math.imul(k0 ^ this.seed, 0x9e3779b1) >>> SHIFT;
    const i = place * WORDS;
    const { ints } = this;
    const found = this.keys[place] === k0 && ints[i + KEY] === k1 && ints[i + LENGTH] === length;
    if (found) {
      this.sender = ints[i + SENDER] as number;
      this.identity = ints[i + IDENTITY] as number;
      this.packet = ints[i + PACKET] as number;
      this.nanos = this.floats[place * (WORDS / 2) + MOMENT] as number;
    }
    this.keys[place] = k0;
    ints[i + KEY] = k1;
    ints[i + LENGTH] = length;
    ints[i + SENDER] = sender;
    ints[i + IDENTITY] = identity;
    ints[i + PACKET] = packet;
    this.floats[place * (WORDS / 2) + MOMENT] = nanos;
    return found;
  }
}

/** Leaves as many bits of a hash as there are places. */
const SHIFT = Math.clz32(LIMITS.recordPrints - 1);
