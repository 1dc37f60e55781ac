import type { PathFact } from '../../model/dtls-facts.ts';
import type { ConnectionHistory } from '../../model/history.ts';
import { defineConnectionRule, NOT_APPLICABLE, PASS } from '../define-rule.ts';
import { endpointText, isAstray, newPaths, pathEvidence } from '../support/paths.ts';

/** A connection with ids may go on from another address or port: worth knowing, and no fault (RFC 9146 §6). */
export const dtlsCidMigration = defineConnectionRule({
  meta: {
    id: 'dtls-cid-migration',
    group: 'misdelivery',
    title: 'Connection went on from another address or port',
    severity: 'info',
    sources: ['RFC 9146 §3', 'RFC 9146 §6', 'RFC 9147 §4'],
    reports:
      'A DTLS connection with connection ids whose records come on another 5-tuple than its handshake: the client has another address or port now, or the server has.',
    matters:
      'This is what connection ids are for: an address translator forgot its mapping, or a device changed networks, and the connection went on. Whoever looks at one 5-tuple alone sees a connection that stops and records without a handshake. Where the server never sends to the new address, the client waits in vain.',
    decides:
      'Records carry the connection id that the receiver gave out in the handshake, at the same address and port of the receiver, or are answered at another one. It is proven where such a record opens under the keys of the connection.',
    silent:
      'Records that are copies of others, as where a device passes them on and both sides of it were captured, are no move. Where several connections of a server have the same id and the sequence numbers do not tell them apart, nothing is said.',
    messages: {
      answered: {
        what: 'Connection {id} went on from {client}{more}, and the server answered there.',
        causes: [
          'an address translator gave the client another port, or the client changed networks',
        ],
        remedies: [],
        commands: ['tshark -r CAPTURE -Y "udp.stream == {stream}"'],
      },
      unanswered: {
        what: 'Connection {id} went on from {client}{more}; the server sent nothing there.',
        causes: [
          'the server does not send to a new address before it has checked it, or has no way of checking',
          'there was nothing to answer, or the answer went to the old address',
        ],
        remedies: [
          'if the client misses answers: the server’s application has to take over the new address once a record from there authenticated',
        ],
        commands: ['tshark -r CAPTURE -Y "udp.stream == {stream}"'],
      },
      server: {
        what: 'Connection {id} went on with {server}{more}, which answered within it.',
        causes: [
          'the server has several addresses, or several of its processes share their connections',
        ],
        remedies: [],
        commands: ['tshark -r CAPTURE -Y "udp.stream == {stream}"'],
      },
    },
  },

  check(history) {
    const { dtls } = history;
    if (dtls === undefined || dtls.connectionIds === undefined) return NOT_APPLICABLE;
    const moves = newPaths(history).filter((path) => !isAstray(path));
    const [first] = moves;
    if (first === undefined) return PASS;
    const [one, ...others] = pathEvidence(first, history.id, ' of the connection on a new 5-tuple');
    return {
      kind: 'finding',
      message: messageOf(first),
      confidence: moves.every(({ isProven }) => isProven) ? 'proven' : 'likely',
      connections: [history.id],
      evidence: [
        one,
        ...others,
        ...moves.slice(1).flatMap((path) => pathEvidence(path, history.id, ' on another one')),
      ],
      data: {
        id: history.id,
        client: endpointText(first.endpoints.client),
        server: endpointText(first.endpoints.server),
        more: moreOf(moves, history),
        stream: first.stream,
      },
    };
  },
});

function messageOf({ isElsewhere, records }: PathFact): 'answered' | 'unanswered' | 'server' {
  if (isElsewhere) return 'server';
  return records.server > 0 ? 'answered' : 'unanswered';
}

function moreOf(moves: readonly PathFact[], { dtls }: ConnectionHistory): string {
  const count = moves.length - 1;
  const omitted = dtls?.pathsOmitted ? ' at least' : '';
  return count === 0 ? '' : ` and on${omitted} ${count} more 5-tuple${count === 1 ? '' : 's'}`;
}
