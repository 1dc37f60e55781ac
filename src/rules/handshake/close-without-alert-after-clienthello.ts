import type { ConnectionHistory, MessageFact } from '../../model/history.ts';
import { formatDuration, SECOND } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { blindToEnding, type Ending, endingOf } from '../support/ending.ts';
import { describeNegotiation } from '../support/negotiation.ts';
import { witness } from '../support/witness.ts';

/** From here on a close is rather the end of somebody's patience than an answer to the ClientHello. */
const SLOW = 5 * SECOND;

/** Nothing that could be TLS, nor any other octet, came from the server. */
const serverWasSilent = ({ tcp, records, messages }: ConnectionHistory): boolean =>
  tcp?.octets.server === 0 &&
  records.server.handshake + records.server.alert === 0 &&
  !messages.some(({ from }) => from === 'server');

/** It had closed already: whatever its reason, the ClientHello is not it. */
function unread(history: ConnectionHistory, ending: Ending, hello: MessageFact) {
  const { id, startNanos } = history;
  const waited = ending.nanos - startNanos;
  const kind = ending.kind.toUpperCase();
  return {
    kind: 'finding',
    message: 'unread',
    confidence: 'proven',
    data: {
      hello: hello.packet,
      packet: ending.packet,
      kind,
      waited: formatDuration(waited),
      offer: describeNegotiation(history),
    },
    evidence: [
      witness(ending, id, 'server', `${kind}, before the ClientHello`),
      witness(hello, id, 'client', 'ClientHello, to a server that had closed'),
    ],
    connections: [id],
    ...(waited >= SLOW
      ? { causes: ['the server would not wait any longer for a client that had connected early'] }
      : {}),
  } as const;
}

/** A server that answers a ClientHello by closing leaves the client with an end of file and no reason. */
export const closeWithoutAlertAfterClientHello = defineConnectionRule({
  meta: {
    id: 'close-without-alert-after-clienthello',
    group: 'handshake',
    title: 'The server closed on the ClientHello without a word',
    severity: 'error',
    sources: ['RFC 5246 §7.2.2', 'RFC 8446 §6.2', 'RFC 6066 §3'],
    reports:
      'Connections on which a complete ClientHello arrived and the server answered with FIN or RST, without a single octet of TLS.',
    matters:
      'Clients report it as unexpected end of file or connection reset, which sounds like the network. It is a decision or a failure on the side of the server, or of a device that speaks for it, before TLS began.',
    decides:
      'The ClientHello is complete, the server sent no octet at all, and the first closing event is its own. That it happened is certain; the reason is not on the wire, so the finding is only possible and lists the usual ones. A server that closes before the ClientHello came has not read it, and that is what is told then.',
    silent:
      'Where the client closed first, where octets are missing from the capture, where the connection was answered by something else than TLS, and where the whole server process seems to have died.',
    yieldsTo: [
      'hrr-cookie-foreign',
      'hvr-cookie-from-other-client',
      'server-process-died',
      'handshake-kills-server',
      'tcp-reset-after-accept',
      'clienthello-blackholed',
      'pq-clienthello-intolerant',
      'middlebox-reset',
      'middlebox-intolerance',
      'sni-missing',
      'sni-unrecognized',
      'no-shared-version',
      'ticket-crossed-servers',
    ],
    messages: {
      closed: {
        what: 'The server answered the ClientHello (packet {hello}) with {kind} in packet {packet}, {delay} later, without any TLS; {offer}.',
        causes: [
          'a firewall or proxy that decides by server name, address or client, and closes instead of sending an alert',
          'a server or load balancer without a configuration, certificate or backend for this name',
          'a server that cannot read this ClientHello (its size, an extension, a version) and gives up',
          'a worker that failed while it handled the ClientHello',
        ],
        remedies: [
          'try again with and without a server name, with fewer extensions, and with TLS 1.2 only: what changes the outcome names the reason',
          'look at the log of the server and of every device in front of it at that moment',
          'let the server send the alert that it owes before it closes',
        ],
        commands: [
          'openssl s_client -connect HOST:PORT -servername NAME',
          'openssl s_client -connect HOST:PORT -noservername -tls1_2',
        ],
      },
      unread: {
        title: 'The server closed before the ClientHello came',
        what: 'The server closed the connection with {kind} in packet {packet}, {waited} after it had begun and before the ClientHello (packet {hello}) came; {offer}.',
        causes: [
          'a load balancer or proxy that accepts before it knows a backend, and has none',
          'a filter by address, or a limit of connections, in the server program',
        ],
        remedies: [
          'look at the health of the backends, and at allow lists and limits for this client',
          'look at the log of the server, and of every device in front of it, at that moment',
        ],
        commands: ['openssl s_client -connect HOST:PORT -servername NAME'],
      },
    },
  },
  check(history) {
    const { outcome, stage, tcp, id } = history;
    if (outcome !== 'aborted' && outcome !== 'failed') return NOT_APPLICABLE;
    if (stage !== 'server-hello' || tcp === undefined) return NOT_APPLICABLE;
    const ending = endingOf(history);
    if (ending?.by !== 'server' || (ending.kind !== 'fin' && ending.kind !== 'rst')) return PASS;
    if (!serverWasSilent(history)) return PASS;
    const blind = blindToEnding(history);
    if (blind !== undefined) return notAssessable(blind);
    const hello = history.messages.findLast(({ from }) => from === 'client');
    if (hello === undefined) return PASS;
    if (ending.packet < hello.packet) return unread(history, ending, hello);
    const delay = ending.nanos - hello.nanos;
    const acknowledged = tcp.lastDataAcknowledged.client;
    return {
      kind: 'finding',
      message: 'closed',
      confidence: 'possible',
      data: {
        hello: hello.packet,
        packet: ending.packet,
        kind: ending.kind.toUpperCase(),
        delay: formatDuration(delay),
        offer: describeNegotiation(history),
      },
      evidence: [
        witness(
          ending,
          id,
          'server',
          `${ending.kind.toUpperCase()}, not one octet of TLS before it`,
        ),
        witness(hello, id, 'client', `ClientHello complete, ${hello.length} octets`),
        ...(acknowledged === undefined || acknowledged.packet >= ending.packet
          ? []
          : [witness(acknowledged, id, 'server', 'its kernel acknowledged the ClientHello')]),
      ],
      connections: [id],
      ...(delay >= SLOW
        ? { causes: ['the pause before it fits a timeout of the server better than a refusal'] }
        : {}),
    };
  },
});
