import type { BaselineResult, KnownEntry, KnownState } from '../model/check.ts';
import { type Finding, SEVERITIES } from '../model/finding.ts';
import { LIMITS } from '../model/limits.ts';
import { SECOND } from '../model/time.ts';
import { type KnownInput, untilOf } from './files.ts';
import { type Party, type Scope, scopeOf } from './parties.ts';

/** Hides the findings that are known and accepted, and keeps account of them. */
export class Baseline {
  private readonly path: string;
  private readonly entries: readonly Known[];
  private readonly byRule = new Map<string, Known[]>();
  /** How many connections each party has, so that it is compared once; parties are shared by the connections between them. */
  private readonly met = new Map<Party, number>();
  private readonly suppressed: BaselineResult['suppressed'][number][] = [];
  private suppressedCount = 0;

  constructor(path: string, known: readonly KnownInput[]) {
    this.path = path;
    this.entries = known.map((entry, index) => new Known(entry, index));
    for (const entry of this.entries) {
      const list = this.byRule.get(entry.given.rule);
      if (list === undefined) this.byRule.set(entry.given.rule, [entry]);
      else list.push(entry);
    }
  }

  connection(party: Party): void {
    const met = this.met.get(party);
    if (met === undefined && this.met.size >= LIMITS.checkedConnections) this.count(party, 1);
    else this.met.set(party, (met ?? 0) + 1);
  }

  private count(party: Party, connections: number): void {
    for (const entry of this.entries) if (entry.scope.has(party)) entry.connections += connections;
  }

  /**
   * Is it known? If so, it is taken out of the report.
   *
   * @param parties whom it is about; an entry has to be about all of them
   */
  hides(finding: Finding, parties: readonly Party[], epochSeconds: number): boolean {
    for (const entry of this.byRule.get(finding.rule) ?? []) {
      if (!entry.fits(finding, parties)) continue;
      if (entry.isOver(finding, epochSeconds)) {
        entry.late++;
        continue;
      }
      entry.findings++;
      this.suppressedCount++;
      if (this.suppressed.length < LIMITS.suppressedFindings)
        this.suppressed.push({ finding, entry: entry.index });
      return true;
    }
    return false;
  }

  /** @param ranAll says whether everything of a rule was reported, so that an entry without a finding is out of date */
  end(ranAll: (rule: string) => boolean): BaselineResult {
    for (const [party, connections] of this.met) this.count(party, connections);
    this.met.clear();
    return {
      path: this.path,
      entries: this.entries.map((entry) => entry.result(ranAll(entry.given.rule))),
      suppressed: this.suppressed,
      suppressedCount: this.suppressedCount,
    };
  }
}

/** An entry of the file, and what became of it. */
class Known {
  readonly given: KnownInput;
  readonly index: number;
  readonly scope: Scope;
  private readonly until: ReturnType<typeof untilOf>;
  connections = 0;
  findings = 0;
  /** Findings that it would have hidden earlier. */
  late = 0;

  constructor(given: KnownInput, index: number) {
    this.given = given;
    this.index = index;
    this.scope = scopeOf(given);
    this.until = given.until === undefined ? undefined : untilOf(given.until);
  }

  fits({ severity }: Finding, parties: readonly Party[]): boolean {
    const { severity: most } = this.given;
    if (most !== undefined && SEVERITIES.indexOf(severity) < SEVERITIES.indexOf(most)) return false;
    if (this.scope.words === '') return true;
    return parties.length > 0 && parties.every((party) => this.scope.has(party));
  }

  /** By the time of the capture: the same capture gets the same report at any time. */
  isOver({ nanos }: Finding, epochSeconds: number): boolean {
    const { until } = this;
    if (until === undefined) return false;
    return (epochSeconds - until.seconds) * SECOND + nanos > until.nanos;
  }

  result(ranAll: boolean): KnownEntry {
    const { rule, severity, reason, until } = this.given;
    return {
      rule,
      scope: this.scope.words,
      severity,
      reason,
      until,
      state: this.state(ranAll),
      findings: this.findings,
      connections: this.connections,
    };
  }

  private state(ranAll: boolean): KnownState {
    if (this.late > 0) return 'expired';
    if (this.findings > 0) return 'used';
    return ranAll ? 'stale' : 'unused';
  }
}
