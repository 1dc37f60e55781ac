import { isTls13 } from '../model/code-points/versions.ts';
import { GcmOfParts } from './aead.ts';
import { xorNonce } from './authenticated-header.ts';
import { ChaCha20 } from './chacha20.ts';
import { blockEncipher } from './ciphers.ts';
import { AS_SPECIFIED } from './construction.ts';
import { timesX } from './ghash.ts';
import { AeadConstruction } from './open-aead.ts';
import type { DirectionKeys, Protection, SealedRecord } from './protection.ts';

/** Tells cheaply which sequence numbers are worth an attempt to open a record. */
export interface SequenceSieve {
  /** Those of the numbers that are; or one that is not among them, where all numbers are settled at once. */
  sift(sequences: readonly number[]): readonly number[];
  /** How many numbers a call settles, if it settles more than it was given. */
  readonly settles: number;
}

/** Making a sieve takes as long as some ten attempts. */
const WORTH_A_SIEVE = 32;

/** Those of the numbers under which a record of TLS can open as specified, in their order; all where nothing can be told. */
export function worthTrying(
  protection: Protection,
  keys: DirectionKeys,
  record: SealedRecord,
  sequences: readonly number[],
): readonly number[] {
  if (sequences.length < WORTH_A_SIEVE) return sequences;
  const sieve = sequenceSieve(protection, keys, record);
  if (sieve === undefined) return sequences;
  const sifted = new Set(sieve.sift(sequences));
  return sequences.filter((sequence) => sifted.has(sequence));
}

/** Undefined where every number has to be attempted. Knows no epoch and no connection id: TLS, not DTLS. */
export function sequenceSieve(
  protection: Protection,
  keys: DirectionKeys,
  record: SealedRecord,
): SequenceSieve | undefined {
  const { suite, version } = protection;
  if (isTls13(version)) return InnerTypeSieve.of(protection, keys, record);
  return suite.mode === 'aead-gcm' ? GcmSolver.of(protection, keys, record) : undefined;
}

/**
 * In TLS 1.3 the last octet of the plaintext is a content type, or zero where there is padding, and one octet of key
 * stream for each number tells it. RFC 8446 §5.2.
 */
class InnerTypeSieve implements SequenceSieve {
  readonly settles = 0;
  private readonly stream: KeyStream;
  private readonly iv: Uint8Array;
  private readonly sealedType: number;

  static of(
    { suite }: Protection,
    keys: DirectionKeys,
    { bytes, start, end }: SealedRecord,
  ): InnerTypeSieve | undefined {
    const last = end - suite.tagOctets - 1;
    if (last < start) return undefined;
    const stream =
      suite.mode === 'aead-chacha'
        ? chachaStream(keys.key, last - start)
        : counterStream(suite.cipher, keys.key, suite.mode === 'aead-gcm', last - start);
    if (stream === undefined) return undefined;
    return new InnerTypeSieve(stream, keys.iv, bytes[last] as number);
  }

  private constructor(stream: KeyStream, iv: Uint8Array, sealedType: number) {
    this.stream = stream;
    this.iv = iv;
    this.sealedType = sealedType;
  }

  sift(sequences: readonly number[]): readonly number[] {
    const nonces = sequences.map((sequence) => {
      const nonce = Buffer.alloc(this.iv.length);
      xorNonce(nonce, this.iv, sequence, 0);
      return nonce;
    });
    const octets = this.stream(nonces);
    return sequences.filter((_, i) => INNER_TYPES.has((octets[i] as number) ^ this.sealedType));
  }
}

/** The octet of key stream at one offset, under each of the nonces. */
type KeyStream = (nonces: readonly Buffer[]) => readonly number[];

function chachaStream(key: Uint8Array, offset: number): KeyStream {
  const cipher = new ChaCha20(key);
  // The first block makes the key of the tag. RFC 8439 §2.8.
  return (nonces) => nonces.map((nonce) => cipher.octet(nonce, offset + 64));
}

/**
 * Counter mode enciphers nonce and counter: all those blocks in one go. GCM counts from 2 on in four octets (the first
 * block masks the tag), CCM from 1 on in three. Undefined where this machine lacks the cipher.
 */
