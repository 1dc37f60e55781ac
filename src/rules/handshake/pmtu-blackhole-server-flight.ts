import type { Evidence } from '../../model/finding.ts';
import type { At, ConnectionHistory } from '../../model/history.ts';
import { formatDuration, type Nanos, SECOND } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { mayBeComplete } from '../support/closing-alert.ts';
import { blindToEnding } from '../support/ending.ts';
import { counted } from '../support/how-many.ts';
import { describeNegotiation } from '../support/negotiation.ts';
import { times } from '../support/records.ts';
import { samePair } from '../support/same-pair.ts';
import { isSwallowed, LARGE } from '../support/swallowed.ts';
import { witness } from '../support/witness.ts';

/** A gap that is still there after this long was not filled by a repetition either. */
const PATIENCE = SECOND;

/** What is swallowed of the server's flight: as its sender repeats it, or as its receiver misses it. */
interface Swallowed {
  readonly message: 'repeated' | 'missing';
  readonly octets: number;
  readonly span: Nanos;
  readonly count: number;
  readonly evidence: readonly [Evidence, ...Evidence[]];
}

/** Seen near the server: the same full segment again and again, and a client that is alive and acknowledges nothing of it. */
function repeatedBy({ tcp, id }: ConnectionHistory): Swallowed | undefined {
  const repeat = tcp?.repeated.server;
  const life = tcp?.lastSeen.client;
  if (tcp === undefined || !isSwallowed(repeat) || !isAlive(life, repeat.first)) return undefined;
  // What was acknowledged before it passed in full segments, if there was as much.
  if (repeat.length < LARGE || repeat.offset >= LARGE) return undefined;
  if (tcp.octets.server <= repeat.length) return undefined;
  return {
    message: 'repeated',
    octets: repeat.length,
    span: repeat.last.nanos - repeat.first.nanos,
    count: repeat.times,
    evidence: [
      witness(repeat.first, id, 'server', `a segment of ${repeat.length} octets again`),
      witness(repeat.last, id, 'server', `transmission ${repeat.times + 1} of it`),
      witness(life, id, 'client', 'the client is alive, and has acknowledged nothing of it'),
    ],
  };
}

/** Seen near the client: a gap of full segments that nothing fills, and a small segment behind it. */
function missingFrom({ tcp, id }: ConnectionHistory): Swallowed | undefined {
  const gap = tcp?.unfilled.server;
  const life = tcp?.lastSeen.client;
  if (gap === undefined || !isAlive(life, gap) || life.nanos - gap.nanos < PATIENCE)
    return undefined;
  if (gap.length < LARGE || gap.offset >= LARGE || gap.beyond >= LARGE) return undefined;
  return {
    message: 'missing',
    octets: gap.length,
    span: life.nanos - gap.nanos,
    count: gap.beyond,
    evidence: [
      witness(gap, id, 'server', `octets from ${gap.offset + gap.length} on, those before missing`),
      witness(life, id, 'client', 'the client still acknowledges nothing behind the gap'),
    ],
  };
}

const isAlive = (life: At | undefined, from: At): life is At =>
  life !== undefined && life.packet > from.packet;

