import type { Finding, Severity } from './finding.ts';

/** What a run was held against besides the rules: what its user expects of it, and the findings that are known. */
export interface Checks {
  readonly expectations?: ExpectationsResult;
  readonly baseline?: BaselineResult;
}

/**
 * `unproven`: nothing contradicts it, and the capture does not show that it holds: no connection to hold it against, or
 * some of which too little was captured.
 */
export const EXPECTATION_VERDICTS = ['met', 'failed', 'unproven'] as const;
export type ExpectationVerdict = (typeof EXPECTATION_VERDICTS)[number];

/** One place where an expectation failed, or could not be held against what was there. */
export interface ExpectationCase {
  /** Id of the connection; 0 for none. */
  readonly connection: number;
  /** The packet that shows it; 0 for none. */
  readonly packet: number;
  readonly text: string;
}

/** What became of one expectation of a file. */
export interface ExpectationResult {
  /** In words: `versions: only TLS 1.2, TLS 1.3`. */
  readonly expectation: string;
  /** Which connections it is about, in words; empty for all. */
  readonly scope: string;
  /** What its author says about it; empty for nothing. */
  readonly note: string;
  readonly verdict: ExpectationVerdict;
  /** Connections or findings that it could be held against. */
  readonly assessed: number;
  /** The first ones, and how many there are. */
  readonly failures: readonly ExpectationCase[];
  readonly failureCount: number;
  readonly unproven: readonly ExpectationCase[];
  readonly unprovenCount: number;
}

/** A file of `--expect` and the verdict on each line of it, in the order of the file. */
export interface ExpectationsResult {
  readonly path: string;
  readonly results: readonly ExpectationResult[];
}

/** `stale`: it hid nothing; `unused`: the same, in a run that looked at a part only; `expired`: its time was over. */
export const KNOWN_STATES = ['used', 'stale', 'unused', 'expired'] as const;
export type KnownState = (typeof KNOWN_STATES)[number];

/** An entry of a baseline, and what became of it in this run. */
export interface KnownEntry {
  readonly rule: string;
  /** Whom it is about, in words; empty for everybody. */
  readonly scope: string;
  readonly severity: Severity | undefined;
  readonly reason: string;
  /** As written in the file. */
  readonly until: string | undefined;
  readonly state: KnownState;
  /** Findings that it hid. */
  readonly findings: number;
  /** Connections in the capture that it is about. */
  readonly connections: number;
}

/** A file of `--baseline`: what became of its entries, and which findings they hid. */
export interface BaselineResult {
  readonly path: string;
  readonly entries: readonly KnownEntry[];
  /** Findings that were hidden, the first ones, each with the index of its entry. */
  readonly suppressed: readonly { readonly finding: Finding; readonly entry: number }[];
  readonly suppressedCount: number;
}
