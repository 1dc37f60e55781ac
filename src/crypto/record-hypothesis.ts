import type { FailedRecord, Trial } from './failed-record.ts';

/** One thing that went wrong, and how a record is opened that has it. */
export interface RecordHypothesis {
  readonly id: RecordHypothesisId;
  readonly meaning: string;
  /** The clause that it breaks. */
  readonly source: string;
  readonly trials: (failed: FailedRecord) => readonly Trial[];
}

/** Names of the ways. Rules choose their words by them. */
export type RecordHypothesisId =
  | 'as-specified'
  | 'sequence-offset'
  | 'encrypt-then-mac-swapped'
  | 'other-mac-hash'
  | 'key-block-cut-otherwise'
  | 'mac-key-empty'
  | 'mac-key-shortened'
  | 'truncated-hmac-swapped'
  | 'other-version'
  | 'other-direction'
  | 'other-key-generation'
  | 'other-length'
  | 'other-nonce'
  | 'other-type'
  | 'connection-id-draft'
  | 'connection-id-left-out'
  | 'connection-id-length-left-out'
  | 'connection-id-placeholder-left-out'
  | 'connection-id-of-sender'
  | 'connection-id-second-type'
  | 'inner-type-left-out'
  | 'epoch-left-out'
  | 'padding-unfilled'
  | 'other-label-prefix'
  | 'epoch-in-nonce'
  | 'encrypted-number-authenticated'
  | 'tls-header-authenticated'
  | 'record-number-unencrypted'
  | 'record-number-encrypted-otherwise'
  | 'bit-damage';
