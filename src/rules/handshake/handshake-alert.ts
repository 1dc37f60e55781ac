import { alertDescriptionName, alertLevelName } from '../../model/code-points/alerts.ts';
import {
  type AlertFact,
  type At,
  type ClientFlightFact,
  type ConnectionHistory,
  peerOf,
  type Role,
} from '../../model/history.ts';
import { formatDuration } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { isTls13, mayBeComplete, unreadAlert } from '../support/closing-alert.ts';
import {
  blindToEnding,
  DUE,
  type Ending,
  endingOf,
  isReplyToClosing,
  lostOctets,
} from '../support/ending.ts';
import { PROVEN_BY_SECRETS } from '../support/failed-record.ts';
import { asksAnonymously, describeNegotiation, messageName } from '../support/negotiation.ts';
import { witness } from '../support/witness.ts';
import { readingOf } from './alert-dictionary.ts';

/** What came last from the other side before the alert: what it most probably answers. */
function answered(
  history: ConnectionHistory,
  { from, packet }: AlertFact,
): (At & { readonly what: string }) | undefined {
  const peer = peerOf(from);
  const { messages, protectedRecords } = history;
  const last = messages.findLast((message) => message.from === peer && message.packet <= packet);
  // In TLS 1.3 all after the ServerHello travels as application data.
  const flight = isTls13(history) ? protectedRecords[peer].first : undefined;
  if (flight !== undefined && flight.packet <= packet) {
    return { ...flight, what: `the encrypted flight of the ${peer}` };
  }
  // Up to TLS 1.2 it says that all behind it is protected: a wrong one, or one too early, is refused as well.
  const change = isTls13(history) ? undefined : history.changeCipherSpec[peer];
  if (change !== undefined && change.packet <= packet && change.packet > (last?.packet ?? 0))
    return { ...change, what: 'ChangeCipherSpec' };
  return last && { ...last, what: messageName(last.type) };
}

/** Over DTLS: in the clear although its sender has keys, so anybody may have sent it; dtls-epoch0-alert tells that. */
const isForeign = (
  { protocol, protectedRecords }: ConnectionHistory,
  { encrypted, from, packet }: AlertFact,
): boolean => {
  const { first } = protectedRecords[from];
  return protocol === 'DTLS' && !encrypted && first !== undefined && first.packet < packet;
};

/** A record that has the size of an alert and was the last but the close: an alert that only a key could open. */
function unreadVerdict(history: ConnectionHistory, ending: Ending) {
  const found = unreadAlert(history, ending);
  if (found === undefined || history.stage === 'none' || mayBeComplete(history)) return PASS;
  const blind = blindToEnding(history);
  if (blind !== undefined) return notAssessable(blind);
  // Nothing is encrypted before a ServerHello: it is missing, or came in another order than it was sent in.
  if (history.cipherSuite === undefined) return notAssessable('start-not-captured');
  const { id, startNanos } = history;
  return {
    kind: 'finding',
    message: 'unread',
    confidence: 'likely',
    data: {
      from: found.from,
      octets: found.length,
      packet: found.packet,
      elapsed: formatDuration(found.nanos - startNanos),
      negotiated: describeNegotiation(history),
    },
    evidence: [
      witness(found, id, found.from, `encrypted, ${found.length} octets: the size of an alert`),
      witness(ending, id, ending.by, 'the connection ends'),
    ],
    connections: [id],
    causes: causesBehindFlight(history, found.from),
  } as const;
}

/** TLS 1.3: what the sizes of the client's records say about what the server refuses. */
function causesBehindFlight({ clientFlight }: ConnectionHistory, from: Role): readonly string[] {
  if (from !== 'server' || clientFlight === undefined) return [];
  return FLIGHT_CAUSES[clientFlight.shape];
}

const FLIGHT_CAUSES: Readonly<Record<ClientFlightFact['shape'], readonly string[]>> = {
  finished: [
    'by the size of its records the client had sent its Finished and no certificate: the server refused the Finished itself, or a policy applied to what was negotiated (name, ALPN)',
  ],
  certificate: [
    'by the sizes of its records the client had sent a certificate: the server probably refused that, for its issuer, dates or purpose',
  ],
  'empty-certificate': ['by the size of its records the client had sent an empty certificate'],
};

/**
 * A fatal alert is the one reason that a stack does give. It is told with its sender, the stage, the time and the
 * negotiation, because its number without them is misread as often as not.
 */
