import { alertDescriptionName } from '../../model/code-points/alerts.ts';
import type { DtlsHelloFact } from '../../model/dtls-facts.ts';
import type { ConnectionHistory, Endpoint } from '../../model/history.ts';
import { formatDuration } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, PASS } from '../define-rule.ts';
import { endpointText } from '../support/negotiation.ts';
import { times, weakenedBy } from '../support/records.ts';
import { witness } from '../support/witness.ts';

const isSame = (a: Endpoint, b: Endpoint): boolean => a.address === b.address && a.port === b.port;

/** A handshake with nothing of the server, which is waiting to be answered as a client itself. */
const isUnanswered = ({ stage, dtls }: ConnectionHistory): boolean =>
  stage === 'server-hello' && dtls?.verifyRequests.length === 0;

/** Two clients wait for each other: neither takes a ClientHello for an answer. */
export const dtlsRoleConflict = defineConnectionRule({
  meta: {
    id: 'dtls-role-conflict',
    group: 'handshake',
    title: 'Both sides are DTLS clients',
    severity: 'error',
    sources: ['RFC 6347 §4.2.4', 'RFC 5763', 'RFC 8842'],
    reports:
      'Two DTLS handshakes on the same pair of addresses and ports that begin with a ClientHello from either side, and that neither side answers.',
    matters:
      'Each side sends its ClientHello again and again and drops the other’s, or ends with unexpected_message. In WebRTC and SIP this is what a call looks like whose two session descriptions both say setup:active, or that both sides read differently: it connects, and media never flow.',
    decides:
      'Each side sent a ClientHello with a random of its own while the other one’s was unanswered, and no HelloVerifyRequest or ServerHello followed from either. A client that becomes a server when it is asked would have answered. Both ClientHellos are in the capture, so it is proven.',
    silent:
      'Where one of the handshakes was answered, where the second ClientHello came when the first side had given up minutes ago, and for a ClientHello that comes back with the same random, which is an echo.',
    restsOnSilence: true,
    restsOnTime: true,
    messages: {
      both: {
        what: 'On the same addresses and ports both {client} ({count}) and {client1} ({count1}) sent a ClientHello, the second one {gap} after the first; neither was answered{alert}.',
        causes: [
          'both session descriptions ended up with setup:active, or an answer said actpass',
          'a gateway swapped offer and answer, or kept the role of the session before',
          'both ends are configured as DTLS clients',
        ],
        remedies: [
          'compare the lines a=setup of offer and answer: an offer says actpass, the answer active or passive, and the one that is active sends the ClientHello',
          'make one of the two ends the server',
        ],
        commands: [
          'tshark -r CAPTURE -Y "udp.stream == {stream} && dtls.handshake.type in {1,2,3}" -T fields -e frame.number -e frame.time_relative -e ip.src -e dtls.handshake.type -e dtls.handshake.random',
        ],
      },
    },
  },
  check(history, { previous }) {
    const { dtls } = history;
    if (dtls === undefined || dtls.ordinal === 0) return NOT_APPLICABLE;
    const own = dtls.clientHellos;
    const others = previous?.dtls?.clientHellos ?? [];
    const [hello] = own;
    const [first] = others;
    if (previous === undefined || hello === undefined || first === undefined) return NOT_APPLICABLE;
    if (!isSame(previous.client, history.server) || !isSame(previous.server, history.client))
      return NOT_APPLICABLE;
    if (!isUnanswered(history) || !isUnanswered(previous)) return PASS;
    const alert = history.alerts.find(({ packet }) => packet > hello.packet);
    const name = alertDescriptionName(alert?.description ?? 0);
    const last = others.at(-1) ?? first;
    if (hello.nanos - last.nanos > WAITS) return PASS;
    return {
      kind: 'finding',
      message: 'both',
      confidence: weakenedBy('proven', ['cut-packets'], history, previous),
      connections: [history.id, previous.id],
      evidence: [
        clientHello(hello, history),
        clientHello(first, previous),
        ...(last === first ? [] : [clientHello(last, previous)]),
        ...(alert === undefined ? [] : [witness(alert, history.id, alert.from, name)]),
      ],
      data: {
        client: endpointText(previous.client),
        client1: endpointText(history.client),
        count: times(others.length),
        count1: times(own.length),
        alert: alert === undefined ? '' : `, but for ${name} in packet ${alert.packet}`,
        gap: formatDuration(hello.nanos - first.nanos),
        stream: history.stream,
      },
    };
  },
});

/** The longest pause between two transmissions of a ClientHello: RFC 6347 §4.2.4.1. */
const WAITS = 60e9;

const clientHello = (hello: DtlsHelloFact, { id, client }: ConnectionHistory) =>
  witness(hello, id, 'client', `ClientHello of ${endpointText(client)}`);
