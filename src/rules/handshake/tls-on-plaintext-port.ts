import { CLIENT_HELLO } from '../../model/code-points/handshake-types.ts';
import type { ConnectionHistory, RecordCounts } from '../../model/history.ts';
import {
  firstLineOf,
  HTML_PAGE,
  HTTP,
  isLineCut,
  plainProtocolOf,
} from '../../model/plain-protocols.ts';
import type { TcpFacts } from '../../model/tcp-facts.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { lostOctets } from '../support/ending.ts';
import { endpointText } from '../support/negotiation.ts';
import { witness } from '../support/witness.ts';

/** Octets that make text probable where no known protocol is recognised. */
const ENOUGH_TEXT = 12;
const WEB: readonly string[] = [HTTP, HTML_PAGE];
const PRINTABLE = /^[\t\r\n\x20-\x7e]+$/;

const spokeTls = ({ handshake, changeCipherSpec, alert, applicationData }: RecordCounts): boolean =>
  handshake + changeCipherSpec + alert + applicationData > 0;

/** What the server sent in place of records. */
function answerOf({ tcp, oddities }: ConnectionHistory): Uint8Array | undefined {
  return (
    tcp?.plaintextStart.server ??
    oddities.find(({ from, kind }) => from === 'server' && kind === 'plaintext-instead-of-record')
      ?.octets
  );
}

const isOver = ({ fin, rst }: TcpFacts): boolean =>
  [fin, rst].some(({ client, server }) => client !== undefined || server !== undefined);

/** A ClientHello that a plain-text server answers in its own language: the client then complains about a version. */
export const tlsOnPlaintextPort = defineConnectionRule({
  meta: {
    id: 'tls-on-plaintext-port',
    group: 'handshake',
    title: 'A client speaks TLS to a plain-text port',
    severity: 'error',
    sources: ['RFC 8446 §5.1', 'RFC 5246 §6.2.1'],
    reports:
      'Connections whose client begins with a ClientHello and whose server speaks plain text: HTTP, SMTP, FTP, POP3, IMAP, SSH or other readable text.',
    matters:
      'The client takes the text for a record header and reports wrong version number, record too long or a decode error: all of them sound like TLS trouble, though no TLS server was there.',
    decides:
      'The first octets of the client are a ClientHello, the server sent no TLS record in the whole connection, and what it sent, as a greeting or in answer, is the beginning of a known plain protocol (proven) or readable text (likely). The first line is quoted.',
    silent:
      'Where the client had spoken plain text before (STARTTLS, CONNECT), where the server sends any TLS record, where its octets are not readable, where after a greeting the connection is not over, and where the start of the connection is missing.',
    messages: {
      plain: {
        what: 'After the ClientHello (packet {hello}) the server {server} sends plain text (packet {greeting}): "{line}".',
        causes: [
          'the service expects STARTTLS on this port: plain text first, TLS after a command',
          'the port is the plain-text one of the service, or the server has TLS switched off',
        ],
        remedies: [
          'use the port that speaks TLS from the start, or tell the client to use STARTTLS',
          'switch TLS on for this listener',
        ],
        commands: ['openssl s_client -connect HOST:PORT -starttls smtp'],
      },
      web: {
        what: 'After the ClientHello (packet {hello}) the server {server} sends plain text (packet {greeting}): "{line}".',
        causes: [
          'the port is the plain-text one of the service, or the server has TLS switched off',
          'a proxy answered with an error page of its own',
        ],
        remedies: [
          'use the port that speaks TLS, or http:// for this one',
          'switch TLS on for this listener',
        ],
        commands: ['curl -v http://HOST:PORT/'],
      },
      greeted: {
        what: 'The server {server} greets in plain text ("{line}", packet {greeting}); the client sends a ClientHello without a word before it (packet {hello}), and the server never speaks TLS.',
        causes: [
          'the service expects STARTTLS on this port: plain text first, TLS after a command',
          'the port is the plain-text one of the service, or the server has TLS switched off',
        ],
        remedies: [
          'tell the client to use STARTTLS, or use the port that speaks TLS from the start (465 for submission, 993 for IMAP, 995 for POP3, 636 for LDAP)',
        ],
        commands: ['openssl s_client -connect HOST:PORT -starttls smtp'],
      },
    },
  },
  check(history) {
    if (history.outcome === 'established' || history.tcp === undefined) return NOT_APPLICABLE;
    const answer = answerOf(history);
    if (answer === undefined) return NOT_APPLICABLE;
    const { tcp, records, messages, id } = history;
    const hello = messages.find(({ type, from }) => type === CLIENT_HELLO && from === 'client');
    if (hello === undefined) return NOT_APPLICABLE;
    const { upgrade } = history;
    const isUpgraded = upgrade !== undefined && upgrade.protocol !== 'proxy-protocol';
    if (isUpgraded || tcp.plaintextStart.client !== undefined || spokeTls(records.server))
      return PASS;
    if (tcp.syn === undefined) return notAssessable('start-not-captured');
    // A dialogue before the ClientHello, of which only the server's part is left, is a greeting and not an answer.
    if (lostOctets(history) > 0) return notAssessable('lost-bytes');
    const protocol = plainProtocolOf(answer, 'server');
    const line = firstLineOf(answer);
    if (protocol === undefined && !(answer.length >= ENOUGH_TEXT && PRINTABLE.test(line)))
      return PASS;
    const said = tcp.lastData.server;
    if (said === undefined) return PASS;
    const isGreeting = said.packet < hello.packet;
    // It may yet answer.
    if (isGreeting && !isOver(tcp)) return PASS;
    return {
      kind: 'finding',
      message: isGreeting ? 'greeted' : WEB.includes(protocol ?? '') ? 'web' : 'plain',
      confidence: protocol === undefined ? 'likely' : 'proven',
      data: {
        server: endpointText(history.server),
        hello: hello.packet,
        greeting: said.packet,
        line: `${line}${isLineCut(answer) ? '…' : ''}`,
      },
      evidence: [
        witness(hello, id, 'client', 'ClientHello, the first octets of the client'),
        witness(
          said,
          id,
          'server',
          protocol === undefined ? 'readable text, no TLS record' : `${protocol}, no TLS record`,
        ),
      ],
      connections: [id],
    };
  },
});
