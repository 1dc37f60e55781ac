import type { CookieFact } from '../model/history.ts';
import { LIMITS } from '../model/limits.ts';

/** Two words of the cookie, its connection (0 for none), packet, and what became of it. */
const WORDS = 5;
const CONNECTION = 2;
const PACKET = 3;
const STATE = 4;
/** Bits of the state: who was given it brought it back; several connections were given it. */
const RETURNED = 1;
const SEVERAL = 2;

/**
 * Cookies that servers gave out last (RFC 6347 §4.2.1, RFC 8446 §4.2.2), to find the connection that a foreign one was
 * given to. A table of one place for each hash, which comes about with the first cookie.
 */
export class CookieIndex {
  private words: Int32Array | undefined;
  private nanos = new Float64Array(0);
  /** Of the cookie that was looked at last. */
  private w0 = 0;
  private w1 = 0;

  /** The body of a HelloVerifyRequest. */
  verifyRequest(
    bytes: Uint8Array,
    start: number,
    end: number,
    connection: number,
    packet: number,
    nanos: number,
  ): void {
    // `server_version`, then the cookie with its length.
    const length = start + 2 < end ? (bytes[start + 2] as number) : 0;
    if (start + 3 + length <= end) this.issue(bytes, start + 3, length, connection, packet, nanos);
  }

  /** A cookie that a server gives out on a connection. */
  issue(
    bytes: Uint8Array,
    at: number,
    length: number,
    connection: number,
    packet: number,
    nanos: number,
  ): void {
    if (length === 0) return;
    if (this.words === undefined) {
      this.words = new Int32Array(LIMITS.cookies * WORDS);
      this.nanos = new Float64Array(LIMITS.cookies);
    }
    const { words } = this;
    const w = this.placeOf(bytes, at, length);
    const isKnown = this.holds(words, w);
    if (isKnown && words[w + CONNECTION] === connection) return;
    words[w] = this.w0;
    words[w + 1] = this.w1;
    words[w + CONNECTION] = connection;
    words[w + PACKET] = packet;
    words[w + STATE] = isKnown ? SEVERAL : 0;
    this.nanos[w / WORDS] = nanos;
  }

  /** A ClientHello of this connection carries the cookie. */
  returned(bytes: Uint8Array, at: number, length: number, connection: number): void {
    const { words } = this;
    if (words === undefined || length === 0) return;
    const w = this.placeOf(bytes, at, length);
    if (this.holds(words, w) && words[w + CONNECTION] === connection)
      words[w + STATE] = (words[w + STATE] as number) | RETURNED;
  }

  /**
   * Where the cookie was given out, if on one other connection, which did not bring it back: else it may have been
   * captured on both sides of a translator, or the server gives it to everybody.
   */
  originOf(
    bytes: Uint8Array,
    at: number,
    length: number,
    connection: number,
  ): Omit<CookieFact, 'by'> | undefined {
    const { words } = this;
    if (words === undefined || length === 0) return undefined;
    const w = this.placeOf(bytes, at, length);
    const owner = words[w + CONNECTION] as number;
    if (!this.holds(words, w) || owner === connection || words[w + STATE] !== 0) return undefined;
    return {
      connection: owner,
      packet: words[w + PACKET] as number,
      nanos: this.nanos[w / WORDS] as number,
    };
  }

  private holds(words: Int32Array, w: number): boolean {
    return words[w + CONNECTION] !== 0 && words[w] === this.w0 && words[w + 1] === this.w1;
  }

  private placeOf(bytes: Uint8Array, at: number, length: number): number {
    let a = length;
    let b = ~length;
    for (let i = at; i < at + length; i++) {
      const octet = bytes[i] as number;
      a = Math.imul(a ^ octet, 0x01000193);
      b = Math.imul(b ^ octet, 0x5bd1e995) ^ (b >>> 15);
    }
    this.w0 = a;
    this.w1 = b;
    return (Math.imul(a ^ b, 0x9e3779b1) >>> SHIFT) * WORDS;
  }
}

const SHIFT = Math.clz32(LIMITS.cookies - 1);
