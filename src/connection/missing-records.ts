/** Numbers of DTLS records that no record of the capture has: lost in it, or on the way. */
import { isTls13 } from '../model/code-points/versions.ts';
import { type DtlsFacts, type EpochFact, missingNumbers } from '../model/dtls-facts.ts';
import type { ConnectionHistory, PerRole, Role } from '../model/history.ts';

type Judged = Pick<ConnectionHistory, 'version' | 'decryption' | 'dtls'>;

/**
 * How many at least: reordering leaves none, and copies hide some.
 *
 * @param hasStart the capture has the beginning, so that protected epochs begin with 0 (RFC 6347 §4.1)
 * @returns undefined where none is missing
 */
export function missingRecords(h: Judged, hasStart: boolean): PerRole<number> | undefined {
  const { dtls } = h;
  if (dtls === undefined || dtls.isOrderUnknown || dtls.anomaliesOmitted > 0) return undefined;
  const missingOf = (role: Role): number => {
    let sum = 0;
    for (const one of dtls.epochs[role]) {
      const missing = missingNumbers(one, one.epoch > 0 && hasStart) - ownerless(dtls, one, role);
      if (missing > 0 && areNumbersKnown(h, one, role)) sum += missing;
    }
    return sum;
  };
  const [client, server] = [missingOf('client'), missingOf('server')];
  return client + server === 0 ? undefined : { client, server };
}

/** Records that came, but before those that give keys to their sender: nobody owns them, and no epoch counts them. */
const ownerless = ({ anomalies }: DtlsFacts, { epoch, highestSequence }: EpochFact, role: Role) =>
  anomalies.filter(
    ({ kind, record }) =>
      (kind === 'no-association' || kind === 'epoch-confusion') &&
      record.from === role &&
      record.epoch === epoch &&
      record.sequence <= highestSequence,
  ).length;

/**
 * A server that keeps nothing before the cookie numbers its answers as the ClientHellos (RFC 6347 §4.2.1), and numbers of DTLS
 * 1.3 are encrypted (RFC 9147 §4.2.3).
 */
function areNumbersKnown({ version, decryption, dtls }: Judged, { epoch }: EpochFact, role: Role) {
  if (epoch === 0) return role === 'client' || dtls?.verifyRequests.length === 0;
  return !isTls13(version) || (decryption?.failed === 0 && decryption.skipped === 0);
}
