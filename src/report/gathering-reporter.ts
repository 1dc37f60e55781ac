import type { Fault } from '../model/fault.ts';
import type { Finding } from '../model/finding.ts';
import type { ConnectionHistory } from '../model/history.ts';
import { ConnectionRows } from './connection-rows.ts';
import type { Ending, Reporter } from './reporter.ts';
import type { RunContext } from './run-context.ts';

/**
 * A report that is told at the end, since the worst may come last. Keeps the findings, and a short row of every connection,
 * not its history.
 */
export abstract class GatheringReporter implements Reporter {
  protected readonly run: RunContext;
  protected readonly rows = new ConnectionRows();
  protected readonly findings: Finding[] = [];
  /** By connection. */
  protected readonly faults = new Map<number, Fault>();

  constructor(run: RunContext) {
    this.run = run;
  }

  connection(history: ConnectionHistory): void {
    this.rows.add(history);
  }

  finding(finding: Finding): void {
    this.rows.keep(finding.connections);
    this.findings.push(finding);
  }

  fault(fault: Fault): void {
    this.faults.set(fault.connection, fault);
  }

  /** Nothing leaves before the end. */
  flush(): void {}

  abstract end(ending: Ending): void | Promise<void>;
}
