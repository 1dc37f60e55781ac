import { LIMITS } from '../model/limits.ts';
import type { FailedRecord } from './failed-record.ts';

/** Near the expected numbers, nearest first; then 0 and 1, where a counter begins that was set back. */
export function offSequences({ sequence, highestSequence = sequence }: FailedRecord): number[] {
  const numbers: number[] = [];
  for (let offset = 1; offset <= LIMITS.sequenceAbove; offset++) {
    if (offset <= LIMITS.sequenceBelow && sequence >= offset) numbers.push(sequence - offset);
    numbers.push(highestSequence + offset);
  }
  for (const start of [0, 1]) if (start < sequence - LIMITS.sequenceBelow) numbers.push(start);
  return numbers;
}

/** All numbers from `first` to `last`. */
export function range(first: number, last: number): number[] {
  return Array.from({ length: Math.max(last - first + 1, 0) }, (_, i) => first + i);
}
