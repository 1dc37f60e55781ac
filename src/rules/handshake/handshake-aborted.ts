import type { Evidence } from '../../model/finding.ts';
import type { ConnectionHistory, HeartbeatFact, MessageFact, Stage } from '../../model/history.ts';
import { formatDuration, SECOND } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { mayBeComplete } from '../support/closing-alert.ts';
import { blindToEnding, DUE, type Ending, endingOf } from '../support/ending.ts';
import { PROVEN_BY_SECRETS } from '../support/failed-record.ts';
import { describeNegotiation, messageName } from '../support/negotiation.ts';
import { witness } from '../support/witness.ts';

/** A client that gives up sooner than this did not run out of patience: it only looked in. */
const PATIENCE = SECOND;

const KINDS: Readonly<Record<Ending['kind'], string>> = {
  alert: 'an alert',
  'close-notify': 'close_notify',
  fin: 'FIN',
  rst: 'RST',
  unreachable: 'ICMP port unreachable',
};

/**
 * The client closed with nothing new from the server since its own last words: a probe, a race of two attempts, a
 * cancelled request. What it did not like it would have had to hear first.
 */
const isOwnChoice = (
  history: ConnectionHistory,
  { by, kind, packet }: Ending,
  before: MessageFact | undefined,
): boolean =>
  by === 'client' &&
  kind !== 'rst' &&
  before?.from === 'client' &&
  !heardSince(history, before.packet, packet);

/** Octets of the server that are no message: a ChangeCipherSpec, the beginning of a record. */
const heardSince = ({ changeCipherSpec, tcp }: ConnectionHistory, from: number, to: number) =>
  [changeCipherSpec.server, tcp?.lastData.server].some(
    (at) => at !== undefined && at.packet > from && at.packet < to,
  );

/** Who tests for CVE-2014-0160 wants no handshake. RFC 6520 §4 has such a request discarded. */
const probeText = ({ from, packet, claimed = 0, length }: HeartbeatFact): string =>
  `the ${from} may have wanted no handshake: its heartbeat request in packet ${packet} claims ${claimed} octets of payload in a record of ${length}, as tests and attacks that read the memory of a peer do (CVE-2014-0160)`;

/** Whose turn it was when the end came. The stage tells it of the whole connection, an answer that came too late included. */
const stageAt = ({ stage, messages }: ConnectionHistory, { packet }: Ending): Stage =>
  messages.some((message) => message.from === 'server' && message.packet < packet)
    ? stage
    : 'server-hello';

/** The last message before it. */
function context(history: ConnectionHistory, ending: Ending): Evidence[] {
  const { messages, id } = history;
  const evidence: Evidence[] = [];
  const last = messages.findLast(({ packet }) => packet < ending.packet);
  if (last !== undefined) {
    evidence.push(witness(last, id, last.from, `${messageName(last.type)}, the last message`));
  }
  return evidence;
}

