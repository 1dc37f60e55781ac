import type { DtlsHelloFact } from '../../model/dtls-facts.ts';
import type { ConnectionHistory } from '../../model/history.ts';
import { notAssessable, PASS } from '../define-rule.ts';

/** A ClientHello on an open association that its receiver did not answer, at first or at all. */
export interface IgnoredRestart {
  /** The association that was open. */
  readonly older: ConnectionHistory;
  /** Transmissions without an answer, and those before the answer: the last of these may be the one that was answered. */
  readonly ignored: readonly DtlsHelloFact[];
  readonly unanswered: readonly DtlsHelloFact[];
  readonly first: DtlsHelloFact;
  readonly last: DtlsHelloFact;
}

/** Two transmissions at least, and nobody says that nobody listens there; else a verdict without a finding. */
export function ignoredRestart(
  { dtls }: ConnectionHistory,
  previous: ConnectionHistory | undefined,
): IgnoredRestart | typeof PASS | ReturnType<typeof notAssessable> {
  if (dtls === undefined || dtls.replacesOpen === 0) return PASS;
  const { answered } = dtls;
  const unanswered = dtls.clientHellos.filter(
    ({ messageSequence, nanos }) =>
      messageSequence === dtls.clientHellos[0]?.messageSequence &&
      nanos < (answered?.nanos ?? Number.POSITIVE_INFINITY),
  );
  // The transmission that was answered is not one of those that were ignored.
  const ignored = answered === undefined ? unanswered : unanswered.slice(0, -1);
  const [first] = ignored;
  const last = unanswered.at(-1);
  if (first === undefined || last === undefined || ignored.length < 2) return PASS;
  if (dtls.portUnreachable.length > 0) return PASS;
  const older = previous?.id === dtls.replacesOpen ? previous : undefined;
  if (older === undefined) return notAssessable('start-not-captured');
  return { older, ignored, unanswered, first, last };
}
