import type { ServerFacts } from '../../model/capture-index.ts';
import type { Evidence, Explanation } from '../../model/finding.ts';
import { CONFIDENCES } from '../../model/finding.ts';
import { formatDuration } from '../../model/time.ts';
import { defineCaptureRule, type FindingOf } from '../define-rule.ts';
import { endpointText } from '../support/negotiation.ts';
import { deathsOf, type ServerDeath } from '../support/server-deaths.ts';
import { witness } from '../support/witness.ts';

/** Packets of one death that are shown; a burst of a thousand closes proves no more than a dozen. */
const SHOWN_CLOSES = 12;

const messages = {
  died: {
    what: 'The server process at {server} appears to have died {times} at packet {packet}, where {closed} of its connections were closed within {span} without close_notify, {after}.',
    causes: [
      'the process crashed, or was killed (out of memory, a supervisor, a hard stop): the kernel closes all its sockets at once and no code is left to send an alert',
      'it was told to stop and did so without closing its connections, which looks the same: its logs know',
    ],
    remedies: [
      'look for a core dump, a panic or a kill in the logs of the server host at the times given',
      'contain a failing connection: recover from panics where it is handled, or isolate it in a process of its own',
    ],
    commands: [
      'journalctl --since TIME -u UNIT',
      'coredumpctl list',
      'dmesg | grep -i -e segfault -e oom',
    ],
  },
} as const;

function evidenceOf(death: ServerDeath): Evidence[] {
  const { closes, trigger, refused, acceptedAgain } = death;
  const evidence: Evidence[] = [];
  const flight = trigger?.lastFromClient;
  if (trigger !== undefined && flight !== undefined) {
    evidence.push(
      witness(
        flight,
        trigger.connection,
        'client',
        'the last handshake octets of the client; never answered',
      ),
    );
  }
  const shown = closes.slice(0, SHOWN_CLOSES);
  if (trigger !== undefined && !shown.includes(trigger)) shown.push(trigger);
  for (const close of shown) {
    const kind = close.kind.toUpperCase();
    const note =
      close === trigger
        ? `${kind} of the server in the middle of this handshake, no alert`
        : `${kind} of the server, no close_notify`;
    evidence.push(witness(close, close.connection, 'server', note));
  }
  const [refusal] = refused;
  if (refusal?.reset !== undefined) {
    evidence.push(
      witness(refusal.syn, 0, 'client', 'a new connection is attempted'),
      witness(
        refusal.reset,
        0,
        'server',
        `refused: nobody listens on the port (${refused.length} such)`,
      ),
    );
  }
  if (acceptedAgain !== undefined) {
    evidence.push(witness(acceptedAgain, 0, 'server', 'connections are accepted again'));
  }
  return evidence;
}

/** What else it may have been, as long as the death is not proven. */
const survived = ({ trigger, refused }: ServerDeath): Explanation => ({
  likelihood: 'low',
  text: 'The process lived on: it closed these connections itself, or a device in between swept them.',
  for: trigger === undefined ? ['no unanswered handshake precedes it'] : [],
  against: [
    'none of the connections got a close_notify',
    refused.length > 0
      ? 'the port refused connections afterwards'
      : 'the closes came in one burst, in the middle of a handshake',
  ],
});

/** The connections and packets that tell how far it got are those of another finding, which leads. */
function underWay(deaths: readonly ServerDeath[]) {
  const ids = deaths.flatMap(({ trigger }) => trigger?.connection ?? []);
  if (ids.length === 0) return {};
  const handshakes =
    ids.length === 1
      ? `the handshake of connection ${ids[0]}`
      : `the handshakes of connections ${ids.join(', ')}`;
  return {
    causes: [
      `${handshakes}, under way at that moment, brought it down: handshake-kills-server has the details`,
    ],
    remedies: ['keep such handshakes away from the server until the cause is found'],
  };
}

