import type { Endpoint } from './place.ts';
import type { Nanos } from './time.ts';

/** How bad it is for those who use the connection, the gravest first; `info` accuses nobody. */
export const SEVERITIES = ['critical', 'error', 'warning', 'info'] as const;
export type Severity = (typeof SEVERITIES)[number];

/** How sure it is: `proven` by computation or by octets, `likely` where one harmless reading is left, `possible`. */
export const CONFIDENCES = ['proven', 'likely', 'possible'] as const;
export type Confidence = (typeof CONFIDENCES)[number];

/** Why a rule could not judge a connection. */
export const BLIND_SPOTS = [
  'start-not-captured',
  'one-direction',
  'lost-bytes',
  'lost-records',
  'cut-packets',
  'no-secrets',
  'cipher-unsupported',
  'too-many-messages',
  'order-unknown',
  'no-times',
] as const;
export type BlindSpot = (typeof BLIND_SPOTS)[number];

/** One packet that a finding rests on. */
export interface Evidence {
  readonly packet: number;
  readonly nanos: Nanos;
  /** Id of the connection the packet belongs to (not always the one it arrived in); 0 for none. */
  readonly connection: number;
  /** Who sent it; undefined where that is not known. */
  readonly from?: 'client' | 'server';
  /** What is to be seen in it, in a few words: `Alert, epoch 1 seq 2, 39 octets`. */
  readonly note: string;
}

/** A reading of the evidence that competes with others, with what speaks for and against it. */
export interface Explanation {
  readonly likelihood: 'high' | 'medium' | 'low';
  readonly text: string;
  readonly for: readonly string[];
  readonly against: readonly string[];
}

/** A clause or document that a finding rests on, where a reader can look it up. */
export interface Reference {
  readonly title: string;
  readonly url: string;
}

/** A verdict that accuses, ready to be told. Texts carry no wire octets that were not made printable. */
export interface Finding {
  readonly rule: string;
  readonly severity: Severity;
  readonly confidence: Confidence;
  readonly title: string;
  /** One sentence with the figures of this case. */
  readonly summary: string;
  /** Ids of the connections it is about, owner first. May be empty (a refused TCP connection has none). */
  readonly connections: readonly number[];
  /** Whom it is about where no connection says so. */
  readonly server?: Endpoint;
  /** The server of the first connection, or whom it is about; undefined where neither says so, or it moved. */
  readonly ofServer?: Endpoint | undefined;
  /** The decisive packets, ascending. */
  readonly packets: readonly number[];
  readonly nanos: Nanos;
  readonly evidence: readonly Evidence[];
  readonly explanations: readonly Explanation[];
  readonly causes: readonly string[];
  readonly remedies: readonly string[];
  /** Commands that take the reader a step further; placeholders in CAPITALS. */
  readonly commands: readonly string[];
  readonly references: readonly Reference[];
  readonly displayFilter: string;
  /** Small tables worth printing (`k of n failures had X`): a heading row, then rows. */
  readonly table?: readonly (readonly string[])[];
}

/** Findings beyond the limit that say the same of one server, and are counted only. */
export interface OmittedFindings {
  readonly rule: string;
  /** Undefined, like the server, where too many are told apart already. */
  readonly title: string | undefined;
  readonly severity: Severity;
  readonly confidence: Confidence;
  readonly server: Endpoint | undefined;
  readonly count: number;
  readonly firstNanos: Nanos;
  readonly lastNanos: Nanos;
}

/** How often a rule could not judge, and why. */
export interface CoverageRow {
  readonly rule: string;
  readonly assessed: number;
  readonly notAssessable: Readonly<Partial<Record<BlindSpot, number>>>;
}
