import { LIMITS } from '../model/limits.ts';
import type { FailedRecord, Flip } from './failed-record.ts';
import { GcmSyndrome } from './gcm-syndrome.ts';
import type { Opening, SealedRecord } from './protection.ts';
import type { RecordOpener } from './record-opener.ts';
import { withOwnOctets } from './sealed-record.ts';

/** What a search for damage found. */
export interface DamageSearch {
  readonly opening?: Extract<Opening, { kind: 'opened' }>;
  readonly damage: readonly Flip[];
  readonly trials: number;
}

/**
 * Looks for few flipped bits that keep a record from opening. GCM tells from the wrong tag alone which bits those are;
 * with everything else each bit of a short fragment is tried. Undefined if nothing was tried.
 */
export function findDamage(opener: RecordOpener, failed: FailedRecord): DamageSearch | undefined {
  const { record, sequence, epoch } = failed;
  const syndrome = GcmSyndrome.of(failed);
  let trials = 0;
  for (const damage of syndrome?.explanations() ?? eachBit(record)) {
    trials++;
    const opening = opener.attempt(flipped(record, damage), sequence, epoch);
    if (opening.kind === 'opened') {
      return { opening, damage, trials: trials + (syndrome?.patterns ?? 0) };
    }
  }
  if (syndrome !== undefined) return { damage: [], trials: trials + syndrome.patterns };
  return trials > 0 ? { damage: [], trials } : undefined;
}

/** Every bit of a fragment that is not too long for that. */
function* eachBit({ start, end }: SealedRecord): Generator<readonly Flip[]> {
  if (end - start > LIMITS.damageTrialOctets) return;
  for (let offset = 0; offset < end - start; offset++) {
    for (let bit = 0; bit < 8; bit++) yield [{ offset, mask: 1 << bit }];
  }
}

function flipped(record: SealedRecord, damage: readonly Flip[]): SealedRecord {
  const copy = withOwnOctets(record);
  for (const { offset, mask } of damage) {
    const at = copy.start + offset;
    copy.bytes[at] = (copy.bytes[at] as number) ^ mask;
  }
  return copy;
}
