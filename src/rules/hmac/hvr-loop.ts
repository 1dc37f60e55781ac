import type { DtlsHelloFact, DtlsVerifyFact } from '../../model/dtls-facts.ts';
import type { Evidence } from '../../model/finding.ts';
import type { ConnectionHistory } from '../../model/history.ts';
import { formatDuration } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, PASS } from '../define-rule.ts';
import { cameBackChanged, REFUSALS, refusalsOf } from '../support/cookies.ts';
import { times, weakenedBy } from '../support/records.ts';

const COMMANDS = [
  'tshark -r CAPTURE -Y "udp.stream == {stream}" -T fields -e frame.number -e dtls.handshake.type -e dtls.handshake.cookie',
  'tshark -r CAPTURE -Y "dtls.handshake.type in {1,3}" -T fields -e frame.number -e ip.src -e dtls.handshake.cookie',
];

/** A cookie is an HMAC over what the server saw of the client; where it does not verify, the two begin again for ever. */
export const hvrLoop = defineConnectionRule({
  meta: {
    id: 'hvr-loop',
    group: 'hmac',
    title: 'Server refuses every cookie and asks again',
    severity: 'error',
    sources: ['RFC 6347 §4.2.1'],
    reports:
      'A DTLS server that answers a ClientHello with a cookie by another HelloVerifyRequest, at least twice, and never gets on to its ServerHello.',
    matters:
      'Client and server may go round at the speed of the path, thousands of datagrams a second, and neither logs more than a timeout. The cookie is usually an HMAC over the client’s address and parts of its ClientHello: something of that is not the same the second time, or the secret is not.',
    decides:
      'HelloVerifyRequests that follow a ClientHello with a cookie are counted up to the ServerHello. Then the cookies are compared: one that comes back other than it was sent was changed by the client or on the path before it got here; one that comes back intact is refused by the server for a reason of its own. Fields that the client must keep and did not are named.',
    silent:
      'A handshake that got on after a second cookie is well. Repeated first ClientHellos bring several HelloVerifyRequests without any refusal.',
    yieldsTo: ['cookie-hmac-mismatch', 'hvr-cookie-from-other-client'],
    messages: {
      refused: {
        what: 'The server of connection {id} refused its own cookie {count} in {span} and never sent a ServerHello; the client returned each cookie intact.',
        causes: [
          'the server checks the cookie against another address or port than it made it for: address translation, or a wrong address structure',
          'several workers or nodes with secrets of their own share the address',
          'the cookie is changed between this capture point and the server',
          'the server’s secret changes faster than a round trip',
        ],
        remedies: [
          'give all workers behind one address the same cookie secret, and keep the previous one valid for a while',
          'capture at the server too, and compare the cookie and the source address there',
        ],
        commands: COMMANDS,
      },
      altered: {
        title: 'Cookie comes back changed, and the server asks again',
        what: 'The cookie of the server came back changed in connection {id}: its last ClientHello carries one ({sizes}) that no HelloVerifyRequest issued; the server refused {count}.',
        causes: [
          'a device on the path rewrites the datagrams',
          'the client copies the cookie wrongly, or cuts it off: DTLS 1.0 ends at 32 octets',
        ],
        remedies: [
          'compare the cookies in a capture at each end: where they begin to differ is the fault',
          'have the server issue cookies of 32 octets at most if the client is an old one',
        ],
        commands: COMMANDS,
      },
      'hello-changed': {
        title: 'Client changes its ClientHello after the cookie, and the server asks again',
        what: 'The client of connection {id} changed {fields} in the ClientHello that returns the cookie; the server refused {count} and never sent a ServerHello.',
        causes: ['the client builds a new ClientHello instead of adding the cookie to the old one'],
        remedies: [
          'send the same version, random, session id, cipher suites and compression methods again, with the cookie added',
        ],
        commands: COMMANDS,
      },
    },
  },

  check(history) {
    const { dtls } = history;
    if (dtls === undefined || dtls.verifyRequests.length === 0) return NOT_APPLICABLE;
    if (history.stage !== 'server-hello' || dtls.verifyRequests.length <= REFUSALS) return PASS;
    const returns = dtls.clientHellos.filter(({ cookieLength }) => cookieLength > 0);
    const [first] = returns;
    if (first === undefined) return PASS;
    const refusals = refusalsOf(dtls.verifyRequests, returns);
    const last = refusals.at(-1);
    const [issued] = dtls.verifyRequests;
    if (last === undefined || issued === undefined || refusals.length < REFUSALS) return PASS;
    const changed = [...new Set(returns.flatMap((hello) => hello.changed ?? []))];
    const altered = cameBackChanged(history, dtls.verifyRequests);
    return {
      kind: 'finding',
      message: altered ? 'altered' : changed.length > 0 ? 'hello-changed' : 'refused',
      confidence: weakenedBy('proven', ['lost-bytes', 'cut-packets'], history),
      connections: [history.id],
      evidence: [
        helloEvidence(history, first, altered),
        verifyEvidence(history, issued, 'the cookie is issued'),
        verifyEvidence(history, last, `refusal ${refusals.length}`),
      ],
      data: {
        id: history.id,
        stream: history.stream,
        count: times(refusals.length),
        span: formatDuration(last.nanos - issued.nanos),
        fields: changed.join(', '),
        sizes: sizesOf(first, issued),
      },
      ...(altered ? {} : { explanations: whyRefused(dtls.verifyRequests) }),
    };
  },
});

function whyRefused(requests: readonly DtlsVerifyFact[]) {
  const cookies = new Set(requests.map(({ request }) => request.cookie.join(',')));
  const constant = cookies.size === 1;
  return [
    {
      likelihood: 'medium' as const,
      text: 'The secret behind the cookie changes between rounds, or differs between workers.',
      for: constant ? [] : [`${cookies.size} different cookies in ${requests.length} rounds`],
      against: constant ? ['the server issues the same cookie each time'] : [],
    },
    {
      likelihood: 'medium' as const,
      text: 'What the cookie is checked against differs: the address, the extensions, or the cookie itself beyond this point.',
      for: constant ? ['the server issues the same cookie each time'] : [],
      against: [],
    },
  ];
}

function sizesOf({ cookieLength }: DtlsHelloFact, { request }: DtlsVerifyFact): string {
  const issued = request.cookie.length;
  return issued === cookieLength
    ? `${issued} octets, as issued`
    : `${cookieLength} octets, issued with ${issued}`;
}

const helloEvidence = (
  { id }: ConnectionHistory,
  hello: DtlsHelloFact,
  altered: boolean,
): Evidence => ({
  packet: hello.packet,
  nanos: hello.nanos,
  connection: id,
  from: 'client',
  note: `ClientHello with ${altered ? 'a changed' : 'the'} cookie, ${hello.cookieLength} octets`,
});

const verifyEvidence = (
  { id }: ConnectionHistory,
  verify: DtlsVerifyFact,
  what: string,
): Evidence => ({
  packet: verify.packet,
  nanos: verify.nanos,
  connection: id,
  from: 'server',
  note: `HelloVerifyRequest, cookie of ${verify.request.cookie.length} octets: ${what}`,
});
