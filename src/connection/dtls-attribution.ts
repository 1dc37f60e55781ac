import { LIMITS } from '../model/limits.ts';
import { CONTENT_TYPE } from '../model/record.ts';
import { SEEN } from './connection-table.ts';
import { RECENT } from './dtls-table.ts';
import type { DtlsRecord, DtlsTracker } from './dtls-tracker.ts';
import { shapeOf } from './protected-shape.ts';

/** No association of the 5-tuple can own the record. */
export const NOBODY = -1;

/** Anti-replay windows are 64 numbers wide in most stacks (RFC 6347 §4.1.2.6); a larger step is no continuation. */
const WINDOW = 64;

/** Who a protected record belongs to, and why. One object, reused. */
export interface Attribution {
  association: number;
  reason: string;
  confidence: 'proven' | 'likely' | 'possible';
}

/**
 * Gives a protected record to one of several associations on its 5-tuple. All of them use the same epoch numbers and
 * start their sequence numbers at 0, so what tells them apart is, strongest first: octets seen before, the run of
 * explicit nonces, who has come to protected records at all, and whose sequence numbers it continues.
 */
export function attribute(
  tracker: DtlsTracker,
  newest: number,
  r: DtlsRecord,
  verdict: Attribution,
): void {
  const older = olderWithEpoch(tracker, newest, r);
  if (!tracker.reached(newest, r)) {
    beforeKeys(tracker, newest, older, r, verdict);
    return;
  }
  if (older < 0) {
    settle(verdict, newest, 'the only association that has come to this epoch', 'proven');
    return;
  }
  const { table } = tracker;
  const mine = 2 * newest + r.side;
  const theirs = 2 * older + r.side;
  if (repeats(tracker, theirs, r)) {
    settle(verdict, older, 'the same octets were on the wire in the older association', 'proven');
    return;
  }
  const delta = (r.nonceLow - r.sequence) | 0;
  const nonceTells =
    table.nonceState[theirs] === 2 &&
    table.nonceOctets[newest] !== 0 &&
    (table.nonceState[mine] as number) < 3;
  if (
    nonceTells &&
    table.nonceDelta[theirs] !== table.nonceDelta[mine] &&
    (table.nonceState[mine] as number) > 0
  ) {
    if (delta === table.nonceDelta[theirs]) {
      settle(
        verdict,
        older,
        'its explicit nonce continues the run of the older association, not of the newer one',
        'proven',
      );
      return;
    }
    if (delta === table.nonceDelta[mine]) {
      settle(verdict, newest, 'its explicit nonce continues the run of this association', 'proven');
      return;
    }
  }
  const sameEpoch = table.epoch[mine] === r.epoch;
  const stepMine = r.sequence - (sameEpoch ? (table.highest[mine] as number) : -1);
  const stepTheirs = r.sequence - (table.highest[theirs] as number);
  const continuesOlder = stepTheirs >= 1 && stepTheirs <= WINDOW && table.closePacket[theirs] === 0;
  if (continuesOlder && sameEpoch && stepMine <= 0 && seen(tracker, mine, -stepMine)) {
    settle(
      verdict,
      older,
      'its number was already used by the newer association and continues the older one',
      'likely',
    );
  } else if (
    continuesOlder &&
    stepTheirs === 1 &&
    stepMine > 1 &&
    owesClose(tracker, older, newest, r)
  ) {
    settle(
      verdict,
      older,
      'a closing alert with exactly the next number of the older association, which still owed one, while the newer one would have skipped numbers',
      'likely',
    );
  } else if (continuesOlder && (stepMine > WINDOW || stepMine <= -WINDOW)) {
    settle(
      verdict,
      older,
      'its number continues the older association and is far from those of the newer one',
      'likely',
    );
  } else if (continuesOlder) {
    settle(
      verdict,
      newest,
      'its number continues this association, and the older one too',
      'possible',
    );
  } else {
    settle(
      verdict,
      newest,
      'its number continues this association and not the older one',
      'likely',
    );
  }
}

/** The newest association has no keys yet in this direction. */
function beforeKeys(
  tracker: DtlsTracker,
  newest: number,
  older: number,
  r: DtlsRecord,
  verdict: Attribution,
): void {
  const { table } = tracker;
  const connections = tracker.facts.table;
  const row = table.connection[newest] as number;
  // A Finished may overtake the ChangeCipherSpec in front of it.
  const mayBeFinished =
    r.contentType === CONTENT_TYPE.handshake &&
    r.sequence < WINDOW &&
    connections.has(row, SEEN.serverHello);
  if (older < 0) {
    if (mayBeFinished)
      settle(verdict, newest, 'a handshake record that overtook its ChangeCipherSpec', 'likely');
    else
      settle(
        verdict,
        NOBODY,
        'no association in the capture has come to this epoch on this 5-tuple',
        'likely',
      );
    return;
  }
  const half = 2 * older + r.side;
  const step = r.sequence - (table.highest[half] as number);
  if (mayBeFinished && step <= 0 && !repeats(tracker, half, r)) {
    settle(verdict, newest, 'a handshake record that overtook its ChangeCipherSpec', 'likely');
  } else if (step >= 1 && step <= WINDOW) {
    const missing = connections.has(table.connection[older] as number, SEEN.startMissing);
    settle(
      verdict,
      older,
      'it continues the numbers of the older association, and the newer one has no keys yet',
      missing || step > 8 ? 'likely' : 'proven',
    );
  } else {
    settle(verdict, older, 'the newer association has no keys yet', 'likely');
  }
}

/** An alert, from the side that has not answered the peer's closing alert in the older association. */
function owesClose(tracker: DtlsTracker, older: number, newest: number, r: DtlsRecord): boolean {
  const { table, facts } = tracker;
  if (r.contentType !== CONTENT_TYPE.alert || table.closePacket[2 * older + 1 - r.side] === 0)
    return false;
  if (table.closePacket[2 * newest + 1 - r.side] !== 0) return false;
  const row = table.connection[older] as number;
  const suite = (facts.table.suite[row] as number) - 1;
  return (
    shapeOf(
      r.contentType,
      r.length,
      suite,
      facts.table.version[row] as number,
      facts.table.has(row, SEEN.encryptThenMac),
    ) === 'alert'
  );
}

/** The youngest older association that used this epoch in this direction; -1 for none. */
function olderWithEpoch(tracker: DtlsTracker, newest: number, r: DtlsRecord): number {
  const { table } = tracker;
  let d = (table.previous[newest] as number) - 1;
  for (let n = 1; d >= 0 && n < LIMITS.openAssociationsPerFlow; n++) {
    if (table.epoch[2 * d + r.side] === r.epoch) return d;
    d = (table.previous[d] as number) - 1;
  }
  return -1;
}

function repeats(tracker: DtlsTracker, half: number, r: DtlsRecord): boolean {
  const { table } = tracker;
  for (let i = half * RECENT; i < (half + 1) * RECENT; i++) {
    if (
      table.recentSequence[i] === r.sequence &&
      table.recentPrint[i] === r.print &&
      table.recentPacket[i] !== 0
    )
      return true;
  }
  return false;
}

function seen(tracker: DtlsTracker, half: number, back: number): boolean {
  if (back < 0 || back >= WINDOW) return false;
  const { table } = tracker;
  const word = (back < 32 ? table.windowLow : table.windowHigh)[half] as number;
  return (word & (1 << (back & 31))) !== 0;
}

function settle(
  verdict: Attribution,
  association: number,
  reason: string,
  confidence: Attribution['confidence'],
): void {
  verdict.association = association;
  verdict.reason = reason;
  verdict.confidence = confidence;
}
