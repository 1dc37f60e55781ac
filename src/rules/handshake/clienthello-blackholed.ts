import { CLIENT_HELLO } from '../../model/code-points/handshake-types.ts';
import { formatDuration } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { blindToEnding, endingOf } from '../support/ending.ts';
import { describeNegotiation } from '../support/negotiation.ts';
import { times } from '../support/records.ts';
import { samePair } from '../support/same-pair.ts';
import { isSwallowed } from '../support/swallowed.ts';
import { witness } from '../support/witness.ts';

/** Record and handshake header of a ClientHello. */
const HEADERS = 9;
/** Another hello is as large as this one if it has at least this part of its octets. */
const AS_LARGE = 0.9;

const ADVICE = {
  remedies: [
    'test with a small ClientHello, without post-quantum key shares: if that passes, the size is what matters',
    'look at every device that reads the server name: it has to wait for the whole ClientHello, and to pass it on',
    'let ICMP "fragmentation needed" and "packet too big" pass, or clamp the MSS',
  ],
  commands: [
    'openssl s_client -connect HOST:PORT -servername NAME -groups X25519',
    'ping -M do -s 1472 HOST',
    'tshark -r CAPTURE -Y "tcp.stream == {stream}" -T fields -e frame.number -e tcp.seq -e tcp.len -e tcp.ack',
  ],
} as const;

/** A ClientHello that takes two segments, as those with post-quantum keys do, meets devices that can handle one. */
export const clientHelloBlackholed = defineConnectionRule({
  meta: {
    id: 'clienthello-blackholed',
    group: 'handshake',
    title: 'A ClientHello of several segments does not get through',
    severity: 'error',
    sources: ['RFC 6298 §5', 'RFC 9293 §3.7.2', 'RFC 8446 §4.1.2'],
    reports:
      'ClientHellos of more than one TCP segment of which the same segment is repeated over and over without an acknowledgement, while the server is silent.',
    matters:
      'Key shares for post-quantum key exchange and long lists made ClientHellos larger than one packet. Firewalls, load balancers and proxies that expect all of it in the first segment then drop the rest, and the client reports a timeout that comes and goes with its version.',
    decides:
      'The capture holds the whole ClientHello, its segment was sent again three times or more over a second or longer and never acknowledged, and the server sent no octet. The host was heard from after the ClientHello, or smaller ClientHellos of this client were answered by the server: so the path is not simply dead.',
    silent:
      'For ClientHellos in one segment, where the server answered anything, where one that is as large was answered by the same server, and where octets or one direction are missing from the capture. A dead path is told as a timeout.',
    yieldsTo: ['plaintext-in-tls-stream', 'server-process-died', 'handshake-kills-server'],
    restsOnSilence: true,
    restsOnTime: true,
    messages: {
      rest: {
        what: 'The ClientHello (packet {hello}, {octets} octets) was acknowledged up to octet {offset}; the segment behind it was sent again {times} over {span} and never acknowledged{compared}; {negotiated}.',
        causes: [
          'a device on the path reads the ClientHello from the first segment, or keeps to what fits into one, and drops the rest',
        ],
        ...ADVICE,
      },
      whole: {
        what: 'The ClientHello (packet {hello}, {octets} octets) takes several segments; the first of them, {length} octets, was sent again {times} over {span} and never acknowledged{compared}; {negotiated}.',
        causes: [
          'the path carries only smaller packets and nobody says so: the ICMP message about it is filtered',
          'a device on the path drops ClientHellos that it cannot read in one piece',
        ],
        ...ADVICE,
      },
    },
  },

  check(history) {
    const { outcome, stage, tcp, id, stream } = history;
    if (tcp === undefined || stage !== 'server-hello' || outcome === 'established')
      return NOT_APPLICABLE;
    const repeat = tcp.repeated.client;
    const hello = history.messages.findLast(({ type }) => type === CLIENT_HELLO);
    if (!isSwallowed(repeat) || hello === undefined) return PASS;
    if (tcp.octets.server > 0 || tcp.octets.client <= repeat.length) return PASS;
    if (endingOf(history)?.kind === 'alert') return PASS;
    const blind = blindToEnding(history);
    if (blind !== undefined) return notAssessable(blind);
    const { offset, length } = repeat;
    const seen = tcp.lastSeen.server;
    const isHeard = seen !== undefined && seen.packet > hello.packet;
    return {
      kind: 'finding',
      message: offset > 0 && isHeard ? 'rest' : 'whole',
      confidence: 'likely',
      data: {
        hello: hello.packet,
        octets: hello.length + HEADERS,
        offset,
        length,
        times: times(repeat.times),
        span: formatDuration(repeat.last.nanos - repeat.first.nanos),
        heard: isHeard ? 1 : 0,
        compared: '',
        stream,
        negotiated: describeNegotiation(history),
      },
      evidence: [
        witness(hello, id, 'client', `ClientHello complete, ${hello.length} octets`),
        witness(repeat.first, id, 'client', `octets ${offset} to ${offset + length} again`),
        witness(repeat.last, id, 'client', `transmission ${repeat.times + 1} of them`),
        ...(isHeard ? [witness(seen, id, 'server', 'the host of the server was heard')] : []),
      ],
      connections: [id],
    };
  },

  complete(verdict, index) {
    const { heard, offset, length } = verdict.data;
    const pair = samePair(verdict, index);
    if (pair === undefined) return undefined;
    const { largestAnswered } = pair;
    if (largestAnswered > 0 && largestAnswered >= AS_LARGE * pair.own.helloOctets) return undefined;
    const segment = Math.max(Number(offset), Number(length));
    const small = pair.answeredUpTo(segment - HEADERS);
    if (small.count === 0) return heard === 1 ? verdict : undefined;
    const largest = small.largest + HEADERS;
    const compared = `, while ${small.count === 1 ? 'one' : small.count} of up to ${largest} octets got an answer`;
    return { ...verdict, data: { ...verdict.data, compared } };
  },
});