export const handshakeAlert = defineConnectionRule({
  meta: {
    id: 'handshake-alert',
    group: 'handshake',
    title: 'A fatal alert ended the handshake',
    severity: 'error',
    sources: ['RFC 5246 §7.2.2', 'RFC 5246 §7.4.4', 'RFC 8446 §6.2', 'RFC 6347 §4.2.7'],
    reports:
      'Handshakes of TLS and DTLS that one side ended with a fatal alert: its sender, name and number, the stage, the time since the connection began, what was offered or negotiated, and what this alert most often means at this place.',
    matters:
      'The same alert means different things from the client and from the server, and before and after the keys are in use. Logs of one side often show only that the other gave up.',
    decides:
      'The first closing event of a handshake is a fatal alert that can be read. An alert that only answers the close of the other side (decode_error after a FIN, for example) does not count. The alert is certain, and that it ended the handshake too unless octets are missing; its most frequent readings come from a table by description, sender and stage. An encrypted record that has the size of an alert and is followed by the close is taken for one, without a reading, as likely.',
    silent:
      'Where a more specific rule explains the alert, where an alert that stacks raise at the end of a stream was captured without the other side, for an unprotected alert over DTLS of a side that has its keys in use, for warnings, for alerts after the handshake, and for encrypted ones where octets are missing from the capture.',
    yieldsTo: [
      ...PROVEN_BY_SECRETS,
      'dtls-cid-length-mismatch',
      'bad-record-mac-first-record',
      'bad-record-mac-later',
      'finished-decrypt-error',
      'record-length-impossible',
      'middlebox-intolerance',
      'key-exchange-signature-invalid',
      'server-hello-of-other-connection',
      'psk-mismatch',
      'psk-binder-mismatch',
      'psk-unknown-identity',
      'cookie-hmac-mismatch',
      'hvr-cookie-from-other-client',
      'hrr-cookie-foreign',
      'ticket-decrypt-failed',
      'ticket-crossed-servers',
      'dtls-role-conflict',
      'dtls-fingerprint-mismatch',
      'cert-order-wrong',
      'ems-required',
      'no-shared-version',
      'no-shared-cipher',
      'no-shared-group',
      'no-shared-sigalg',
      'unsafe-legacy-renegotiation',
      'sni-unrecognized',
      'sni-missing',
      'cert-expired',
      'cert-not-yet-valid',
      'cert-chain-incomplete',
      'cert-name-mismatch',
      'cert-malformed',
      'cert-weak-key',
      'client-cert-required',
      'client-cert-ca-hint-mismatch',
      'alpn-mismatch',
      'hrr-loop',
      'downgrade-sentinel',
      'http-on-tls-port',
      'plaintext-in-tls-stream',
      'tls-on-plaintext-port',
      'tls-clienthello-mid-connection',
      'dtls-late-close-notify',
      'dtls-stale-record-before-hello',
      'dtls-old-epoch-after-new-handshake',
      'hvr-loop',
    ],
    messages: {
      alert: {
        title: 'The {from} ended the handshake with {name}',
        what: 'The {from} ended the handshake with the {level} alert {name} ({number}) in packet {packet}, {elapsed} after the connection began{answering}; {negotiated}.',
        causes: [],
        remedies: [],
        commands: ['openssl s_client -connect HOST:PORT -servername NAME -msg'],
      },
      unread: {
        title: 'The {from} ended the handshake with what is probably an alert',
        what: 'The {from} sent an encrypted record of {octets} octets, the size of an alert, in packet {packet}, {elapsed} after the connection began, and the handshake ended; {negotiated}.',
        causes: [
          'a certificate, a signature, the Finished or the policy of the other side was refused: the reason is inside the record',
        ],
        remedies: [
          'read the log of the {from}: it knows what it sent',
          'a key log of either side opens the record, in Wireshark for one',
        ],
        commands: ['tshark -r CAPTURE -o tls.keylog_file:KEYS -Y "frame.number == {packet}" -V'],
      },
    },
  },
  check(history) {
    if (history.outcome !== 'failed' && history.outcome !== 'aborted') return NOT_APPLICABLE;
    const ending = endingOf(history);
    if (ending === undefined) return NOT_APPLICABLE;
    const { alert } = ending;
    if (alert?.description === undefined) return unreadVerdict(history, ending);
    if (alert.description === 0 || history.stage === 'none') return PASS;
    if (isReplyToClosing(alert)) {
      // What it may reply to would be among what is missing of the other side.
      if (blindToEnding(history) === 'one-direction') return notAssessable('one-direction');
      // Or was captured behind it.
      if (history.tcp?.isBehindAnswer === true) return notAssessable('order-unknown');
      if ((history.tcp?.lostOctets[peerOf(alert.from)] ?? 0) > 0)
        return notAssessable('lost-bytes');
    }
    if (isForeign(history, alert)) return PASS;
    const { id, stage, version, startNanos } = history;
    const { from, description, level = 2, packet, nanos } = alert;
    const { causes, remedies } = readingOf(description, {
      from,
      stage,
      version,
      asksAnonymously: asksAnonymously(history),
    });
    // What is missing or came late may be what it answers, and more of the handshake than was seen.
    const isWhole =
      lostOctets(history) === 0 &&
      !history.blindSpots.some((one) => one === 'cut-packets' || one === 'order-unknown');
    const cause = isWhole ? answered(history, alert) : undefined;
    const name = alertDescriptionName(description);
    return {
      kind: 'finding',
      message: 'alert',
      confidence: isWhole ? 'proven' : 'likely',
      data: {
        from,
        level: alertLevelName(level),
        name,
        number: description,
        packet,
        elapsed: formatDuration(nanos - startNanos),
        answering:
          cause === undefined
            ? ''
            : `, in answer to ${cause.what} (${formatDuration(nanos - cause.nanos)} before)`,
        negotiated: describeNegotiation(history),
      },
      evidence: [
        witness(alert, id, from, `${alertLevelName(level)} ${name}; due was ${DUE[stage].what}`),
        ...(cause === undefined
          ? []
          : [witness(cause, id, peerOf(from), `${cause.what}, which it answers`)]),
      ],
      connections: [id],
      causes,
      remedies,
    };
  },
});
