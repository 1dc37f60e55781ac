import type { Cipher } from 'node:crypto';
import type { CipherSuite } from '../model/code-points/suites.ts';
import { ChaCha20 } from './chacha20.ts';
import { blockEncipher } from './ciphers.ts';
import type { DirectionKeys, SealedRecord } from './protection.ts';

/** Ciphertext that the mask of a record number is made of; a shorter record is none. RFC 9147 §4.2.3. */
export const MASK_SAMPLE = 16;

/** Bits of the first octet of a unified header. RFC 9147 §4. */
const TWO_OCTETS = 0x08;
const WITH_LENGTH = 0x04;

/** Decrypts the record numbers of one direction and epoch of DTLS 1.3. RFC 9147 §4.2.3. */
export class RecordNumbers {
  private readonly cipher: Cipher | ChaCha20;

  /** Undefined where this machine lacks the cipher, or DTLS 1.3 does not define it. */
  static of(
    { cipher, mode }: CipherSuite,
    { sequenceNumber }: DirectionKeys,
  ): RecordNumbers | undefined {
    if (sequenceNumber === undefined) return undefined;
    if (mode === 'aead-chacha') return new RecordNumbers(new ChaCha20(sequenceNumber));
    const blocks = cipher.startsWith('AES-') ? blockEncipher(cipher, sequenceNumber) : undefined;
    return blocks && new RecordNumbers(blocks);
  }

  private constructor(cipher: Cipher | ChaCha20) {
    this.cipher = cipher;
  }

  /** The number of a record with a unified header: the one nearest to `next` that its header stands for. */
  numberOf(record: SealedRecord, next: number): number {
    const { octets, value } = shownNumber(record);
    const mask = this.mask(record);
    return nearest(value ^ (octets === 2 ? mask : mask >> 8), octets, next);
  }

  private mask({ bytes, start, end }: SealedRecord): number {
    if (end - start < MASK_SAMPLE) return 0;
    if (this.cipher instanceof ChaCha20) return this.cipher.mask(bytes, start);
    const block = this.cipher.update(bytes.subarray(start, start + MASK_SAMPLE));
    return block.readUInt16BE(0);
  }
}

/** The number as the header shows it, encrypted or not, and where it stands. */
export function shownNumber({ bytes, start, headerStart = start }: SealedRecord): {
  readonly at: number;
  readonly octets: number;
  readonly value: number;
} {
  const first = bytes[headerStart] as number;
  const octets = (first & TWO_OCTETS) === 0 ? 1 : 2;
  const at = start - octets - ((first & WITH_LENGTH) === 0 ? 0 : 2);
  const high = bytes[at] as number;
  return { at, octets, value: octets === 1 ? high : (high << 8) | (bytes[at + 1] as number) };
}

/** The number nearest to `next` whose lowest octets are these. RFC 9147 §4.2.2. */
export function nearest(low: number, octets: number, next: number): number {
  const span = octets === 1 ? 0x100 : 0x10000;
  const near = next - (next % span) + low;
  if (near - next > span / 2 && near >= span) return near - span;
  return next - near > span / 2 ? near + span : near;
}
