/**
 * Multiplication in the field of GCM, and the hash made of it. NIST SP 800-38D §6.3, §6.4. An element is four 32-bit
 * words, most significant first, whose highest bit is the coefficient of x^0.
 *
 * A table of the sixteen multiples of H by a four-bit digit takes 32 steps a block instead of 128.
 */
export class Ghash {
  private readonly table = new Int32Array(64);
  readonly sum = new Int32Array(4);

  /** `key` is H, the encryption of sixteen zero octets. */
  constructor(key: Uint8Array) {
    const element = new Int32Array(4);
    for (let word = 0; word < 4; word++) element[word] = wordAt(key, word * 4, key.length);
    // The digit 8 (binary 1000) is x^0, 4 is x, and so on; the others are sums of these.
    for (let digit = 8; digit > 0; digit >>= 1) {
      this.table.set(element, digit * 4);
      timesX(element);
    }
    for (let digit = 1; digit < 16; digit++) {
      const low = digit & -digit;
      if (low === digit) continue;
      for (let word = 0; word < 4; word++) {
        this.table[digit * 4 + word] =
          (this.table[low * 4 + word] as number) ^ (this.table[(digit ^ low) * 4 + word] as number);
      }
    }
  }

  /** Takes `bytes[start, end)`, filled up with zeros to whole blocks. */
  update(bytes: Uint8Array, start = 0, end = bytes.length): this {
    for (let at = start; at < end; at += 16) {
      for (let word = 0; word < 4; word++) {
        this.sum[word] = (this.sum[word] as number) ^ wordAt(bytes, at + word * 4, end);
      }
      this.multiply();
    }
    return this;
  }

  /** Takes the block with both lengths, in octets. */
  lengths(additional: number, ciphertext: number): this {
    const block = Buffer.alloc(16);
    block.writeUIntBE(additional * 8, 2, 6);
    block.writeUIntBE(ciphertext * 8, 10, 6);
    return this.update(block);
  }

  /** sum := sum · H */
  private multiply(): void {
    const { sum, table } = this;
    let [z0, z1, z2, z3] = [0, 0, 0, 0];
    for (let word = 3; word >= 0; word--) {
      const digits = sum[word] as number;
      for (let shift = 0; shift < 32; shift += 4) {
        const dropped = z3 & 15;
        z3 = (z3 >>> 4) | (z2 << 28);
        z2 = (z2 >>> 4) | (z1 << 28);
        z1 = (z1 >>> 4) | (z0 << 28);
        z0 = (z0 >>> 4) ^ (REDUCTION[dropped] as number);
        const row = ((digits >>> shift) & 15) * 4;
        z0 ^= table[row] as number;
        z1 ^= table[row + 1] as number;
        z2 ^= table[row + 2] as number;
        z3 ^= table[row + 3] as number;
      }
    }
    sum[0] = z0;
    sum[1] = z1;
    sum[2] = z2;
    sum[3] = z3;
  }

  /** The hash as sixteen octets. */
  digest(): Buffer {
    const out = Buffer.alloc(16);
    for (let word = 0; word < 4; word++) out.writeInt32BE(this.sum[word] as number, word * 4);
    return out;
  }

  reset(): this {
    this.sum.fill(0);
    return this;
  }
}

/** element := element · x */
export function timesX(element: Int32Array): void {
  const carry = (element[3] as number) & 1;
  for (let word = 3; word > 0; word--) {
    element[word] = ((element[word] as number) >>> 1) | ((element[word - 1] as number) << 31);
  }
  element[0] = ((element[0] as number) >>> 1) ^ (carry === 1 ? POLYNOMIAL : 0);
}

/** x^128 = 1 + x + x^2 + x^7. */
const POLYNOMIAL = 0xe1000000 | 0;

/** What the four bits that a shift by one digit drops come back as. */
const REDUCTION = Int32Array.from({ length: 16 }, (_, dropped) => {
  const element = new Int32Array([0, 0, 0, dropped]);
  for (let bit = 0; bit < 4; bit++) timesX(element);
  return element[0] as number;
});

/** Four octets as a signed integer, with zeros for those from `end` on. */
function wordAt(bytes: Uint8Array, at: number, end: number): number {
  let word = 0;
  for (let i = 0; i < 4; i++) word = (word << 8) | (at + i < end ? (bytes[at + i] as number) : 0);
  return word;
}
