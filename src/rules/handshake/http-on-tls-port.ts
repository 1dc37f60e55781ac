import { alertDescriptionName } from '../../model/code-points/alerts.ts';
import { ALERT } from '../../model/code-points/content-types.ts';
import type { Confidence, Evidence } from '../../model/finding.ts';
import type { ConnectionHistory } from '../../model/history.ts';
import { complainsOfPlainText, firstLineOf, plainProtocolOf } from '../../model/plain-protocols.ts';
import { isTlsPort } from '../../model/tls-ports.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { endpointText } from '../support/negotiation.ts';
import { witness } from '../support/witness.ts';

interface Reaction {
  readonly confidence: Confidence;
  readonly text: string;
  readonly evidence: Evidence | undefined;
}

/** What tells that the server expected TLS. Without any of it a plain connection is just that. */
function reactionOf(history: ConnectionHistory): Reaction | undefined {
  const { id, tcp, alerts, records, server } = history;
  const alert = alerts.find(({ from }) => from === 'server');
  if (alert !== undefined) {
    const name =
      alert.description === undefined
        ? 'an alert'
        : `the alert ${alertDescriptionName(alert.description)}`;
    return {
      confidence: 'proven',
      text: `the server answered with ${name}`,
      evidence: witness(alert, id, 'server', `content type ${ALERT}: ${name}`),
    };
  }
  const answer = tcp?.plaintextStart.server;
  const fin = tcp?.fin.server ?? tcp?.rst.server;
  if (answer !== undefined) {
    if (!complainsOfPlainText(answer, server.port)) return undefined;
    return {
      confidence: 'likely',
      text: `the server answered in plain text: ${firstLineOf(answer)}`,
      evidence:
        tcp?.lastData.server && witness(tcp.lastData.server, id, 'server', firstLineOf(answer)),
    };
  }
  if (records.server.handshake > 0 || fin === undefined || !isTlsPort(server.port))
    return undefined;
  return {
    confidence: 'possible',
    text: 'the server closed without answering',
    evidence: witness(fin, id, 'server', 'closed without an answer'),
  };
}

/** Plain text sent to a port that expects TLS: the most frequent reason for alerts that seem to come from nowhere. */
export const httpOnTlsPort = defineConnectionRule({
  meta: {
    id: 'http-on-tls-port',
    group: 'handshake',
    title: 'A client speaks plain text to a TLS port',
    severity: 'error',
    sources: ['RFC 5246 §6.2.1', 'RFC 8446 §5.1', 'RFC 8446 §6.2'],
    reports:
      'Connections whose client begins with plain text (HTTP, SSH, SMTP, the PROXY protocol) and whose server shows that it expected TLS.',
    matters:
      'The server reads the text as a record header and complains about a version, a length or an unexpected message, depending on the library. None of these words points at the true reason, a wrong scheme or port.',
    decides:
      'The first octets of the client are the beginning of a known plain protocol. A TLS alert in answer makes it proven; an HTTP error page of a TLS port likely; a mere close on a port that is known for TLS possible.',
    silent:
      'Where TLS begins later on the connection (STARTTLS, CONNECT), where the server answers in plain text as if all were well, and where the start of the connection was not captured.',
    messages: {
      plain: {
        what: 'The client of {server} begins with {protocol} ("{line}") where TLS is expected; {reaction}.',
        causes: [
          'the address was given with http:// instead of https://, or the wrong port',
          'a proxy or load balancer in front that ends TLS already and passes plain text on to a TLS port',
          'a health check that does not speak TLS',
          'a PROXY protocol header that the server was not told to expect',
        ],
        remedies: [
          'correct scheme or port on the side of the client, or let the proxy speak TLS to its backend',
          'where the PROXY protocol is meant, switch it on for this listener',
        ],
        commands: ['curl -v https://HOST:PORT/', 'openssl s_client -connect HOST:PORT'],
      },
    },
  },
  check(history) {
    const start = history.tcp?.plaintextStart.client;
    if (start === undefined || history.tcp === undefined) return NOT_APPLICABLE;
    const protocol = plainProtocolOf(start, 'client');
    if (protocol === undefined) return NOT_APPLICABLE;
    // An upgrade: the same connection speaks TLS further on.
    if (history.clientRandom !== undefined || history.records.client.handshake > 0) return PASS;
    if (history.tcp.syn === undefined) return notAssessable('start-not-captured');
    const reaction = reactionOf(history);
    if (reaction === undefined) return PASS;
    const { id, tcp, server } = history;
    const sent = tcp.lastData.client ?? { packet: history.firstPacket, nanos: history.startNanos };
    return {
      kind: 'finding',
      message: 'plain',
      confidence: reaction.confidence,
      data: {
        server: endpointText(server),
        protocol,
        line: firstLineOf(start),
        reaction: reaction.text,
      },
      evidence: [
        witness(sent, id, 'client', `plain text where a record is due: ${firstLineOf(start)}`),
        ...(reaction.evidence === undefined ? [] : [reaction.evidence]),
      ],
      connections: [id],
    };
  },
});
