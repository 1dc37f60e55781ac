import {
  alertDescriptionName,
  HANDSHAKE_FAILURE,
  ILLEGAL_PARAMETER,
} from '../../model/code-points/alerts.ts';
import type { DtlsFacts, DtlsVerifyFact } from '../../model/dtls-facts.ts';
import type { ConnectionHistory } from '../../model/history.ts';
import { formatDuration, SECOND } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { cameBackChanged, REFUSALS, refusalsOf } from '../support/cookies.ts';
import { endingOf } from '../support/ending.ts';
import { times } from '../support/records.ts';
import { witness } from '../support/witness.ts';

/**
 * Three different cookies within a second: a clock in the cookie, which counts seconds, changes once in that time at most.
 */
function changesAtOnce(requests: readonly DtlsVerifyFact[]): readonly DtlsVerifyFact[] | undefined {
  for (let i = 2; i < requests.length; i++) {
    const three = requests.slice(i - 2, i + 1);
    const [first, , last] = three;
    const cookies = new Set(three.map(({ request }) => request.cookie.join(',')));
    if (first === undefined || last === undefined || cookies.size < three.length) continue;
    if (last.nanos - first.nanos < SECOND) return three;
  }
  return undefined;
}

/** The ClientHello kept what the server may have put into the cookie (RFC 6347 §4.2.1). */
const isUnchanged = ({ clientHellos }: DtlsFacts): boolean =>
  clientHellos.every(({ changed }) => changed === undefined || changed.length === 0);

/** The same ClientHello gets another cookie each time, and none is good. */
function rotating(history: ConnectionHistory, dtls: DtlsFacts) {
  const { verifyRequests, clientHellos } = dtls;
  const refusals = refusalsOf(
    verifyRequests,
    clientHellos.filter(({ cookieLength }) => cookieLength > 0),
  );
  if (refusals.length < REFUSALS || !isUnchanged(dtls)) return undefined;
  if (cameBackChanged(history, verifyRequests)) return undefined;
  const three = changesAtOnce(verifyRequests);
  const [first, second, third] = three ?? [];
  if (first === undefined || second === undefined || third === undefined) return undefined;
  const { id, stream } = history;
  return {
    kind: 'finding',
    message: 'rotating',
    confidence: 'likely',
    data: {
      id,
      stream,
      count: times(refusals.length),
      span: formatDuration(third.nanos - first.nanos),
    },
    evidence: [
      witness(first, id, 'server', 'HelloVerifyRequest with a cookie'),
      witness(second, id, 'server', 'with another'),
      witness(third, id, 'server', 'with a third, for the same ClientHello'),
    ],
    connections: [id],
  } as const;
}

/** A cookie that nobody issued, and an alert in answer to it. */
function refusedByAlert(history: ConnectionHistory, dtls: DtlsFacts) {
  const alert = endingOf(history)?.alert;
  if (alert?.from !== 'server') return undefined;
  if (alert.description !== HANDSHAKE_FAILURE && alert.description !== ILLEGAL_PARAMETER)
    return undefined;
  const hello = dtls.clientHellos.findLast(
    ({ cookieLength, packet }) => cookieLength > 0 && packet <= alert.packet,
  );
  const [issued] = dtls.verifyRequests;
  if (hello === undefined || issued === undefined) return undefined;
  if (!cameBackChanged(history, dtls.verifyRequests)) return undefined;
  const { id, stream } = history;
  return {
    kind: 'finding',
    message: 'alert',
    confidence: 'likely',
    data: {
      id,
      stream,
      packet: alert.packet,
      name: alertDescriptionName(alert.description),
      octets: hello.cookieLength,
      issued: issued.request.cookie.length,
    },
    evidence: [
      witness(alert, id, 'server', `${alertDescriptionName(alert.description)} in answer`),
      witness(issued, id, 'server', 'HelloVerifyRequest: the cookie is issued'),
      witness(hello, id, 'client', 'ClientHello with a cookie that was not issued'),
    ],
    connections: [id],
  } as const;
}

/** hvr-loop tells that a server refuses its cookies; this rule tells why, where the cookies themselves show it. */
export const cookieHmacMismatch = defineConnectionRule({
  meta: {
    id: 'cookie-hmac-mismatch',
    group: 'hmac',
    title: 'The server does not accept its own cookies',
    severity: 'error',
    sources: ['RFC 6347 §4.2.1'],
    reports:
      'A DTLS server that issues a different cookie for the same ClientHello at every round and accepts none of them, or that answers a cookie which is not the issued one with an alert.',
    matters:
      'A cookie is an HMAC of the server over what it saw of the client, made so that the server need not remember it. Where the secret is another one by the time it comes back, no client ever gets in; with several workers behind one address some do, by chance.',
    decides:
      'The client returned each cookie intact and left its ClientHello as it was, the server refused at least two, and three cookies in a row, issued within one second, are all different: a clock inside the cookie does not explain that, a secret that changes or differs between workers does. In the other form the cookie in the ClientHello was issued by no HelloVerifyRequest of the capture and an alert followed.',
    silent:
      'Where the cookies stay the same, or change no faster than a clock: hvr-loop tells that loop without a reason. Also where the client changed its ClientHello, which explains the refusal, and once the server has sent a ServerHello.',
    yieldsTo: ['hvr-cookie-from-other-client'],
    messages: {
      rotating: {
        what: 'The server of connection {id} refused its own cookie {count}; for the same ClientHello it issued three different cookies within {span}.',
        causes: [
          'several workers or nodes behind one address have secrets of their own',
          'the secret, or what a cookie is looked up by, is made anew for each datagram',
        ],
        remedies: [
          'give all workers behind one address the same cookie secret, and keep the previous one valid for a while',
          'send the datagrams of one client to one worker: balance by address and port',
        ],
        commands: [
          'tshark -r CAPTURE -Y "udp.stream == {stream}" -T fields -e frame.number -e frame.time_relative -e dtls.handshake.type -e dtls.handshake.cookie',
        ],
      },
      alert: {
        title: 'A cookie that was not issued was answered with an alert',
        what: 'The server of connection {id} answered a ClientHello whose cookie ({octets} octets) no HelloVerifyRequest issued (there it had {issued}) with {name} in packet {packet}.',
        causes: [
          'a device on the path rewrites the datagrams',
          'the client copies the cookie wrongly, or cuts it off: DTLS 1.0 ends at 32 octets',
        ],
        remedies: [
          'compare the cookies in a capture at each end: where they begin to differ is the fault',
        ],
        commands: [
          'tshark -r CAPTURE -Y "udp.stream == {stream}" -T fields -e frame.number -e dtls.handshake.type -e dtls.handshake.cookie',
        ],
      },
    },
  },
  check(history) {
    const { dtls } = history;
    if (dtls === undefined || dtls.verifyRequests.length === 0) return NOT_APPLICABLE;
    if (history.stage !== 'server-hello') return PASS;
    const finding = rotating(history, dtls) ?? refusedByAlert(history, dtls);
    if (finding === undefined) return PASS;
    const blind = history.blindSpots.find(
      (spot) => spot === 'lost-bytes' || spot === 'cut-packets',
    );
    return blind === undefined ? finding : notAssessable(blind);
  },
});
