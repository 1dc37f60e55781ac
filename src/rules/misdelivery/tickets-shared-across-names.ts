import { CLIENT_HELLO, SERVER_HELLO } from '../../model/code-points/handshake-types.ts';
import { formatDuration } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, PASS } from '../define-rule.ts';
import { endpointText } from '../support/negotiation.ts';
import { isForOtherName, SESSION_KINDS } from '../support/sessions.ts';
import { witness } from '../support/witness.ts';

/** Who resumes a session is not shown the certificate again: the name it was checked for must still be the one asked for. */
export const ticketsSharedAcrossNames = defineConnectionRule({
  meta: {
    id: 'tickets-shared-across-names',
    group: 'misdelivery',
    title: 'A session was resumed under another server name than it was made for',
    severity: 'warning',
    sources: ['RFC 6066 §3', 'RFC 5246 §7.4.1.2'],
    reports:
      'A handshake up to TLS 1.2 that resumes a session although the ClientHello asks for another server name than the one of the handshake that issued the session.',
    matters:
      'In a resumed handshake the server shows no certificate, so whoever the session was made with speaks for the new name as well. Names that share ticket keys or a session cache can be swapped by somebody on the path, and client authentication of one virtual host counts for the next. A server that knows server_name must go on with a full handshake here.',
    decides:
      'The capture shows the ticket or session id being issued, the server name of that handshake, and the resumption under another name: all of it in the clear, so it is proven. Upper and lower case count as the same.',
    silent:
      'Where either ClientHello has no server name, where the session was issued out of sight of the capture, and in TLS 1.3, which leaves it to the client whether a session is good for another name.',
    messages: {
      resumed: {
        what: 'Connection {id} to {here} asks for {name} and resumes with a {kind} that was issued on connection {issuer} for {other}, {age} before.',
        causes: [
          'virtual hosts share one session cache or one set of ticket keys, and the server does not compare the name',
          'a proxy ends TLS for several names with one context',
          'the client offers one session for several names',
        ],
        remedies: [
          'give each name its own session id context and ticket keys, most of all where client certificates are asked for',
          'let the client keep sessions by server name, not by address',
        ],
        commands: [
          'openssl s_client -connect HOST:PORT -servername {other} -tls1_2 -sess_out FILE; openssl s_client -connect HOST:PORT -servername {name} -tls1_2 -sess_in FILE',
        ],
      },
    },
  },

  check(history) {
    const { resumption, resumed, id, messages } = history;
    const issued = resumption?.issued;
    if (resumption === undefined || issued === undefined) return NOT_APPLICABLE;
    if (resumed !== true || resumption.isOtherName !== true) return PASS;
    const hello = messages.findLast(({ type }) => type === CLIENT_HELLO);
    const answer = messages.findLast(({ type }) => type === SERVER_HELLO);
    if (hello === undefined || answer === undefined) return PASS;
    const kind = SESSION_KINDS[resumption.by];
    return {
      kind: 'finding',
      message: 'resumed',
      confidence: 'proven',
      data: {
        id,
        kind,
        issuer: issued.connection,
        age: formatDuration(hello.nanos - issued.nanos),
        here: endpointText(history.server),
        name: '',
        other: '',
      },
      evidence: [
        witness(answer, id, 'server', 'ServerHello of an abbreviated handshake'),
        witness(hello, id, 'client', `ClientHello with the ${kind}`),
        witness(issued, issued.connection, 'server', `the ${kind} is issued`),
      ],
      connections: [id, issued.connection],
    };
  },

  complete(verdict, index) {
    const [id = 0, origin = 0] = verdict.connections;
    const [own, other] = [index.summary(id), index.summary(origin)];
    // What the facts compared is a hash of the names.
    if (own?.serverName === undefined || other?.serverName === undefined) return undefined;
    if (!isForOtherName(own, other)) return undefined;
    const { serverName: name } = own;
    return {
      ...verdict,
      data: { ...verdict.data, name, other: other.serverName },
    };
  },
});
