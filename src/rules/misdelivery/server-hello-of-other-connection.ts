import type { CaptureIndex } from '../../model/capture-index.ts';
import { groupName } from '../../model/code-points/groups.ts';
import { CLIENT_HELLO, SERVER_HELLO } from '../../model/code-points/handshake-types.ts';
import { suiteName } from '../../model/code-points/suites.ts';
import { versionText } from '../../model/code-points/versions.ts';
import {
  type At,
  type ConnectionHistory,
  HELLO_RETRY_REQUEST,
  type OddityFact,
} from '../../model/history.ts';
import type { FindingVerdict, RuleMessage } from '../../model/rule.ts';
import { formatDuration } from '../../model/time.ts';
import { defineConnectionRule, type FindingOf, NOT_APPLICABLE, PASS } from '../define-rule.ts';
import { isTls13 } from '../support/closing-alert.ts';
import { endingOf } from '../support/ending.ts';
import { endpointText } from '../support/negotiation.ts';
import { witness } from '../support/witness.ts';

const ENCRYPTED_CLIENT_HELLO = 0xfe0d;

const REMEDIES = [
  'look at what stands between client and server at this moment, and at which of its sockets the answer came from',
  'compare with a capture on the server’s side: if the server sent another ServerHello there, it was exchanged on the way',
];

const MESSAGES = {
  other: {
    what: 'The ServerHello in packet {packet} echoes the session id of connection {other} ({client}), not that of the ClientHello it came in answer to{ending}.',
    causes: [
      'a proxy or load balancer wrote the answer for one client to the socket of another',
      'a server that serves several sockets with one handshake state mixed them up',
    ],
    remedies: REMEDIES,
    commands: [
      'tshark -r CAPTURE -Y "tls.handshake.type <= 2" -T fields -e frame.number -e tcp.stream -e tls.handshake.type -e tls.handshake.session_id',
    ],
  },
  unknown: {
    title: 'A ServerHello does not answer the ClientHello before it',
    what: 'The ServerHello in packet {packet} echoes a session id that the ClientHello did not have{misfits}{ending}.',
    causes: [
      'it answers the ClientHello of a connection that the capture does not have',
      'a device on the way ends TLS itself, or rewrites one of the two hellos',
      'the server makes up session ids in TLS 1.3 as in the versions before',
    ],
    remedies: REMEDIES,
    commands: ['tshark -r CAPTURE -Y "tcp.stream == {stream} && tls.handshake.type <= 2" -V'],
  },
  unoffered: {
    title: 'A ServerHello selects what the ClientHello did not offer',
    what: 'The ServerHello in packet {packet} selects what the ClientHello did not offer: {misfits}{ending}.',
    causes: [
      'it answers the ClientHello of another connection',
      'a device on the way rewrites one of the two hellos',
      'the server selects from its own list without looking at the client’s',
    ],
    remedies: REMEDIES,
    commands: ['tshark -r CAPTURE -Y "tcp.stream == {stream} && tls.handshake.type <= 2" -V'],
  },
} as const satisfies Readonly<Record<string, RuleMessage>>;

/** A ServerHello chooses from what one ClientHello offered, and in TLS 1.3 repeats its session id. */
export const serverHelloOfOtherConnection = defineConnectionRule({
  meta: {
    id: 'server-hello-of-other-connection',
    group: 'misdelivery',
    title: 'A ServerHello answers the ClientHello of another connection',
    severity: 'error',
    sources: ['RFC 8446 §4.1.3', 'RFC 8446 §4.2.8', 'RFC 8446 §4.2.11', 'RFC 5246 §7.4.1.3'],
    reports:
      'A ServerHello that cannot be the answer to the ClientHello on its connection: TLS 1.3 with another session id, or a version, cipher suite, key share or PSK that was not offered. Where another connection’s ClientHello has that session id, it is named.',
    matters:
      'The client has to end the handshake with illegal_parameter, and what looks like a fault of client or server is an answer that went to the wrong connection, or a device that took part in the handshake.',
    decides:
      'A server of TLS 1.3 repeats the client’s legacy_session_id, 32 random octets, and a client has to refuse any other: a different one is proven. It is the other connection’s where exactly one ClientHello of the capture had it. What was selected without an offer is proven to be wrong, not whose it is.',
    silent:
      'Where the handshake was completed all the same or did not end in the capture, where octets of the ClientHello are missing, for versions before TLS 1.3 as far as session ids go (the server makes them up there), and for extensions that were not asked for, which some servers send to everybody.',
    messages: MESSAGES,
  },

  check(history) {
    const { outcome, protocol } = history;
    if (protocol !== 'TLS' || (outcome !== 'failed' && outcome !== 'aborted'))
      return NOT_APPLICABLE;
    // Which of several ClientHellos it answers cannot be seen, unless the server asked for the second.
    const { messages } = history;
    const asked = messages.filter(({ type }) => type === CLIENT_HELLO).length;
    if (asked > 1 && !messages.some(({ type }) => type === HELLO_RETRY_REQUEST)) return PASS;
    const odd = history.oddities.find(({ kind }) => kind === 'session-id-not-echoed');
    const misfits = misfitsOf(history);
    if (odd === undefined && misfits.length === 0) return PASS;
    return [found(history, odd, misfits)];
  },

  complete(verdict, index) {
    return named(verdict, index);
  },
});

