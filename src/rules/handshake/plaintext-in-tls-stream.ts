import { CLIENT_HELLO } from '../../model/code-points/handshake-types.ts';
import {
  type At,
  type ConnectionHistory,
  type OddityFact,
  peerOf,
  type RecordCounts,
} from '../../model/history.ts';
import { firstLineOf, plainProtocolOf } from '../../model/plain-protocols.ts';
import type { UpgradeFact } from '../../model/upgrade.ts';
import {
  defineConnectionRule,
  type FindingOf,
  NOT_APPLICABLE,
  notAssessable,
  PASS,
} from '../define-rule.ts';
import { alertSized, mayHaveSentAlert } from '../support/closing-alert.ts';
import { lostOctets } from '../support/ending.ts';
import { endpointText } from '../support/negotiation.ts';
import { requestText } from '../support/upgrades.ts';
import { witness } from '../support/witness.ts';

/** Octets that make text certain: ciphertext is printable throughout once in 2^22 times. */
const ENOUGH_TEXT = 16;

/** What a proxy puts into a stream on its own account. */
const ERROR_PAGE = /^HTTP\/1\.[01] [45]\d\d\b/;

const messages = {
  answer: {
    title: 'Plain text where TLS was agreed upon',
    what: '{server} agreed to {request} in packet {consent}, and then answers the ClientHello (packet {hello}) with plain text: "{line}".',
    causes: [
      'the service that took the request hands the connection to one that speaks no TLS',
      'a proxy agreed before it had reached the server, and tells of its failure in the clear',
    ],
    remedies: [
      'look at the log of the server or proxy at the time of that answer; the line says what went wrong',
    ],
    commands: ['openssl s_client -connect HOST:PORT -starttls PROTOCOL'],
  },
  refused: {
    title: 'A client begins TLS although the server refused it',
    what: '{server} refused {request} in packet {consent} ("{answer}"); the client sends a ClientHello all the same (packet {hello}) and {reaction}.',
    causes: ['the client does not look at the answer to its request'],
    remedies: [
      'have the client end the connection, or go on without TLS if that is allowed, when it is refused',
      'find out why the server refuses: no certificate, TLS switched off, or a device in between',
    ],
    commands: ['openssl s_client -connect HOST:PORT -starttls PROTOCOL'],
  },
  unwaited: {
    title: 'A server refused what its client did not wait for',
    what: '{server} refused {request} in packet {consent} ("{answer}"); the client had sent its ClientHello without waiting for the answer (packet {hello}), and gets no TLS.',
    causes: [
      'a proxy wants other credentials, does not allow that host or port, or cannot reach it',
      'TLS is switched off there',
    ],
    remedies: ['look at the log of the server or proxy; the answer says which of these it is'],
    commands: ['curl -v -x http://PROXY:PORT https://HOST/'],
  },
  stream: {
    what: 'After {count} TLS records the {from} sends plain text where the next one is due: "{line}" (packet {packet}).',
    causes: [
      'a proxy or load balancer put an error page of its own into the stream that it only passes on',
      'code that writes to the socket below TLS: a log line, a second library, a forked child',
    ],
    remedies: [
      'find out who writes this text: its words usually name the program',
      'let nothing write to a socket that belongs to a TLS object',
    ],
    commands: ['tshark -r CAPTURE -q -z follow,tcp,ascii,{stream}'],
  },
} as const;

const countOf = ({ handshake, changeCipherSpec, alert, applicationData }: RecordCounts): number =>
  handshake + changeCipherSpec + alert + applicationData;

/** The answer to a request for TLS was followed by plain text of the server, and by no record. */
function besideUpgrade(
  history: ConnectionHistory,
  upgrade: UpgradeFact,
): FindingOf<typeof messages> | undefined {
  const { id, server } = history;
  const { answer, instead, hasGaps } = upgrade;
  const hello = history.messages.find(
    ({ from, type }) => from === 'client' && type === CLIENT_HELLO,
  );
  if (answer?.agreed === undefined || hasGaps || hello === undefined) return undefined;
  if (countOf(history.records.server) > 0) return undefined;
  const isUnwaited = hello.packet < answer.packet;
  if (isUnwaited && answer.agreed) return undefined;
  const said = instead?.from === 'server' && instead.line !== '' ? instead : undefined;
  if (answer.agreed && said === undefined) return undefined;
  return {
    kind: 'finding',
    message: isUnwaited ? 'unwaited' : answer.agreed ? 'answer' : 'refused',
    severity: isUnwaited ? 'warning' : 'error',
    confidence: 'proven',
    data: {
      server: endpointText(server),
      request: requestText(upgrade),
      consent: answer.packet,
      answer: answer.line,
      hello: hello.packet,
      line: said?.line ?? '',
      reaction:
        said === undefined
          ? 'gets no TLS in answer'
          : `is answered with plain text: "${said.line}"`,
    },
    evidence: [
      witness(answer, id, 'server', `${answer.agreed ? 'agrees' : 'refuses'}: ${answer.line}`),
      witness(hello, id, 'client', 'ClientHello'),
      ...(said === undefined
        ? []
        : [witness(said, id, 'server', `plain text, no TLS record: ${said.line}`)]),
    ],
    connections: [id],
  };
}

