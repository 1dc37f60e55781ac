import type { At, PerRole, RecordFact, Role } from './place.ts';

/** Where the secrets of a connection came from. */
export const SECRET_SOURCES = ['key-log', 'rsa-key', 'psk'] as const;
export type SecretSource = (typeof SECRET_SOURCES)[number];

/** Secrets as their files have them. They stay within the run: no fact, notice, report or error holds any of it. */
export interface SecretsInput {
  /** Key logs (RFC 9850), whole files. */
  readonly keyLogs: readonly Uint8Array[];
  /** RSA private keys, PEM. */
  readonly rsaKeys: readonly string[];
  /** What messages call each of them; by number unless given. */
  readonly rsaKeyNames?: readonly string[];
  /** `[IDENTITY:]HEX`, one key each. */
  readonly psks: readonly string[];
  /** `keyLogs` has those of the captures' Decryption Secrets Blocks as well. */
  readonly hasEmbedded?: boolean;
}

/** A secret given by the user that cannot be used: one line that says what to do, and repeats nothing of the secret. */
export class SecretsError extends Error {
  override readonly name = 'SecretsError';
}

/** Why protected records of a connection could not be opened. */
export const OBSTACLES = [
  'no-matching-secret', // no secret of this connection was given
  'label-missing', // the key log has its random, but not the label that is needed
  'start-not-captured', // randoms or negotiation are not in the capture
  'resumed-without-original', // the handshake that made its secret is not in the capture
  'rsa-key-not-enough', // an RSA key was given, and the key exchange has forward secrecy
  'psk-not-enough', // a PSK was given, and the key exchange needs a further secret
  'lost-bytes', // octets before a record are missing, and none of the numbers it may have opens it
  'cipher-unsupported',
  'secret-does-not-fit', // not one record opens: the secret is not that of this connection
] as const;
export type Obstacle = (typeof OBSTACLES)[number];

/** A way of getting a MAC, tag or Finished wrong that reproduces what was on the wire. */
export interface Explanation {
  /** Id of the hypothesis. */
  readonly hypothesis: string;
  /** What the sender did, in a sentence without a stop. */
  readonly meaning: string;
  /** Clause that says otherwise. */
  readonly source: string;
  /** Parameters of the match, such as the offset of the sequence number. */
  readonly details: Readonly<Record<string, string | number>>;
  /** Trials made, and binary logarithm of the odds that one matches by chance. */
  readonly trials: number;
  readonly oddsLog2: number;
}

/** Under whose keys a record opened that did not open under its own connection's. */
export interface RecordOwner {
  readonly connection: number;
  /** Who wrote it there, and with which sequence number. */
  readonly from: Role;
  readonly epoch: number;
  readonly sequence: number;
}

/** A record that did not open as specified. */
export interface FailedRecord extends RecordFact {
  readonly why: 'mac' | 'padding' | 'tag' | 'length';
  /** The number its receiver expects. */
  readonly expected: number;
  readonly explanation: Explanation | undefined;
  /** Ids of the hypotheses that were tried in vain. */
  readonly excluded: readonly string[];
  /** Records of the direction that opened before and after it, as far as is known. */
  readonly openedBefore: number;
  /** Its sender never counted it: the direction goes on with the number that this record would have had. */
  readonly isExtra: boolean;
}

/** What recomputing a Finished gave. */
export interface FinishedCheck extends At {
  readonly from: Role;
  readonly verified: boolean;
  readonly explanation: Explanation | undefined;
  readonly excluded: readonly string[];
  /** The whole transcript was captured: without it nothing is concluded from a mismatch. */
  readonly isTranscriptWhole: boolean;
}

/** What recomputing the PSK binder of a ClientHello gave. */
export interface BinderCheck extends At {
  readonly verified: boolean;
  readonly explanation: Explanation | undefined;
  readonly excluded: readonly string[];
}

/** What secrets told about one connection. */
export interface DecryptionFacts {
  /** Undefined where none fits. */
  readonly source: SecretSource | undefined;
  /** Protected records that opened, that did not, and that were not tried. */
  readonly authenticated: number;
  readonly failed: number;
  readonly skipped: number;
  readonly perRole: PerRole<{ readonly authenticated: number; readonly failed: number }>;
  readonly obstacle: Obstacle | undefined;
  /** More about the obstacle: the nearest miss, the cipher. */
  readonly detail: string | undefined;
  /** The first ones; `failed` counts all. */
  readonly failures: readonly FailedRecord[];
  readonly finished: PerRole<FinishedCheck | undefined>;
  readonly binder: BinderCheck | undefined;
  /** The mistake in deriving the master secret under which the records of this side open. */
  readonly masterExplanation: (Explanation & { readonly from: Role }) | undefined;
  /** What opened did so under secrets logged for the random of an encrypted ClientHello. RFC 9849 §7.1, RFC 9850 §2.1. */
  readonly isInnerHello?: boolean;
  /** The name in it, where the key log has what opens it. */
  readonly innerServerName?: string | undefined;
  /** The PSK in use was given with the identity of this connection: one that does not fit is then another one. */
  readonly isKeyNamed?: boolean;
}

/** A record that belongs to another connection, proven by opening it; told at the end of the capture. */
export interface MisplacedRecord {
  readonly connection: number;
  readonly record: FailedRecord;
  readonly owner: RecordOwner;
  /** Trials made, and binary logarithm of the odds that one opens by chance. */
  readonly trials: number;
  readonly oddsLog2: number;
}

/** What became of the secrets that were given; counts and line numbers, nothing of the secrets. */
export interface SecretsResult {
  /** Key logs read, embedded ones among them. */
  readonly keyLogs: number;
  /** Lines of all key logs, secrets in them, and lines that were not understood. */
  readonly lines: number;
  readonly keyLogSecrets: number;
  readonly malformed: number;
  /** The first of them: which key log, which line, and why. */
  readonly malformedLines: readonly {
    readonly log: number;
    readonly line: number;
    readonly why: string;
  }[];
  /** Lines for connections that are not in the capture. */
  readonly unmatched: number;
  readonly firstUnmatched: readonly { readonly log: number; readonly line: number }[];
}
