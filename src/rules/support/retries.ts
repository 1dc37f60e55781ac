import type {
  CaptureIndex,
  ConnectionHistory,
  ConnectionSummary,
  MessageFact,
  OfferFacts,
} from '../../model/history.ts';
import type { FindingVerdict } from '../../model/rule.ts';
import { SECOND } from '../../model/time.ts';
import { type Ending, endingOf } from './ending.ts';
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
  /** Others that the server answered, with another offer. */
  readonly answered: readonly Offered[];
  /** Those among them that succeeded soon after this one. */
  readonly succeeded: readonly Offered[];
}

type Offered = ConnectionSummary & { readonly offer: OfferFacts };

const isOffered = (one: ConnectionSummary): one is Offered => one.offer !== undefined;

/** Undefined where the same offer was answered at another time: then it is not the offer that matters. */
export function retriesOf(verdict: FindingVerdict, index: CaptureIndex): Retries | undefined {
  const { own, others } = samePair(verdict, index);
  const offer = own?.offer;
  if (own === undefined || offer === undefined) return undefined;
  const known = others.filter(isOffered).filter(({ serverName }) => serverName === own.serverName);
  const same = known.filter((one) => one.offer === offer);
  if (same.some((one) => one.answered !== undefined)) return undefined;
  const answered = known.filter((one) => one.answered !== undefined);
  const isSoon = ({ start }: ConnectionSummary) =>
    start.nanos > own.start.nanos && start.nanos - own.end.nanos <= RETRY;
  return {
    offer,
    failures: 1 + same.filter(({ stage }) => stage === 'server-hello').length,
    answered,
    succeeded: answered.filter((one) => one.outcome === 'established' && isSoon(one)),
  };
}
