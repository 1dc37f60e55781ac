import type { CaptureIndex } from '../../model/capture-index.ts';
import {
  alertDescriptionName,
  BAD_RECORD_MAC,
  DECODE_ERROR,
  HANDSHAKE_FAILURE,
  ILLEGAL_PARAMETER,
} from '../../model/code-points/alerts.ts';
import { CLIENT_HELLO, SERVER_HELLO } from '../../model/code-points/handshake-types.ts';
import type { ConnectionHistory, ResumptionFacts } from '../../model/history.ts';
import { formatDuration } from '../../model/time.ts';
import {
  defineConnectionRule,
  type FindingOf,
  NOT_APPLICABLE,
  notAssessable,
  PASS,
} from '../define-rule.ts';
import { isTls13 } from '../support/closing-alert.ts';
import { blindToEnding, endingOf } from '../support/ending.ts';
import { describeNegotiation, endpointText } from '../support/negotiation.ts';
import { hasServed, SESSION_KINDS } from '../support/sessions.ts';
import { witness } from '../support/witness.ts';

type Found = FindingOf<Record<'full' | 'alert', never>>;

/** Alerts in place of a full handshake. A pre-shared key has a rule of its own for what its binder raises. */
const REFUSALS: Readonly<Record<ResumptionFacts['by'], readonly number[]>> = {
  ticket: [BAD_RECORD_MAC, HANDSHAKE_FAILURE, ILLEGAL_PARAMETER, DECODE_ERROR],
  session_id: [],
  psk: [BAD_RECORD_MAC, DECODE_ERROR],
};

/** Where the names of the keys stand in the recommended form, and both are known. */
function namesOf({ keyName, renewed }: ResumptionFacts): string {
  if (keyName === undefined || renewed === undefined) return '';
  return renewed.keyName === keyName
    ? '; the new ticket begins with the same 16 octets, so its key is probably the same'
    : `; the new ticket begins with other 16 octets, where tickets mostly name their key: ${keyName} before, ${renewed.keyName} now`;
}

const issuedText = ({ issued }: ResumptionFacts, history: ConnectionHistory): string =>
  issued === undefined
    ? 'issued before this capture or out of its sight'
    : `issued on connection ${issued.connection}, ${formatDuration(history.startNanos - issued.nanos)} before this one began`;

/** A full handshake in place of the abbreviated one. */
function refusedQuietly(history: ConnectionHistory, facts: ResumptionFacts): Found | undefined {
  const { messages, id } = history;
  const hello = messages.findLast(({ type }) => type === CLIENT_HELLO);
  const answer = messages.findLast(({ type }) => type === SERVER_HELLO);
  // A full handshake is what everybody expects of an old session: it is worth telling where this capture shows its issue.
  if (hello === undefined || answer === undefined || facts.issued === undefined) return undefined;
  const origin = facts.issued;
  return {
    kind: 'finding',
    message: 'full',
    confidence: 'proven',
    data: {
      kind: SESSION_KINDS[facts.by],
      packet: hello.packet,
      packet1: answer.packet,
      issued: issuedText(facts, history),
      origin: origin?.connection ?? 0,
      names: namesOf(facts),
      elsewhere: '',
    },
    evidence: [
      witness(hello, id, 'client', `ClientHello with a ${SESSION_KINDS[facts.by].split(',')[0]}`),
      witness(answer, id, 'server', 'ServerHello of a full handshake'),
      ...(origin === undefined
        ? []
        : [witness(origin, origin.connection, 'server', 'it is issued')]),
    ],
    connections: [id],
  };
}

/** An alert where the server had to go on without the session. */
function refusedByAlert(history: ConnectionHistory, facts: ResumptionFacts): Found | undefined {
  const alert = endingOf(history)?.alert;
  if (alert?.from !== 'server' || alert.description === undefined) return undefined;
  if (!REFUSALS[facts.by].includes(alert.description)) return undefined;
  const { messages, id } = history;
  const hello = messages.findLast(({ type }) => type === CLIENT_HELLO);
  if (hello === undefined) return undefined;
  const name = alertDescriptionName(alert.description);
  const origin = facts.issued;
  return {
    kind: 'finding',
    message: 'alert',
    severity: 'error',
    confidence: 'likely',
    data: {
      kind: SESSION_KINDS[facts.by],
      packet: hello.packet,
      packet1: alert.packet,
      name,
      issued: issuedText(facts, history),
      origin: origin?.connection ?? 0,
      negotiated: describeNegotiation(history),
      elsewhere: '',
    },
    evidence: [
      witness(alert, id, 'server', `${name}, the direct answer`),
      witness(hello, id, 'client', `ClientHello with a ${SESSION_KINDS[facts.by].split(',')[0]}`),
      ...(origin === undefined
        ? []
        : [witness(origin, origin.connection, 'server', 'it is issued')]),
    ],
    connections: [id],
  };
}

