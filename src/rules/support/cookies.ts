import type { CaptureIndex, ConnectionSummary } from '../../model/capture-index.ts';
import { alertDescriptionName } from '../../model/code-points/alerts.ts';
import { CLIENT_HELLO } from '../../model/code-points/handshake-types.ts';
import type { DtlsHelloFact, DtlsVerifyFact } from '../../model/dtls-facts.ts';
import type { Evidence, Explanation } from '../../model/finding.ts';
import type { ConnectionHistory, CookieFact } from '../../model/history.ts';
import type { FindingVerdict, RuleMessage } from '../../model/rule.ts';
import { formatDuration } from '../../model/time.ts';
import { type FindingOf, notAssessable, PASS } from '../define-rule.ts';
import { endingOf } from './ending.ts';
import { endpointText } from './negotiation.ts';
import { weakenedBy } from './records.ts';
import { witness } from './witness.ts';

/** A server may refuse one cookie, for its secret has just changed; a second refusal is a loop. */
export const REFUSALS = 2;

/** HelloVerifyRequests that came after a ClientHello with a cookie, one for each such ClientHello. */
export function refusalsOf(
  requests: readonly DtlsVerifyFact[],
  returns: readonly DtlsHelloFact[],
): readonly DtlsVerifyFact[] {
  const refusals: DtlsVerifyFact[] = [];
  let next = 0;
  for (const request of requests) {
    const hello = returns[next];
    if (hello === undefined) break;
    if (request.packet < hello.packet) continue;
    refusals.push(request);
    while ((returns[next]?.packet ?? Number.POSITIVE_INFINITY) < request.packet) next++;
  }
  return refusals;
}

/** Was the cookie of the last ClientHello issued by none of the HelloVerifyRequests? */
export function cameBackChanged(
  { clientHello }: ConnectionHistory,
  requests: readonly DtlsVerifyFact[],
): boolean {
  const cookie = clientHello?.cookie;
  if (cookie === undefined) return !requests.some(({ echoed }) => echoed);
  const text = cookie.join(',');
  return !requests.some(({ request }) => request.cookie.join(',') === text);
}

/** What is said of a cookie that came back elsewhere, whichever message had given it out. */
export const CAME_BACK_ELSEWHERE: Omit<RuleMessage, 'commands'> = {
  what: 'The ClientHello in packet {packet} ({here}) carries the cookie that {there} was sent in packet {packet0}, {gap} before; {reaction}.',
  causes: [
    'address translation gave the client another port or address between its two ClientHellos',
    'the client opened a new socket, or changed its network, between the two',
    'a load balancer sends the second ClientHello to a server that did not give the cookie out',
  ],
  remedies: [
    'let the translator keep its mapping for more than a few seconds, and the balancer send a client to one server',
    'let the client begin again without a cookie when its socket is a new one',
  ],
};

type Foreign = FindingOf<Record<'foreign', never>>;

/** A ClientHello with a cookie that was given out elsewhere, and that did not lead to a connection. */
export function foreignCookie(
  history: ConnectionHistory,
  cookie: CookieFact,
): Foreign | ReturnType<typeof notAssessable> | typeof PASS {
  const { id, outcome, stage, messages, dtls } = history;
  if (outcome === 'established' || stage !== 'server-hello') return PASS;
  const own = dtls?.verifyRequests.length ?? 0;
  // It was asked for on this connection as well, and the capture lacks the question: then nothing is foreign.
  const asked = dtls?.clientHellos.some(({ cookieLength }) => cookieLength === 0) === true;
  if (asked && own === 0 && cookie.by === 'hello_verify_request')
    return notAssessable('lost-bytes');
  // Nothing of the server was captured: a client that has no answer either says so by its next ClientHello.
  const isUnanswered =
    (dtls?.clientHellos.filter(({ cookieLength }) => cookieLength > 0).length ?? 2) > 1;
  if (!history.bothDirections && !isUnanswered) return notAssessable('one-direction');
  const hello = messages.findLast(({ type }) => type === CLIENT_HELLO);
  if (hello === undefined) return PASS;
  const reaction = reactionTo(history, hello.packet);
  return {
    kind: 'finding',
    message: 'foreign',
    // Where nothing of the server was captured, its own cookie may be what is missing.
    confidence: history.bothDirections
      ? weakenedBy('proven', ['lost-bytes', 'cut-packets'], history)
      : 'likely',
    connections: [id, cookie.connection],
    evidence: [
      witness(hello, id, 'client', 'ClientHello with the cookie'),
      witness(cookie, cookie.connection, 'server', 'the cookie is given out'),
      ...(reaction.evidence === undefined ? [] : [reaction.evidence]),
    ],
    data: {
      id,
      stream: history.stream,
      packet: hello.packet,
      packet0: cookie.packet,
      issuer: cookie.connection,
      gap: formatDuration(hello.nanos - cookie.nanos),
      reaction: reaction.text,
      here: `${endpointText(history.client)} to ${endpointText(history.server)}`,
      there: '',
    },
  };
}

function reactionTo(
  history: ConnectionHistory,
  after: number,
): { readonly text: string; readonly evidence?: Evidence } {
  const { id, dtls } = history;
  const again = dtls?.verifyRequests.find(({ packet }) => packet > after);
  if (again !== undefined)
    return {
      text: 'the server asks for another cookie',
      evidence: witness(again, id, 'server', 'HelloVerifyRequest: the cookie is refused'),
    };
  const ending = endingOf(history);
  if (ending?.by !== 'server' || ending.packet < after) return { text: 'no answer is seen' };
  const alert = ending.alert?.description;
  const how = alert === undefined ? 'a close' : alertDescriptionName(alert);
  return { text: `the server answers with ${how}`, evidence: witness(ending, id, 'server', how) };
}

const endsOf = ({ client, server }: ConnectionSummary): string =>
  [client, server].map(endpointText).sort().join(' ');

/** Says where the cookie was given out, and what that speaks for. */
export function withCookieOrigin(
  verdict: FindingVerdict,
  index: CaptureIndex,
): FindingVerdict | undefined {
  const [id = 0, issuer = 0] = verdict.connections;
  const [own, other] = [index.summary(id), index.summary(issuer)];
  if (own === undefined || other === undefined) return undefined;
  // The same two ends, whichever of them was taken for the client: the cookie was given to who brings it.
  if (endsOf(own) === endsOf(other)) return undefined;
  const moved = own.client.address === other.client.address;
  const isOtherServer = endpointText(own.server) !== endpointText(other.server);
  const explanations: Explanation[] = [
    {
      likelihood: moved ? 'high' : 'medium',
      text: 'The address or port of the client changed while the cookie was on its way: an address translator, a new socket, or another path.',
      for: moved ? [`both came from ${own.client.address}`] : [],
      against: isOtherServer ? ['the server’s address is another one too'] : [],
    },
    {
      likelihood: isOtherServer ? 'high' : 'low',
      text: 'The client keeps cookies by something else than the server that gave them out.',
      for: isOtherServer ? [`it was given out by ${endpointText(other.server)}`] : [],
      against: [],
    },
  ];
  return {
    ...verdict,
    explanations,
    data: {
      ...verdict.data,
      there: `${endpointText(other.server)} to ${endpointText(other.client)}`,
    },
  };
}
