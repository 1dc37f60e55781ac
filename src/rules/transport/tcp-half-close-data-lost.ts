import { type At, type ConnectionHistory, peerOf, type Role } from '../../model/history.ts';
import type { TcpFacts } from '../../model/tcp-facts.ts';
import { formatDuration, MILLISECOND } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { isShortest, isTls13, mayHaveSentAlert } from '../support/closing-alert.ts';
import { blindToEnding } from '../support/ending.ts';
import { isOffered } from '../support/hello-extensions.ts';
import { counted } from '../support/how-many.ts';
import { witness } from '../support/witness.ts';

const RECORD_HEADER = 5;
const EARLY_DATA = 42;
/** EndOfEarlyData, a Finished of SHA-384 and an alert of TLS 1.3, each in a record of its own. */
const SECOND_FLIGHT = 26 + 74 + 24;
const ALERT = 21;
/** What was sent this soon after a FIN may not have known of it, whatever the distance. */
const CROSSING = 50 * MILLISECOND;

interface Loss {
  /** Who had closed. */
  readonly by: Role;
  readonly fin: At;
  readonly reset: At;
  readonly data: At;
  readonly octets: number;
}

/** A FIN, further data of the other side, and a bare RST in answer to it. */
function lossOf(tcp: TcpFacts, by: Role): Loss | undefined {
  const fin = tcp.fin[by];
  const reset = tcp.rst[by];
  const data = tcp.lastData[peerOf(by)];
  const octets = tcp.octetsAfterPeerFin[peerOf(by)];
  if (fin === undefined || reset === undefined || data === undefined || octets === 0)
    return undefined;
  const isAnswer = fin.packet < data.packet && data.packet < reset.packet;
  return isAnswer && !reset.withAck && reset.window === 0
    ? { by, fin, reset, data, octets }
    : undefined;
}

/** Closing alerts behind the FIN: an answer to close_notify that nobody waits for is no loss. */
function alertOctets(history: ConnectionHistory, { by, fin, octets }: Loss): number {
  const from = peerOf(by);
  const { last } = history.protectedRecords[from];
  const isLast = last !== undefined && last.packet > fin.packet;
  const isAlert = isLast && last.contentType === ALERT;
  const mayBe13 = isTls13(history) || history.version === undefined;
  const mayBeAlert =
    isLast && mayBe13 && octets === last.length + RECORD_HEADER && isShortest(history, last);
  const inClear = history.alerts.filter(
    (alert) => alert.from === from && !alert.encrypted && alert.packet > fin.packet,
  );
  return (
    (isAlert || mayBeAlert ? last.length + RECORD_HEADER : 0) +
    inClear.reduce((sum, { length }) => sum + length + RECORD_HEADER, 0)
  );
}

/** A server that answers early data and closes has not waited for the rest of the handshake. RFC 8446 §2.3. */
const isEndOfEarlyData = (history: ConnectionHistory, octets: number): boolean =>
  octets <= SECOND_FLIGHT && isOffered(history, EARLY_DATA) === true;

/** TCP has half-closed connections, sockets that were closed have not: what comes for them is answered by RST. */
export const tcpHalfCloseDataLost = defineConnectionRule({
  meta: {
    id: 'tcp-half-close-data-lost',
    group: 'transport',
    title: 'Data was sent to a side that had closed already, and was lost',
    severity: 'warning',
    sources: ['RFC 9293 §3.5.2', 'RFC 9293 §3.6.1', 'RFC 5246 §7.2.1', 'RFC 8446 §6.1'],
    reports:
      'Connections on which one side closed with a FIN, the other sent further data, and the answer was a RST without ACK: there was no socket any more, and nobody has read the data.',
    matters:
      'The sender was told by its own kernel that the data went out. A request that is lost so is retried, or not, depending on luck; with a reused keep-alive connection it is the usual reason for a failure now and then under load.',
    decides:
      'New octets come behind the FIN of the other side in the order of the capture, and that side answers with a bare RST with window 0, as a host does that has no socket (RFC 9293 §3.5.2). Its data is then unread for certain. It is only noted where the client closed, which shows that it wanted nothing more (tickets of TLS 1.3 often come for such a client), and where a server had said close_notify and the data was under way already when the FIN came: up to TLS 1.2 the protocol gives up such data, and a server of TLS 1.3 that answers early data needs no more of the handshake.',
    silent:
      'Where all that came behind the FIN is an alert, which answers a close_notify and is lost without harm; where the RST has an ACK, which a process sends that closes with data unread; where the whole server process died; and where the capture lacks the beginning or any octets of the connection.',
    yieldsTo: ['server-process-died', 'handshake-kills-server'],
    messages: {
      lost: {
        what: 'The {by} closed in packet {fin}{said}; {octets} octets of the {from} came behind it, the last in packet {data}, {delay} later, and packet {reset} answers that there is no such connection: nobody has read them.',
        causes: [
          'the {by} closed an idle connection just when the {from} used it again (a keep-alive timeout on one side that is not longer than on the other)',
          'the {by} closed its socket for both directions, although it had ended only its own',
          'the {from} did not notice the end of the stream, because it writes without reading',
        ],
        remedies: [
          'let the side that sends requests give up idle connections earlier than the other side does',
          'retry what may be repeated when the first write on a used connection fails',
          'close in order: send close_notify, shut down the sending direction, and read to the end before the socket is closed',
        ],
        commands: [
          'tshark -r CAPTURE -Y "tcp.stream == {stream} && frame.number >= {fin}" -T fields -e frame.number -e tcp.flags.str -e tcp.len',
        ],
      },
    },
  },
  check(history) {
    const { tcp, id, stream } = history;
    if (tcp === undefined) return NOT_APPLICABLE;
    const loss = lossOf(tcp, 'client') ?? lossOf(tcp, 'server');
    if (loss === undefined) return NOT_APPLICABLE;
    if (loss.octets - alertOctets(history, loss) <= 0) return PASS;
    // What is missing may have come before the FIN, and tell what the rest is.
    const blind = blindToEnding(history);
    if (blind !== undefined) return notAssessable(blind);
    const { by, fin, reset, data, octets } = loss;
    const isSaid = mayHaveSentAlert(history, by);
    const delay = Math.max(0, data.nanos - fin.nanos);
    const isUnderWay = delay <= Math.max(CROSSING, tcp.smallestRoundTrip ?? 0);
    const from = peerOf(by);
    // A client that closes has done with the server; what a server does not read was asked for in vain.
    const isGivenUp =
      by === 'client' ||
      (isSaid && isUnderWay && (!isTls13(history) || isEndOfEarlyData(history, octets)));
    return {
      kind: 'finding',
      message: 'lost',
      severity: isGivenUp ? 'info' : 'warning',
      confidence: 'proven',
      data: {
        by,
        from,
        octets,
        fin: fin.packet,
        data: data.packet,
        reset: reset.packet,
        stream,
        delay: formatDuration(delay),
        said: isSaid ? ', after an alert that may be a close_notify' : ', without close_notify',
      },
      evidence: [
        witness(data, id, from, `data behind the FIN, ${counted(octets, 'octet')} in all`),
        witness(fin, id, by, 'FIN'),
        witness(reset, id, by, 'bare RST, window 0: there is no socket'),
      ],
      connections: [id],
    };
  },
});
