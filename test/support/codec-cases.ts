import { expect, it } from 'vitest';
import type { Shortfall } from '../../src/bytes/reader.ts';
import { concat, hex } from './hello-builder.ts';

/** A message on the wire and what it means. Values need only name the fields that the case is about. */
export interface CodecCase {
  readonly name: string;
  readonly hex: string;
  readonly value: object;
  /** Lengths at which the message may end although this one does not, and why. */
  readonly legalCuts?: Readonly<Record<number, string>>;
  /** Octets behind this message are read as a further field of it, so that they are no strays. */
  readonly openEnded?: true;
}

interface Result {
  readonly message: object;
  readonly shortfalls: readonly Shortfall[];
  readonly strayOctets: number;
}

/**
 * Runs each case four ways: whole, inside a larger buffer, cut at every length, and with octets behind it.
 *
 * A cut gives exactly one shortfall, whose figures fit the cut, wherever it falls; that is what lets a caller turn
 * shortfalls into notices without counting one damage twice.
 */
export function codecCases(
  decode: (body: Uint8Array) => Result,
  cases: readonly CodecCase[],
): void {
  it.each(cases)('$name', ({ hex: digits, value }) => {
    const body = hex(digits);
    const whole = decode(body);
    expect(whole.message).toMatchObject(value);
    expect(whole).toMatchObject({ shortfalls: [], strayOctets: 0 });
    const padded = concat(Uint8Array.of(0xff, 0xff), body, Uint8Array.of(0xff, 0xff));
    expect(decode(padded.subarray(2, 2 + body.length))).toEqual(whole);
  });

  it.each(cases)('$name, cut at every length', ({ hex: digits, legalCuts = {} }) => {
    const body = hex(digits);
    for (let length = 0; length < body.length; length++) {
      const { shortfalls } = decode(body.subarray(0, length));
      const wanted = length in legalCuts ? 0 : 1;
      expect(shortfalls, `cut at ${length}`).toHaveLength(wanted);
      for (const { offset, needed, available } of shortfalls) {
        expect(offset + available).toBe(length);
        expect(needed).toBeGreaterThan(available);
      }
    }
  });

  it.each(cases.filter((c) => c.openEnded !== true))('$name, and more behind it', (c) => {
    const more = decode(concat(hex(c.hex), Uint8Array.of(1, 2, 3)));
    expect(more.message).toMatchObject(c.value);
    expect(more).toMatchObject({ shortfalls: [], strayOctets: 3 });
  });
}
