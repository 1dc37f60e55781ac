import type { PacketCursor } from '../model/packet.ts';

const SECOND_NANOS = 1e9;

/** The last second of the year 9999: what lies behind it is no time, and no date can be written of it. */
const LAST_SECOND = 253_402_300_799;

/**
 * Turns the 64-bit timestamps of one pcapng interface into seconds and nanoseconds. Fractions below 1 ns are dropped.
 *
 * Such a timestamp exceeds what a number holds exactly. Its upper half changes every few seconds at most, so what that
 * contributes is computed once, and each packet costs one division that cannot round wrongly.
 */
export class TimestampScale {
  readonly #unitsPerSecond: bigint;
  readonly #offsetSeconds: number;
  /** Units per second where one unit is a whole number of nanoseconds, else 0. */
  readonly #divisor: number;
  readonly #unitNanos: number;
  /** The upper half last seen, the whole seconds in it (with the offset) and the units beyond them. */
  #high = 0;
  #highSeconds: number;
  #highRest = 0;

  /**
   * @param resolution `if_tsresol`: negative power of ten, or of two with the top bit set
   * @param offsetSeconds `if_tsoffset`
   * @see draft-ietf-opsawg-pcapng, section 4.2
   */
  constructor(resolution: number, offsetSeconds: number) {
    const exponent = resolution & 0x7f;
    const isDecimal = (resolution & 0x80) === 0;
    this.#unitsPerSecond = (isDecimal ? 10n : 2n) ** BigInt(exponent);
    this.#divisor = isDecimal && exponent <= 9 ? 10 ** exponent : 0;
    this.#unitNanos = isDecimal && exponent <= 9 ? 10 ** (9 - exponent) : 0;
    this.#offsetSeconds = offsetSeconds;
    this.#highSeconds = offsetSeconds;
  }

  /** Sets the time of `cursor` from the two halves of a timestamp, unsigned 32 bits each. */
  apply(cursor: PacketCursor, high: number, low: number): void {
    const divisor = this.#divisor;
    if (divisor === 0) {
      this.#applyFine(cursor, high, low);
      return;
    }
    if (high !== this.#high) this.#enterHigh(high);
    // Below 2^33: exact.
    const units = this.#highRest + low;
    const seconds = Math.floor(units / divisor);
    cursor.seconds = this.#highSeconds + seconds;
    cursor.nanos = (units - seconds * divisor) * this.#unitNanos;
    if (cursor.seconds > LAST_SECOND || cursor.seconds < 0) clamp(cursor);
  }

  #enterHigh(high: number): void {
    const units = BigInt(high) << 32n;
    this.#high = high;
    this.#highSeconds = Number(units / this.#unitsPerSecond) + this.#offsetSeconds;
    this.#highRest = Number(units % this.#unitsPerSecond);
  }

  /** Binary fractions, and decimal ones below the nanosecond: rare enough to be computed at length. */
  #applyFine(cursor: PacketCursor, high: number, low: number): void {
    const units = (BigInt(high) << 32n) | BigInt(low);
    const rest = units % this.#unitsPerSecond;
    cursor.seconds = Number(units / this.#unitsPerSecond) + this.#offsetSeconds;
    cursor.nanos = Number((rest * BigInt(SECOND_NANOS)) / this.#unitsPerSecond);
    clamp(cursor);
  }
}

function clamp(cursor: PacketCursor): void {
  cursor.seconds = Math.min(Math.max(cursor.seconds, 0), LAST_SECOND);
}
