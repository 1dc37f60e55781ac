import type { StreamPosition } from '../../crypto/construction.ts';
import { explainRecord, type RecordExplanation } from '../../crypto/explain-record.ts';
import type {
  FailedRecord,
  KeyGeneration,
  LabelledKeys,
  OtherKeys,
} from '../../crypto/failed-record.ts';
import type { DirectionKeys, Protection } from '../../crypto/protection.ts';
import { RECORD_HYPOTHESES } from '../../crypto/record-hypotheses.ts';
import { versionName } from '../../model/code-points/versions.ts';
import type { Explanation } from '../../model/decryption.ts';
import type { KeyedHandshake } from './keyed-handshake.ts';
import type { WireRecord } from './wire-record.ts';

/** What is known around a record that did not open, beside its handshake. */
export interface FailureContext {
  readonly from: 'client' | 'server';
  readonly protection: Protection;
  readonly keys: DirectionKeys;
  readonly sequence: number;
  readonly epoch?: number;
  readonly nextSequence?: number;
  readonly otherLabels?: readonly LabelledKeys[];
  readonly position?: StreamPosition | undefined;
  readonly otherDirection?: OtherKeys | undefined;
  readonly generations?: readonly KeyGeneration[];
}

/** What trying the hypotheses gave. */
export interface FailureOutcome {
  readonly explanation: Explanation | undefined;
  readonly excluded: readonly string[];
  /** The number under which it opened, where only the number was wrong. */
  readonly sequence: number | undefined;
}

/** Tries to reproduce the wrong MAC or tag. Undefined where this machine lacks the cipher. */
export function explainFailure(
  { clientHello, keys: blocks }: KeyedHandshake,
  context: FailureContext,
  record: WireRecord,
): FailureOutcome | undefined {
  const failed: FailedRecord = {
    ...context,
    record,
    keyBlock: blocks && { octets: blocks.block, sender: context.from },
    clientHelloVersion: clientHello?.legacyVersion,
  };
  const tried = explainRecord(failed);
  if (tried === undefined) return undefined;
  const { match, excluded } = tried;
  const offsetOnly =
    match?.hypotheses.length === 1 && match.hypotheses[0] === 'sequence-offset'
      ? match.parameters.sequence
      : undefined;
  return { explanation: factOf(tried), excluded, sequence: offsetOnly };
}

function factOf({ match, trials }: RecordExplanation): Explanation | undefined {
  if (match === undefined) return undefined;
  const rows = match.hypotheses.flatMap((id) => RECORD_HYPOTHESES.filter((row) => row.id === id));
  return {
    hypothesis: match.hypotheses.join('+'),
    meaning: rows.map(({ meaning }) => meaning).join(', and '),
    source: rows[0]?.source ?? '',
    details: detailsOf(match.parameters),
    trials,
    oddsLog2: Math.round(match.oddsLog2),
  };
}

/** The parameters of a match in words and numbers; none of them is a secret. */
function detailsOf(
  parameters: NonNullable<RecordExplanation['match']>['parameters'],
): Record<string, string | number> {
  const { version, slicing, damage, ...plain } = parameters;
  const details: Record<string, string | number> = { ...plain };
  if (version !== undefined) details['version'] = versionName(version);
  if (slicing !== undefined)
    details['slicing'] =
      `${slicing.order}, ${slicing.macOctets} octets of MAC key, ${slicing.ivOctets} of IV`;
  if (damage !== undefined)
    details['damage'] = damage
      .map(({ offset, mask }) => `octet ${offset} (mask 0x${mask.toString(16).padStart(2, '0')})`)
      .join(', ');
  return details;
}