/** Full packets of the server's flight vanish, since nobody tells it that the path carries only smaller ones. */
export const pmtuBlackholeServerFlight = defineConnectionRule({
  meta: {
    id: 'pmtu-blackhole-server-flight',
    group: 'handshake',
    title: 'Full-size packets of the server’s flight do not get through',
    severity: 'error',
    sources: ['RFC 9293 §3.7.2', 'RFC 6298 §5', 'RFC 8446 §4.4.2'],
    reports:
      'Handshakes that stop because full TCP segments of the server’s first flight, mostly those with its certificates, never reach the client.',
    matters:
      'TCP connects, small answers and resumed sessions work, and a full handshake hangs. The server’s flight is the first that fills packets; on a path with a tunnel or PPPoE they are too large, and the ICMP message that should say so is filtered.',
    decides:
      'Near the server: the same segment of 1,000 octets or more at the beginning of the flight is repeated three times or more over a second or longer, never acknowledged, while the client is heard from. That is only possible, unless smaller flights to the same client succeed, or full ones in smaller segments. Near the client: a gap of that size is not filled for a second or more, though a smaller segment behind it arrived, and the client acknowledges nothing behind the gap either, so that the capture did not just miss it.',
    silent:
      'Where full segments were acknowledged before, where another full handshake between the same hosts succeeded, unless their SYNs agreed on smaller segments, where the client is not heard from any more (then the path may be dead), and where the client has acknowledged what the capture lacks.',
    yieldsTo: ['plaintext-in-tls-stream', 'server-process-died', 'handshake-kills-server'],
    restsOnSilence: true,
    restsOnTime: true,
    messages: {
      repeated: {
        what: 'The server sent the same segment of {octets} octets of its first flight again {count} over {span}; the client, which was still heard from, never acknowledged it{compared}; {negotiated}.',
        causes: [
          'the path to the client carries only smaller packets (a tunnel, PPPoE), and the ICMP message about it does not reach the server',
          'a device on the path drops what it takes the certificates of the server for',
        ],
        remedies: [
          'clamp the MSS on the device where the path becomes narrow, or lower the MTU of the server’s interface, and try again',
          'let ICMP "fragmentation needed" and "packet too big" reach the server, or switch on MTU probing there (tcp_mtu_probing)',
        ],
        commands: ['ping -M do -s 1472 CLIENT', 'sysctl net.ipv4.tcp_mtu_probing'],
      },
      missing: {
        what: '{octets} octets of the server’s first flight never arrived, though a smaller segment behind them did; the client waited {span} and acknowledged nothing behind the gap{compared}; {negotiated}.',
        causes: [
          'the path from the server carries only smaller packets (a tunnel, PPPoE), and the ICMP message about it does not reach the server',
          'a device on the path drops what it takes the certificates of the server for',
        ],
        remedies: [
          'lower the MTU of the client’s interface, or clamp the MSS on the device where the path becomes narrow, and try again',
          'let ICMP "fragmentation needed" and "packet too big" reach the server, or switch on MTU probing there (tcp_mtu_probing)',
        ],
        commands: ['ping -M do -s 1472 HOST', 'ip link set dev INTERFACE mtu 1400'],
      },
    },
  },

  check(history) {
    const { outcome, stage, tcp, id, blindSpots } = history;
    if (tcp === undefined || outcome === 'established' || outcome === 'no-handshake')
      return NOT_APPLICABLE;
    const isDue =
      stage === 'server-hello' || stage === 'server-flight' || stage === 'client-flight';
    if (!isDue) return NOT_APPLICABLE;
    if (mayBeComplete(history)) return PASS;
    const found = repeatedBy(history) ?? missingFrom(history);
    if (found === undefined) return PASS;
    if (blindSpots.includes('start-not-captured')) return notAssessable('start-not-captured');
    const blind = found.message === 'repeated' ? blindToEnding(history) : undefined;
    if (blind !== undefined) return notAssessable(blind);
    const { message, octets, span, count, evidence } = found;
    return {
      kind: 'finding',
      message,
      confidence: message === 'missing' ? 'likely' : 'possible',
      data: {
        octets,
        span: formatDuration(span),
        count: times(count),
        compared: '',
        negotiated: describeNegotiation(history),
      },
      evidence,
      connections: [id],
    };
  },

  complete(verdict, index) {
    const pair = samePair(verdict, index);
    const { full, resumed } = pair?.succeeded ?? { full: 0, resumed: 0 };
    const smaller = pair?.smallerSegment;
    if (full > 0 && smaller === undefined) return undefined;
    const well = [
      ...(resumed === 0 ? [] : [`${counted(resumed, 'resumed session')} with its small flight`]),
      ...(full === 0
        ? []
        : [`${counted(full, 'full handshake')} in segments of at most ${smaller} octets`]),
    ];
    if (well.length === 0) return verdict;
    const compared = `, while ${well.join(' and ')} succeeded`;
    return { ...verdict, confidence: 'likely', data: { ...verdict.data, compared } };
  },
});
