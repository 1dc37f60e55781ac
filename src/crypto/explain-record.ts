import { LIMITS } from '../model/limits.ts';
import { findDamage } from './bit-damage.ts';
import { macForm, START } from './construction.ts';
import type { FailedRecord, RecordParameters, Trial } from './failed-record.ts';
import type { Opening, Protection } from './protection.ts';
import { combine, RECORD_HYPOTHESES, RECORD_HYPOTHESIS_PAIRS } from './record-hypotheses.ts';
import type { RecordHypothesisId } from './record-hypothesis.ts';
import { RecordOpener } from './record-opener.ts';
import { worthTrying } from './sequence-sieve.ts';

/** Why a record did not open, as far as trying can tell. */
export interface RecordExplanation {
  readonly match: RecordMatch | undefined;
  /** Recomputations, all hypotheses together, and the ways of damage that GCM excluded without any. */
  readonly trials: number;
  /** What was tried in full in vain: hypotheses, and pairs of them joined by `+`. */
  readonly excluded: readonly string[];
  /** `trialsPerRecord` was reached: what is neither matched nor excluded was not tried in full. */
  readonly exhausted: boolean;
}

/** What opened the record, and how likely it is that it did so by chance. */
export interface RecordMatch {
  /** One, or two at once. */
  readonly hypotheses: readonly RecordHypothesisId[];
  readonly parameters: RecordParameters;
  readonly opening: Opened;
  /** Of the chance that octets which have nothing to do with the hypothesis match in all the trials until then. */
  readonly oddsLog2: number;
}

export type Opened = Extract<Opening, { kind: 'opened' }>;

/**
 * Tries the specified way, then each single mistake, then the usual pairs, then damage, and ends with the first that opens the
 * record. Undefined if this machine lacks the cipher, when nothing can be said.
 */
export function explainRecord(failed: FailedRecord): RecordExplanation | undefined {
  const run = new Run(failed);
  const specified = run.opener({}).prepare(failed.record);
  if (specified.kind === 'unsupported') return undefined;
  for (const { id, trials } of RECORD_HYPOTHESES) {
    if (run.ended) break;
    run.try([id], trials(failed));
  }
  for (const [first, second] of RECORD_HYPOTHESIS_PAIRS) {
    if (run.ended) break;
    run.try([first, second], combine(trialsOf(first, failed), trialsOf(second, failed)));
  }
  if (!run.ended) run.tryDamage();
  return run.explanation;
}

function trialsOf(id: RecordHypothesisId, failed: FailedRecord): readonly Trial[] {
  return RECORD_HYPOTHESES.find((row) => row.id === id)?.trials(failed) ?? [];
}

/** Octets that keep a forger out: those of the tag or MAC as it is sent. */
export function authenticatorOctets(protection: Protection, trial: Trial = {}): number {
  const { suite } = trial.protection ?? protection;
  if (suite.tagOctets > 0) return suite.tagOctets;
  return macForm(trial.protection ?? protection, trial.deviation ?? {})?.octets ?? 0;
}

/** The spending of one record's trials. */
class Run {
  private readonly failed: FailedRecord;
  private readonly excluded: string[] = [];
  private trials = 0;
  private match: RecordMatch | undefined;
  private exhausted = false;

  constructor(failed: FailedRecord) {
    this.failed = failed;
  }

  get ended(): boolean {
    return this.match !== undefined || this.exhausted;
  }

  get explanation(): RecordExplanation {
    const { match, trials, excluded, exhausted } = this;
    return { match, trials, excluded, exhausted };
  }

  opener({ protection, keys, position }: Trial): RecordOpener {
    const { failed } = this;
    // Other keys of the same direction go on where the records before left off; another direction does not.
    const at = protection === undefined ? failed.position : position;
    return new RecordOpener(protection ?? failed.protection, keys ?? failed.keys, at ?? START);
  }

  try(hypotheses: readonly RecordHypothesisId[], trials: readonly Trial[]): void {
    for (const trial of trials) {
      this.tryOne(hypotheses, trial);
      if (this.ended) return;
    }
    if (trials.length > 0) this.excluded.push(hypotheses.join('+'));
  }

  private tryOne(hypotheses: readonly RecordHypothesisId[], trial: Trial): void {
    const { record, sequence: expected, epoch, nextSequence: due = expected } = this.failed;
    const prepared = this.opener(trial).prepare(record, trial.deviation);
    if (prepared.kind !== 'prepared') {
      this.trials++;
      return;
    }
    const hopeful = trial.sequences && this.hopeful(trial, trial.sequences);
    for (const sequence of trial.sequences ?? [expected]) {
      if (this.trials >= LIMITS.trialsPerRecord) {
        this.exhausted = true;
        return;
      }
      this.trials++;
      if (hopeful?.has(sequence) === false) continue;
      const opening = prepared.at(sequence, trial.epoch ?? epoch ?? 0);
      if (opening.kind !== 'opened') continue;
      const tag = authenticatorOctets(this.failed.protection, trial);
      if (
        this.accept(hypotheses, opening, tag, this.trials, {
          ...trial.parameters,
          ...(trial.sequences === undefined ? {} : { sequence, offset: sequence - due }),
        })
      )
        return;
    }
  }

  /** Which of many numbers are worth a trial; undefined where all are. A sieve knows no deviation and no epoch. */
  private hopeful(
    { protection, keys, deviation }: Trial,
    sequences: readonly number[],
  ): ReadonlySet<number> | undefined {
    const { failed } = this;
    if (deviation !== undefined || failed.epoch !== undefined) return undefined;
    const { record } = failed;
    const given = protection ?? failed.protection;
    return new Set(worthTrying(given, keys ?? failed.keys, record, sequences));
  }

  tryDamage(): void {
    const { failed } = this;
    const { sequence, nextSequence = sequence } = failed;
    const tag = authenticatorOctets(failed.protection);
    let tried = false;
    // Damage where the mask of a record number comes from shows another number than the record has.
    for (const number of new Set([sequence, nextSequence])) {
      const found = findDamage(this.opener({}), { ...failed, sequence: number });
      if (found === undefined) continue;
      tried = true;
      this.trials += found.trials;
      if (found.opening === undefined) continue;
      const { opening, damage } = found;
      this.accept(['bit-damage'], opening, tag, this.trials, { damage });
      if (this.match !== undefined) return;
    }
    if (tried) this.excluded.push('bit-damage');
  }

  private accept(
    hypotheses: readonly RecordHypothesisId[],
    opening: Opened,
    tagOctets: number,
    trials: number,
    parameters: RecordParameters,
  ): boolean {
    const oddsLog2 = Math.log2(trials) - 8 * tagOctets;
    if (oddsLog2 > LIMITS.falseMatchLog2) return false;
    this.match = { hypotheses, parameters, opening, oddsLog2 };
    return true;
  }
}
