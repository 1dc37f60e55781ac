import { LIMITS } from '../model/limits.ts';
import { GcmOfParts } from './aead.ts';
import { AS_SPECIFIED } from './construction.ts';
import type { FailedRecord, Flip } from './failed-record.ts';
import { timesX } from './ghash.ts';
import { AeadConstruction } from './open-aead.ts';

/**
 * The tag of GCM is linear: the difference of the tag received from the one computed over what was received (here called
 * syndrome) is the sum of what each flipped bit adds to it, whatever the other bits are. A bit of a ciphertext block
 * adds its power of x times H^k, where k is 2 for the last block, 3 for the one before, and so on; a bit of the tag adds
 * itself. So damage is found by looking for the syndrome among those sums, without deciphering anything.
 * NIST SP 800-38D §6.4.
 */
export class GcmSyndrome {
  /** Ways of damage that were, or would have been, looked at. */
  readonly patterns: number;
  private readonly syndrome: Int32Array;
  private readonly nonceOctets: number;
  /** What each bit of ciphertext and tag adds: four words a bit, in order of the octets. */
  private readonly terms: Int32Array;
  private readonly octets: number;

  /** Undefined unless the record is protected with GCM by a cipher that works here. */
  static of({ record, protection, keys, sequence, epoch }: FailedRecord): GcmSyndrome | undefined {
    const { suite } = protection;
    if (suite.mode !== 'aead-gcm') return undefined;
    const parts = GcmOfParts.create(suite.cipher, keys.key);
    const start = record.start + suite.explicitNonceOctets;
    const tagAt = record.end - suite.tagOctets;
    if (parts === undefined || tagAt < start) return undefined;
    const construction = new AeadConstruction(protection, keys);
    const { nonce, additional } = construction.inputs(record, sequence, epoch ?? 0, AS_SPECIFIED);
    const octets = parts.syndrome(nonce, additional, record.bytes, start, tagAt);
    return new GcmSyndrome(parts, octets, suite.explicitNonceOctets, tagAt - start);
  }

  private constructor(
    parts: GcmOfParts,
    syndrome: Buffer,
    nonceOctets: number,
    ciphertextOctets: number,
  ) {
    this.syndrome = Int32Array.from({ length: 4 }, (_, word) => syndrome.readInt32BE(word * 4));
    this.nonceOctets = nonceOctets;
    this.octets = ciphertextOctets + TAG_OCTETS;
    this.terms = new Int32Array(this.octets * 32);
    const bits = this.octets * 8;
    this.patterns = this.octets * 255 + (this.pairs ? (bits * (bits - 1)) / 2 : 0);
    const { hash } = parts;
    hash.reset().update(UNIT);
    for (let block = Math.ceil(ciphertextOctets / 16) - 1; block >= 0; block--) {
      hash.update(ZEROS);
      this.fill(hash.sum.slice(), block * 16, Math.min(block * 16 + 16, ciphertextOctets));
    }
    this.fill(Int32Array.of(1 << 31, 0, 0, 0), ciphertextOctets, this.octets);
  }

  /** Number of the first bit of the tag. */
  private get tagBit(): number {
    return (this.octets - TAG_OCTETS) * 8;
  }

  private get pairs(): boolean {
    return this.octets <= LIMITS.damagePairOctets;
  }

  private fill(term: Int32Array, start: number, end: number): void {
    for (let bit = start * 8; bit < end * 8; bit++) {
      this.terms.set(term, bit * 4);
      timesX(term);
    }
  }

  /** All damage that the tag allows, simplest first; and any bit of the nonce, which the tag does not tell of. */
  *explanations(): Generator<readonly Flip[]> {
    for (let offset = 0; offset < this.nonceOctets; offset++) {
      for (let bit = 0; bit < 8; bit++) yield [{ offset, mask: 1 << bit }];
    }
    for (let octet = 0; octet < this.octets; octet++) {
      const mask = this.maskOf(octet);
      if (mask > 0) yield [{ offset: this.nonceOctets + octet, mask }];
    }
    if (this.pairs) yield* this.bitPairs();
  }

  /** The bits of that octet which together give the syndrome; 0 if none do. */
  private maskOf(octet: number): number {
    const { terms, syndrome } = this;
    let [a = 0, b = 0, c = 0, d = 0] = syndrome;
    let mask = 0;
    // In the order of the Gray code one bit changes at a time.
    for (let step = 1; step < 256; step++) {
      const bit = 31 - Math.clz32(step & -step);
      const row = (octet * 8 + bit) * 4;
      mask ^= 0x80 >> bit;
      a ^= terms[row] as number;
      b ^= terms[row + 1] as number;
      c ^= terms[row + 2] as number;
      d ^= terms[row + 3] as number;
      if (a === 0 && b === 0 && c === 0 && d === 0) return mask;
    }
    return 0;
  }

  private *bitPairs(): Generator<readonly Flip[]> {
    const { terms, syndrome, tagBit } = this;
    // Ciphertext terms are as good as random and told apart by one word; those of the tag are units.
    const seen = new Map<number, number>();
    for (let bit = 0; bit < tagBit; bit++) {
      const row = bit * 4;
      const rest = syndrome.map((word, i) => word ^ (terms[row + i] as number));
      const other = seen.get(rest[0] as number);
      if (other !== undefined && rest.every((word, i) => word === terms[other * 4 + i])) {
        yield [this.flip(other), this.flip(bit)];
      }
      const units = bitsOf(rest);
      if (units.length === 1)
        yield [bit, ...units.map((unit) => tagBit + unit)].map((one) => this.flip(one));
      seen.set(terms[row] as number, bit);
    }
    const units = bitsOf(syndrome);
    if (units.length === 2) yield units.map((unit) => this.flip(tagBit + unit));
  }

  private flip(bit: number): Flip {
    return { offset: this.nonceOctets + (bit >> 3), mask: 0x80 >> (bit & 7) };
  }
}

const TAG_OCTETS = 16;
const ZEROS = new Uint8Array(16);
/** The element 1, whose hash is H. */
const UNIT = Uint8Array.of(0x80, ...new Uint8Array(15));

/** The first three bits that are set in an element, the coefficient of x^0 being bit 0. */
function bitsOf(element: Int32Array): number[] {
  const bits: number[] = [];
  for (let word = 0; word < 4; word++) {
    let rest = element[word] as number;
    while (rest !== 0 && bits.length < 3) {
      const bit = Math.clz32(rest);
      bits.push(word * 32 + bit);
      rest &= ~(1 << (31 - bit));
    }
  }
  return bits;
}
