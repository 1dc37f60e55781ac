import { NO_APPLICATION_PROTOCOL } from '../../model/code-points/alerts.ts';
import { CLIENT_HELLO } from '../../model/code-points/handshake-types.ts';
import { defineConnectionRule, NOT_APPLICABLE } from '../define-rule.ts';
import { agreedWith, listed } from '../support/early-refusal.ts';
import { endingOf } from '../support/ending.ts';
import { witness } from '../support/witness.ts';

/** What it chose with others, where that was forgotten. */
const UNKNOWN = 'protocols with others that are no longer known, of so many connections';

/** The alert says all; which protocols it is about is in the ClientHello. */
export const alpnMismatch = defineConnectionRule({
  meta: {
    id: 'alpn-mismatch',
    group: 'handshake',
    title: 'Client and server have no application protocol in common',
    severity: 'error',
    sources: ['RFC 7301 §3.2'],
    reports:
      'Handshakes that the server ends with no_application_protocol, with the protocols that the client offered and those that the server chose on other connections.',
    matters:
      'A gRPC client that needs h2 and a proxy that speaks http/1.1 only fail just so, and the text of the error on either side rarely names the other’s list.',
    decides:
      'The alert has one meaning and one sender: a server that supports ALPN and none of the names in the ClientHello.',
    silent:
      'Without that alert: a server that does not know ALPN leaves it out and goes on, and a client that closes for that reason says nothing about it.',
    messages: {
      refused: {
        what: 'The server ended the handshake with no_application_protocol in packet {packet}: the client offers {offered} (packet {packet0}); the server chose {chosen}.',
        causes: [
          'the lists of protocols of client and server are configured for different things',
          'the connection reached another listener than the one that was meant: the server name decides about that',
        ],
        remedies: [
          'give both sides a protocol in common: h2 or http/1.1 for the web, in the spelling of the registry',
        ],
        commands: ['openssl s_client -connect HOST:PORT -servername NAME -alpn h2,http/1.1'],
      },
    },
  },
  check(history) {
    if (history.alerts.length === 0 || history.stage === 'done') return NOT_APPLICABLE;
    const alert = endingOf(history)?.alert;
    if (alert?.description !== NO_APPLICATION_PROTOCOL || alert.from !== 'server')
      return NOT_APPLICABLE;
    const { id, clientHello, messages } = history;
    const hello = messages.find(({ type }) => type === CLIENT_HELLO) ?? alert;
    const offered = clientHello?.alpn ?? [];
    return {
      kind: 'finding',
      message: 'refused',
      confidence: 'proven',
      data: {
        packet: alert.packet,
        packet0: hello.packet,
        offered: offered.length === 0 ? 'protocols that were not captured' : listed(offered),
        chosen: 'none on any other connection of this capture',
      },
      evidence: [
        witness(alert, id, 'server', 'no_application_protocol'),
        witness(hello, id, 'client', `ClientHello: ${listed(offered)}`),
      ],
      connections: [id],
    };
  },
  complete(verdict, index) {
    const { protocols: chosen, isUnknown } = agreedWith(verdict, index);
    if (isUnknown) return { ...verdict, data: { ...verdict.data, chosen: UNKNOWN } };
    if (chosen.length === 0) return verdict;
    return { ...verdict, data: { ...verdict.data, chosen: `${listed(chosen)} with others` } };
  },
});
