import type { ServerFacts } from '../../model/capture-index.ts';
import type { Severity } from '../../model/finding.ts';
import type { ChallengeFact, OpeningFact } from '../../model/incarnation.ts';
import type { RuleMessage } from '../../model/rule.ts';
import { formatDuration, MILLISECOND, SECOND } from '../../model/time.ts';
import { defineCaptureRule, type FindingOf } from '../define-rule.ts';
import { howMany } from '../support/how-many.ts';
import { endpointText } from '../support/negotiation.ts';
import { connectionOn } from '../support/servers.ts';
import { tlsServers } from '../support/tls-ports.ts';
import { witness } from '../support/witness.ts';

/** Further collisions shown as evidence. */
const SHOWN = 4;
/** A SYN that was not accepted by then was in vain; less may be the end of the capture. */
const PATIENCE = 3 * SECOND;
/** Nobody notices a shorter delay. */
const NOTICED = 300 * MILLISECOND;

const COMMANDS = [
  'ss -tan state time-wait',
  'sysctl net.ipv4.tcp_timestamps net.ipv4.tcp_rfc1337 net.ipv4.ip_local_port_range',
  'nstat -az TcpExtTCPChallengeACK TcpExtTWRecycled',
] as const;

const MESSAGES = {
  timeWait: {
    what: 'The SYN of {client} to {server} (packet {packet}) met a connection on the same ports that was still in TIME-WAIT there: the answer in packet {challenge} acknowledges the old one, {after}.',
    causes: [
      'a client, address translator or load balancer that used the port again while the server, which had closed first, still kept the connection, with a lower sequence number and no newer timestamp than before',
      'several clients behind one address whose timestamps and sequence numbers do not go together',
    ],
    remedies: [
      'let the side with the many ports close first, so that TIME-WAIT is kept there',
      'leave TCP timestamps on, and let an address translator keep them in order or wait before it gives a port again',
      'keep connections alive and use them again instead of opening new ones: fewer ports are needed',
    ],
    commands: COMMANDS,
  },
  halfOpen: {
    title: 'A new TCP connection met one that the server still had open',
    what: 'The SYN of {client} to {server} (packet {packet}) met a connection on the same ports that was not closed there ({former}): the answer in packet {challenge} acknowledges the old one, {after}.',
    causes: [
      'the client, or the device that translates its address, was restarted or forgot the connection, and used the same port again',
      'the end of the old connection was lost on the path',
    ],
    remedies: [
      'if devices on the path time connections out, send keep-alives more often than they do',
      'let clients choose their ports at random, so that a restart does not meet its own past',
    ],
    commands: COMMANDS,
  },
  unseen: {
    title: 'A new TCP connection met an older one on the same ports',
    what: 'The SYN of {client} to {server} (packet {packet}) was answered in packet {challenge} by an acknowledgement of something else, {after}: the server still had an older connection on these ports, which the capture does not show, or not to its end.',
    causes: [
      'the ports were used again while the server kept the old connection in TIME-WAIT, or open',
    ],
    remedies: [
      'look at the state of the ports on the server, and begin the capture earlier',
      'leave TCP timestamps on at both ends',
    ],
    commands: COMMANDS,
  },
} as const satisfies Readonly<Record<string, RuleMessage>>;

type Found = FindingOf<typeof MESSAGES>;
type Collision = OpeningFact & { readonly challenge: ChallengeFact };

/** TCP protects the old connection against the new one, and that costs the new one a second or more. */
export const tcpTimewaitCollision = defineCaptureRule({
  meta: {
    id: 'tcp-timewait-collision',
    group: 'transport',
    title: 'A new TCP connection met an old one in TIME-WAIT',
    severity: 'warning',
    sources: [
      'RFC 9293 §3.10.7.4',
      'RFC 9293 §3.5.1',
      'RFC 9293 §3.6.1',
      'RFC 5961 §4.2',
      'RFC 1122 §4.2.2.13',
      'RFC 1337',
    ],
    reports:
      'SYNs that the server answered with an acknowledgement of another connection on the same ports instead of a SYN-ACK: whether that one was closed (TIME-WAIT), still open, or before the capture, and what the client lost by it.',
    matters:
      'The client must refuse that answer with a RST and send its SYN again, a second later at the earliest. Users see connections that take just over 1, 3 or 7 s, or time out, now and then and only under load. TLS has not even begun.',
    decides:
      'While nothing but a SYN was seen of a connection, the server sent an ACK that does not acknowledge it. Where it fits the numbers of the connection before, that is proven; where no connection before was captured, it is likely. An attempt that was never accepted is an error; a delay of more than 300 ms is a warning, and so is an old connection that was still open, since it is lost; anything else is a note.',
    silent:
      'For servers that do not speak TLS and have no port that is known for it, where a SYN-ACK came at once, where the client neither refused the answer nor sent its SYN again, and where the capture ends within 3 s of a SYN that was not accepted.',
    messages: MESSAGES,
  },
  *check(index) {
    for (const server of tlsServers(index)) {
      const all = collisions(server, index.lastNanos);
      for (const message of ['timeWait', 'halfOpen', 'unseen'] as const) {
        const [first, ...more] = all.filter((one) => messageOf(one) === message);
        if (first !== undefined) yield findingOf(server, message, first, more);
      }
    }
  },
});

