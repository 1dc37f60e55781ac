import type {
  Deviation,
  LengthForm,
  Opening,
  OpeningFailure,
  Protection,
  RecordHash,
  SealedRecord,
} from './protection.ts';
import { MAC_HASHES, TRUNCATED_OCTETS } from './record-mac.ts';

/** A record after all steps that do not depend on its sequence number, so that many numbers can be tried cheaply. */
export interface PreparedRecord {
  readonly kind: 'prepared';
  at(sequence: number, epoch: number): Opening;
}

/** One way of protecting records, with the keys of one direction. */
export interface Construction {
  prepare(record: SealedRecord, deviation: Deviation): PreparedRecord | Opening;
  /** Takes note of a record that went by, opened or not, where the next one depends on its octets. */
  pass(record: SealedRecord): void;
  readonly position: StreamPosition;
}

/** What the records before leave behind for the next one. */
export interface StreamPosition {
  /** The last block on the wire, which is the next IV up to TLS 1.0; undefined before the first record. */
  readonly lastBlock?: Uint8Array | undefined;
  /** Octets of key stream that are used up; stream ciphers. */
  readonly streamOctets: number;
}

/** Before the first record under these keys. */
export const START: StreamPosition = { streamOctets: 0 };

/** No deviation: what a sender without mistakes does. */
export const AS_SPECIFIED: Deviation = {};

/** One object for each reason, so that trials by the million allocate nothing. */
export function failed(why: OpeningFailure): Opening {
  return FAILURES[why];
}

const FAILURES: Readonly<Record<OpeningFailure, Opening>> = {
  mac: { kind: 'failed', why: 'mac' },
  padding: { kind: 'failed', why: 'padding' },
  tag: { kind: 'failed', why: 'tag' },
  length: { kind: 'failed', why: 'length' },
};

/** Hash and octets of the MAC. Neither with NULL_WITH_NULL_NULL; undefined for MACs that are not HMAC. */
export interface MacForm {
  readonly hash: RecordHash | undefined;
  readonly octets: number;
}

/** The MAC that a suite without AEAD asks for, or that a deviation puts in its place. */
export function macForm(protection: Protection, deviation: Deviation): MacForm | undefined {
  const { mac, macOctets } = protection.suite;
  const agreed = MAC_HASHES[mac];
  if (agreed === undefined && mac !== 'NULL') return undefined;
  const hash = deviation.hash ?? agreed;
  const full = deviation.hash === undefined ? macOctets : HASH_OCTETS[deviation.hash];
  const sent = protection.truncatedHmac ? Math.min(full, TRUNCATED_OCTETS) : full;
  return { hash, octets: deviation.macOctets ?? sent };
}

/** Octets of a whole MAC, before truncated_hmac cuts it. RFC 2104 §2, RFC 6066 §7. */
export const HASH_OCTETS: Readonly<Record<RecordHash, number>> = {
  md5: 16,
  sha1: 20,
  sha256: 32,
  sha384: 48,
};

/** The lengths that an implementation may authenticate in place of the specified one. */
export function lengthOf(
  form: LengthForm,
  fragment: number,
  iv: number,
  mac: number,
  content: number,
): number {
  switch (form) {
    case 'fragment':
      return fragment;
    case 'without-iv':
      return fragment - iv;
    case 'without-mac':
      return fragment - mac;
    case 'without-iv-and-mac':
      return fragment - iv - mac;
    case 'content':
      return content;
    case 'content-and-mac':
      return content + mac;
  }
}

/**
 * Takes a structure of content, true type and zeros apart. One without a type is none at all. RFC 8446 §5.4,
 * RFC 9146 §4.
 */
export function openInner(plaintext: Uint8Array): Opening {
  let end = plaintext.length - 1;
  while (end >= 0 && plaintext[end] === 0) end--;
  if (end < 0) return failed('length');
  return { kind: 'opened', type: plaintext[end] as number, content: plaintext.subarray(0, end) };
}
