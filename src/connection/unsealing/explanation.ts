import type { Explanation as Comparison } from '../../crypto/hypothesis.ts';
import type { NearestMiss } from '../../crypto/key-log.ts';
import type { Explanation } from '../../model/decryption.ts';

/** A comparison as the fact that histories hold. @param bits of the value compared */
export function explanationOf(comparison: Comparison, bits: number): Explanation | undefined {
  if (comparison.kind !== 'explained') return undefined;
  const [{ hypothesis, detail }, ...others] = comparison.matches;
  return {
    hypothesis: hypothesis.id,
    meaning: hypothesis.meaning,
    source: hypothesis.source,
    details: {
      ...(detail !== undefined && { detail }),
      ...(others.length > 0 && { alike: others.map((other) => other.hypothesis.id).join(', ') }),
    },
    trials: MOST_HYPOTHESES,
    oddsLog2: Math.ceil(Math.log2(MOST_HYPOTHESES)) - bits,
  };
}

/** More than all variants of all hypotheses about one value. */
const MOST_HYPOTHESES = 1024;

/** What the key log has instead, without any of it. */
export function describeMiss(miss: NearestMiss): string {
  if (miss.kind === 'other-label') return `the key log has only ${miss.labels.join(', ')} for it`;
  return (
    `line ${miss.line} of key log ${miss.log} has a random that differs in ` +
    `${miss.differingOctets} of 32 octets`
  );
}
