import type { Checks } from '../model/check.ts';
import type { Finding } from '../model/finding.ts';
import type { ConnectionHistory } from '../model/history.ts';
import { Baseline } from './baseline.ts';
import { BaselineDraft } from './baseline-draft.ts';
import { Expectations } from './expectations.ts';
import type { BaselineFile, ExpectFile } from './files.ts';
import { Parties, type Party } from './parties.ts';

/** What a run is held against. */
export interface CheckInput {
  readonly expect?: { readonly path: string; readonly file: ExpectFile };
  readonly baseline?: { readonly path: string; readonly file: BaselineFile };
  /** What is found is to be written down as known. */
  readonly drafts: boolean;
}

/** Holds one run against expectations and known findings. */
export class RunChecks {
  private readonly parties = new Parties();
  private readonly expectations: Expectations | undefined;
  private readonly baseline: Baseline | undefined;
  readonly draft: BaselineDraft | undefined;
  private current: Party | undefined;

  constructor({ expect, baseline, drafts }: CheckInput) {
    if (expect !== undefined) this.expectations = new Expectations(expect.path, expect.file.expect);
    if (baseline !== undefined) this.baseline = new Baseline(baseline.path, baseline.file.known);
    if (drafts) this.draft = new BaselineDraft(baseline?.file.known ?? []);
  }

  /** Every connection of the capture, before `connection` of those that were asked for. */
  every(history: ConnectionHistory): void {
    const party = this.parties.add(history);
    this.current = party;
    this.baseline?.connection(party);
  }

  /** A connection that is reported: the last one that `every` was called for. */
  connection(history: ConnectionHistory): void {
    if (this.current !== undefined) this.expectations?.connection(history, this.current);
  }

  /** @returns false: it is known, and not to be reported */
  finding(finding: Finding, epochSeconds: number): boolean {
    const parties = this.parties.of(finding);
    if (this.baseline?.hides(finding, parties, epochSeconds)) return false;
    this.expectations?.finding(finding, parties);
    this.draft?.add(finding, parties);
    return true;
  }

  /**
   * @param omitted rules with findings that were counted only
   * @param ranAll says whether everything of a rule was reported
   */
  end(omitted: readonly string[], ranAll: (rule: string) => boolean): Checks {
    const { expectations, baseline } = this;
    return {
      ...(expectations && { expectations: expectations.end(omitted) }),
      ...(baseline && { baseline: baseline.end(ranAll) }),
    };
  }
}
