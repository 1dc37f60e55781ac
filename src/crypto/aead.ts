import type { Decipher } from 'node:crypto';
import type { CipherSuite } from '../model/code-points/suites.ts';
import { aeadCipher, aeadDecipher, blockDecipher } from './ciphers.ts';
import { Ghash } from './ghash.ts';
import { macStandsAt } from './record-mac.ts';

/** An AEAD cipher with its key. */
export interface Aead {
  /** The content of `bytes[start, tagAt)`, whose tag is `bytes[tagAt, end)`; undefined if the tag is another. */
  open(
    nonce: Uint8Array,
    additional: Uint8Array,
    bytes: Uint8Array,
    start: number,
    tagAt: number,
    end: number,
  ): Uint8Array | undefined;
}

/** Undefined where this machine lacks the cipher. */
export function aeadFor(suite: CipherSuite, key: Uint8Array): Aead | undefined {
  const cipher = aeadCipher(suite.cipher, suite.mode, suite.keyOctets);
  if (cipher !== undefined) return new OpensslAead(cipher.name, cipher.announcesLength, key);
  if (suite.mode === 'aead-gcm') return GcmOfParts.create(suite.cipher, key);
  return undefined;
}

class OpensslAead implements Aead {
  private readonly name: string;
  private readonly announcesLength: boolean;
  private readonly key: Uint8Array;

  constructor(name: string, announcesLength: boolean, key: Uint8Array) {
    this.name = name;
    this.announcesLength = announcesLength;
    this.key = key;
  }

  open(
    nonce: Uint8Array,
    additional: Uint8Array,
    bytes: Uint8Array,
    start: number,
    tagAt: number,
    end: number,
  ): Uint8Array | undefined {
    const decipher = aeadDecipher(this.name, this.key, nonce, end - tagAt);
    decipher.setAuthTag(bytes.subarray(tagAt, end));
    decipher.setAAD(
      additional,
      this.announcesLength ? { plaintextLength: tagAt - start } : undefined,
    );
    const content = decipher.update(bytes.subarray(start, tagAt));
    return isAuthentic(decipher) ? content : undefined;
  }
}

/**
 * Does the tag fit? If not, that is an exception, and trials have thousands of them: without its stack trace, which nobody
 * reads, a trial that fails takes 10 µs and not 29.
 */
function isAuthentic(decipher: Decipher): boolean {
  const { stackTraceLimit } = Error;
  Error.stackTraceLimit = 0;
  try {
    decipher.final();
    return true;
  } catch {
    return false;
  } finally {
    Error.stackTraceLimit = stackTraceLimit;
  }
}

/**
 * GCM out of its parts, for ciphers that OpenSSL has in counter mode only: Camellia, and SM4 before OpenSSL 3.1.
 * NIST SP 800-38D §7.2.
 */
export class GcmOfParts implements Aead {
  private readonly cipher: string;
  private readonly key: Uint8Array;
  readonly hash: Ghash;

  /** Undefined where this machine lacks the cipher. */
  static create(cipher: string, key: Uint8Array): GcmOfParts | undefined {
    // What counter mode makes of a block of zeros is the counter, encrypted.
    const zero = new Uint8Array(16);
    const hashKey = blockDecipher(cipher, 'ctr', key, zero)?.update(zero);
    return hashKey === undefined ? undefined : new GcmOfParts(cipher, key, hashKey);
  }

  private constructor(cipher: string, key: Uint8Array, hashKey: Uint8Array) {
    this.cipher = cipher;
    this.key = key;
    this.hash = new Ghash(hashKey);
  }

  open(
    nonce: Uint8Array,
    additional: Uint8Array,
    bytes: Uint8Array,
    start: number,
    tagAt: number,
    end: number,
  ): Uint8Array | undefined {
    const counter = this.counter(nonce);
    const tag = this.tag(counter, additional, bytes, start, tagAt);
    if (!macStandsAt(bytes, tagAt, tag, end - tagAt)) return undefined;
    return counter.update(bytes.subarray(start, tagAt));
  }

  /** What is wrong with the tag at `bytes[tagAt]`: all zeros if nothing is. */
  syndrome(
    nonce: Uint8Array,
    additional: Uint8Array,
    bytes: Uint8Array,
    start: number,
    tagAt: number,
  ): Buffer {
    const tag = this.tag(this.counter(nonce), additional, bytes, start, tagAt);
    for (let i = 0; i < tag.length; i++) tag[i] = (tag[i] as number) ^ (bytes[tagAt + i] as number);
    return tag;
  }

  private counter(nonce: Uint8Array): Decipher {
    const counter = blockDecipher(this.cipher, 'ctr', this.key, Buffer.concat([nonce, ONE]));
    if (counter === undefined) throw new Error(`${this.cipher} no longer works`);
    return counter;
  }

  /** Takes the first block of the counter, which masks the tag; those behind it mask the content. */
  private tag(
    counter: Decipher,
    additional: Uint8Array,
    bytes: Uint8Array,
    start: number,
    tagAt: number,
  ): Buffer {
    const mask = counter.update(new Uint8Array(16));
    const tag = this.hash
      .reset()
      .update(additional)
      .update(bytes, start, tagAt)
      .lengths(additional.length, tagAt - start)
      .digest();
    for (let i = 0; i < tag.length; i++) tag[i] = (tag[i] as number) ^ (mask[i] as number);
    return tag;
  }
}

const ONE = Uint8Array.of(0, 0, 0, 1);
