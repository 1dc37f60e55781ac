import type { CaptureIndex, SharedRandomFact } from '../../model/capture-index.ts';
import { CLIENT_HELLO } from '../../model/code-points/handshake-types.ts';
import type { AckFact, DtlsHelloFact } from '../../model/dtls-facts.ts';
import type { At, ConnectionHistory, Role } from '../../model/history.ts';
import type { FindingVerdict } from '../../model/rule.ts';
import { SECOND } from '../../model/time.ts';
import { ownTransmissions } from './records.ts';
import { dtlsServerOf, hasAnswered } from './servers.ts';

/** The first and two repeats: with the timer of RFC 6347 §4.2.4.1, which doubles from 1 s, they take 3 s. */
const TRANSMISSIONS = 3;
const PATIENCE = 2 * SECOND;

/** A flight over DTLS that was repeated while nothing more came from the other side. */
export interface Unheard {
  readonly first: At;
  readonly last: At;
  readonly count: number;
}

/**
 * Did the side that waits repeat its flight, a ClientHello or a Finished, in vain? Only that shows that it waited: over UDP
 * nobody closes.
 */
export function unheard(
  { dtls, stage }: ConnectionHistory,
  { waiter, debtor }: { readonly waiter: Role; readonly debtor: Role },
): Unheard | undefined {
  if (dtls === undefined) return undefined;
  const heard = Math.max(...dtls.epochs[debtor].map(({ last }) => last.nanos));
  const all: readonly At[] =
    stage === 'server-hello'
      ? lastHello(dtls.clientHellos)
      : ownTransmissions(dtls.finishedTransmissions[waiter]);
  const sent = all.filter(({ nanos }) => nanos > heard);
  const [first] = sent;
  const last = sent.at(-1);
  if (first === undefined || last === undefined || sent.length < TRANSMISSIONS) return undefined;
  return last.nanos - first.nanos < PATIENCE ? undefined : { first, last, count: sent.length };
}

/** The last ACK of DTLS 1.3 for the ClientHello, or the Finished, of the side that waits. RFC 9147 §7.1. */
export function acknowledged(
  { dtls, stage }: ConnectionHistory,
  { waiter, debtor }: { readonly waiter: Role; readonly debtor: Role },
): AckFact | undefined {
  if (dtls?.acks === undefined || dtls.acks.length === 0) return undefined;
  const isHello = stage === 'server-hello';
  // An ACK for a fragment asks for the others.
  const isFragmented = dtls.flights?.fragmented.some(
    ({ from, type }) => from === 'client' && type === CLIENT_HELLO,
  );
  if (isHello && isFragmented) return undefined;
  const sent = isHello
    ? lastHello(dtls.clientHellos).map(({ recordSequence }) => [0, recordSequence])
    : dtls.finishedTransmissions[waiter].map(({ epoch, sequence }) => [epoch, sequence]);
  return dtls.acks.findLast(
    ({ from, received }) =>
      from === debtor &&
      received.some((one) =>
        sent.some(([epoch, sequence]) => one.epoch === epoch && one.sequence === sequence),
      ),
  );
}

/** Transmissions of the newest ClientHello: the one with a cookie replaces the one without. */
function lastHello(hellos: readonly DtlsHelloFact[]): DtlsHelloFact[] {
  const newest = hellos.at(-1)?.messageSequence;
  const numbers = new Set<number>();
  return hellos.filter(
    ({ messageSequence, recordSequence }) =>
      messageSequence === newest && !numbers.has(recordSequence) && numbers.add(recordSequence),
  );
}

const elsewhere = new WeakMap<readonly SharedRandomFact[], ReadonlySet<number>>();

/** Connections whose ClientHello was also sent on another one. */
function elsewhereIn({ sharedRandoms }: CaptureIndex): ReadonlySet<number> {
  let ids = elsewhere.get(sharedRandoms);
  if (ids !== undefined) return ids;
  const ofClients = sharedRandoms.filter(({ role }) => role === 'client');
  ids = new Set(ofClients.flatMap(({ connections }) => connections));
  elsewhere.set(sharedRandoms, ids);
  return ids;
}

/** The client went on with the same ClientHello on another 5-tuple, or it is not known whether it did. */
export function mayHaveMoved({ connections }: FindingVerdict, index: CaptureIndex): boolean {
  const [id = 0] = connections;
  return elsewhereIn(index).has(id) || id >= index.randomsComparedUntil;
}

/**
 * The finding about a client that was not heard, with how sure it is that nothing was sent to it. `undefined` where the
 * client went on elsewhere with the same ClientHello: it was looking for a way, and found one.
 */
export function judgeUnheard(
  verdict: FindingVerdict,
  index: CaptureIndex,
): FindingVerdict | undefined {
  if (mayHaveMoved(verdict, index)) return undefined;
  const [id = 0] = verdict.connections;
  const own = index.summary(id);
  const server = own && dtlsServerOf(index, own.server);
  if (server !== undefined && hasAnswered(server)) return verdict;
  return {
    ...verdict,
    confidence: 'possible',
    explanations: [
      {
        likelihood: 'medium',
        text: 'The server did not answer, or did not hear.',
        for: ['the client repeated the same flight and went no further'],
        against: [],
      },
      {
        likelihood: 'low',
        text: 'It answered, on a way that this capture does not see, with something that the client could not use.',
        for: ['nothing that the server sent is in the capture'],
        against: [],
      },
    ],
  };
}
