import type { SecretsInput, SecretsResult } from './decryption.ts';
import type { Fault } from './fault.ts';
import type { CoverageRow, Finding, OmittedFindings } from './finding.ts';
import type { ConnectionHistory, Outcome } from './history.ts';
import type { CaptureNotice } from './notice.ts';
import type { CaptureFacts, PacketPlaces } from './packet.ts';
import type { QuicResult } from './quic.ts';
import type { SoundOddityCount } from './sound-oddities.ts';

/** What a run is to do. */
export interface AnalysisOptions {
  /** Which packet reader; the native ones unless given. */
  readonly reader?: 'native' | 'pcap-parser';
  /** Rules to run; all unless given. Ids must exist. */
  readonly rules?: ReadonlySet<string>;
  /** More than one capture will be read; they are put into order of time where they overlap. */
  readonly several?: boolean;
  /** Captures of the same time, taken at different points of the network, may be among them. */
  readonly mayOverlap?: boolean;
  /** Secrets that the user gave; those in a capture are used besides. */
  readonly secrets?: SecretsInput | undefined;
}

/**
 * Takes results as they become final: connections in the order in which they end (those of a short capture: by id),
 * a finding of a connection right after it, findings about the whole capture at the end.
 */
export interface AnalysisSink {
  /** The history is valid until the call returns; keep what you need of it. */
  connection(history: ConnectionHistory): void;
  finding(finding: Finding): void;
  /** Whose fault a failed or aborted connection probably is; after all findings, in the order in which connections ended. */
  fault?(fault: Fault): void;
}

/** The totals of a run. */
export interface AnalysisResult {
  readonly captures: readonly CaptureFacts[];
  /** Notices per capture, same index. */
  readonly notices: readonly (readonly CaptureNotice[])[];
  /** Notices that were counted only, per capture and code. */
  readonly noticesOmitted: readonly Readonly<Record<string, number>>[];
  /** Seconds since 1970 that `nanos` of every fact are relative to. */
  readonly epochSeconds: number;
  readonly packets: number;
  /** TCP streams and UDP flows, TLS or not. */
  readonly flows: number;
  /** How many of the flows are TCP streams. */
  readonly tcpStreams: number;
  readonly connections: number;
  readonly outcomes: Readonly<Record<Outcome, number>>;
  readonly coverage: readonly CoverageRow[];
  /** Findings that were counted only, per rule. */
  readonly findingsOmitted: Readonly<Record<string, number>>;
  /** Failed and aborted connections whose fault was not judged because of the limit. */
  readonly faultsOmitted: number;
  /** The same by what they say and of which server. */
  readonly omittedAlike: readonly OmittedFindings[];
  /** What the key logs held, and what of it was used; undefined without secrets. */
  readonly secrets: SecretsResult | undefined;
  readonly quic: QuicResult;
  readonly oddities: readonly SoundOddityCount[];
  /** A fault of the tool itself was caught; exit status 70. */
  readonly internalErrors: number;
}

/** A moment as captures tell it: whole seconds since 1970, and nanoseconds within. */
export interface CaptureTime {
  readonly seconds: number;
  readonly nanos: number;
}

/** One capture on its way into an analysis: `push`*, then `end` once. */
export interface CaptureIntake {
  /**
   * Octets of the (decompressed) file, in order; the chunk may be reused after the call returns.
   *
   * @returns false when nothing of the rest will be read: it is no capture, or damaged beyond hope
   */
  push(chunk: Uint8Array): boolean;
  /** @param octets size of the file as stored; @param damaged the decompressor's complaint, if it had one */
  end(octets: number, damaged?: string): CaptureFacts;
  /** All packets of its octets so far were analysed. */
  readonly isSpent: boolean;
}

/**
 * One run over one or more captures. Push-driven, no I/O.
 *
 * `beginCapture` for each file, then `end` once. Files may be open side by side where `several` was said. Then each
 * packet waits until no open file can have an earlier one, and `proceed` hands on what need not wait any more; a file that
 * is open alone is analysed as it is pushed.
 *
 * Making one throws a `SecretsError` for a secret that cannot be used.
 */
export interface Analysis {
  /** @param continues the file that this one goes on from, as in a rotated set */
  beginCapture(
    path: string,
    compression: CaptureFacts['compression'],
    continues?: CaptureFacts,
  ): CaptureIntake;
  /** Packets later than this wait: a file yet to be begun has earlier ones. Undefined: none does. */
  holdAfter(time: CaptureTime | undefined): void;
  /** Analyses what waits, in order of time, until an open file has no packet left or all that are left are to wait. */
  proceed(): void;
  /** Seconds since 1970 that `nanos` are relative to; 0 before the first packet. */
  readonly epochSeconds: number;
  /** Packets so far, for progress. */
  readonly packets: number;
  readonly places: PacketPlaces;
  /** The first name that the captures give for an address, as far as they were read. */
  hostName(address: string): string | undefined;
  end(): AnalysisResult;
}
