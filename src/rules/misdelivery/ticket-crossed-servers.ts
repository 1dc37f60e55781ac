import type { CaptureIndex, ConnectionSummary } from '../../model/capture-index.ts';
import {
  alertDescriptionName,
  DECRYPT_ERROR,
  HANDSHAKE_FAILURE,
  ILLEGAL_PARAMETER,
} from '../../model/code-points/alerts.ts';
import { CLIENT_HELLO, SERVER_HELLO } from '../../model/code-points/handshake-types.ts';
import type { ConnectionHistory, IssuedSession } from '../../model/history.ts';
import type { FindingVerdict } from '../../model/rule.ts';
import { formatDuration } from '../../model/time.ts';
import {
  defineConnectionRule,
  type FindingOf,
  NOT_APPLICABLE,
  notAssessable,
  PASS,
} from '../define-rule.ts';
import { blindToEnding, endingOf } from '../support/ending.ts';
import { describeNegotiation, endpointText } from '../support/negotiation.ts';
import { hasServed, isForOtherName, SESSION_KINDS } from '../support/sessions.ts';
import { witness } from '../support/witness.ts';

type Found = FindingOf<Record<'full' | 'refused', never>>;

/** Alerts that servers raise about a session that is not theirs. */
const REFUSALS = [HANDSHAKE_FAILURE, ILLEGAL_PARAMETER, DECRYPT_ERROR];

/** A session is good at the server that issued it, and at those that share its keys. */
export const ticketCrossedServers = defineConnectionRule({
  meta: {
    id: 'ticket-crossed-servers',
    group: 'misdelivery',
    title: 'A session was offered to another server than the one that issued it',
    severity: 'info',
    sources: ['RFC 5077 §3.2', 'RFC 5077 §3.4', 'RFC 6066 §3'],
    reports:
      'A ClientHello that offers a ticket or session id to a server on another address or port, or under another server name, than those it was issued on; and what the server made of it.',
    matters:
      'A ticket is encrypted under a key of its server. A farm whose nodes do not share these keys does full handshakes where it could resume; a server that takes the foreign ticket for an error turns clients away until they forget it.',
    decides:
      'The ticket or session id in the ClientHello is the one that the capture shows being issued elsewhere: by address and port, or by server name. A full handshake in answer is what the protocol asks for, so it is only noted. An alert of the kinds that are raised about a session, or a close, is likely the answer to the session where the same server completed a full handshake with the same client in this capture, since the two then have versions and suites in common; a close alone is merely possible.',
    silent:
      'Where the session is taken up, where it was issued out of sight of the capture, in TLS 1.3, whose tickets are issued under encryption, and for refusals of clients of which no full handshake with that server is in the capture.',
    yieldsTo: [
      'ems-disagreement',
      'no-shared-version',
      'no-shared-cipher',
      'no-shared-group',
      'sni-unrecognized',
      'sni-missing',
    ],
    messages: {
      full: {
        what: 'The ClientHello in packet {packet} offers {place} a {kind} that {origin} issued on connection {issuer}, {age} before; the server answers with a full handshake.',
        causes: [
          'the nodes behind one name do not share their ticket keys or their session cache',
          'the client keeps one session for several servers or names',
        ],
        remedies: [
          'nothing, where it is rare: the protocol asks for just this',
          'where it is frequent, share and rotate ticket keys over all nodes, or send a client to the same node again',
        ],
        commands: [
          'openssl s_client -connect HOST1:PORT -sess_out FILE; openssl s_client -connect HOST2:PORT -sess_in FILE',
        ],
      },
      refused: {
        title: 'A server turns away a client with a session of another server',
        what: 'The ClientHello in packet {packet} offers {place} a {kind} that {origin} issued on connection {issuer}, {age} before, and the server ends the handshake with {how} in packet {packet1} instead of a full handshake; {negotiated}.',
        causes: [
          'the server takes a ticket that it cannot open for an error of the client',
          'the nodes share names, not keys: the ticket opens to something that this node does not accept',
        ],
        remedies: [
          'let the client forget the session: if the next connection succeeds, the session is the reason',
          'share ticket keys over all nodes, or give each name and port its own session cache on the client',
        ],
        commands: [
          'openssl s_client -connect HOST1:PORT -sess_out FILE; openssl s_client -connect HOST2:PORT -sess_in FILE',
        ],
      },
    },
  },

  check(history) {
    const issued = history.resumption?.issued;
    if (issued === undefined) return NOT_APPLICABLE;
    const { outcome, resumed, stage } = history;
    if (resumed === true) return PASS;
    if (outcome === 'established') return resumed === false ? found(history, issued) : PASS;
    const ending = stage === 'server-hello' ? endingOf(history) : undefined;
    if (ending?.by !== 'server' || ending.kind === 'close-notify') return PASS;
    if (ending.alert !== undefined && !REFUSALS.includes(ending.alert.description ?? 0))
      return PASS;
    const blind = blindToEnding(history);
    return blind === undefined ? found(history, issued) : notAssessable(blind);
  },

  complete(verdict, index) {
    const [id = 0, origin = 0] = verdict.connections;
    const [own, other] = [index.summary(id), index.summary(origin)];
    if (own === undefined || other === undefined) return undefined;
    return placed(verdict, index, own, other);
  },
});

function found(history: ConnectionHistory, issued: IssuedSession): Found | typeof PASS {
  const { id, messages, resumption, resumed } = history;
  const hello = messages.findLast(({ type }) => type === CLIENT_HELLO);
  const answer =
    resumed === false ? messages.findLast(({ type }) => type === SERVER_HELLO) : endingOf(history);
  if (hello === undefined || answer === undefined || resumption === undefined) return PASS;
  const alert = 'alert' in answer ? answer.alert?.description : undefined;
  const how = alert === undefined ? 'a close' : alertDescriptionName(alert);
  const kind = SESSION_KINDS[resumption.by];
  const isFull = resumed === false;
  return {
    kind: 'finding',
    message: isFull ? 'full' : 'refused',
    severity: isFull ? 'info' : 'error',
    confidence: isFull ? 'proven' : alert === undefined ? 'possible' : 'likely',
    data: {
      packet: hello.packet,
      packet1: answer.packet,
      kind,
      issuer: issued.connection,
      age: formatDuration(hello.nanos - issued.nanos),
      how,
      negotiated: describeNegotiation(history),
      origin: '',
      place: '',
    },
    evidence: [
      witness(
        hello,
        id,
        'client',
        `ClientHello with the ${kind} of connection ${issued.connection}`,
      ),
      witness(issued, issued.connection, 'server', 'it is issued'),
      witness(answer, id, 'server', isFull ? 'ServerHello of a full handshake' : how),
    ],
    connections: [id, issued.connection],
  };
}

/** The two places in words; nothing where they are one. */
function placed(
  verdict: FindingVerdict,
  index: CaptureIndex,
  own: ConnectionSummary,
  other: ConnectionSummary,
): FindingVerdict | undefined {
  const [here, there] = [endpointText(own.server), endpointText(other.server)];
  const isOtherName = isForOtherName(own, other);
  if (here === there && !isOtherName) return undefined;
  if (verdict.message === 'refused' && !hasServed(index, own)) return undefined;
  const named = ({ serverName }: ConnectionSummary) =>
    isOtherName ? ` under the name ${serverName}` : '';
  return {
    ...verdict,
    connections: [own.id],
    data: {
      ...verdict.data,
      place: `to ${here}${named(own)}`,
      origin: `${there}${named(other)}`,
    },
  };
}
