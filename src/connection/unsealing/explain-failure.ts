import type { Explanation } from '../../model/decryption.ts';
import type { Role } from '../../model/history.ts';
import type { KeyedHandshake } from './keyed-handshake.ts';
import type { TrafficSecrets } from './traffic-secrets.ts';
import type { WireRecord } from './wire-record.ts';

/** What trying the hypotheses gave. */
export interface FailureOutcome {
  readonly explanation: Explanation | undefined;
  readonly excluded: readonly string[];
  /** The number under which it opened, if another than expected. */
  readonly sequence: number | undefined;
}

export function explainFailure(
  _handshake: KeyedHandshake,
  _secrets: TrafficSecrets | undefined,
  _reading: { readonly from: Role; readonly sequence: number; readonly generation: number },
  _record: WireRecord,
): FailureOutcome | undefined {
  return undefined;
}
