import type { ConnectionHistory } from '../../model/history.ts';
import { formatDuration } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { endpointText, isAstray, newPaths, pathEvidence } from '../support/paths.ts';
import { times, weakenedBy } from '../support/records.ts';
import { witness } from '../support/witness.ts';

/** An id means something to the server that gave it out, and to nobody else. */
export const dtlsCidForeign = defineConnectionRule({
  meta: {
    id: 'dtls-cid-foreign',
    group: 'misdelivery',
    title: 'Records with a connection id reached a server that did not give it out',
    severity: 'error',
    sources: ['RFC 9146 §3', 'RFC 9146 §6', 'RFC 9147 §4'],
    reports:
      'Records of a DTLS connection, told by their connection id, that went to another server address or port than the one with which the connection was made, where no handshake had been and nobody answered them.',
    matters:
      'The other server has no keys for them and must drop them without a word. To the client the connection is dead, though both it and its server are in order, and its data is lost until it begins a new handshake.',
    decides:
      'The connection id is one that a server of the capture gave out, four octets long at least, to this connection alone; its records arrive at another address or port, without a handshake there and without an answer. It is proven that they are of this connection where they open under its keys.',
    silent:
      'Where that other address answers within the connection, the server has moved or shares its connections, and that is only noted. Copies of records that also reached the right server are a device that passes them on. Nothing is said where the server was never heard.',
    messages: {
      astray: {
        what: 'Records of connection {id} ({count}, for {span}) went from {client} to {other} and were not answered; the connection was made with {server}.',
        causes: [
          'a load balancer chooses the server by addresses and ports, and the client’s have changed',
          'the servers behind one address do not share connection ids, and the balancer does not read them',
        ],
        remedies: [
          'have the load balancer choose by the connection id: put the number of the server into the ids that it gives out',
          'let servers hand records with an id of another one on to that one',
          'let clients notice on their own that nobody answers, and begin a new handshake',
        ],
        commands: ['tshark -r CAPTURE -Y "udp.stream == {stream}"'],
      },
    },
  },

  check(history) {
    const { dtls } = history;
    if (dtls === undefined || dtls.connectionIds === undefined) return NOT_APPLICABLE;
    const path = newPaths(history).find(isAstray);
    if (path === undefined) return PASS;
    if (!history.bothDirections) return notAssessable('one-direction');
    const confidence = path.isProven ? 'proven' : 'likely';
    const moved = path.endpoints.client.port !== history.client.port;
    return {
      kind: 'finding',
      message: 'astray',
      confidence: weakenedBy(confidence, ['lost-bytes'], history),
      connections: [history.id],
      evidence: [
        ...pathEvidence(path, history.id, ' that went astray'),
        ...(path.records.client === 1
          ? []
          : [witness(path.last, history.id, 'client', 'the last one; no answer')]),
      ],
      data: {
        id: history.id,
        count: times(path.records.client),
        span: formatDuration(path.last.nanos - path.first.nanos),
        client: endpointText(path.endpoints.client),
        other: endpointText(path.endpoints.server),
        server: serverText(history),
        stream: path.stream,
      },
      explanations: [
        {
          likelihood: 'high',
          text: 'Something on the path chose another server for the records.',
          for: moved ? ['the client has another port than in its handshake'] : [],
          against: [],
        },
        {
          likelihood: 'low',
          text: 'The server has this address as well, and did not answer for another reason.',
          for: [],
          against: ['it sent nothing there'],
        },
      ],
    };
  },
});

const serverText = ({ server }: ConnectionHistory): string => endpointText(server);