/** TLS was closed in order before: what follows may be anything. */
const isClosed = (history: ConnectionHistory, { from, packet }: OddityFact): boolean =>
  mayHaveSentAlert(history, from, packet + 1) ||
  mayHaveSentAlert(history, peerOf(from), packet + 1);

/** An alert of the receiver behind the text, read or not. */
function reactionTo(history: ConnectionHistory, { from, packet }: OddityFact): At | undefined {
  const peer = peerOf(from);
  const isAfter = (one: At): boolean => one.packet > packet;
  const unread = alertSized(history, peer, Number.POSITIVE_INFINITY);
  return (
    history.alerts.find((alert) => alert.from === peer && isAfter(alert)) ??
    (unread !== undefined && isAfter(unread) ? unread : undefined)
  );
}

/** Text in the middle of records: whoever wrote it did not go through TLS. */
export const plaintextInTlsStream = defineConnectionRule({
  meta: {
    id: 'plaintext-in-tls-stream',
    group: 'handshake',
    title: 'Plain text between TLS records',
    severity: 'error',
    sources: ['RFC 8446 §5.1', 'RFC 5246 §6.2.1', 'RFC 3207 §4.2'],
    reports:
      'Readable text where the next TLS record is due: after records of the same direction, or in place of the answer to a ClientHello behind STARTTLS or CONNECT.',
    matters:
      'The receiver takes the text for a record header and reports wrong version number, record too long or a MAC error: the search then goes for TLS settings, though somebody wrote past TLS.',
    decides:
      'With a stream free of holes, at least 16 readable octets stand where a record header is due, and the receiver answers with an alert, or the text is an error page of HTTP: likely, and proven where it is the beginning of an answer of a known plain protocol. Behind an upgrade: the answer to the request was seen, no record of the server was, and what it sent is quoted. A warning where a client that did not wait for the answer was refused.',
    silent:
      'Where nobody complains, since some protocols (GridFTP) go on in the clear once TLS has told who is there; after an alert, for close_notify leaves the connection to whatever comes then; in FTP, whose CCC command does so too; where octets are missing or were sent twice differently, and where one direction was captured late, so that nobody knows what answers what.',
    messages,
  },
  check(history) {
    const { upgrade, tcp, id, oddities, records, stream } = history;
    if (tcp === undefined) return NOT_APPLICABLE;
    if (tcp.isBehindAnswer && (upgrade ?? oddities[0]) !== undefined)
      return notAssessable('order-unknown');
    if (upgrade !== undefined && history.outcome !== 'established') {
      const beside = besideUpgrade(history, upgrade);
      if (beside !== undefined) return beside;
    }
    if (oddities.length === 0) return NOT_APPLICABLE;
    const text = oddities.find(({ kind }) => kind === 'plaintext-instead-of-record');
    if (text?.octets === undefined || text.octets.length < ENOUGH_TEXT) return NOT_APPLICABLE;
    const { from } = text;
    if (upgrade?.protocol === 'ftp' || isClosed(history, text)) return PASS;
    // What is missing of the other side may have asked for it.
    if (lostOctets(history) > 0 || tcp.conflicts.length > 0) return notAssessable('lost-bytes');
    const count = countOf(records[from]);
    if (count === 0) return NOT_APPLICABLE;
    const line = firstLineOf(text.octets);
    const known = plainProtocolOf(text.octets, from);
    const reaction = reactionTo(history, text);
    // Some protocols authenticate over TLS and then go on in the clear: nobody complains there.
    if (reaction === undefined && !ERROR_PAGE.test(line)) return PASS;
    const at: At = text;
    return {
      kind: 'finding',
      message: 'stream',
      confidence: known === undefined ? 'likely' : 'proven',
      data: { count, from, line, packet: text.packet, stream },
      evidence: [
        witness(at, id, from, `${known ?? 'readable text'} where a record header is due: ${line}`),
        ...(reaction === undefined
          ? []
          : [witness(reaction, id, peerOf(from), 'the receiver answers with an alert')]),
      ],
      connections: [id],
    };
  },
});
