import {
  type At,
  type ConnectionHistory,
  peerOf,
  type RecordFact,
  ROLES,
  type Role,
} from '../../model/history.ts';
import type { Verdict } from '../../model/rule.ts';
import { NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { ownTransmissions } from './records.ts';

/** The first and two repeats: three in a row that pass here are not lost by chance behind it. */
const TRANSMISSIONS = 3;

/** A Finished over DTLS that its sender repeats and the other side, alive, never takes up. */
interface SilentDrop {
  readonly kind: 'dropped';
  readonly sender: Role;
  readonly receiver: Role;
  readonly first: RecordFact;
  readonly last: RecordFact;
  readonly count: number;
  /** The last that was heard from the receiver. */
  readonly life: At;
}

/**
 * Is a Finished dropped in silence, as RFC 6347 §4.1.2.7 asks for where it does not authenticate? Otherwise the verdict
 * that is due.
 */
export function silentlyDropped(
  history: ConnectionHistory,
): SilentDrop | Exclude<Verdict, { kind: 'finding' }> {
  const { dtls } = history;
  if (dtls === undefined || history.stage === 'none') return NOT_APPLICABLE;
  if (history.outcome === 'established') return PASS;
  for (const sender of ROLES) {
    const sent = ownTransmissions(dtls.finishedTransmissions[sender]);
    const receiver = peerOf(sender);
    const [first] = sent;
    const last = sent.at(-1);
    if (first === undefined || last === undefined || sent.length < TRANSMISSIONS) continue;
    if (!history.bothDirections) return notAssessable('one-direction');
    if (answered(history, receiver) || acknowledged(history, receiver, first)) return PASS;
    if (history.blindSpots.includes('lost-bytes')) return notAssessable('lost-bytes');
    const life = lifeAfter(history, receiver, first);
    if (life === undefined) return PASS;
    return { kind: 'dropped', sender, receiver, first, last, count: sent.length, life };
  }
  return PASS;
}

function answered(history: ConnectionHistory, receiver: Role): boolean {
  return (
    history.changeCipherSpec[receiver] !== undefined ||
    (history.dtls?.finishedTransmissions[receiver].length ?? 0) > 0 ||
    history.alerts.some(({ from }) => from === receiver) ||
    (history.dtls?.portUnreachable.length ?? 0) > 0
  );
}

/** DTLS 1.3: who acknowledges a record of the epoch of the Finished has opened it (RFC 9147 §7). */
function acknowledged({ dtls }: ConnectionHistory, receiver: Role, first: RecordFact): boolean {
  return (
    dtls?.acks?.some(
      ({ from, packet, received }) =>
        from === receiver &&
        packet >= first.packet &&
        received.some(({ epoch }) => epoch === first.epoch),
    ) === true
  );
}

/** The last that was heard from a side, if that was after this moment. */
function lifeAfter({ dtls }: ConnectionHistory, role: Role, from: At): At | undefined {
  return dtls?.epochs[role].map(({ last }) => last).find(({ nanos }) => nanos > from.nanos);
}