type Found = FindingOf<typeof MESSAGES>;

function found(
  history: ConnectionHistory,
  odd: OddityFact | undefined,
  misfits: readonly string[],
): Found {
  const { id, stream, messages } = history;
  const at = odd ?? messages.find(({ type }) => type === SERVER_HELLO) ?? firstOf(history);
  const asked = messages.findLast(
    ({ type, packet }) => type === CLIENT_HELLO && packet <= at.packet,
  );
  const ending = endingOf(history);
  const other = odd?.answers ?? 0;
  const what = odd === undefined ? 'unoffered' : other > 0 ? 'other' : 'unknown';
  return {
    kind: 'finding',
    message: what,
    confidence: 'proven',
    connections: other > 0 ? [id, other] : [id],
    evidence: [
      witness(
        at,
        id,
        'server',
        odd === undefined
          ? `ServerHello: ${misfits.join(', ')}`
          : 'ServerHello with a session id that was not sent here',
      ),
      ...(asked === undefined
        ? []
        : [witness(asked, id, 'client', 'the ClientHello that it came in answer to')]),
      ...(ending === undefined || ending.packet < at.packet
        ? []
        : [witness(ending, id, ending.by, `${ending.by} ended the handshake`)]),
    ],
    data: {
      packet: at.packet,
      stream,
      other,
      client: '',
      misfits:
        what === 'unknown' && misfits.length > 0
          ? `, and selects ${misfits.join(', ')}`
          : misfits.join(', '),
      ending:
        ending === undefined || ending.packet < at.packet
          ? ''
          : `; the ${ending.by} ended the handshake ${formatDuration(ending.nanos - at.nanos)} later`,
    },
  };
}

const firstOf = ({ firstPacket, startNanos }: ConnectionHistory): At => ({
  packet: firstPacket,
  nanos: startNanos,
});

/** Adds the other connection's ClientHello, which is known by its row only. */
function named(verdict: FindingVerdict, index: CaptureIndex): FindingVerdict {
  const [, other] = verdict.connections;
  if (other === undefined) return verdict;
  const row = index.summary(other);
  if (row === undefined) return verdict;
  return {
    ...verdict,
    data: { ...verdict.data, client: endpointText(row.client) },
    evidence:
      row.hello === undefined
        ? verdict.evidence
        : [
            ...verdict.evidence,
            witness(
              row.hello,
              other,
              'client',
              `ClientHello of connection ${other}, which has that session id`,
            ),
          ],
  };
}

/** What the ServerHello selected without an offer, in words. */
function misfitsOf(history: ConnectionHistory): readonly string[] {
  const { clientHello, serverHello, versionsOffered, version } = history;
  if (clientHello === undefined || serverHello === undefined) return [];
  // What the capture lacks may be what was offered, in another ClientHello for one, and so may what is encrypted.
  const { blindSpots } = history;
  if (blindSpots.includes('cut-packets') || blindSpots.includes('lost-bytes')) return [];
  if (clientHello.extensions.some(({ type }) => type === ENCRYPTED_CLIENT_HELLO)) return [];
  const misfits: string[] = [];
  const suite = serverHello.cipherSuite;
  if (clientHello.cipherSuites.length > 0 && !clientHello.cipherSuites.includes(suite))
    misfits.push(suiteName(suite));
  if (!isTls13(history)) return misfits;
  if (version !== undefined && versionsOffered.length > 0 && !versionsOffered.includes(version))
    misfits.push(versionText(version));
  const { keyShareGroup: group, selectedPsk: psk } = serverHello;
  if (group !== undefined && !clientHello.keyShareGroups.includes(group))
    misfits.push(`a key share for ${groupName(group)}`);
  if (psk !== undefined && psk >= clientHello.pskIdentities.length)
    misfits.push(`PSK ${psk} of ${clientHello.pskIdentities.length}`);
  return misfits;
}
