import type { CipherSuite } from '../model/code-points/suites.ts';

/** What both sides agreed on for the records of a connection. RFC 5246 §6.1. */
export interface Protection {
  readonly suite: CipherSuite;
  /** The negotiated version as on the wire: 0x0300 … 0x0304, 0xfeff, 0xfefd, 0xfefc, 0x0100. */
  readonly version: number;
  /** RFC 7366 §3; means something for CBC suites only. */
  readonly encryptThenMac: boolean;
  /** RFC 6066 §7; means nothing for AEAD suites. */
  readonly truncatedHmac: boolean;
  /**
   * DTLS 1.3 under the number of draft 43, as NSS 3.87 has it: the epoch is in the nonce, and messages are hashed with their
   * header of 12 octets. RFC 9147 §4 and §5.2 have neither.
   */
  readonly isDraft43?: boolean | undefined;
  /** The id in the headers of type tls12_cid that this direction sends. RFC 9146 §4. */
  readonly connectionId?: Uint8Array | undefined;
  /** The extension was negotiated under the code point of a draft, which has another input for the MAC. */
  readonly connectionIdForm?: 'draft' | undefined;
}

/** Keys of one direction. What a suite has no use for is empty. RFC 5246 §6.3, RFC 8446 §7.3. */
export interface DirectionKeys {
  /** Key of the MAC; empty with AEAD. */
  readonly mac: Uint8Array;
  readonly key: Uint8Array;
  /** First IV of CBC before TLS 1.1; implicit part of the nonce with AEAD: 4 octets (GCM, CCM) or 12. */
  readonly iv: Uint8Array;
  /** DTLS 1.3: encrypts record numbers. RFC 9147 §4.2.3. */
  readonly sequenceNumber?: Uint8Array | undefined;
}

/** One record as captured; `bytes[start, end)` is its fragment, with all that protection added. */
export interface SealedRecord {
  /** Type and version as in the header. */
  readonly type: number;
  readonly version: number;
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  /** DTLS 1.3: where the unified header begins, which ends at `start`. RFC 9147 §4. */
  readonly headerStart?: number | undefined;
}

/** What came of opening a record. */
export type Opening =
  | {
      readonly kind: 'opened';
      /** The inner type where the header hides it: TLS 1.3 and tls12_cid. RFC 8446 §5.2, RFC 9146 §4. */
      readonly type: number;
      /** A copy of its own. */
      readonly content: Uint8Array;
    }
  | { readonly kind: 'failed'; readonly why: OpeningFailure }
  /** This machine lacks the cipher: nothing is known about the record. */
  | { readonly kind: 'unsupported'; readonly cipher: string };

/**
 * `length`: the fragment cannot be what this protection makes, whatever the keys; in TLS 1.3 also an inner plaintext
 * without a type. `padding` and `mac` are those of CBC and stream ciphers, `tag` that of AEAD. Under encrypt-then-MAC
 * `padding` means that the MAC was right.
 */
export type OpeningFailure = 'mac' | 'padding' | 'tag' | 'length';

/** Hashes of record MACs, as node names them. */
export type RecordHash = 'md5' | 'sha1' | 'sha256' | 'sha384';

/** Which of a record's lengths is authenticated; `mac` stands for the tag too, `iv` for the explicit nonce. */
export type LengthForm =
  | 'fragment'
  | 'without-iv'
  | 'without-mac'
  | 'without-iv-and-mac'
  | 'content'
  | 'content-and-mac';

/** A way of protecting a record that the specification does not have. What is left out is as specified. */
export interface Deviation {
  readonly encryptThenMac?: boolean | undefined;
  readonly hash?: RecordHash | undefined;
  /** Octets of the MAC that are sent. */
  readonly macOctets?: number | undefined;
  /** Type, version and length in what is authenticated. */
  readonly type?: number | undefined;
  readonly version?: number | undefined;
  readonly length?: LengthForm | undefined;
  /** The epoch of DTLS left out of the 64-bit number, or taken for 0. RFC 6347 §4.1.2.1. */
  readonly epochForm?: 'absent' | 'zero' | undefined;
  /** Number and epoch that the nonce is made of, where both are in it. */
  readonly nonce?: { readonly sequence: number; readonly epoch: number } | undefined;
  /** CBC: the last octet tells the length of the padding, and the others may be anything, as in SSL 3.0. */
  readonly paddingUnfilled?: boolean | undefined;
  /** DTLS 1.3: the header as it was sent, its number encrypted; or the five octets that TLS 1.3 has. RFC 9147 §4. */
  readonly unifiedHeader?: 'encrypted-number' | 'tls' | undefined;
  /** What is authenticated of the connection id, and the id itself. RFC 9146 §5. */
  readonly connectionIdForm?: ConnectionIdForm | undefined;
  readonly connectionId?: Uint8Array | undefined;
  /** The type behind the length of the connection id, where tls12_cid stands a second time. */
  readonly secondType?: number | undefined;
  /** Octets at the end of the inner plaintext, its type and padding, that are not authenticated: AEAD has their number. */
  readonly innerLess?: number | undefined;
}

/**
 * `specified`: as in RFC 9146; `draft`: as in the drafts before it; `absent`: as in records without an id. The others leave
 * one part of the specified form out.
 */
export type ConnectionIdForm =
  | 'specified'
  | 'draft'
  | 'absent'
  | 'without-id'
  | 'without-length'
  | 'without-placeholder';
