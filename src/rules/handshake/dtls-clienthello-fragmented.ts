import type { CaptureIndex, ServerFacts } from '../../model/capture-index.ts';
import { CLIENT_HELLO } from '../../model/code-points/handshake-types.ts';
import type { FindingVerdict } from '../../model/rule.ts';
import { formatDuration } from '../../model/time.ts';
import { defineConnectionRule, PASS } from '../define-rule.ts';
import { times } from '../support/records.ts';
import { dtlsServerOf } from '../support/servers.ts';
import { unlessStuck } from '../support/stuck-flight.ts';
import { witness } from '../support/witness.ts';

/** The first and one repeat, which takes a second with the usual timer. */
const TRANSMISSIONS = 2;

/** A server that keeps nothing before the cookie came back cannot put fragments together, and drops them. */
export const dtlsClientHelloFragmented = defineConnectionRule({
  meta: {
    id: 'dtls-clienthello-fragmented',
    group: 'handshake',
    title: 'Server does not answer a ClientHello in fragments',
    severity: 'error',
    sources: ['RFC 6347 §4.2.1', 'RFC 6347 §4.2.3', 'RFC 9147 §5.5'],
    reports:
      'A DTLS ClientHello that comes in fragments, whole in the capture, and that a server which answers others does not answer.',
    matters:
      'Key shares of post-quantum groups, long lists and many names make a ClientHello larger than a datagram. Servers that keep no state before the cookie has come back cannot collect fragments, and several stacks drop a ClientHello in pieces without a word: the client sees a server that is down.',
    decides:
      'All octets of the ClientHello are in the capture, it was sent at least twice, and the server answered nothing, although it answered a smaller ClientHello of this client (by a HelloVerifyRequest) or another client. Loss behind the capture point would look the same, hence likely.',
    silent:
      'Where nothing else shows that the server is alive and reachable, where it sent an alert or its host a port unreachable, and where octets of the ClientHello are missing: the rule about lost fragments speaks then.',
    yieldsTo: ['dtls-restart-ignored', 'webrtc-dtls-not-restarted'],
    restsOnSilence: true,
    messages: {
      'after-cookie': {
        what: 'The ClientHello of connection {id} with the cookie ({octets} octets, in {pieces} fragments of at most {largest}) was sent {count} over {span} without an answer; the one without a cookie had been answered in packet {answer}.',
        causes: [
          'the server’s stack does not take a ClientHello in fragments',
          'a device in front of the server drops one of the fragments',
        ],
        remedies: [
          'make the ClientHello fit into one datagram: fewer suites, groups, key shares and extensions, or a larger handshake MTU at the client',
          'update the server’s stack; newer ones reassemble a ClientHello once its cookie was seen in the first fragment',
        ],
        commands: ['tshark -r CAPTURE -Y "udp.stream == {stream}" -V'],
      },
      ignored: {
        what: 'The ClientHello of connection {id} ({octets} octets, in {pieces} fragments of at most {largest}) was sent {count} over {span} without an answer; the server answers others, such as connection {other}.',
        causes: [
          'the server’s stack does not take a ClientHello in fragments',
          'a device in front of the server drops one of the fragments',
        ],
        remedies: [
          'make the ClientHello fit into one datagram: fewer suites, groups, key shares and extensions, or a larger handshake MTU at the client',
          'update the server’s stack, or let the connection with fewer key shares be tried first',
        ],
        commands: ['tshark -r CAPTURE -Y "udp.stream == {stream}" -V'],
      },
    },
  },

  check(history) {
    const hello = history.dtls?.flights?.fragmented.findLast(
      ({ from, type, completed }) =>
        from === 'client' && type === CLIENT_HELLO && completed !== undefined,
    );
    const silent = unlessStuck(history);
    if (silent !== undefined) return silent;
    if (history.dtls === undefined || hello === undefined) return PASS;
    const { verifyRequests, clientHellos } = history.dtls;
    if (history.stage !== 'server-hello' || hello.transmissions < TRANSMISSIONS) return PASS;
    const from = hello.first.packet;
    if (history.messages.some((one) => one.from === 'server' && one.packet > from)) return PASS;
    if (history.alerts.length > 0) return PASS;
    // A ClientHello that came later in one piece is what waits for an answer.
    if (clientHellos.some(({ packet }) => packet > hello.last.packet)) return PASS;
    const answer = verifyRequests.findLast(({ packet }) => packet < from);
    return {
      kind: 'finding',
      message: answer === undefined ? 'ignored' : 'after-cookie',
      confidence: 'likely',
      connections: [history.id],
      evidence: [
        witness(hello.first, history.id, 'client', 'first fragment of the ClientHello'),
        witness(hello.completed ?? hello.first, history.id, 'client', 'the ClientHello is whole'),
        witness(
          hello.last,
          history.id,
          'client',
          `fragment ${hello.fragments}, of transmission ${hello.transmissions}`,
        ),
        ...(answer === undefined
          ? []
          : [
              witness(
                answer,
                history.id,
                'server',
                'HelloVerifyRequest in answer to one that was whole',
              ),
            ]),
      ],
      data: {
        id: history.id,
        stream: history.stream,
        octets: hello.length,
        pieces: Math.max(2, Math.round(hello.fragments / hello.transmissions)),
        largest: hello.largest,
        count: times(hello.transmissions),
        span: formatDuration(hello.last.nanos - hello.first.nanos),
        answer: answer?.packet ?? 0,
        other: 0,
      },
    };
  },

  complete(verdict, index) {
    return verdict.message === 'after-cookie' ? verdict : withOtherClient(verdict, index);
  },
});

interface Answered {
  readonly id: number;
  readonly octets: number;
}

const smallest = new WeakMap<ServerFacts, readonly Answered[]>();

/** Connections with a smaller ClientHello than all answered ones before them, in order of time. */
function smallestAnswered(server: ServerFacts): readonly Answered[] {
  let known = smallest.get(server);
  if (known !== undefined) return known;
  const found: Answered[] = [];
  // One without octets is not in the capture.
  for (const { id, answered, helloOctets: octets } of server.connections)
    if (
      answered !== undefined &&
      octets > 0 &&
      octets < (found.at(-1)?.octets ?? Number.POSITIVE_INFINITY)
    )
      found.push({ id, octets });
  known = found;
  smallest.set(server, known);
  return known;
}

/** It stands only if the server answered a client whose ClientHello was smaller. */
function withOtherClient(verdict: FindingVerdict, index: CaptureIndex): FindingVerdict | undefined {
  const own = index.summary(verdict.connections[0] ?? 0);
  const server = own && dtlsServerOf(index, own.server);
  const octets = Number(verdict.data['octets']);
  const smaller = server && smallestAnswered(server).find((one) => one.octets < octets);
  const other = smaller && index.summary(smaller.id);
  if (other?.answered === undefined || other.id === own?.id) return undefined;
  const [first, ...rest] = verdict.evidence;
  return {
    ...verdict,
    data: { ...verdict.data, other: other.id },
    evidence: [
      first,
      ...rest,
      witness(
        other.answered,
        other.id,
        'server',
        `the server answers a ClientHello of ${other.helloOctets} octets`,
      ),
    ],
  };
}
