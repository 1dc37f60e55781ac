import type { AnalysisResult, AnalysisSink } from '../model/analysis.ts';
import type { Checks } from '../model/check.ts';
import { type Finding, SEVERITIES, type Severity } from '../model/finding.ts';
import { type ConnectionHistory, OUTCOMES } from '../model/history.ts';

/** Tells a run in one format. Only what the user asked to see is handed to it. */
export interface Reporter extends AnalysisSink {
  /** Lets leave what is final, for those who follow a live capture. */
  flush(): void;
  /** Tells the rest. Called once. */
  end(ending: Ending): void | Promise<void>;
}

/** How a run ended. */
export interface Ending {
  readonly result: AnalysisResult;
  /** Counts of what was reported; `result` counts what was there. */
  readonly tally: Tally;
  /** Which part of the capture was asked for, in the user's words; empty for all of it. */
  readonly selection: string;
  /** The options that left findings out, in the user's words; empty where all are told. */
  readonly findings?: string;
  /** The reading was stopped before the captures ended. */
  readonly interrupted: boolean;
  /** What it was held against besides the rules. */
  readonly checks?: Checks;
}

/** Counts what is reported. */
export class Tally implements AnalysisSink {
  connections = 0;
  readonly outcomes = zeroes(OUTCOMES);
  readonly findings = zeroes(SEVERITIES);

  connection(history: ConnectionHistory): void {
    this.connections++;
    this.outcomes[history.outcome]++;
  }

  finding(finding: Finding): void {
    this.findings[finding.severity]++;
  }

  /** Is there a finding at least as severe? */
  reaches(severity: Severity): boolean {
    return SEVERITIES.slice(0, SEVERITIES.indexOf(severity) + 1).some(
      (worse) => this.findings[worse] > 0,
    );
  }
}

/** The most severe first, then by first packet: the order in which findings are told and numbered. */
export function byWeight(
  a: Pick<Finding, 'severity' | 'packets' | 'rule'>,
  b: Pick<Finding, 'severity' | 'packets' | 'rule'>,
): number {
  return (
    SEVERITIES.indexOf(a.severity) - SEVERITIES.indexOf(b.severity) ||
    (a.packets[0] ?? 0) - (b.packets[0] ?? 0) ||
    (a.rule < b.rule ? -1 : a.rule > b.rule ? 1 : 0)
  );
}

function zeroes<Key extends string>(keys: readonly Key[]): Record<Key, number> {
  return Object.fromEntries(keys.map((key) => [key, 0])) as Record<Key, number>;
}
