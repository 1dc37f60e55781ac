import { readI32 } from '../bytes/scalars.ts';
import { LIMITS } from '../model/limits.ts';

/** A print is made of octets from here on; those in front may be an explicit nonce. */
const PRINT_FROM = 8;
/** And of the last ones: what begins alike may be a chance, or initialisation vectors that do not change. */
const PRINT_TAIL = 4;
/** Octets that have to be at hand. */
export const PRINT_OCTETS = PRINT_FROM + 8 + PRINT_TAIL;
/** The length from which on it is no accident if two records are the same. */
export const PRINTED_LENGTH = 32;

/** Where the numbers of a record lie. The moment takes two of them. */
const WORDS = 8;
const KEY = 0;
const LENGTH = 1;
const SENDER = 2;
const IDENTITY = 3;
const PACKET = 4;
const TAIL = 5;
const MOMENT = 3;

/**
 * Prints of the protected records seen last, over all connections, to find the same ciphertext twice. Ciphertext under
 * working keys does not repeat: not in another connection, not in the other direction, not under the next number.
 *
 * The records stand in a ring, in the order in which they came, which costs the cache next to nothing. A table with one
 * place for each hash says where: a record drives out the one whose place it takes. The hash has no seed: which record
 * drives out which must be the same in every run, and crafted collisions hide nothing but themselves.
 */
export class RecordPrints {
  /** First word of a print, and where its record stands in the ring. */
  private readonly places = new Int32Array(2 * LIMITS.recordPrints);
  private readonly ints: Int32Array;
  private readonly floats: Float64Array;
  private next = 0;
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
   * Remembers a record by eight octets of its ciphertext, the last four, and its length.
   *
   * @param at where its first octets begin
   * @param end where its last octets end: what is between need not be there
   * @param sender connection times two plus side
   * @param identity what two captures of one handshake have in common
   * @returns whether the same one was seen before; then the fields say where
   */
  take(
    bytes: Uint8Array,
    at: number,
    end: number,
    length: number,
    sender: number,
    identity: number,
    packet: number,
    nanos: number,
  ): boolean {
    const { places, ints, next } = this;
    const k0 = readI32(bytes, at + PRINT_FROM);
    const k1 = readI32(bytes, at + PRINT_FROM + 4);
    const tail = readI32(bytes, end - PRINT_TAIL);
    const p = (Math.imul(k0, 0x9e3779b1) >>> SHIFT) * 2;
    const found = places[p] === k0 && this.isSame(places[p + 1] as number, k1, tail, length);
    places[p] = k0;
    places[p + 1] = next;
    const i = next * WORDS;
    ints[i + KEY] = k1;
    ints[i + TAIL] = tail;
    ints[i + LENGTH] = length;
    ints[i + SENDER] = sender;
    ints[i + IDENTITY] = identity;
    ints[i + PACKET] = packet;
    this.floats[next * (WORDS / 2) + MOMENT] = nanos;
    this.next = (next + 1) & (LIMITS.recordPrints - 1);
    return found;
  }

  /** The ring may have come round since: then another print stands there. */
  private isSame(position: number, k1: number, tail: number, length: number): boolean {
    const { ints } = this;
    const i = position * WORDS;
    if (ints[i + KEY] !== k1 || ints[i + TAIL] !== tail || ints[i + LENGTH] !== length)
      return false;
    this.sender = ints[i + SENDER] as number;
    this.identity = ints[i + IDENTITY] as number;
    this.packet = ints[i + PACKET] as number;
    this.nanos = this.floats[position * (WORDS / 2) + MOMENT] as number;
    return true;
  }
}

/** Leaves as many bits of a hash as there are places. */
const SHIFT = Math.clz32(LIMITS.recordPrints - 1);
