import { defineConnectionRule, NOT_APPLICABLE } from '../define-rule.ts';
import { CAME_BACK_ELSEWHERE, foreignCookie, withCookieOrigin } from '../support/cookies.ts';

/** What a server without memory remembers in its cookie is one client and one ClientHello. */
export const hrrCookieForeign = defineConnectionRule({
  meta: {
    id: 'hrr-cookie-foreign',
    group: 'misdelivery',
    title: 'A cookie of TLS 1.3 came back on another connection',
    severity: 'error',
    sources: ['RFC 8446 §4.2.2', 'RFC 9147 §5.1'],
    reports:
      'A ClientHello whose cookie extension the capture shows being given out in a HelloRetryRequest on another connection, and that the server does not accept.',
    matters:
      'The cookie of a HelloRetryRequest holds what a server without memory needs to go on: the hash of the first ClientHello, and over DTLS the proof of the client’s address. On another connection neither fits. A server of DTLS 1.3 has to end the handshake with illegal_parameter; others cannot continue either.',
    decides:
      'The octets of the cookie are those of a cookie that was given out on another connection of the capture, and on no other. That the ClientHello is not the answer it claims to be is certain where the server was heard on its connection, else likely; why is told by what the two have in common: the same client with another port speaks for a translator or a new socket, another server for a client that mixes them up.',
    silent:
      'Where the server goes on with the handshake, and where the same cookie was given out on several connections or came back on the right one as well.',
    messages: {
      foreign: {
        ...CAME_BACK_ELSEWHERE,
        commands: [
          'tshark -r CAPTURE -Y "tls.handshake.extension.type == 44 || dtls.handshake.extension.type == 44" -T fields -e frame.number -e ip.src -e tls.handshake.extensions_cookie',
        ],
      },
    },
  },
  check(history) {
    const cookie = history.foreignCookie;
    if (cookie?.by !== 'hello_retry_request') return NOT_APPLICABLE;
    return foreignCookie(history, cookie);
  },
  complete: withCookieOrigin,
});
