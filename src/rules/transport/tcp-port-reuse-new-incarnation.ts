import type { ServerFacts } from '../../model/capture-index.ts';
import type { FormerConnection, OpeningFact } from '../../model/incarnation.ts';
import { formatDuration, SECOND } from '../../model/time.ts';
import { defineCaptureRule, type FindingOf } from '../define-rule.ts';
import { howMany } from '../support/how-many.ts';
import { endpointText } from '../support/negotiation.ts';
import { witness } from '../support/witness.ts';

/** Connections shown as evidence; the count tells the rest. */
const SHOWN = 8;
/** Twice the lifetime of a segment: from then on the ports are as good as new (RFC 9293 §3.4.3). */
const QUIET = 240 * SECOND;

const messages = {
  reused: {
    what: '{count} to {server} used the ports of an earlier one again, the first in packet {packet}, {delay} after the last packet of tcp.stream {stream}; each is a connection of its own here.',
    causes: [
      'a client with a fixed port, or with few ports for many connections',
      'an address translator or load balancer that gives ports again soon',
    ],
    remedies: [],
    commands: ['tshark -r CAPTURE -Y tcp.analysis.reused_ports'],
  },
} as const;

type Reuse = OpeningFact & { readonly former: FormerConnection };

/** Answered by a SYN-ACK at once: what is challenged first is the business of another rule. */
function reuses({ openings }: ServerFacts): Reuse[] {
  return openings.filter(
    (one): one is Reuse =>
      one.former !== undefined &&
      one.synAck !== undefined &&
      one.challenge === undefined &&
      one.syn.nanos - one.former.last.nanos < QUIET,
  );
}

/** Healthy, but good to know: packets of two connections under one 5-tuple mislead whoever reads by ports. */
export const tcpPortReuseNewIncarnation = defineCaptureRule({
  meta: {
    id: 'tcp-port-reuse-new-incarnation',
    group: 'transport',
    title: 'TCP connections on ports that were in use shortly before',
    severity: 'info',
    sources: ['RFC 9293 §3.4.3', 'RFC 9293 §3.6.1', 'RFC 1122 §4.2.2.13'],
    reports:
      'Connections that begin on addresses and ports which another connection had used less than four minutes before, and that the server accepted at once.',
    matters:
      'It is allowed and mostly harmless. But who filters by address and port sees two handshakes in what looks like one connection, and late segments of the first may arrive in the second. tlsdiag keeps them apart, each with its own keys and sequence numbers.',
    decides:
      'A SYN with another initial sequence number than that of the connection before was answered by SYN-ACK. There is one note for each server.',
    silent:
      'For servers that do not speak TLS, where the connection before is not in the capture or was over for four minutes, and where the SYN was first answered by an acknowledgement of the old connection, which tcp-timewait-collision tells of.',
    messages,
  },
  *check(index) {
    for (const server of index.servers()) {
      if (!server.speaksTls) continue;
      const [first, ...more] = reuses(server);
      if (first !== undefined) yield findingOf(server, first, more);
    }
  },
});

function findingOf(
  server: ServerFacts,
  first: Reuse,
  more: readonly Reuse[],
): FindingOf<typeof messages> {
  const { former } = first;
  const shown = [first, ...more.slice(0, SHOWN - 1)];
  return {
    kind: 'finding',
    message: 'reused',
    confidence: 'proven',
    data: {
      count: begun(howMany(more.length + 1, 'a connection', 'connections', server.openingsOmitted)),
      server: endpointText(server.endpoint),
      packet: first.syn.packet,
      delay: formatDuration(Math.max(0, first.syn.nanos - former.last.nanos)),
      stream: former.stream,
    },
    evidence: [
      witness(first.syn, first.connection, 'client', 'SYN on the same ports, with another number'),
      witness(former.last, 0, undefined, `the last packet of tcp.stream ${former.stream} before`),
      ...shown
        .slice(1)
        .map(({ syn, connection }) => witness(syn, connection, 'client', 'another one')),
    ],
    connections: shown.map(({ connection }) => connection).filter((id) => id > 0),
  };
}

/** At the beginning of a sentence. */
const begun = (text: string): string => `${text.charAt(0).toUpperCase()}${text.slice(1)}`;
