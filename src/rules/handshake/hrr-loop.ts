import { HELLO_RETRY_REQUEST } from '../../model/history.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable } from '../define-rule.ts';
import { endingOf } from '../support/ending.ts';
import { describeNegotiation } from '../support/negotiation.ts';
import { witness } from '../support/witness.ts';

/** One is allowed. */
export const hrrLoop = defineConnectionRule({
  meta: {
    id: 'hrr-loop',
    group: 'handshake',
    title: 'The server asked for a new ClientHello twice',
    severity: 'error',
    sources: ['RFC 8446 §4.1.4', 'RFC 9147 §5.1'],
    reports:
      'Handshakes of TLS 1.3 over TCP in which a server sends more than one HelloRetryRequest.',
    matters:
      'A client has to end the handshake at the second one, so the connection cannot come about, however often it is tried.',
    decides:
      'Each HelloRetryRequest is a ServerHello with a random of its own, so counting them is enough. TCP delivers each once.',
    silent:
      'For one HelloRetryRequest, which is normal, and over DTLS, where a message may be sent again.',
    messages: {
      again: {
        what: 'The server sent HelloRetryRequest {count} times, in packets {packet0} and {packet}{ending}; {negotiated}.',
        causes: [
          'the server forgets that it asked (a cookie or state that is not kept, or a second server behind the same address)',
          'the server asks for a group that the client has no share of, again',
        ],
        remedies: [
          'find out which servers share the address, and whether they agree on cookies and groups',
          'let the client send a key share of the group that the server prefers',
        ],
        commands: ['openssl s_client -connect HOST:PORT -tls1_3 -groups GROUP -msg'],
      },
    },
  },
  check(history) {
    const { id, messages, protocol, tcp } = history;
    if (protocol !== 'TLS') return NOT_APPLICABLE;
    const requests = messages.filter(
      ({ type, from }) => type === HELLO_RETRY_REQUEST && from === 'server',
    );
    const [first, second] = requests;
    if (first === undefined || second === undefined) return NOT_APPLICABLE;
    if ((tcp?.conflicts.length ?? 0) > 0) return notAssessable('lost-bytes');
    const ending = endingOf(history);
    return {
      kind: 'finding',
      message: 'again',
      confidence: 'proven',
      data: {
        count: requests.length,
        packet0: first.packet,
        packet: second.packet,
        ending:
          ending === undefined ? '' : `; the ${ending.by} ended the connection in ${ending.packet}`,
        negotiated: describeNegotiation(history),
      },
      evidence: [
        witness(second, id, 'server', 'another HelloRetryRequest'),
        witness(first, id, 'server', 'HelloRetryRequest'),
        ...(ending === undefined ? [] : [witness(ending, id, ending.by, 'the connection ends')]),
      ],
      connections: [id],
    };
  },
});
