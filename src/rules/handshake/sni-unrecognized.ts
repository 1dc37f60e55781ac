import { UNRECOGNIZED_NAME } from '../../model/code-points/alerts.ts';
import { CLIENT_HELLO } from '../../model/code-points/handshake-types.ts';
import { defineConnectionRule, NOT_APPLICABLE } from '../define-rule.ts';
import { agreedWith, listed } from '../support/early-refusal.ts';
import { endingOf } from '../support/ending.ts';
import { witness } from '../support/witness.ts';

/** What the other connections of the server show, as a clause. */
const NOTHING = 'no other name is answered in this capture';
const UNKNOWN = 'other names that it answers are not remembered, of so many connections';

/** A server that has no site of this name: fatal, or a warning that some clients stumble over. */
export const sniUnrecognized = defineConnectionRule({
  meta: {
    id: 'sni-unrecognized',
    group: 'handshake',
    title: 'The server does not know the name that the client asks for',
    severity: 'error',
    sources: ['RFC 6066 §3'],
    reports:
      'The alert unrecognized_name of a server, fatal or as a warning, with the name that the client asked for and names that the server does answer.',
    matters:
      'A certificate, a virtual host or a DNS entry is missing, or the request reached the wrong server. As a warning the alert is not recommended, because some clients take it for the end.',
    decides:
      'The alert has one meaning. If it is fatal, it ended the handshake. A warning is told only where the client ended the handshake afterwards, and it is likely then that it did so for that reason.',
    silent:
      'Without the alert, for a warning after which the handshake was completed, and for one after which the server itself closed.',
    messages: {
      fatal: {
        what: 'The server ended the handshake with unrecognized_name in packet {packet}: the client asks for {name} (packet {packet0}); {known}.',
        causes: [
          'the server has no certificate or virtual host for this name',
          'the name points to the wrong server, or the client sends another name than it means to',
        ],
        remedies: [
          'add the name to the server, with a certificate that is valid for it',
          'compare the DNS entry and the name that the client is configured with',
        ],
        commands: ['openssl s_client -connect HOST:PORT -servername NAME'],
      },
      warning: {
        title: 'The client gave up after the server warned of an unknown name',
        what: 'The server warned with unrecognized_name in packet {packet} and would have gone on; the client asks for {name} (packet {packet0}) and gave up; {known}.',
        causes: ['the client takes the warning for a fatal alert, as some old stacks do'],
        remedies: [
          'configure the server not to send the warning, or add the name to it',
          'update the client',
        ],
        commands: ['openssl s_client -connect HOST:PORT -servername NAME'],
      },
    },
  },
  check(history) {
    const { id, alerts, outcome, serverName, messages } = history;
    const alert = alerts.find(
      ({ description, from }) => description === UNRECOGNIZED_NAME && from === 'server',
    );
    if (alert === undefined || (outcome !== 'failed' && outcome !== 'aborted'))
      return NOT_APPLICABLE;
    const isFatal = endingOf(history)?.alert === alert;
    if (!isFatal && endingOf(history)?.by !== 'client') return NOT_APPLICABLE;
    const hello = messages.find(({ type }) => type === CLIENT_HELLO) ?? alert;
    const name = serverName ?? 'no name';
    return {
      kind: 'finding',
      message: isFatal ? 'fatal' : 'warning',
      confidence: isFatal ? 'proven' : 'likely',
      data: { packet: alert.packet, packet0: hello.packet, name, known: NOTHING },
      evidence: [
        witness(alert, id, 'server', 'unrecognized_name'),
        witness(hello, id, 'client', `ClientHello for ${name}`),
      ],
      connections: [id],
    };
  },
  complete(verdict, index) {
    const { names: known, isUnknown } = agreedWith(verdict, index);
    if (isUnknown) return { ...verdict, data: { ...verdict.data, known: UNKNOWN } };
    if (known.length === 0) return verdict;
    return {
      ...verdict,
      data: { ...verdict.data, known: `other clients were answered for ${listed(known)}` },
    };
  },
});
