import { CLOSE_NOTIFY } from '../../model/code-points/alerts.ts';
import {
  type AlertFact,
  type At,
  type ConnectionHistory,
  peerOf,
  type RecordFact,
  type Role,
} from '../../model/history.ts';
import { formatDuration, SECOND } from '../../model/time.ts';
import { alertSized } from './closing-alert.ts';
import { lostOctets } from './ending.ts';

/** What a receiver does not do within this of a record, it does for another reason. */
const SOON = 2 * SECOND;
/** What was under way to the sender when a record arrived has come by then. */
const UNDER_WAY = SECOND;

/** How the receiver of a record ended the connection over it, as far as that shows without secrets. */
export interface Refusal extends At {
  readonly by: Role;
  readonly how: string;
}

/**
 * Did the other side end the connection soon after this record, without going on as before? An alert that can be read
 * as a closing one is no refusal.
 */
export function refusalOf(history: ConnectionHistory, record: RecordFact): Refusal | undefined {
  const by = peerOf(record.from);
  const { lastData } = history.protectedRecords[by];
  if (lastData !== undefined && lastData.nanos - record.nanos > UNDER_WAY) return undefined;
  const isAnswer = (at: At | undefined): at is At =>
    at !== undefined && at.packet > record.packet && at.nanos - record.nanos <= SOON;
  const alert =
    history.alerts.find((one) => one.from === by && isAnswer(one)) ??
    alertSized(history, by, Number.POSITIVE_INFINITY);
  if (isAnswer(alert)) {
    const description = 'description' in alert ? alert.description : undefined;
    if (description === CLOSE_NOTIFY) return undefined;
    return { by, packet: alert.packet, nanos: alert.nanos, how: 'an alert' };
  }
  const { rst, fin } = history.tcp ?? {};
  for (const [at, how] of [
    [rst?.[by], 'a reset'],
    [fin?.[by], 'a close'],
  ] as const) {
    const theirs = fin?.[record.from];
    if (isAnswer(at) && (theirs === undefined || theirs.packet > at.packet))
      return { by, packet: at.packet, nanos: at.nanos, how };
  }
  return undefined;
}

/** A clause about it, with a comma in front. */
export function refusalText(record: At, refusal: Refusal | undefined): string {
  if (refusal === undefined) return '';
  return `, and the ${refusal.by} answered with ${refusal.how} ${formatDuration(refusal.nanos - record.nanos)} later`;
}

/** A request that the only answer to is an alert nobody can read, on a connection whose earlier requests were answered. */
export interface Unanswered {
  readonly record: RecordFact;
  readonly alert: AlertFact;
}

/** What asks for the end of a connection (QUIT, unbind, GOAWAY) is shorter than this as a record. */
const REQUEST_OCTETS = 128;
/** An idle timeout is not shorter than this. */
const PROMPTLY = SECOND / 2;

/**
 * The data that the server answered with an encrypted alert and nothing else, after it had answered earlier ones with
 * data. Up to TLS 1.2, where the type of a record can be seen. A server that merely closes has a choice of moments; one
 * that refuses a record has not. A client closes behind an answer all the time.
 */
export function unansweredData(history: ConnectionHistory): Unanswered | undefined {
  const { alerts, stage, tcp, records, protectedRecords } = history;
  const [alert] = alerts;
  if (alert === undefined || tcp === undefined || stage !== 'done') return undefined;
  if (alert.description !== undefined || alerts.some(({ from }) => from !== alert.from))
    return undefined;
  if (alert.from !== 'server') return undefined;
  const { lastData: record } = protectedRecords.client;
  const { lastData: answer } = protectedRecords.server;
  if (record === undefined || answer === undefined || records.client.applicationData < 2)
    return undefined;
  const { nanos, packet, length } = record;
  const isOnlyAnswer =
    answer.packet < packet &&
    packet < alert.packet &&
    alert.nanos - nanos <= PROMPTLY &&
    length >= REQUEST_OCTETS;
  // A FIN that acknowledges the alert came after it, also where it was captured before.
  const { client: fin } = tcp.fin;
  const hadClosed =
    fin !== undefined && fin.packet < alert.packet && tcp.octetsAfterPeerFin.server > 0;
  if (!isOnlyAnswer || hadClosed) return undefined;
  // What is missing may be the answer of the server, or the close of the client that the alert answers.
  return lostOctets(history) > 0 ? undefined : { record, alert };
}
