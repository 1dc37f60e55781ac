import { defineConnectionRule, NOT_APPLICABLE } from '../define-rule.ts';
import { CAME_BACK_ELSEWHERE, foreignCookie, withCookieOrigin } from '../support/cookies.ts';

/** The address behind a cookie is what it proves. */
export const hvrCookieFromOtherClient = defineConnectionRule({
  meta: {
    id: 'hvr-cookie-from-other-client',
    group: 'misdelivery',
    title: 'A cookie came back from elsewhere than it was sent to',
    severity: 'error',
    sources: ['RFC 6347 §4.2.1'],
    reports:
      'A ClientHello of DTLS up to 1.2 whose cookie the capture shows being sent to another address or port, by a HelloVerifyRequest, and that the server does not accept.',
    matters:
      'A cookie proves that its bearer receives what is sent to its address, so a server makes it from that address. It has to refuse one that comes from elsewhere, and asks for another: a client whose address changes on every datagram, behind a translator or a load balancer, never gets in.',
    decides:
      'The octets of the cookie are those of a cookie that was given out on another connection of the capture, and on no other. That the ClientHello is not the answer it claims to be is certain where the server was heard on its connection, else likely; why is told by what the two have in common: the same client with another port speaks for a translator or a new socket, another server for a client that mixes them up.',
    silent:
      'Where the server goes on with the handshake, where the same cookie was sent to several clients or came back from the right one as well (a capture on both sides of a translator shows that), and where the HelloVerifyRequest for this ClientHello appears to be missing from the capture.',
    messages: {
      foreign: {
        ...CAME_BACK_ELSEWHERE,
        commands: [
          'tshark -r CAPTURE -Y "dtls.handshake.type in {1,3}" -T fields -e frame.number -e ip.src -e udp.srcport -e dtls.handshake.type -e dtls.handshake.cookie',
        ],
      },
    },
  },
  check(history) {
    const cookie = history.foreignCookie;
    if (cookie?.by !== 'hello_verify_request') return NOT_APPLICABLE;
    return foreignCookie(history, cookie);
  },
  complete: withCookieOrigin,
});