/** The server that issued the session, where it is another one. */
function elsewhere(index: CaptureIndex, id: number, origin: unknown): string {
  const own = index.summary(id);
  const other = typeof origin === 'number' && origin > 0 ? index.summary(origin) : undefined;
  if (own === undefined || other === undefined) return '';
  const [here, there] = [endpointText(own.server), endpointText(other.server)];
  return here === there ? '' : `; it was issued by ${there} and offered to ${here}`;
}

/** A ticket that does not open costs a round trip. An alert in its place costs the connection, again and again. */
export const ticketDecryptFailed = defineConnectionRule({
  meta: {
    id: 'ticket-decrypt-failed',
    group: 'hmac',
    title: 'The server did not resume the session that was offered',
    severity: 'info',
    sources: [
      'RFC 5077 §3.1',
      'RFC 5077 §3.2',
      'RFC 5077 §4',
      'RFC 8446 §4.2.11',
      'RFC 8446 §4.6.1',
    ],
    reports:
      'A ClientHello that offers a session to which the server answers with a full handshake, although the capture shows its issue (a note), or with an alert (an error).',
    matters:
      'A ticket is encrypted and carries a MAC under a key of the server. After a restart, a rotation of keys or at another node it does not open any more, and the server has to go on with a full handshake. Many such notes say that nodes do not share their keys; an alert in its place locks clients out until they forget the ticket.',
    decides:
      'The session is in the ClientHello, and the server sent certificate and key exchange, or selected no pre-shared key: that is certain. For the alert: it is the direct answer to the ClientHello, and the same server completed a full handshake with the same client in this capture, so the two do have versions and suites in common. Other reasons remain, so it is likely.',
    silent:
      'For full handshakes where the capture does not show who issued the session, for external pre-shared keys, where another version was chosen than the session has, and for alerts to clients of which no full handshake is in the capture.',
    yieldsTo: [
      'ems-disagreement',
      'psk-binder-mismatch',
      'ticket-crossed-servers',
      'early-data-rejected',
      'no-shared-version',
      'no-shared-cipher',
      'no-shared-group',
    ],
    messages: {
      full: {
        what: 'The ClientHello in packet {packet} offers a {kind} that was {issued}, and the server answers in packet {packet1} with a full handshake{elsewhere}{names}.',
        causes: [
          'the server was restarted, or has changed the key of its tickets, since it issued this one',
          'another node answers, with a key of its own',
          'the session is older than the server allows, or its suite, name or policy does not fit any more',
        ],
        remedies: [
          'nothing, where it is rare: the protocol asks for just this',
          'where it is frequent, share and rotate ticket keys over all nodes, and keep the previous key for as long as tickets live',
        ],
        commands: [
          'openssl s_client -connect HOST:PORT -sess_out FILE; openssl s_client -connect HOST:PORT -sess_in FILE',
        ],
      },
      alert: {
        title: 'The server answered an offered ticket with an alert',
        what: 'The ClientHello in packet {packet} offers a {kind} that was {issued}, and the server answers with {name} in packet {packet1} instead of a full handshake{elsewhere}; {negotiated}.',
        causes: [
          'the server takes a ticket that it cannot open for an error of the client',
          'the server opens the ticket and does not accept what it holds: suite, name, age',
        ],
        remedies: [
          'let the client forget the ticket: if the next connection succeeds, the ticket is the reason',
          'update the server, and share ticket keys over all nodes',
        ],
        commands: [
          'openssl s_client -connect HOST:PORT -sess_out FILE; openssl s_client -connect HOST:PORT -sess_in FILE',
        ],
      },
    },
  },
  check(history) {
    const { resumption, resumed, outcome } = history;
    if (resumption === undefined) return NOT_APPLICABLE;
    if (history.version !== undefined && isTls13(history) !== (resumption.by === 'psk'))
      return NOT_APPLICABLE;
    if (resumed === true) return PASS;
    if (outcome === 'established' && resumed === false)
      return refusedQuietly(history, resumption) ?? PASS;
    if (history.stage !== 'server-hello' || history.alerts.length === 0) return PASS;
    const finding = refusedByAlert(history, resumption);
    if (finding === undefined) return PASS;
    const blind = blindToEnding(history);
    return blind === undefined ? finding : notAssessable(blind);
  },
  complete(verdict, index) {
    const [id = 0] = verdict.connections;
    const own = index.summary(id);
    if (own === undefined) return verdict;
    if (verdict.message === 'alert' && !hasServed(index, own)) return undefined;
    const { origin } = verdict.data;
    return { ...verdict, data: { ...verdict.data, elsewhere: elsewhere(index, id, origin) } };
  },
});