function findingOf(
  server: ServerFacts,
  deaths: readonly [ServerDeath, ...ServerDeath[]],
): FindingOf<typeof messages> | undefined {
  const [first] = deaths;
  const [evidence, ...more] = deaths.flatMap(evidenceOf);
  if (evidence === undefined) return undefined;
  const { closes, refused, acceptedAgain } = first;
  const lastClose = closes[closes.length - 1] ?? closes[0];
  // The trigger first, so that the finding belongs to the connection it began with.
  const connections = new Set(
    deaths.flatMap(({ trigger, closes: all }) => [
      trigger?.connection ?? 0,
      ...all.map(({ connection }) => connection),
    ]),
  );
  connections.delete(0);
  const best = Math.min(...deaths.map(({ confidence }) => CONFIDENCES.indexOf(confidence)));
  const confidence = CONFIDENCES[best] ?? 'possible';
  const surest = deaths.filter((death) => death.confidence === confidence);
  const doubts = [...new Set(surest.flatMap((death) => death.doubts))];
  return {
    kind: 'finding',
    message: 'died',
    confidence,
    data: {
      server: endpointText(server.endpoint),
      times: deaths.length === 1 ? 'once,' : `${deaths.length} times, first`,
      packet: closes[0].packet,
      closed: closes.length,
      span: formatDuration(lastClose.nanos - closes[0].nanos),
      after:
        refused.length === 0
          ? 'and no refused connection shows what came after'
          : `and ${refused.length === 1 ? 'a new connection was' : `${refused.length} new connections were`} refused${
              acceptedAgain === undefined
                ? ''
                : ` until ${formatDuration(acceptedAgain.nanos - closes[0].nanos)} later`
            }`,
    },
    evidence: [evidence, ...more],
    connections: [...connections],
    ...underWay(deaths),
    explanations: [
      {
        likelihood: 'high',
        text: 'The process ended, and nothing of it was left to close its connections.',
        for: [
          `${closes.length} connections closed within ${formatDuration(lastClose.nanos - closes[0].nanos)}, none with close_notify`,
          ...(refused.length > 0 ? [`${refused.length} refused SYNs right after`] : []),
          ...(first.trigger === undefined ? [] : ['the server was in the middle of a handshake']),
        ],
        against: doubts,
      },
      ...(confidence === 'proven' ? [] : [survived(first)]),
    ],
  };
}

/**
 * A server process that ends takes all its connections along. What its kernel does then has a shape of its own, which
 * the single connection does not show.
 */
export const serverProcessDied = defineCaptureRule({
  meta: {
    id: 'server-process-died',
    group: 'transport',
    title: 'The server process appears to have died',
    severity: 'critical',
    sources: ['RFC 5246 §7.2.1', 'RFC 5246 §7.2.2', 'RFC 9293 §3.5.2', 'RFC 9293 §3.6.1'],
    reports:
      'Moments at which a whole server process seems to have ended: its connections are closed or reset in one burst, without alerts and without close_notify, and new connections are refused until it is started again.',
    matters:
      'Every user of the server loses the connection, not only the one that caused it. On each connection alone it looks like a sloppy close or a network fault, so the outage is often blamed on the network, or on the keys of the one handshake that happened to be under way.',
    decides:
      'It looks for several connections of one server that the server closes within 50 ms, none of them after an alert or close_notify, and then for SYNs that are answered by RST before one is accepted again. Three siblings and a refused SYN make it proven, one of both likely; a handshake that the server was working on at that moment stands in for the refusal with lower confidence, and then only connections count of which the server had no handshake in hand: it may have closed those for their own sake. Connections that show no end, or a new one accepted at once, lower the confidence.',
    silent:
      'A connection that is older than the burst and hears from the server after it shows that the process lived on, or that one of several workers died: then nothing is said. The same holds if the port had refused connections before (a server that drains), for closes that are announced by close_notify, for scattered closes, and where the capture just ends.',
    restsOnTime: true,
    messages,
  },
  *check(index) {
    for (const server of index.servers()) {
      const [first, ...more] = deathsOf(server, index);
      if (first === undefined) continue;
      const finding = findingOf(server, [first, ...more]);
      if (finding !== undefined) yield finding;
    }
  },
});
