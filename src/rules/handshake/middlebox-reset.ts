import type { Confidence } from '../../model/finding.ts';
import type { ConnectionHistory, MessageFact, Role } from '../../model/history.ts';
import type { ResetFact } from '../../model/incarnation.ts';
import { formatDuration, MILLISECOND, SECOND } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { blindToEnding, endingOf } from '../support/ending.ts';
import { describeNegotiation } from '../support/negotiation.ts';
import { samePair } from '../support/same-pair.ts';
import { witness } from '../support/witness.ts';

/** Later than this a reset answers nothing: idle timeouts of balancers and firewalls come so. */
const AT_ONCE = 5 * SECOND;
/** Routes of one host differ by fewer hops than this from packet to packet. */
const HOPS = 5;
const USUAL_TTLS = [32, 64, 128, 255];
/** A host that begins its resets with another usual TTL is as far away, give or take this. */
const ROUTE_CHANGE = 2;
/** How much sooner than a round trip, at least, and by which factor. */
const SOONER = 5 * MILLISECOND;
const FACTOR = 3;

/** Could the same host have sent both, some hops apart or with another of the usual values? */
function isSameHost(syn: number, rst: number): boolean {
  const difference = Math.abs(syn - rst);
  return (
    difference < HOPS ||
    USUAL_TTLS.some((one) =>
      USUAL_TTLS.some((other) => Math.abs(other - one - difference) <= ROUTE_CHANGE),
    )
  );
}

interface Signs {
  readonly ttl: string | undefined;
  readonly early: string | undefined;
  readonly goesOn: MessageFact | undefined;
}

/** What tells that the reset is not of the host in whose name it came. */
function signsOf(
  { tcp, messages, stage }: ConnectionHistory,
  by: Role,
  reset: ResetFact,
  hello: MessageFact,
): Signs {
  const syn = tcp?.synHopLimit[by] ?? 0;
  const rst = reset.hopLimit ?? 0;
  const isForeign = syn > 0 && rst > 0 && !isSameHost(syn, rst);
  const delay = reset.nanos - hello.nanos;
  const trip = tcp?.smallestRoundTrip ?? 0;
  const acknowledged = tcp?.lastDataAcknowledged.client;
  // Only what acknowledges the ClientHello answers it: a server may have reset for its own reasons before it came.
  const isAnswer =
    by === 'server' &&
    stage === 'server-hello' &&
    acknowledged !== undefined &&
    acknowledged.packet <= reset.packet;
  const isEarly = isAnswer && delay >= 0 && trip - delay >= SOONER && delay * FACTOR < trip;
  return {
    ttl: isForeign
      ? `its TTL is ${rst}, that of the ${by === 'server' ? 'SYN-ACK' : 'SYN'} was ${syn}`
      : undefined,
    early: isEarly
      ? `it answers the ClientHello after ${formatDuration(delay)}, where SYN and SYN-ACK took ${formatDuration(trip)}`
      : undefined,
    goesOn:
      reset.missingOctets === 0
        ? messages.find(({ from, packet }) => from === by && packet > reset.packet)
        : undefined,
  };
}

function confidenceOf({ ttl, early, goesOn }: Signs): Confidence {
  const count = [ttl, early, goesOn].filter((sign) => sign !== undefined).length;
  if (count > 1) return 'proven';
  return ttl === undefined && goesOn === undefined ? 'possible' : 'likely';
}

/**
 * A firewall that dislikes a ClientHello forges a reset in the name of the server; its packets betray where they come
 * from.
 */
