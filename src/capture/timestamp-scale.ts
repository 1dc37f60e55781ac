import type { PacketCursor } from '../model/packet.ts';

const SECOND_NANOS = 1e9;
const TWO_16 = 65_536;
const TWO_32 = 4_294_967_296;

/** Turns the 64-bit timestamps of one pcapng interface into seconds and nanoseconds. Fractions below 1 ns are dropped. */
export class TimestampScale {
  readonly #unitsPerSecond: bigint;
  /** The same as a number when the conversion can be exact in floating point, else 0. */
  readonly #divisor: number;
  readonly #unitNanos: number;
  readonly #offsetSeconds: number;

  /**
   * @param resolution `if_tsresol`: negative power of ten, or of two with the top bit set
   * @param offsetSeconds `if_tsoffset`
   * @see draft-ietf-opsawg-pcapng, section 4.2
   */
  constructor(resolution: number, offsetSeconds: number) {
    const exponent = resolution & 0x7f;
    const base = (resolution & 0x80) === 0 ? 10n : 2n;
    this.#unitsPerSecond = base ** BigInt(exponent);
    this.#divisor = base === 10n && exponent <= 9 ? Number(this.#unitsPerSecond) : 0;
    this.#unitNanos = this.#divisor === 0 ? 0 : SECOND_NANOS / this.#divisor;
    this.#offsetSeconds = offsetSeconds;
  }

  /** Sets the time of `cursor` from the two halves of a timestamp, unsigned 32 bits each. */
  apply(cursor: PacketCursor, high: number, low: number): void {
    const divisor = this.#divisor;
    if (divisor === 0) {
      this.#applySlowly(cursor, high, low);
      return;
    }
    // Long division by digits of 16 bits: every intermediate value stays below 2^53, so the result is exact.
    const first = Math.floor(high / divisor);
    let rest = (high - first * divisor) * TWO_16 + (low >>> 16);
    const second = Math.floor(rest / divisor);
    rest = (rest - second * divisor) * TWO_16 + (low & 0xffff);
    const third = Math.floor(rest / divisor);
    cursor.seconds = first * TWO_32 + second * TWO_16 + third + this.#offsetSeconds;
    cursor.nanos = (rest - third * divisor) * this.#unitNanos;
  }

  #applySlowly(cursor: PacketCursor, high: number, low: number): void {
    const units = (BigInt(high) << 32n) | BigInt(low);
    const seconds = units / this.#unitsPerSecond;
    const rest = units - seconds * this.#unitsPerSecond;
    cursor.seconds = Number(seconds) + this.#offsetSeconds;
    cursor.nanos = Number((rest * BigInt(SECOND_NANOS)) / this.#unitsPerSecond);
  }
}
