import type { CaptureIndex, ConnectionSummary, ServerFacts } from '../../model/capture-index.ts';
import type { Evidence } from '../../model/finding.ts';
import type { FindingVerdict } from '../../model/rule.ts';
import { formatDuration, MILLISECOND, type Nanos, SECOND } from '../../model/time.ts';
import { connectionsAnsweredIn, connectionsBegunIn, dtlsServerOf } from './servers.ts';

/** How long after a stray record another client's handshake is still looked at, and blamed on it. */
const LOOKED_AT = 5 * SECOND;
const BLAMED = SECOND;
/** Below this no retransmission timer has run out: 1 s by RFC 6347 §4.2.4.1, 400 ms with DTLS-SRTP. */
const REPEATED_AFTER = 350 * MILLISECOND;

/** The handshake that another client began at the same server next, and whether its ClientHello met a busy listener. */
export interface NextClient {
  readonly connection: number;
  readonly gap: Nanos;
  readonly hurt: 'repeated' | 'unanswered' | undefined;
  readonly evidence: Evidence;
}

/**
 * What the next client from another port met after a stray record of `verdict`'s first connection. A listener that one
 * client's record occupies is occupied for all of them.
 */
export function nextClientAfter(
  verdict: FindingVerdict,
  index: CaptureIndex,
): NextClient | undefined {
  const [record] = verdict.evidence;
  const owner = index.summary(verdict.connections[0] ?? 0);
  const server = owner && dtlsServerOf(index, owner.server);
  if (server === undefined || record.from !== 'client') return undefined;
  const until = record.nanos + LOOKED_AT;
  for (const one of connectionsBegunIn(server, index, record.nanos, until)) {
    if (one.hello === undefined || verdict.connections.includes(one.id)) continue;
    const gap = one.hello.nanos - record.nanos;
    const fault = gap <= BLAMED && hadToWait(one) && !servedMeanwhile(server, index, one);
    const met =
      one.answered === undefined
        ? 'not answered'
        : `answered after ${formatDuration(one.answered.nanos - one.hello.nanos)}`;
    return {
      connection: one.id,
      gap,
      hurt: fault ? (one.answered === undefined ? 'unanswered' : 'repeated') : undefined,
      evidence: {
        ...one.hello,
        connection: one.id,
        from: 'client',
        note: `ClientHello of connection ${one.id}, ${formatDuration(gap)} after the record, ${met}`,
      },
    };
  }
  return undefined;
}

const hadToWait = ({ hello, helloTransmissions, answered }: ConnectionSummary): boolean =>
  helloTransmissions > 1 &&
  (answered === undefined || answered.nanos - (hello?.nanos ?? 0) >= REPEATED_AFTER);

/** A listener that answers a third client while this one waits is not occupied. */
function servedMeanwhile(
  server: ServerFacts,
  index: CaptureIndex,
  waiting: ConnectionSummary,
): boolean {
  const from = waiting.hello?.nanos ?? 0;
  const until = waiting.answered?.nanos ?? from + LOOKED_AT;
  for (const { id, answered } of connectionsAnsweredIn(server, index, from, until)) {
    const { nanos = from } = answered ?? {};
    if (nanos >= until) return false;
    if (id !== waiting.id && nanos > from) return true;
  }
  return false;
}