export const middleboxReset = defineConnectionRule({
  meta: {
    id: 'middlebox-reset',
    group: 'handshake',
    title: 'A device on the path appears to have reset the connection',
    severity: 'error',
    sources: ['RFC 9293 §3.5.2', 'RFC 9293 §3.5.3'],
    reports:
      'Handshakes that ended with a RST which the host in whose name it came cannot have sent: another TTL than that of its SYN or SYN-ACK, an answer to the ClientHello that is faster than a round trip, or a host that goes on with its handshake after it.',
    matters:
      'Client and server each report that the other one reset the connection, and neither log knows why. Firewalls and filters that decide by server name, version or fingerprint end connections like that.',
    decides:
      'The first end of the handshake is a RST within 5 s of the last message before it. Its TTL differs by 5 or more, and not as the usual initial values 32, 64, 128 and 255 differ; or it acknowledges the ClientHello in less than a third of the time from SYN to SYN-ACK; or whole messages of its alleged sender follow under the number that it ended with. One sign makes it likely (the timing alone possible, unless the server’s other answers took as long as a round trip), two prove it.',
    silent:
      'For resets after more than 5 s, which idle timeouts of load balancers cause; for TTLs that one host can have, on another route or for another kind of packet; where the client or server closed before; where packets were captured at several points of their way; and where octets or one direction are missing. The IP identification says nothing: hosts use it differently for resets.',
    yieldsTo: ['server-process-died', 'handshake-kills-server'],
    restsOnTime: true,
    messages: {
      foreign: {
        what: 'The reset in packet {packet}, in the name of the {by}, {delay} after the last message, bears signs of another host: {signs}; {negotiated}.',
        causes: [
          'a firewall or filter on the path that does not let this handshake pass: for its server name, version, extensions or addresses',
          'a load balancer or proxy that accepts in the name of the server, or gives up in its name',
        ],
        remedies: [
          'capture on both sides of the devices in between: the one behind which the reset is not seen has sent it',
          'try with another server name, without one, and with TLS 1.2 only: what changes the outcome names the reason',
        ],
        commands: [
          'tshark -r CAPTURE -Y "tcp.stream == {stream}" -T fields -e frame.number -e ip.src -e ip.ttl -e ip.id -e tcp.flags.str',
          'traceroute -T -p PORT HOST',
        ],
      },
    },
  },

  check(history) {
    const { outcome, tcp, id, stage, stream } = history;
    if (tcp === undefined || (outcome !== 'aborted' && outcome !== 'failed')) return NOT_APPLICABLE;
    if (stage === 'none' || stage === 'done') return NOT_APPLICABLE;
    const ending = endingOf(history);
    if (ending?.kind !== 'rst') return PASS;
    const { by } = ending;
    const reset = tcp.rst[by];
    const before = history.messages.findLast(({ packet }) => packet <= ending.packet);
    if (reset === undefined || before === undefined) return PASS;
    if (reset.nanos - before.nanos > AT_ONCE) return PASS;
    const signs = signsOf(history, by, reset, before);
    const { ttl, early, goesOn } = signs;
    if (ttl === undefined && early === undefined && goesOn === undefined) return PASS;
    const blind = blindToEnding(history);
    if (blind !== undefined) return notAssessable(blind);
    const opening = by === 'server' ? tcp.synAck : tcp.syn;
    const told = [ttl, early, goesOn && `the ${by} went on in packet ${goesOn.packet}`];
    return {
      kind: 'finding',
      message: 'foreign',
      confidence: confidenceOf(signs),
      data: {
        packet: reset.packet,
        by,
        delay: formatDuration(Math.max(0, reset.nanos - before.nanos)),
        signs: told.filter((sign) => sign !== undefined).join('; '),
        answer: reset.nanos - before.nanos,
        timing: ttl === undefined && goesOn === undefined ? 1 : 0,
        stream,
        negotiated: describeNegotiation(history),
      },
      evidence: [
        witness(reset, id, by, `RST, TTL ${reset.hopLimit ?? 0}`),
        witness(before, id, before.from, 'the last message before it'),
        ...(opening === undefined
          ? []
          : [witness(opening, id, by, `opened with TTL ${tcp.synHopLimit[by] ?? 0}`)]),
        ...(goesOn === undefined ? [] : [witness(goesOn, id, by, 'the handshake goes on')]),
      ],
      connections: [id],
    };
  },

  complete(verdict, index) {
    // What two points saw of one connection cannot be compared; the two captures themselves show the device.
    if (index.severalPoints) return undefined;
    const { timing, answer } = verdict.data;
    if (timing !== 1) return verdict;
    const quickest = samePair(verdict, index)?.quickestAnswer;
    if (quickest === undefined) return verdict;
    // The SYN may have been slow for reasons of its own: an interface that woke up, an address that was looked for.
    return quickest >= FACTOR * Number(answer) ? { ...verdict, confidence: 'likely' } : undefined;
  },
});
