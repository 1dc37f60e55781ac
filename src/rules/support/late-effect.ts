import { BAD_RECORD_MAC } from '../../model/code-points/alerts.ts';
import { CLIENT_HELLO } from '../../model/code-points/handshake-types.ts';
import type { DtlsHelloFact } from '../../model/dtls-facts.ts';
import type { Confidence, Evidence } from '../../model/finding.ts';
import {
  type At,
  type ConnectionHistory,
  type PerRole,
  peerOf,
  type RecordFact,
  type Role,
} from '../../model/history.ts';
import { formatDuration, MILLISECOND, type Nanos, SECOND } from '../../model/time.ts';
import { lacksRecords } from './ending.ts';
import { hasOpenedWhole } from './failed-record.ts';
import { recordEvidence } from './records.ts';
import { witness } from './witness.ts';

/** What a record that did not belong there was followed by in the association it arrived in or before. */
export interface LateEffect {
  readonly kind: 'hello-repeated' | 'hello-unanswered' | 'alerted' | 'unreachable' | 'fell-silent';
  /** From the stray record to the effect; for a ClientHello: how long it waited, or waits, for its answer. */
  readonly after: Nanos;
  /** From the stray record to the ClientHello; 0 for other effects. */
  readonly gap: Nanos;
  /** How sure the link to the stray record can be at best. */
  readonly ceiling: Confidence;
  readonly evidence: readonly Evidence[];
}

/** A ClientHello that was lost to a busy listener follows the stray record closely: its accept lasts no longer. */
const REPEATED_WITHIN = SECOND;
/** A listener that went deaf stays so; but the longer the pause, the more else may have happened. */
const UNANSWERED_WITHIN = 10 * SECOND;
/** A reaction to a record comes at once; this leaves room for a slow path. */
const REACTION = 100 * MILLISECOND;
/** An unprotected alert names its reason and needs less nearness. */
const NAMED_REACTION = SECOND;
/** unexpected_message, bad_record_mac, decryption_failed, record_overflow, decode_error, decrypt_error, internal_error. */
const ALERTS_ABOUT_A_RECORD: ReadonlySet<number> = new Set([10, 20, 21, 22, 50, 51, 80]);

/** By their packets, since a coarse clock gives many the same time. */
const isAfter = (at: At, other: At): boolean => at.packet > other.packet;

const within = (at: At, from: At, span: Nanos): boolean =>
  isAfter(at, from) && at.nanos >= from.nanos && at.nanos - from.nanos <= span;

function serverSpoke(next: ConnectionHistory, from: Nanos, until: Nanos): boolean {
  const inside = (at: At): boolean => at.nanos >= from && at.nanos < until;
  return (
    (next.dtls?.answered !== undefined && inside(next.dtls.answered)) ||
    (next.dtls?.verifyRequests.some(inside) ?? false) ||
    next.messages.some((message) => message.from === 'server' && inside(message))
  );
}

/** A ClientHello in fragments behind one that was whole and answered: dtls-clienthello-fragmented tells of that. */
const isStuckInPieces = ({ dtls }: ConnectionHistory): boolean =>
  dtls?.flights?.fragmented.some(
    ({ from, type, first }) =>
      from === 'client' &&
      type === CLIENT_HELLO &&
      dtls.verifyRequests.some(({ packet }) => packet < first.packet),
  ) === true;

const helloEvidence = (hello: DtlsHelloFact, connection: number, note: string): Evidence => ({
  packet: hello.packet,
  nanos: hello.nanos,
  connection,
  from: 'client',
  note,
});

/**
 * Was a ClientHello of this association that was sent close to a stray record repeated or left unanswered?
 *
 * Undefined as well where the server's host said that nobody listens: then the record is not to blame.
 */
export function helloTrouble(next: ConnectionHistory, stray: At): LateEffect | undefined {
  const { dtls } = next;
  if (dtls === undefined || !dtls.clientHellos.some(({ retransmission }) => retransmission)) {
    return undefined;
  }
  if (dtls.portUnreachable.length > 0) return undefined;
  for (const [at, repeat] of dtls.clientHellos.entries()) {
    if (!repeat.retransmission || repeat.nanos < stray.nanos) continue;
    const first = dtls.clientHellos
      .slice(0, at)
      .find(({ messageSequence }) => messageSequence === repeat.messageSequence);
    if (first === undefined || serverSpoke(next, first.nanos, repeat.nanos)) continue;
    const answered = serverSpoke(next, repeat.nanos, Number.POSITIVE_INFINITY);
    const gap = first.nanos - stray.nanos;
    // It had got over the record before this ClientHello came.
    if (gap > 0 && serverSpoke(next, stray.nanos, first.nanos)) continue;
    if (!answered && isStuckInPieces(next)) return undefined;
    if (gap > (answered ? REPEATED_WITHIN : UNANSWERED_WITHIN)) return undefined;
    const wait = (answered ? repeat.nanos : next.endNanos) - first.nanos;
    const where =
      gap >= 0 ? `${formatDuration(gap)} after the record` : 'on its way when the record came';
    return {
      kind: answered ? 'hello-repeated' : 'hello-unanswered',
      after: wait,
      gap: Math.max(gap, 0),
      ceiling: answered && gap <= REPEATED_WITHIN ? 'proven' : 'likely',
      evidence: [
        helloEvidence(first, next.id, `ClientHello, ${where}`),
        helloEvidence(
          repeat,
          next.id,
          `the same ClientHello again, ${formatDuration(repeat.nanos - first.nanos)} later, the first one unanswered`,
        ),
      ],
    };
  }
  return undefined;
}

