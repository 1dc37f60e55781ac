import { HANDSHAKE_FAILURE } from '../../model/code-points/alerts.ts';
import { EXTENDED_MASTER_SECRET, RENEGOTIATION_INFO } from '../../model/code-points/extensions.ts';
import {
  CERTIFICATE_REQUEST,
  CLIENT_KEY_EXCHANGE,
  SERVER_HELLO,
} from '../../model/code-points/handshake-types.ts';
import { cipherSuite } from '../../model/code-points/suites.ts';
import type { AlertFact, ConnectionHistory } from '../../model/history.ts';
import { formatDuration } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { blindToEnding, endingOf } from '../support/ending.ts';
import { isAnswered, isOffered } from '../support/hello-extensions.ts';
import { describeNegotiation } from '../support/negotiation.ts';
import { witness } from '../support/witness.ts';

/** Key exchanges with a certificate. With a PSK or a password the alert may be about those. */
const CERTIFIED = ['RSA', 'DHE', 'ECDHE'];

function hasMessage({ messages }: ConnectionHistory, type: number): boolean {
  return messages.some((message) => message.type === type);
}

/** The server's turn comes with the keys, after ClientKeyExchange; it cannot complain about what it did not answer. */
const missedByServer = (history: ConnectionHistory): boolean =>
  (history.stage === 'client-finished' || history.stage === 'server-finished') &&
  hasMessage(history, CLIENT_KEY_EXCHANGE) &&
  !hasMessage(history, CERTIFICATE_REQUEST) &&
  isOffered(history, EXTENDED_MASTER_SECRET) === false;

/**
 * The client's comes with the ServerHello. Without secure renegotiation, or with a weak DHE group, that may be the
 * reason.
 */
const missedByClient = (history: ConnectionHistory, keyExchange: string): boolean =>
  (history.stage === 'server-flight' || history.stage === 'client-flight') &&
  keyExchange !== 'DHE' &&
  isOffered(history, EXTENDED_MASTER_SECRET) === true &&
  isAnswered(history, RENEGOTIATION_INFO) === true;

/** Where it is due, what came just before it. */
function cause(history: ConnectionHistory, { from, packet }: AlertFact) {
  const type = from === 'client' ? SERVER_HELLO : CLIENT_KEY_EXCHANGE;
  return history.messages.findLast((message) => message.type === type && message.packet <= packet);
}

/** FIPS modes refuse keys that are not bound to the handshake, and say so with an alert that fits everything. */
export const emsRequired = defineConnectionRule({
  meta: {
    id: 'ems-required',
    group: 'hmac',
    title: 'A side appears to insist on the extended master secret',
    severity: 'error',
    sources: ['RFC 7627 §5.2', 'RFC 7627 §4', 'RFC 5746 §3.4'],
    reports:
      'A handshake up to TLS 1.2 without the extended master secret that one side ends with handshake_failure at the moment when it has to derive or accept such keys.',
    matters:
      'Systems in FIPS mode (OpenSSL 3 of recent distributions, for one) refuse handshakes without this extension. The alert is the same as for a missing cipher suite, and everything about the suites is in order.',
    decides:
      'The server ends the handshake right after ClientKeyExchange, asked for no client certificate and was not offered the extension; or the client offered it and ends the handshake right after a ServerHello that lacks it, although secure renegotiation was answered and the key exchange is not DHE, whose group may be too weak. The alert fits other reasons, so it is likely.',
    silent:
      'With the extension negotiated, with PSK and password suites, with a client certificate asked for, directly after the ClientHello (there the suites are the first to suspect), and where octets are missing.',
    messages: {
      server: {
        what: 'The server ended the handshake with handshake_failure in packet {packet}, {delay} after the ClientKeyExchange (packet {packet0}); the client had not offered the extended master secret; {negotiated}.',
        causes: ['the server requires the extended master secret, as FIPS modes do'],
        remedies: [
          'update the client, or its TLS library, to one that offers extended_master_secret, or use TLS 1.3',
          'as a stopgap, relax the policy of the server for this client',
        ],
        commands: ['openssl s_client -connect HOST:PORT -tls1_2 -tlsextdebug'],
      },
      client: {
        what: 'The client ended the handshake with handshake_failure in packet {packet}, {delay} after a ServerHello (packet {packet0}) that does not answer the extended master secret it had offered; {negotiated}.',
        causes: [
          'the client requires the extended master secret, as FIPS modes do',
          'the client refuses the signature of the server’s key exchange, or its key: the flight holds more than the ServerHello',
        ],
        remedies: [
          'update the server, or its TLS library, to one that answers extended_master_secret, or use TLS 1.3',
          'as a stopgap, relax the policy of the client for this server',
        ],
        commands: ['openssl s_client -connect HOST:PORT -tls1_2 -tlsextdebug'],
      },
    },
  },
  check(history) {
    if (history.extendedMasterSecret !== false || history.alerts.length === 0)
      return NOT_APPLICABLE;
    const alert = endingOf(history)?.alert;
    if (alert?.description !== HANDSHAKE_FAILURE || history.stage === 'done') return NOT_APPLICABLE;
    const suite = history.cipherSuite === undefined ? undefined : cipherSuite(history.cipherSuite);
    if (suite === undefined || !CERTIFIED.includes(suite.keyExchange)) return PASS;
    const blind = blindToEnding(history);
    if (blind !== undefined) return notAssessable(blind);
    const isMissed =
      alert.from === 'server'
        ? missedByServer(history)
        : missedByClient(history, suite.keyExchange);
    const before = cause(history, alert);
    if (!isMissed || before === undefined || history.resumed === true) return PASS;
    const { id } = history;
    return {
      kind: 'finding',
      message: alert.from,
      confidence: 'likely',
      data: {
        packet: alert.packet,
        packet0: before.packet,
        delay: formatDuration(alert.nanos - before.nanos),
        negotiated: describeNegotiation(history),
      },
      evidence: [
        witness(alert, id, alert.from, 'handshake_failure'),
        witness(before, id, before.from, 'what it answers, without extended master secret'),
      ],
      connections: [id],
    };
  },
});