function collisions({ openings }: ServerFacts, lastNanos: number): Collision[] {
  return openings.filter(
    (one): one is Collision =>
      one.challenge !== undefined &&
      one.challenge.from === 'server' &&
      (one.challenge.reset !== undefined || one.transmissions > 1) &&
      (one.synAck !== undefined || lastNanos - one.syn.nanos >= PATIENCE),
  );
}

function messageOf({ former, challenge }: Collision): keyof typeof MESSAGES {
  if (former === undefined) return 'unseen';
  if (former.end === 'closed') return 'timeWait';
  // A RST that the capture has need not have arrived; but a FIN that it lacks may have.
  return challenge.isBeyond ? 'unseen' : 'halfOpen';
}

function severityOf(collision: Collision): Severity {
  const { syn, synAck } = collision;
  if (synAck === undefined) return 'error';
  // Of the two connections the older one was lost.
  if (messageOf(collision) === 'halfOpen') return 'warning';
  return synAck.nanos - syn.nanos > NOTICED ? 'warning' : 'info';
}

function afterwards({ syn, synAck, transmissions, challenge }: Collision): string {
  const refused = challenge.reset === undefined ? '' : 'the client refused it with a RST, and ';
  return synAck === undefined
    ? `${refused}the connection was never accepted (${transmissions} SYNs)`
    : `${refused}the connection was accepted ${formatDuration(synAck.nanos - syn.nanos)} after the first SYN`;
}

/** The new connection, and the one that it met, as far as they are TLS. */
function connectionsOf({ connection, former }: Collision, server: ServerFacts): number[] {
  const met = former && connectionOn(server, former.stream);
  return [connection, met ?? 0].filter((id) => id > 0);
}

const ORDER: readonly Severity[] = ['error', 'warning', 'info'];

function findingOf(
  server: ServerFacts,
  message: keyof typeof MESSAGES,
  first: Collision,
  more: readonly Collision[],
): Found {
  const { challenge, former, syn, synAck, connection } = first;
  const severity = ORDER.find((one) => [first, ...more].some((c) => severityOf(c) === one));
  return {
    kind: 'finding',
    message,
    severity: severity ?? 'warning',
    confidence: former === undefined ? 'likely' : 'proven',
    data: {
      client: endpointText(first.client),
      server: endpointText(server.endpoint),
      packet: syn.packet,
      challenge: challenge.packet,
      after: `${afterwards(first)}${more.length === 0 ? '' : `; ${howMany(more.length, '1 more', 'more', server.openingsOmitted)} like it`}`,
      former: former === undefined ? 'before the capture' : `tcp.stream ${former.stream}`,
    },
    evidence: [
      witness(syn, connection, 'client', 'SYN'),
      witness(challenge, connection, 'server', 'ACK of the old connection instead of a SYN-ACK'),
      ...(challenge.reset === undefined
        ? []
        : [witness(challenge.reset, connection, 'client', 'RST: refuses that ACK')]),
      ...(former === undefined
        ? []
        : [witness(former.last, 0, undefined, `the last packet of tcp.stream ${former.stream}`)]),
      ...(synAck === undefined ? [] : [witness(synAck, connection, 'server', 'SYN-ACK at last')]),
      ...more
        .slice(0, SHOWN)
        .map((one) => witness(one.challenge, one.connection, 'server', 'the same again')),
    ],
    connections: [first, ...more].flatMap((one) => connectionsOf(one, server)),
  };
}
