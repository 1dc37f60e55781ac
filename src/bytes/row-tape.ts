/** Floats of a row that are told by their place when they come again. */
const KNOWN = 32;
/** What stands for a float: 0, the difference to the one before, its eight octets, or its place among those known. */
const ZERO = 0;
const NEW = 1;
const RAW = 2;
const FIRST_KNOWN = 3;
/** So much nearer to the origin than to 0 an integer is told by its distance. */
const NEARER = 16;
/** Differences below this are safe integers, and so is twice as much. */
const FAR = 2 ** 51;

const float = new Float64Array(1);
const floatOctets = new Uint8Array(float.buffer);

/** Numbers in octets of seven bits each, as many as a number needs, the lowest first. */
export class NumberTape {
  bytes: Uint8Array;
  /** Behind what was written, or read. */
  at = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** @param value a safe integer that is not negative */
  putNatural(value: number): void {
    const { bytes } = this;
    let rest = value;
    for (; rest >= 0x8000_0000; rest = Math.floor(rest / 128))
      bytes[this.at++] = (rest % 128) | 128;
    for (; rest >= 128; rest >>>= 7) bytes[this.at++] = (rest & 127) | 128;
    bytes[this.at++] = rest;
  }

  natural(): number {
    const { bytes } = this;
    let octet = bytes[this.at++] as number;
    let value = octet & 127;
    for (let unit = 128; octet >= 128; unit *= 128) {
      octet = bytes[this.at++] as number;
      value += (octet & 127) * unit;
    }
    return value;
  }
}

/**
 * The numbers of a row one behind the other, in as few octets as each needs: written in one order, read in the same.
 * Integers near the origin (packet numbers) are told by their distance, floats that come twice (times) only once.
 */
export class RowTape extends NumberTape {
  private origin = 0;
  private last = 0;
  private readonly known = new Float64Array(KNOWN);
  private knownCount = 0;

  /** @param room octets that are enough for every row; what goes beyond is lost */
  constructor(room: number) {
    super(new Uint8Array(room));
  }

  /** Begins to write a row, or to read one that lies in `bytes`. */
  rewind(): void {
    this.at = 0;
    this.origin = 0;
    this.last = 0;
    this.knownCount = 0;
  }

  /** An integer that others are near to. */
  putOrigin(value: number): void {
    this.putNatural(value);
    this.origin = value;
  }

  takeOrigin(): number {
    this.origin = this.natural();
    return this.origin;
  }

  /** @param value of 32 bits */
  putInt(value: number): void {
    const distance = value - this.origin;
    const isNear = NEARER * Math.abs(distance) < Math.abs(value);
    this.putNatural(2 * unsigned(isNear ? distance : value) + (isNear ? 1 : 0));
  }

  int(): number {
    const coded = this.natural();
    const value = signed(Math.floor(coded / 2));
    return coded % 2 === 1 ? value + this.origin : value;
  }

  putFloat(value: number): void {
    if (value === 0) {
      this.putNatural(ZERO);
      return;
    }
    const { known } = this;
    for (let i = 0; i < this.knownCount; i++) {
      if (known[i] !== value) continue;
      this.putNatural(FIRST_KNOWN + i);
      return;
    }
    const difference = value - this.last;
    if (Number.isSafeInteger(value) && Math.abs(difference) < FAR) {
      this.putNatural(NEW);
      this.putNatural(unsigned(difference));
    } else {
      this.putNatural(RAW);
      float[0] = value;
      for (const octet of floatOctets) this.bytes[this.at++] = octet;
    }
    this.learn(value);
  }

  float(): number {
    const what = this.natural();
    if (what === ZERO) return 0;
    if (what >= FIRST_KNOWN) return this.known[what - FIRST_KNOWN] as number;
    let value: number;
    if (what === NEW) value = this.last + signed(this.natural());
    else {
      for (let i = 0; i < 8; i++) floatOctets[i] = this.bytes[this.at++] as number;
      value = float[0] as number;
    }
    this.learn(value);
    return value;
  }

  putOctets(bytes: Uint8Array, start: number, end: number): void {
    this.bytes.set(bytes.subarray(start, end), this.at);
    this.at += end - start;
  }

  /** Where the next `length` octets lie in `bytes`. */
  octets(length: number): number {
    this.at += length;
    return this.at - length;
  }

  private learn(value: number): void {
    if (Number.isSafeInteger(value)) this.last = value;
    if (this.knownCount < KNOWN) this.known[this.knownCount++] = value;
  }
}

/** Integers of small size, whatever their sign, as small natural numbers; and back. */
export function unsigned(value: number): number {
  return value < 0 ? -2 * value - 1 : 2 * value;
}

/** What `unsigned` was given: `signed(unsigned(n))` is `n`. */
export function signed(value: number): number {
  return value % 2 === 1 ? -(value + 1) / 2 : value / 2;
}
