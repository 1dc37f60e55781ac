import { DTLS_1_3 } from '../model/code-points/versions.ts';
import type { FailedRecord } from './failed-record.ts';
import type { DirectionKeys } from './protection.ts';
import type { RecordHypothesis } from './record-hypothesis.ts';
import { nearest, RecordNumbers, shownNumber } from './record-number.ts';
import { offSequences } from './sequence-numbers.ts';

/** DTLS 1.3, whose header tells neither type nor version. RFC 9147 §4. */
export function isUnified({ protection }: FailedRecord): boolean {
  return protection.version === DTLS_1_3;
}

/** The number that the header stands for where these keys encrypted it. */
export function numberUnder(failed: FailedRecord, keys: DirectionKeys, next: number): number {
  const numbers = RecordNumbers.of(failed.protection.suite, keys);
  return numbers?.numberOf(failed.record, next) ?? failed.sequence;
}

/** What only records with a unified header can have. */
export const DTLS13_HYPOTHESES: readonly RecordHypothesis[] = [
  {
    id: 'epoch-in-nonce',
    meaning: 'the sender puts the epoch into the nonce',
    source: 'RFC 9147 §4',
    trials: (failed) =>
      isUnified(failed) && failed.protection.isDraft43 !== true
        ? [{ deviation: { nonce: { sequence: failed.sequence, epoch: failed.epoch ?? 0 } } }]
        : [],
  },
  {
    id: 'encrypted-number-authenticated',
    meaning: 'the sender authenticates its header with the record number encrypted',
    source: 'RFC 9147 §4',
    trials: (failed) =>
      isUnified(failed) ? [{ deviation: { unifiedHeader: 'encrypted-number' } }] : [],
  },
  {
    id: 'tls-header-authenticated',
    meaning: 'the sender authenticates a header of TLS 1.3 instead of the one it sends',
    source: 'RFC 9147 §4',
    trials: (failed) =>
      isUnified(failed)
        ? TLS_HEADER_VERSIONS.map((version) => ({
            deviation: { unifiedHeader: 'tls', version },
            parameters: { version },
          }))
        : [],
  },
  {
    id: 'record-number-unencrypted',
    meaning: 'the sender does not encrypt the record number',
    source: 'RFC 9147 §4.2.3',
    trials: (failed) => {
      if (!isUnified(failed)) return [];
      const { value, octets } = shownNumber(failed.record);
      return [{ sequences: [nearest(value, octets, failed.nextSequence ?? failed.sequence)] }];
    },
  },
];

/** The longest row, hence behind all short ones: no other one opens what it opens. */
export const OTHER_NUMBER_ENCRYPTION: RecordHypothesis = {
  id: 'record-number-encrypted-otherwise',
  meaning: 'the sender encrypts the record number with another mask than its keys give',
  source: 'RFC 9147 §4.2.3',
  trials: (failed) => {
    const { nextSequence = failed.sequence } = failed;
    const near = offSequences({ ...failed, sequence: nextSequence });
    return isUnified(failed) ? [{ sequences: [nextSequence, ...near] }] : [];
  },
};

const TLS_HEADER_VERSIONS: readonly number[] = [0xfefd, 0x0303];