function alerted(next: ConnectionHistory, stray: RecordFact): LateEffect | undefined {
  const receiver = peerOf(stray.from);
  const plain = next.alerts.find(
    (alert) =>
      alert.from === receiver &&
      alert.level === 2 &&
      ALERTS_ABOUT_A_RECORD.has(alert.description ?? -1) &&
      within(alert, stray, NAMED_REACTION),
  );
  if (plain !== undefined) {
    return {
      kind: 'alerted',
      after: plain.nanos - stray.nanos,
      gap: 0,
      // Who complains of a MAC where every other record has the right one complains of this record.
      ceiling:
        plain.encrypted && plain.description === BAD_RECORD_MAC && hasOpenedWhole(next)
          ? 'proven'
          : 'likely',
      evidence: [
        {
          packet: plain.packet,
          nanos: plain.nanos,
          connection: next.id,
          from: receiver,
          note: `fatal alert ${plain.description}, ${formatDuration(plain.nanos - stray.nanos)} after the record`,
        },
      ],
    };
  }
  return protectedAlert(next, stray, receiver);
}

/** An unreadable alert counts only where nothing but the stray record can have called for it. */
function protectedAlert(
  next: ConnectionHistory,
  stray: RecordFact,
  receiver: Role,
): LateEffect | undefined {
  const alert = next.dtls?.probableClose[receiver];
  if (alert === undefined || !isAfter(alert, stray) || lacksRecords(next)) return undefined;
  const read = next.alerts.find(({ packet, from }) => packet === alert.packet && from === receiver);
  if (read?.description !== undefined && !ALERTS_ABOUT_A_RECORD.has(read.description)) {
    return undefined;
  }
  const ownClose = next.dtls?.probableClose[stray.from];
  if (ownClose !== undefined && ownClose.packet !== stray.packet && isAfter(alert, ownClose)) {
    return undefined;
  }
  const { client, server } = next.protectedRecords;
  if ([client, server].some(({ lastData }) => lastData !== undefined && isAfter(lastData, stray))) {
    return undefined;
  }
  // A record that is kept until the handshake is over has its effect then.
  const finished = next.dtls?.finishedTransmissions[receiver][0];
  const from = finished !== undefined && isAfter(finished, stray) ? finished : stray;
  if (!within(alert, from, REACTION)) return undefined;
  return {
    kind: 'alerted',
    after: alert.nanos - stray.nanos,
    gap: 0,
    ceiling: 'likely',
    evidence: [
      recordEvidence(
        alert,
        next.id,
        `${formatDuration(alert.nanos - stray.nanos)} after the record, with no data in between`,
      ),
    ],
  };
}

function unreachable(next: ConnectionHistory, stray: RecordFact): LateEffect | undefined {
  const { dtls } = next;
  if (dtls?.answered === undefined || dtls.answered.nanos > stray.nanos) return undefined;
  if (dtls.probableClose[peerOf(stray.from)] !== undefined) return undefined;
  const icmp = dtls.portUnreachable.find(
    (one) => one.role !== stray.from && within(one, stray, NAMED_REACTION),
  );
  return (
    icmp && {
      kind: 'unreachable',
      after: icmp.nanos - stray.nanos,
      gap: 0,
      ceiling: 'likely',
      evidence: [
        witness(
          icmp,
          next.id,
          icmp.role,
          `port unreachable, ${formatDuration(icmp.nanos - stray.nanos)} after the record`,
        ),
      ],
    }
  );
}

const lastOf = (epochs: PerRole<readonly { readonly last: At }[]>, role: Role): At | undefined =>
  epochs[role].reduce<At | undefined>(
    (latest, { last }) => (latest === undefined || last.nanos > latest.nanos ? last : latest),
    undefined,
  );

function fellSilent(next: ConnectionHistory, stray: RecordFact): LateEffect | undefined {
  const { dtls } = next;
  if (dtls === undefined || next.outcome === 'established') return undefined;
  const receiver = peerOf(stray.from);
  const heard = lastOf(dtls.epochs, receiver);
  if (heard === undefined || heard.nanos > stray.nanos || dtls.portUnreachable.length > 0) {
    return undefined;
  }
  const repeats = dtls.finishedTransmissions[stray.from].filter(({ nanos }) => nanos > stray.nanos);
  const last = repeats.at(-1);
  if (last === undefined || repeats.length < 3) return undefined;
  return {
    kind: 'fell-silent',
    after: last.nanos - stray.nanos,
    gap: 0,
    ceiling: 'possible',
    evidence: [
      { ...heard, connection: next.id, from: receiver, note: `last packet of the ${receiver}` },
      recordEvidence(last, next.id, `its flight for the ${repeats.length}th time, unanswered`),
    ],
  };
}

/**
 * What happened to the association `next` right after a record that was not its own; undefined if nothing did that
 * cannot be explained without that record.
 *
 * @param arrivedInside the record came after `next` had begun
 */
export function effectOf(
  stray: RecordFact,
  next: ConnectionHistory | undefined,
  arrivedInside: boolean,
): LateEffect | undefined {
  if (next === undefined) return undefined;
  const hello = stray.from === 'client' ? helloTrouble(next, stray) : undefined;
  if (hello !== undefined || !arrivedInside) return hello;
  return alerted(next, stray) ?? unreachable(next, stray) ?? fellSilent(next, stray);
}
