import type { CaptureIndex, ConnectionSummary, OfferFacts } from '../../model/capture-index.ts';
import type { ConnectionHistory, MessageFact } from '../../model/history.ts';
import type { FindingVerdict } from '../../model/rule.ts';
import { SECOND } from '../../model/time.ts';
import { type Ending, endingOf } from './ending.ts';
import { firstPlace } from './first-place.ts';
import { samePair } from './same-pair.ts';

/** Who tries again later than this may have been told to try something else, or is somebody else. */
const RETRY = 60 * SECOND;
/** A client that leaves sooner did not wait for an answer. */
const PATIENCE = 3 * SECOND;

/** A ClientHello that arrived, and got no octet in answer: the connection was closed, or the client gave up. */
export interface Unanswered {
  readonly hello: MessageFact;
  readonly ending: Ending;
}

/** Undefined where the server said anything, or the client left too soon to have waited for it. */
export function unansweredHello(history: ConnectionHistory): Unanswered | undefined {
  const { tcp, stage, messages } = history;
  if (tcp === undefined || stage !== 'server-hello' || tcp.octets.server > 0) return undefined;
  const ending = endingOf(history);
  const hello = messages.findLast(({ from }) => from === 'client');
  if (hello === undefined || (ending?.kind !== 'fin' && ending?.kind !== 'rst')) return undefined;
  if (ending.by === 'client' && ending.nanos - hello.nanos < PATIENCE) return undefined;
  // What its host had not acknowledged the server cannot have disliked.
  return tcp.lastDataAcknowledged.client === undefined ? undefined : { hello, ending };
}

/** What the same client tried with the same server and name besides. */
export interface Retries {
  readonly offer: OfferFacts;
  /** Attempts with the same offer that were not answered either, itself included. */
  readonly failures: number;
  /** Other offers that the server answered. */
  readonly answered: readonly Offered[];
  /** The first connection with each of them that succeeded soon after this one, in order of time. */
  readonly succeeded: readonly (ConnectionSummary & Offered)[];
}

interface Offered {
  readonly offer: OfferFacts;
}

/** Undefined where the same offer was answered at another time: then it is not the offer that matters. */
export function retriesOf(verdict: FindingVerdict, index: CaptureIndex): Retries | undefined {
  const pair = samePair(verdict, index);
  const own = pair?.own;
  const offer = own?.offer;
  if (pair === undefined || own === undefined || offer === undefined) return undefined;
  const tried = pair.offers;
  const same = tried.find((one) => one.offer === offer);
  const isAnswered = own.answered !== undefined;
  if ((same?.answered ?? 0) > (isAnswered ? 1 : 0)) return undefined;
  const isCounted = !isAnswered && own.stage === 'server-hello';
  const answered = tried.filter((one) => one.offer !== offer && one.answered > 0);
  return {
    offer,
    failures: 1 + (same?.waiting ?? 0) - (same !== undefined && isCounted ? 1 : 0),
    answered,
    succeeded: answered
      .flatMap((one) => {
        const { succeeded } = one;
        const next = firstPlace(
          succeeded.length,
          (at) => (succeeded[at]?.nanos ?? 0) > own.start.nanos,
        );
        const first = succeeded[next];
        if (first === undefined || first.nanos - own.end.nanos > RETRY) return [];
        const row = index.summary(first.id);
        return row === undefined ? [] : [{ ...row, offer: one.offer }];
      })
      .sort((a, b) => a.start.nanos - b.start.nanos || a.id - b.id),
  };
}
