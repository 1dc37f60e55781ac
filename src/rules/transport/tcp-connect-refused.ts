import type { CaptureIndex, RefusalFact, ServerFacts } from '../../model/capture-index.ts';
import type { Evidence } from '../../model/finding.ts';
import { formatDuration } from '../../model/time.ts';
import { defineCaptureRule, type FindingOf } from '../define-rule.ts';
import { howMany } from '../support/how-many.ts';
import { endpointText } from '../support/negotiation.ts';
import { deathsOf } from '../support/server-deaths.ts';
import { tlsServers } from '../support/tls-ports.ts';
import { witness } from '../support/witness.ts';

/** Refusals shown as evidence; the count tells the rest. */
const SHOWN = 4;

const messages = {
  refused: {
    what: '{server} refused {count} within {span}, first in packet {packet}{again}; {why}.',
    causes: [
      'no process listens on the port: not started, ended, or bound to another address',
      'a firewall or load balancer that answers with RST, for example because it has no healthy backend',
    ],
    remedies: [
      'check that the service runs and on which address it listens',
      'if it does run, look for a device that answers in its place: compare the TTL of the RST with that of other packets of the server',
    ],
    commands: [
      'ss -ltnp',
      'tshark -r CAPTURE -Y "frame.number == {packet}" -T fields -e ip.ttl -e ip.src',
    ],
  },
} as const;

type Refused = RefusalFact & { readonly reset: NonNullable<RefusalFact['reset']> };

/** Those that a process death does not explain already. */
function unexplained(server: ServerFacts, index: CaptureIndex): Refused[] {
  const explained = new Set(deathsOf(server, index).flatMap(({ refused }) => refused));
  return server.refusals.filter(
    (one): one is Refused => one.reset !== undefined && !explained.has(one),
  );
}

function findingOf(
  server: ServerFacts,
  refused: readonly [Refused, ...Refused[]],
): FindingOf<typeof messages> {
  const [first] = refused;
  const last = refused[refused.length - 1] ?? first;
  const again = server.accepted.find(({ nanos }) => nanos > last.reset.nanos);
  const evidence: Evidence[] = refused
    .slice(1, SHOWN)
    .map(({ reset }) => witness(reset, 0, 'server', 'RST in answer to another SYN'));
  if (again !== undefined) evidence.push(witness(again, 0, 'server', 'SYN-ACK: accepted again'));
  return {
    kind: 'finding',
    message: 'refused',
    severity: server.speaksTls ? 'error' : 'info',
    confidence: 'proven',
    data: {
      server: endpointText(server.endpoint),
      count: howMany(refused.length, 'a TCP connection', 'TCP connections', server.refusalsOmitted),
      span: formatDuration(last.reset.nanos - first.syn.nanos),
      packet: first.reset.packet,
      again: again === undefined ? '' : `, and accepted again in packet ${again.packet}`,
      why: server.speaksTls
        ? 'elsewhere in this capture it speaks TLS'
        : 'its port is one that is known for TLS',
    },
    evidence: [
      witness(first.syn, 0, 'client', 'SYN'),
      witness(first.reset, 0, 'server', 'RST in answer to it: refused'),
      ...evidence,
    ],
    connections: [],
    server: server.endpoint,
  };
}

/** Where nobody listens there is no TLS to diagnose: the first thing to rule out. */
export const tcpConnectRefused = defineCaptureRule({
  meta: {
    id: 'tcp-connect-refused',
    group: 'transport',
    title: 'The server refused TCP connections',
    severity: 'error',
    sources: ['RFC 9293 §3.5.2'],
    reports:
      'Connection attempts (SYN) that the host of a TLS server answered with RST: how many, over which time, and whether the server accepted connections again later.',
    matters:
      'Nothing was listening, or something on the path said so. TLS settings cannot be the reason, and looking for one there is time lost.',
    decides:
      'A SYN was answered by a RST from the endpoint it was sent to. It is an error where that endpoint speaks TLS elsewhere in the capture; if it merely has a port that is known for TLS it is noted.',
    silent:
      'For other ports: not every refused connection is about TLS. Refusals that follow the death of a server process are part of that finding and are not told twice.',
    messages,
  },
  *check(index) {
    for (const server of tlsServers(index)) {
      if (server.refusals.length === 0) continue;
      const [first, ...more] = unexplained(server, index);
      if (first !== undefined) yield findingOf(server, [first, ...more]);
    }
  },
});
