import type { CaptureIndex, ServerFacts } from '../../model/capture-index.ts';
import type { OpeningFact, ResetFact } from '../../model/incarnation.ts';
import { formatDuration, SECOND } from '../../model/time.ts';
import { defineCaptureRule, type FindingOf } from '../define-rule.ts';
import { howMany } from '../support/how-many.ts';
import { endpointText } from '../support/negotiation.ts';
import { deathsOf } from '../support/server-deaths.ts';
import { tlsServers } from '../support/tls-ports.ts';
import { witness } from '../support/witness.ts';

/** Further ones shown as evidence. */
const SHOWN = 6;
/** A reset that comes later ends an idle connection, which is another matter. */
const AT_ONCE = 5 * SECOND;

const messages = {
  turnedAway: {
    what: '{server} accepted {count} and reset {them} at once, the first {delay} after its SYN-ACK (packet {packet}), without having sent or acknowledged any octet{tls}.',
    causes: [
      'the queue of accepted connections was full and the kernel is told to reset then (tcp_abort_on_overflow)',
      'a load balancer or proxy that accepts before it knows a backend, and has none',
      'a filter by address in the server program (TCP wrappers, an allow list), or a rule of a firewall that rejects with a RST',
    ],
    remedies: [
      'look at the overflow counters of the listener; if they grow, accept faster or raise the backlog, and let the kernel drop instead of reset',
      'compare the TTL of the RST with that of the SYN-ACK: another one means that another device sent it',
      'look at the health of the backends, and at allow lists for this client',
    ],
    commands: [
      'nstat -az TcpExtListenOverflows TcpExtListenDrops TcpExtTCPAbortOnOverflow',
      'ss -ltn sport = :PORT',
      'tshark -r CAPTURE -Y "tcp.stream == {stream}" -T fields -e frame.number -e tcp.flags.str -e ip.ttl',
    ],
  },
} as const;

type Away = OpeningFact & {
  readonly turnedAway: ResetFact;
  readonly synAck: NonNullable<OpeningFact['synAck']>;
};

/**
 * Nothing of the client was taken: it had sent nothing, or what it sent met no socket. Who closes a socket with data
 * unread sends a RST with ACK, and has a program behind it that decided so (RFC 9293 §3.5.2).
 */
function turnedAway({ openings }: ServerFacts): Away[] {
  return openings.filter(
    (one): one is Away =>
      one.turnedAway !== undefined &&
      one.synAck !== undefined &&
      one.turnedAway.packet > one.synAck.packet &&
      one.turnedAway.nanos - one.synAck.nanos <= AT_ONCE &&
      (one.lastFromClient === undefined || (!one.turnedAway.withAck && !one.acknowledged)),
  );
}

/** Accepted by TCP and by nobody else: TLS never had its turn. */
export const tcpResetAfterAccept = defineCaptureRule({
  meta: {
    id: 'tcp-reset-after-accept',
    group: 'transport',
    title: 'The server accepted TCP connections and reset them at once',
    severity: 'error',
    sources: ['RFC 9293 §3.5.2', 'RFC 9293 §3.6.1'],
    reports:
      'Connections to a TLS server that were opened by SYN and SYN-ACK and that the server reset before it had sent or acknowledged any octet.',
    matters:
      'The client reports connection reset by peer while it sends its ClientHello, which looks like a server that dislikes the handshake. The handshake was never read: the reason lies in front of TLS, in a full queue, a filter or a missing backend.',
    decides:
      'The first end of the connection is a RST of the server, within 5 s of its SYN-ACK, nothing of the server is missing from the capture, and the client had sent nothing, or the RST is one without ACK and the ClientHello was never acknowledged. It is an error where the endpoint speaks TLS elsewhere in the capture; if it merely has a port that is known for TLS it is noted.',
    silent:
      'For other ports, where the client closed first, where the server had acknowledged the ClientHello (close-without-alert-after-clienthello tells of that), and where the server process died at that time.',
    yieldsTo: ['server-process-died', 'handshake-kills-server', 'middlebox-reset'],
    restsOnTime: true,
    messages,
  },
  *check(index) {
    for (const server of tlsServers(index)) {
      const [first, ...more] = turnedAway(server).filter((one) => !isExplained(one, server, index));
      if (first !== undefined) yield findingOf(server, first, more);
    }
  },
});

/** A process that dies takes along what its kernel had accepted for it. */
function isExplained({ stream }: Away, server: ServerFacts, index: CaptureIndex): boolean {
  return deathsOf(server, index).some(({ closes }) => closes.some((one) => one.stream === stream));
}

function findingOf(
  server: ServerFacts,
  first: Away,
  more: readonly Away[],
): FindingOf<typeof messages> {
  const all = [first, ...more];
  const withHello = all.filter(({ lastFromClient }) => lastFromClient !== undefined).length;
  const { synAck, turnedAway: reset, connection, lastFromClient } = first;
  return {
    kind: 'finding',
    message: 'turnedAway',
    severity: server.speaksTls ? 'error' : 'info',
    confidence: 'proven',
    data: {
      server: endpointText(server.endpoint),
      count: howMany(all.length, 'a TCP connection', 'TCP connections', server.openingsOmitted),
      them: all.length === 1 ? 'it' : 'them',
      delay: formatDuration(Math.max(0, reset.nanos - synAck.nanos)),
      packet: synAck.packet,
      tls:
        withHello === 0
          ? '; the client had not sent anything'
          : `; ${withHello === all.length ? 'the' : `${withHello} of them had their`} ClientHello met no socket`,
      stream: first.stream,
    },
    evidence: [
      witness(synAck, connection, 'server', 'SYN-ACK: accepted'),
      witness(
        reset,
        connection,
        'server',
        reset.withAck ? 'RST with ACK: a socket was closed' : 'bare RST: there is no socket',
      ),
      ...(lastFromClient === undefined
        ? []
        : [witness(lastFromClient, connection, 'client', 'its data, never acknowledged')]),
      ...more
        .slice(0, SHOWN)
        .map((one) => witness(one.turnedAway, one.connection, 'server', 'RST of another one')),
    ],
    connections: all.map((one) => one.connection).filter((id) => id > 0),
  };
}