/** The general case: somebody left in mid-handshake and gave no reason. Who, when, and whose turn it was. */
export const handshakeAborted = defineConnectionRule({
  meta: {
    id: 'handshake-aborted',
    group: 'handshake',
    title: 'The handshake was broken off without an alert',
    severity: 'error',
    sources: ['RFC 5246 §7.2.1', 'RFC 5246 §7.2.2', 'RFC 8446 §6.1'],
    reports:
      'Handshakes that ended by FIN, RST, close_notify or an ICMP message instead of an alert: who ended it, after how long, and what was due next from whom.',
    matters:
      'Without an alert neither log names the reason. Which side left, and whether it was waiting or was waited for, tells whose log to read.',
    decides:
      'The first closing event belongs to one side, no fatal alert precedes it (one that merely answers the close does not count), and the stage says what was due. If the client closes with a FIN within 1 s of its own last message and before the server has answered that with a single octet, it is only noted: it was not refused anything, so it left by its own choice.',
    silent:
      'Where a more specific finding explains the end, where octets are missing or one direction was not captured (the alert may be among what is missing), and where the capture ends before the connection.',
    yieldsTo: [
      'hrr-cookie-foreign',
      'hvr-cookie-from-other-client',
      ...PROVEN_BY_SECRETS,
      'dtls-cid-length-mismatch',
      'server-process-died',
      'handshake-kills-server',
      'handshake-aborted-at-key-setup',
      'handshake-alert',
      'dtls-late-close-notify',
      'dtls-late-record',
      'dtls-stale-record-before-hello',
      'dtls-restart-ignored',
      'webrtc-dtls-not-restarted',
      'dtls-role-conflict',
      'dtls-old-epoch-after-new-handshake',
      'close-without-alert-after-clienthello',
      'http-on-tls-port',
      'plaintext-in-tls-stream',
      'tls-on-plaintext-port',
      'plaintext-in-tls-stream',
      'record-length-impossible',
      'server-hello-of-other-connection',
      'key-exchange-signature-invalid',
      'client-cert-required',
      'cert-expired',
      'cert-not-yet-valid',
      'cert-chain-incomplete',
      'cert-name-mismatch',
      'alpn-mismatch',
      'sni-missing',
      'sni-unrecognized',
      'ems-required',
      'clienthello-blackholed',
      'pq-clienthello-intolerant',
      'pmtu-blackhole-server-flight',
      'middlebox-reset',
      'middlebox-intolerance',
      'hvr-loop',
      'dtls-silent-mac-drop',
      'handshake-timeout',
    ],
    messages: {
      aborted: {
        what: 'The {by} ended the handshake with {kind} in packet {packet}, {elapsed} after the connection began; due was {due}; {negotiated}.',
        causes: [
          'the {by} gave up (a timeout, a policy, a failure) and did not send the alert that it owes',
          'a device on the path ended the connection in its name',
        ],
        remedies: [
          'read the log of the {by} at that moment: it is the side that ended the connection',
          'if it knows nothing of it, capture at both ends and compare the closing packet',
        ],
        commands: ['openssl s_client -connect HOST:PORT -servername NAME -msg'],
      },
      waited: {
        what: 'The {by} ended the handshake with {kind} in packet {packet} after waiting {waited} for {due}; {negotiated}.',
        causes: [
          'the {debtor} did not send what was due, or it was lost on the way, until the {by} gave up',
          'the timeout of the {by} is shorter than the {debtor} needs (checking a certificate online, asking its user, overload)',
        ],
        remedies: [
          'find out what the {debtor} was doing: it owed the next message',
          'see whether its kernel acknowledged the octets before; if not, look at the path',
        ],
        commands: ['openssl s_client -connect HOST:PORT -servername NAME -msg'],
      },
      unheard: {
        title: 'Nobody listens where the client sent its ClientHello',
        what: 'ICMP said in packet {packet} that UDP port {port} of {address} is unreachable, {waited} after the ClientHello, and the server sent nothing; {negotiated}.',
        causes: [
          'no program has that port open: not started, ended, or bound to another address',
          'a firewall on the way or on the host rejects the datagrams and says so in this manner',
        ],
        remedies: [
          'check that the service runs, and on which addresses it listens (IPv4 and IPv6)',
          'if it does run, look who sent the ICMP message: its source address and TTL',
        ],
        commands: [
          'ss -lunp',
          'tshark -r CAPTURE -Y "frame.number == {packet}" -T fields -e ip.src -e ip.ttl',
        ],
      },
      left: {
        title: 'The client left before the server answered',
        what: 'The client closed the connection with {kind} in packet {packet}, {waited} after its own last message and before the server had answered that; {negotiated}.',
        causes: [
          'a probe, a scanner, or the loser of two parallel attempts: the client never meant to go on',
          'the user or the application cancelled the request',
        ],
        remedies: ['if it was not meant so, read the log of the client: it decided to close'],
        commands: [],
      },
    },
  },
  check(history) {
    if (history.outcome !== 'aborted' && history.outcome !== 'failed') return NOT_APPLICABLE;
    const ending = endingOf(history);
    if (ending === undefined || ending.kind === 'alert') return NOT_APPLICABLE;
    const blind = blindToEnding(history);
    if (blind !== undefined) return notAssessable(blind);
    const { stage, id } = history;
    if (stage === 'none' || stage === 'done' || mayBeComplete(history)) return PASS;
    // Its keys are in use once its handshake is complete: over UDP nothing shows that the answers to it are missing.
    if (ending.kind === 'close-notify' && ending.alert?.encrypted && history.dtls !== undefined)
      return PASS;
    const { by, kind, packet, nanos } = ending;
    const due = DUE[stageAt(history, ending)];
    const before = history.messages.findLast((message) => message.packet < packet);
    const waited = nanos - (before?.nanos ?? history.startNanos);
    const patient = waited >= PATIENCE;
    const isWaiting = patient && due.from !== undefined && due.from !== by;
    const isLeft = !patient && isOwnChoice(history, ending, before);
    if (isLeft && history.blindSpots.includes('no-times')) return notAssessable('no-times');
    const probe = history.heartbeats?.find(({ isBeyond, type }) => isBeyond && type === 'request');
    const isUnheard = kind === 'unreachable' && by === 'server' && !history.bothDirections;
    return {
      kind: 'finding',
      message: isUnheard ? 'unheard' : isWaiting ? 'waited' : isLeft ? 'left' : 'aborted',
      severity: isLeft ? 'info' : 'error',
      confidence: kind === 'unreachable' ? 'likely' : 'proven',
      data: {
        by,
        kind: KINDS[kind],
        packet,
        address: history.server.address,
        port: history.server.port,
        elapsed: formatDuration(nanos - history.startNanos),
        waited: formatDuration(waited),
        due: due.what,
        debtor: due.from ?? by,
        negotiated: describeNegotiation(history),
      },
      evidence: [
        witness(ending, id, by, `${KINDS[kind]}; due was ${due.what}`),
        ...context(history, ending),
        ...(probe === undefined
          ? []
          : [witness(probe, id, probe.from, 'heartbeat request that claims more than it brings')]),
      ],
      connections: [id],
      ...(probe === undefined ? {} : { causes: [probeText(probe)] }),
    };
  },
});
