import type { Evidence } from '../../model/finding.ts';
import type { ConnectionHistory, StrayFact } from '../../model/history.ts';
import type { Refusal } from './refusal.ts';
import { witness } from './witness.ts';

/** Nonces that are ahead by less may be of this connection: records that were lost, or that somebody else wrote. */
const AHEAD = 1024n;

/** Is this a nonce that the direction would have come to? */
export function isNear({ got, due }: NonNullable<StrayFact['nonce']>): boolean {
  const ahead = BigInt(`0x${got}`) - BigInt(`0x${due}`);
  return ahead > 0n && ahead < AHEAD;
}

/** The stray record as evidence, with what gave it away. */
export function strayWitness(stray: StrayFact, connection: number): Evidence {
  const { nonce } = stray;
  const note =
    nonce === undefined
      ? 'the same ciphertext again'
      : `explicit nonce ${nonce.got}, ${nonce.due} was due`;
  return witness(stray, connection, stray.from, `record of ${stray.length} octets: ${note}`);
}

/** How the receiver took it, if it shows. */
export function consequence(
  { id }: ConnectionHistory,
  refusal: Refusal | undefined,
): readonly Evidence[] {
  return refusal === undefined
    ? []
    : [witness(refusal, id, refusal.by, `${refusal.how}, without going on as before`)];
}
