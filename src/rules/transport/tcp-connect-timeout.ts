import type { CaptureIndex, RefusalFact, ServerFacts } from '../../model/capture-index.ts';
import { formatDuration, MILLISECOND, SECOND } from '../../model/time.ts';
import { defineCaptureRule, type FindingOf } from '../define-rule.ts';
import { howMany } from '../support/how-many.ts';
import { endpointText } from '../support/negotiation.ts';
import { deathsOf, type ServerDeath } from '../support/server-deaths.ts';
import { tlsServers } from '../support/tls-ports.ts';
import { witness } from '../support/witness.ts';

const SHOWN = 4;
/** Longer than the first retransmission of a SYN (RFC 9293 §3.8.1): less silence may be the end of the capture. */
const PATIENCE = 3 * SECOND;
/** A SYN is repeated after a second or so (RFC 6298 §2); sooner the capture has it twice, as from two points. */
const REPEATED_AFTER = 100 * MILLISECOND;

const messages = {
  unanswered: {
    what: '{server} did not answer {count}: the first was sent {transmissions} times over {span}, from packet {packet} on; {why}.',
    causes: [
      'a firewall that drops silently, on the host or on the path',
      'the host is down or unreachable, or the answers take a way that is not captured',
      'the accept queue of the server is full, so that its kernel drops the SYN',
    ],
    remedies: [
      'capture on the server as well: if the SYN arrives there, look at the firewall rules and the accept queue; if not, at the path',
      'make sure that the capture sees both directions before blaming the server',
    ],
    commands: [
      'nstat -az TcpExtListenOverflows TcpExtListenDrops',
      'ss -ltn',
      'traceroute -T -p PORT HOST',
    ],
  },
} as const;

/** After a process death service addresses may swallow SYNs: then it belongs to that finding. */
function isExplained(deaths: readonly ServerDeath[], { syn }: RefusalFact): boolean {
  return deaths.some(
    ({ closes: [first], acceptedAgain }) =>
      syn.nanos > first.nanos && syn.nanos < (acceptedAgain?.nanos ?? first.nanos + 60 * SECOND),
  );
}

function unanswered(server: ServerFacts, index: CaptureIndex): RefusalFact[] {
  const deaths = deathsOf(server, index);
  // A capture that misses the SYN-ACK shows the connection itself all the same.
  const streams = new Set(server.connections.map(({ stream }) => stream));
  return server.refusals.filter(
    (one) =>
      one.reset === undefined &&
      one.transmissions > 1 &&
      one.last.nanos - one.syn.nanos >= REPEATED_AFTER &&
      index.lastNanos - one.syn.nanos >= PATIENCE &&
      !streams.has(one.stream) &&
      !isExplained(deaths, one),
  );
}

function findingOf(
  server: ServerFacts,
  all: readonly [RefusalFact, ...RefusalFact[]],
): FindingOf<typeof messages> {
  const [first, ...more] = all;
  return {
    kind: 'finding',
    message: 'unanswered',
    severity: server.speaksTls ? 'error' : 'info',
    confidence: server.accepted.length > 0 ? 'proven' : 'likely',
    data: {
      server: endpointText(server.endpoint),
      count: howMany(
        all.length,
        'a connection attempt',
        'connection attempts',
        server.refusalsOmitted,
      ),
      transmissions: first.transmissions,
      span: formatDuration(first.last.nanos - first.syn.nanos),
      packet: first.syn.packet,
      why: server.speaksTls
        ? 'elsewhere in this capture it speaks TLS'
        : 'its port is one that is known for TLS',
    },
    evidence: [
      witness(first.syn, 0, 'client', 'SYN, never answered'),
      witness(first.last, 0, 'client', 'its last repetition'),
      ...more.slice(0, SHOWN).map(({ syn }) => witness(syn, 0, 'client', 'SYN, never answered')),
    ],
    connections: [],
    server: server.endpoint,
  };
}

/** A server that is silent to SYNs: TLS never had its turn. */
export const tcpConnectTimeout = defineCaptureRule({
  meta: {
    id: 'tcp-connect-timeout',
    group: 'transport',
    title: 'TCP connection attempts were not answered',
    severity: 'error',
    sources: ['RFC 9293 §3.8.3', 'RFC 9293 §3.8.1'],
    reports:
      'Connection attempts to a TLS server whose SYN was repeated and never answered, neither by SYN-ACK nor by RST.',
    matters:
      'The client waits a long time and then reports a timeout that is easily mistaken for a slow handshake. The reason lies below TLS: a firewall, a route, a full queue.',
    decides:
      'The SYN was sent at least twice, the capture goes on for 3 s or more after it, and nothing came back. It is an error where the endpoint speaks TLS elsewhere in the capture; if it merely has a port that is known for TLS it is noted. Where no SYN-ACK of the server was captured at all, the verdict is only likely.',
    silent:
      'For other ports, for a single SYN, also one that was captured several times, at the end of the capture, where the connection goes on although its SYN-ACK is missing from the capture, and while a server process is down that was seen to die.',
    restsOnSilence: true,
    restsOnTime: true,
    messages,
  },
  *check(index) {
    for (const server of tlsServers(index)) {
      if (server.refusals.length === 0) continue;
      const [first, ...more] = unanswered(server, index);
      if (first !== undefined) yield findingOf(server, [first, ...more]);
    }
  },
});
