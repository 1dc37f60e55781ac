import { LIMITS } from '../model/limits.ts';
import { CONTENT_TYPE } from '../model/record.ts';
import { otherSide, type Side } from '../model/stream.ts';
import { type ConnectionTable, SEEN } from './connection-table.ts';
import type { Association } from './dtls-association.ts';
import { HALF_FLAG } from './dtls-halves.ts';
import { isSeen, repeats, WINDOW } from './dtls-numbers.ts';
import type { DtlsRecord } from './dtls-record.ts';
import type { FactsRecorder } from './facts-recorder.ts';
import { shapeOf } from './protected-shape.ts';

/** Who a protected record belongs to, and why. One object, reused; `owner` is undefined where nobody can own it. */
export interface Attribution {
  owner: Association | undefined;
  reason: string;
  confidence: 'proven' | 'likely' | 'possible';
}

/**
 * Gives a protected record to one of several associations on its 5-tuple. All of them use the same epoch numbers and
 * start their sequence numbers at 0, so what tells them apart is, strongest first: octets seen before, the run of
 * explicit nonces, who has come to protected records at all, and whose sequence numbers it continues.
 */
export function attribute(
  facts: FactsRecorder,
  newest: Association,
  r: DtlsRecord,
  verdict: Attribution,
): void {
  const older = olderWithEpoch(newest, r);
  if (older !== undefined && !mayOwn(newest, r)) {
    settle(
      verdict,
      older,
      'it has no connection id, and the newer association wants one',
      'proven',
    );
    return;
  }
  if (!hasReached(facts, newest, r.side)) {
    beforeKeys(facts, newest, older, r, verdict);
    return;
  }
  if (older === undefined) {
    settle(verdict, newest, 'the only association that has come to this epoch', 'proven');
    return;
  }
  const mine = newest.sides[r.side];
  const theirs = older.sides[r.side];
  if (repeats(mine, r)) {
    settle(verdict, newest, 'the same octets were on the wire in this association', 'proven');
    return;
  }
  if (repeats(theirs, r)) {
    settle(verdict, older, 'the same octets were on the wire in the older association', 'proven');
    return;
  }
  const nonceTells =
    theirs.nonceState === 2 &&
    (mine.flags & HALF_FLAG.nonce) !== 0 &&
    (mine.nonceState === 1 || mine.nonceState === 2);
  if (nonceTells && theirs.nonceDelta !== mine.nonceDelta) {
    const delta = (r.nonceLow - r.sequence) | 0;
    if (delta === theirs.nonceDelta) {
      settle(
        verdict,
        older,
        'its explicit nonce continues the run of the older association, not of the newer one',
        'proven',
      );
      return;
    }
    if (delta === mine.nonceDelta) {
      settle(verdict, newest, 'its explicit nonce continues the run of this association', 'proven');
      return;
    }
  }
  const sameEpoch = mine.epoch === r.epoch;
  const stepMine = r.sequence - (sameEpoch ? mine.highest : -1);
  const stepTheirs = r.sequence - theirs.highest;
  const continuesOlder = stepTheirs >= 1 && stepTheirs <= WINDOW && theirs.closePacket === 0;
  if (continuesOlder && sameEpoch && isSeen(mine, -stepMine)) {
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
    owesClose(facts, older, newest, r)
  ) {
    settle(
      verdict,
      older,
      'a closing alert with exactly the next number of the older association, which still owed one, while the newer one would have skipped numbers',
      // A single number may be a packet that the capture lacks.
      stepMine > 2 ? 'likely' : 'possible',
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

/** Has this direction of the association come to protected records? */
function hasReached({ table }: FactsRecorder, a: Association, side: Side): boolean {
  return (
    a.sides[side].epoch > 0 ||
    table.ccsPacket[a.row * 2 + side] !== 0 ||
    table.has(a.row, SEEN.startMissing) ||
    table.has(a.row, SEEN.tls13)
  );
}

/** The newest association has no keys yet in this direction. */
function beforeKeys(
  facts: FactsRecorder,
  newest: Association,
  older: Association | undefined,
  r: DtlsRecord,
  verdict: Attribution,
): void {
  const { table } = facts;
  // A Finished may overtake the ChangeCipherSpec in front of it.
  const mayBeFinished =
    r.contentType === CONTENT_TYPE.handshake &&
    r.sequence < WINDOW &&
    table.has(newest.row, SEEN.serverHello);
  if (older === undefined) {
    if (mayBeFinished)
      settle(verdict, newest, 'a handshake record that overtook its ChangeCipherSpec', 'likely');
    else
      settle(
        verdict,
        undefined,
        'no association in the capture has come to this epoch on this 5-tuple',
        'likely',
      );
    return;
  }
  const theirs = older.sides[r.side];
  const step = r.sequence - theirs.highest;
  const repeated = repeats(theirs, r);
  const next = step >= 1 && step <= WINDOW;
  // A peer that has keys shows that this side may have them too, and that the capture lacks its ChangeCipherSpec.
  const mayHaveKeys = hasReached(facts, newest, r.side === 0 ? 1 : 0);
  if (mayBeFinished && step <= 0 && !repeated) {
    settle(verdict, newest, 'a handshake record that overtook its ChangeCipherSpec', 'likely');
  } else if (mayHaveKeys && !repeated && isForeign(table, older, newest, r, step)) {
    settle(
      verdict,
      newest,
      'the older association cannot have sent it, and the peer has keys here already',
      'likely',
    );
  } else if (next) {
    const certain = !table.has(older.row, SEEN.startMissing) && step <= 8 && !mayHaveKeys;
    // A first record after the Finished would be explained by one packet that the capture lacks.
    const doubtful = mayHaveKeys && !(r.sequence > 1 && owesClose(facts, older, newest, r));
    settle(
      verdict,
      older,
      mayHaveKeys
        ? 'it continues the numbers of the older association, and the newer one shows no keys of this side yet'
        : 'it continues the numbers of the older association, and the newer one has no keys yet',
      certain ? 'proven' : doubtful ? 'possible' : 'likely',
    );
  } else {
    settle(
      verdict,
      older,
      'the newer association has no keys yet',
      mayHaveKeys ? 'possible' : 'likely',
    );
  }
}

/**
 * Can the older association not have sent it: its number was used for other octets, the sender had closed, or the length
 * is none that its suite gives while it is one of the newer one's?
 */
function isForeign(
  table: ConnectionTable,
  older: Association,
  newest: Association,
  r: DtlsRecord,
  step: number,
): boolean {
  const theirs = older.sides[r.side];
  if (isSeen(theirs, -step) || theirs.closePacket !== 0) return true;
  return fitsSuite(table, newest.row, r.length) && !fitsSuite(table, older.row, r.length);
}

/** Can the negotiated protection give a record of this length? */
function fitsSuite(table: ConnectionTable, row: number, length: number): boolean {
  const modulus = table.lengthModulus[row] as number;
  return (
    length >= (table.lengthMin[row] as number) &&
    (modulus === 0 || length % modulus === (table.lengthBase[row] as number))
  );
}

/** An alert, from the side that has not answered the peer's closing alert in the older association. */
function owesClose(
  { table }: FactsRecorder,
  older: Association,
  newest: Association,
  r: DtlsRecord,
): boolean {
  const peer = r.side === 0 ? 1 : 0;
  if (r.contentType !== CONTENT_TYPE.alert || older.sides[peer].closePacket === 0) return false;
  if (newest.sides[peer].closePacket !== 0) return false;
  const suite = (table.suite[older.row] as number) - 1;
  const version = table.version[older.row] as number;
  return (
    shapeOf(r.contentType, r.length, suite, version, table.has(older.row, SEEN.encryptThenMac)) ===
    'alert'
  );
}

/** A record without an id is none of an association whose handshake has one for its receiver. RFC 9146 §3. */
function mayOwn({ ids }: Association, { side, idLength, epoch }: DtlsRecord): boolean {
  if (ids === undefined || idLength > 0 || epoch !== 1 || ids.extension === 0) return true;
  return (ids.to[otherSide(side)]?.length ?? 0) === 0;
}

/** The youngest older association that used this epoch in this direction. */
function olderWithEpoch(newest: Association, r: DtlsRecord): Association | undefined {
  let a = newest.previous;
  for (let n = 1; a !== undefined && n < LIMITS.openAssociationsPerFlow; n++) {
    if (a.sides[r.side].epoch === r.epoch && mayOwn(a, r)) return a;
    a = a.previous;
  }
  return undefined;
}

function settle(
  verdict: Attribution,
  owner: Association | undefined,
  reason: string,
  confidence: Attribution['confidence'],
): void {
  verdict.owner = owner;
  verdict.reason = reason;
  verdict.confidence = confidence;
}