function counterStream(
  cipher: string,
  key: Uint8Array,
  gcm: boolean,
  offset: number,
): KeyStream | undefined {
  const blocks = blockEncipher(cipher, key);
  if (blocks === undefined) return undefined;
  const block = Buffer.alloc(16);
  block.writeUInt32BE(Math.floor(offset / 16) + (gcm ? 2 : 1), 12);
  if (!gcm) block[0] = CCM_COUNTER_FLAGS;
  return (nonces) => {
    const counters = Buffer.alloc(nonces.length * 16);
    for (const [i, nonce] of nonces.entries()) {
      nonce.copy(block, gcm ? 0 : 1);
      block.copy(counters, i * 16);
    }
    const stream = blocks.update(counters);
    return nonces.map((_, i) => stream[i * 16 + (offset % 16)] as number);
  };
}

/** Three octets of counter behind twelve of nonce. RFC 3610 §2.3. */
const CCM_COUNTER_FLAGS = 2;

/** All content types that are assigned, allowed inside or not, and the zero of padding. */
const INNER_TYPES: ReadonlySet<number> = new Set([0, 20, 21, 22, 23, 24, 25, 26]);

/**
 * Up to TLS 1.2 the number is only authenticated, and GCM authenticates by sums: bit i of the first block adds its power
 * of x times H^k to the tag, k being the number of blocks hashed. So the bits of the number are the solution of a
 * system of linear equations, which has one at all only if the keys are right: 128 equations, 32 unknowns.
 */
class GcmSolver implements SequenceSieve {
  readonly settles = 2 ** UNKNOWNS;
  private readonly solution: number | undefined;

  static of(
    protection: Protection,
    keys: DirectionKeys,
    record: SealedRecord,
  ): GcmSolver | undefined {
    const { suite } = protection;
    const parts = GcmOfParts.create(suite.cipher, keys.key);
    const start = record.start + suite.explicitNonceOctets;
    const tagAt = record.end - suite.tagOctets;
    if (parts === undefined || tagAt < start) return undefined;
    const construction = new AeadConstruction(protection, keys);
    const { nonce, additional } = construction.inputs(record, 0, 0, AS_SPECIFIED);
    const syndrome = parts.syndrome(nonce, additional, record.bytes, start, tagAt);
    const blocks = Math.ceil(additional.length / 16) + Math.ceil((tagAt - start) / 16) + 1;
    return new GcmSolver(parts, syndrome, blocks);
  }

  private constructor({ hash }: GcmOfParts, syndrome: Buffer, blocks: number) {
    hash.reset().update(SEQUENCE_UNIT);
    for (let i = 1; i < blocks; i++) hash.update(ZEROS);
    const wanted = Int32Array.from({ length: 4 }, (_, word) => syndrome.readInt32BE(word * 4));
    this.solution = solve(hash.sum.slice(), wanted);
  }

  sift(): readonly number[] {
    return this.solution === undefined ? [] : [this.solution];
  }
}

/** The unknown bits, highest first, whose terms add up to `wanted`; each term is x times the one before. */
function solve(term: Int32Array, wanted: Int32Array): number | undefined {
  // Rows of an echelon form by leading bit: four words, and which unknowns they are the sum of.
  const rows = new Map<number, Int32Array>();
  for (let unknown = 0; unknown < UNKNOWNS; unknown++) {
    const row = Int32Array.of(...term, 1 << (UNKNOWNS - 1 - unknown));
    const lead = reduce(row, rows);
    if (lead < 128) rows.set(lead, row);
    timesX(term);
  }
  const rest = Int32Array.of(...wanted, 0);
  return reduce(rest, rows) < 128 ? undefined : (rest[4] as number) >>> 0;
}

/** Subtracts rows until none leads with the first bit that is set, and returns the number of that bit; 128 for zero. */
function reduce(row: Int32Array, rows: ReadonlyMap<number, Int32Array>): number {
  for (;;) {
    const lead = leadingBit(row);
    const other = rows.get(lead);
    if (other === undefined) return lead;
    for (let word = 0; word < 5; word++)
      row[word] = (row[word] as number) ^ (other[word] as number);
  }
}

function leadingBit(row: Int32Array): number {
  for (let word = 0; word < 4; word++) {
    if (row[word] !== 0) return word * 32 + Math.clz32(row[word] as number);
  }
  return 128;
}

const UNKNOWNS = 32;
const ZEROS = new Uint8Array(16);
/** The upper of the low 32 bits of a sequence number, in the block that it begins. */
const SEQUENCE_UNIT = Uint8Array.of(0, 0, 0, 0, 0x80, ...new Uint8Array(11));
