import type { StreamPosition } from './construction.ts';
import type { SliceableKeyBlock, Slicing } from './key-slicings.ts';
import type {
  Deviation,
  DirectionKeys,
  LengthForm,
  Protection,
  RecordHash,
  SealedRecord,
} from './protection.ts';

/** A record that does not open as specified, and all that may help to tell why. */
export interface FailedRecord {
  readonly record: SealedRecord;
  readonly protection: Protection;
  readonly keys: DirectionKeys;
  /** Of the opener, before the record. */
  readonly position?: StreamPosition | undefined;
  /** The number that the record should have; in DTLS the one of its header. */
  readonly sequence: number;
  /** DTLS. */
  readonly epoch?: number | undefined;
  /** The highest number that it may have by the specification, because the capture lacks records in front of it. */
  readonly highestSequence?: number | undefined;
  /** DTLS 1.3: the number behind the highest one that opened in its epoch. */
  readonly nextSequence?: number | undefined;
  /** From TLS 1.3 on: keys that other label prefixes derive from the same traffic secret. */
  readonly otherLabels?: readonly LabelledKeys[] | undefined;
  /** The peer's keys, and the number of its next record. */
  readonly otherDirection?: OtherKeys | undefined;
  /** Keys that the sender had before and will have next. */
  readonly generations?: readonly KeyGeneration[] | undefined;
  /** Up to TLS 1.2, to cut the keys in other ways. */
  readonly keyBlock?: SliceableKeyBlock | undefined;
  readonly clientHelloVersion?: number | undefined;
}

/** Keys that are not those of the record, and where their own direction had come to. */
export interface OtherKeys {
  readonly protection: Protection;
  readonly keys: DirectionKeys;
  readonly position?: StreamPosition | undefined;
  /** The number of its next record. */
  readonly sequence: number;
  /** DTLS. */
  readonly epoch?: number | undefined;
}

/** The same secret expanded under another label prefix. RFC 8446 §7.1, RFC 9147 §5.9. */
export interface LabelledKeys {
  readonly prefix: string;
  readonly keys: DirectionKeys;
}

/**
 * Keys of the same direction before or after a KeyUpdate, or of a neighbouring epoch. RFC 8446 §4.6.3, RFC 9147 §6.1.
 */
export interface KeyGeneration extends OtherKeys {
  readonly relation: 'previous' | 'next';
}

/** What the sender did, where a hypothesis has several ways. */
export interface RecordParameters {
  /** The number that opened the record, and how far it is from the expected one. */
  readonly sequence?: number;
  readonly offset?: number;
  readonly epoch?: number;
  readonly version?: number;
  readonly type?: number;
  readonly hash?: RecordHash;
  readonly macOctets?: number;
  readonly length?: LengthForm;
  readonly epochForm?: 'absent' | 'zero';
  /** What the nonce was made of. */
  readonly nonceSequence?: number;
  readonly nonceEpoch?: number;
  readonly slicing?: Slicing;
  readonly generation?: 'previous' | 'next';
  readonly prefix?: string;
  readonly damage?: readonly Flip[];
}

/** Bits to flip in an octet of the fragment. */
export interface Flip {
  /** From the start of the fragment. */
  readonly offset: number;
  readonly mask: number;
}

/** One way of opening the record. What is left out is as specified. */
export interface Trial {
  readonly deviation?: Deviation;
  readonly protection?: Protection;
  readonly keys?: DirectionKeys;
  readonly position?: StreamPosition | undefined;
  readonly sequences?: readonly number[];
  readonly epoch?: number | undefined;
  readonly parameters?: RecordParameters;
}
