import type { RowReader, RowWriter } from './columns.ts';
import { NumberTape, signed, unsigned } from './row-tape.ts';
import { Slab } from './slab.ts';

/** How a field is told: by its number, or by how far it is ahead of another field; `serial` wraps at 2^32. */
export interface PackedField {
  readonly field: number;
  readonly from?: number | undefined;
  readonly serial?: boolean;
}

/** Fields whose presence one octet tells. */
const GROUP = 8;
/** Numbers beyond are not told: their differences would not be exact. */
const LARGEST = 2 ** 51;
/** Octets of the longest number. */
const LONGEST = 8;
/** Slots of 8, 16, 24 … octets. */
const STEP_BITS = 3;

/**
 * Rows of whole numbers in as few octets as their order allows: each field as the difference from one told before it, and
 * not at all where that is zero. For rows that are rarely looked at and come back as they were.
 *
 *     leading fields │ groups with any │ per group: fields present, and they │ …
 */
export class PackedRows {
  private readonly slab = new Slab(STEP_BITS);
  private readonly fields: Int32Array;
  private readonly bases: Int32Array;
  private readonly serials: Uint8Array;
  private readonly leads: number;
  private readonly written: NumberTape;
  private readonly found = new NumberTape(new Uint8Array(0));
  private fits = true;

  /**
   * @param order of the fields: a base stands before what is told by it, and what is often zero stands together
   * @param leads how many at the beginning can be read alone; they have no base
   */
  constructor(order: readonly PackedField[], leads: number) {
    this.leads = leads;
    this.fields = Int32Array.from(order, ({ field }) => field);
    this.bases = Int32Array.from(order, ({ from }) => from ?? -1);
    this.serials = Uint8Array.from(order, ({ serial }) => (serial === true ? 1 : 0));
    this.written = new NumberTape(new Uint8Array((order.length + 1) * (LONGEST + 1)));
  }

  /** @returns what the row is found by, a positive integer; 0 if it cannot be told exactly */
  pack(values: Float64Array): number {
    const { fields, written, leads } = this;
    written.at = 0;
    this.fits = true;
    for (let i = 0; i < leads; i++) this.write(values[fields[i] as number] as number);
    const count = fields.length;
    let present = 0;
    for (let i = leads; i < count; i++)
      if (this.difference(i, values) !== 0) present |= 1 << ((i - leads) >> 3);
    written.putNatural(present);
    for (let group = leads; group < count; group += GROUP) {
      if ((present & (1 << ((group - leads) >> 3))) === 0) continue;
      const mask = written.at++;
      let bits = 0;
      for (let i = group; i < group + GROUP && i < count; i++) {
        const difference = this.difference(i, values);
        if (difference === 0) continue;
        bits |= 1 << (i - group);
        this.write(difference);
      }
      written.bytes[mask] = bits;
    }
    return this.fits ? this.slab.store(written.bytes, 0, written.at) : 0;
  }

  /** Gives all fields of the order their values. */
  unpack(handle: number, values: Float64Array): void {
    this.begin(handle);
    const { fields, leads, found } = this;
    const count = fields.length;
    for (let i = 0; i < leads; i++) values[fields[i] as number] = this.read();
    const present = found.natural();
    for (let group = leads; group < count; group += GROUP) {
      const bits =
        (present & (1 << ((group - leads) >> 3))) === 0 ? 0 : (found.bytes[found.at++] as number);
      for (let i = group; i < group + GROUP && i < count; i++)
        this.set(i, (bits & (1 << (i - group))) === 0 ? 0 : this.read(), values);
    }
  }

  /** One of the leading fields. */
  lead(handle: number, field: number): number {
    this.begin(handle);
    for (let i = 0; i < field; i++) this.read();
    return this.read();
  }

  release(handle: number): void {
    this.slab.release(handle);
  }

  /** See `Slab.drain`. */
  drain(): void {
    this.slab.drain();
  }

  private difference(i: number, values: Float64Array): number {
    const value = values[this.fields[i] as number] as number;
    const base = this.bases[i] as number;
    if (base < 0) return value;
    const difference = value - (values[base] as number);
    return this.serials[i] === 1 ? difference | 0 : difference;
  }

  private set(i: number, difference: number, values: Float64Array): void {
    const base = this.bases[i] as number;
    const value = base < 0 ? difference : (values[base] as number) + difference;
    values[this.fields[i] as number] = this.serials[i] === 1 ? value | 0 : value;
  }

  private write(value: number): void {
    if (Number.isInteger(value) && value <= LARGEST && value >= -LARGEST)
      this.written.putNatural(unsigned(value));
    else this.fits = false;
  }

  private begin(handle: number): void {
    this.found.bytes = this.slab.bytesOf(handle);
    this.found.at = this.slab.offsetOf(handle);
  }

  private read(): number {
    return signed(this.found.natural());
  }
}

/** The numbers of a row by their place. */
export class RowFields implements RowWriter, RowReader {
  readonly values: Float64Array;
  private at = 0;

  constructor(length: number) {
    this.values = new Float64Array(length);
  }

  /** To write from the beginning, or read. */
  rewind(): this {
    this.at = 0;
    return this;
  }

  putInt(value: number): void {
    this.values[this.at++] = value;
  }

  putFloat(value: number): void {
    this.values[this.at++] = value;
  }

  putNatural(value: number): void {
    this.values[this.at++] = value;
  }

  int(): number {
    return this.values[this.at++] as number;
  }

  float(): number {
    return this.values[this.at++] as number;
  }

  natural(): number {
    return this.values[this.at++] as number;
  }
}
