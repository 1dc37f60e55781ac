import { CLIENT_HELLO, handshakeTypeName } from '../../model/code-points/handshake-types.ts';
import type { FragmentedMessage } from '../../model/flights.ts';
import {
  type At,
  type ConnectionHistory,
  peerOf,
  type Role,
  type Stage,
} from '../../model/history.ts';
import type { Verdict } from '../../model/rule.ts';
import { NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';

const HELD_UP: Readonly<Record<Role | 'hello', readonly Stage[]>> = {
  hello: ['server-hello'],
  server: ['server-hello', 'server-flight', 'client-flight'],
  client: ['client-flight', 'client-finished', 'server-finished'],
};

/** Messages that one side sent in vain: the handshake stopped there, and nobody said why. */
export function unlessStuck(
  history: ConnectionHistory,
): Exclude<Verdict, { kind: 'finding' }> | undefined {
  const { dtls, outcome, stage } = history;
  if (dtls === undefined || stage === 'none') return NOT_APPLICABLE;
  if (outcome === 'established' || outcome === 'failed') return PASS;
  if (dtls.portUnreachable.length > 0) return PASS;
  if (!history.bothDirections && dtls.answered !== undefined) return notAssessable('one-direction');
  for (const spot of ['lost-bytes', 'cut-packets'] as const)
    if (history.blindSpots.includes(spot)) return notAssessable(spot);
  return undefined;
}

/** Did this side send anything new of the handshake from then on, or anything protected? Repeats are not new. */
export function wentOn(history: ConnectionHistory, side: Role, from: At): boolean {
  return (
    history.messages.some((one) => one.from === side && one.packet > from.packet) ||
    history.alerts.some((one) => one.from === side && one.packet > from.packet) ||
    history.changeCipherSpec[side] !== undefined ||
    history.protectedRecords[side].count > 0 ||
    // Nor is data that nothing captured of the handshake accounts for.
    history.records[side].applicationData > 0
  );
}

/** Repeats of this side’s flight from then on that are told one by one. */
export function repeatsAfter({ dtls }: ConnectionHistory, side: Role, from: At): readonly At[] {
  return (dtls?.flights?.repeats ?? [])
    .filter((repeat) => repeat.from === side && repeat.first.packet > from.packet)
    .map(({ first }) => first);
}

/** Where a handshake stands that waits for the message to become whole. */
export function isHeldUpBy({ from, type }: FragmentedMessage, stage: Stage): boolean {
  const stages = type === CLIENT_HELLO ? HELD_UP.hello : HELD_UP[from];
  return stages.includes(stage);
}

/** The side that such a message is for. */
export const receiverOf = ({ from }: FragmentedMessage): Role => peerOf(from);

/** `certificate (791 octets)`. */
export const describeMessage = ({ type, length }: FragmentedMessage): string =>
  `${handshakeTypeName(type)} (${length} octets)`;
