import { SERVER_HELLO } from '../../model/code-points/handshake-types.ts';
import { type At, type ConnectionHistory, type OddityFact, peerOf } from '../../model/history.ts';
import { formatDuration } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable } from '../define-rule.ts';
import { alertSized, isTls13 } from '../support/closing-alert.ts';
import { counted } from '../support/how-many.ts';
import { witness } from '../support/witness.ts';

const KIND: OddityFact['kind'] = 'client-hello-mid-connection';

/** A ServerHello in answer shows a new connection whose TCP handshake the capture missed. */
const isAnswered = ({ messages }: ConnectionHistory, { packet }: OddityFact): boolean =>
  messages.some((message) => message.type === SERVER_HELLO && message.packet > packet);

/**
 * Once keys are in use nothing of the handshake travels in the clear any more: a renegotiation is encrypted, and TLS 1.3
 * has none. A cleartext ClientHello there was written by code that believes it has a fresh socket.
 */
export const tlsClientHelloMidConnection = defineConnectionRule({
  meta: {
    id: 'tls-clienthello-mid-connection',
    group: 'handshake',
    title: 'A second ClientHello in the clear on a connection in use',
    severity: 'error',
    sources: ['RFC 8446 §4.1.2', 'RFC 5246 §7.4.1.2', 'RFC 5246 §6.1'],
    reports:
      'A ClientHello in the clear on a TCP connection that already carries protected records in the same direction.',
    matters:
      'The receiver takes it for a damaged record: it ends the connection with unexpected_message or bad_record_mac, and the log then speaks of a MAC or key problem that does not exist.',
    decides:
      'After protected records in one direction a cleartext handshake record holds a ClientHello. A renegotiation up to TLS 1.2 would be encrypted, and in TLS 1.3 no further ClientHello is allowed except in answer to a HelloRetryRequest, which comes before any protected record of the client. With a stream free of holes this is proven.',
    silent:
      'Where octets are missing in that direction, and where a ServerHello answers it: then a new TCP connection on the same ports began, and its start is missing from the capture.',
    messages: {
      mid: {
        what: 'Packet {packet} carries a cleartext ClientHello from the {from} after {count} in that direction, {elapsed} after the connection began; {reaction}.',
        causes: [
          'a connection pool handed out a socket that already speaks TLS as if it were a plain one',
          'a retry on the same socket after a failed request, proxy CONNECT or STARTTLS',
          'two writers on one socket: a second TLS object was put on the same descriptor',
        ],
        remedies: [
          'find the code that starts TLS on this socket a second time; the time of the packet tells which request it served',
          'close a socket whose state is in doubt instead of using it again',
          'do not look for wrong keys: an alert that follows complains about octets that were never encrypted',
        ],
        commands: ['tshark -r CAPTURE -Y "tcp.stream == {stream} && tls"'],
      },
    },
  },
  check(history) {
    if (history.oddities.length === 0) return NOT_APPLICABLE;
    const found = history.oddities.find(({ kind }) => kind === KIND);
    if (found === undefined) return NOT_APPLICABLE;
    const { id, tcp, protectedRecords, stream, startNanos } = history;
    const { from } = found;
    const peer = peerOf(from);
    if ((tcp?.lostOctets[from] ?? 0) > 0) return notAssessable('lost-bytes');
    if (isAnswered(history, found)) return notAssessable('start-not-captured');
    const isAfter = ({ packet }: At): boolean => packet > found.packet;
    const reply = history.alerts.find((alert) => alert.from === peer && isAfter(alert));
    const unread = alertSized(history, peer, Number.POSITIVE_INFINITY);
    const closed = tcp?.fin[peer] ?? tcp?.rst[peer];
    const reaction = reply ?? [unread, closed].find((one) => one !== undefined && isAfter(one));
    const note =
      reply !== undefined
        ? 'answers with an alert'
        : reaction === unread
          ? 'answers with a record of the size of an alert'
          : 'closes the connection';
    return {
      kind: 'finding',
      message: 'mid',
      confidence: (tcp?.conflicts.length ?? 0) > 0 ? 'likely' : 'proven',
      data: {
        packet: found.packet,
        from,
        stream,
        count: counted(protectedRecords[from].count, 'protected record'),
        elapsed: formatDuration(found.nanos - startNanos),
        reaction:
          reaction === undefined
            ? 'no reaction was captured'
            : `the ${peer} ${note} in packet ${reaction.packet}`,
      },
      evidence: [
        witness(
          found,
          id,
          from,
          `ClientHello in the clear, ${found.length} octets${isTls13(history) ? ', on a TLS 1.3 connection' : ''}`,
        ),
        ...(protectedRecords[from].first === undefined
          ? []
          : [
              witness(
                protectedRecords[from].first,
                id,
                from,
                'the first protected record of that side',
              ),
            ]),
        ...(reaction === undefined ? [] : [witness(reaction, id, peer, `the ${peer} ${note}`)]),
      ],
      connections: [id],
    };
  },
});
