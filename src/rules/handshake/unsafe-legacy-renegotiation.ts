import { HANDSHAKE_FAILURE } from '../../model/code-points/alerts.ts';
import { RENEGOTIATION_INFO } from '../../model/code-points/extensions.ts';
import { SERVER_HELLO } from '../../model/code-points/handshake-types.ts';
import { TLS_1_3, tlsEquivalent } from '../../model/code-points/versions.ts';
import type { ConnectionHistory } from '../../model/history.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { blindToEnding, endingOf } from '../support/ending.ts';
import { isAnswered, isOffered } from '../support/hello-extensions.ts';
import { describeNegotiation } from '../support/negotiation.ts';
import { witness } from '../support/witness.ts';

/** `TLS_EMPTY_RENEGOTIATION_INFO_SCSV`, which stands for the extension (RFC 5746 §3.3). */
const SIGNALLING_SUITE = 0x00ff;

const asksForIt = (history: ConnectionHistory): boolean =>
  isOffered(history, RENEGOTIATION_INFO) === true ||
  history.clientHello?.cipherSuites.includes(SIGNALLING_SUITE) === true;

/** A server that never learned RFC 5746 meets a client that no longer does without. */
export const unsafeLegacyRenegotiation = defineConnectionRule({
  meta: {
    id: 'unsafe-legacy-renegotiation',
    group: 'handshake',
    title: 'The client refused a server without secure renegotiation',
    severity: 'error',
    sources: ['RFC 5746 §3.4', 'RFC 5746 §4.1'],
    reports:
      'Clients up to TLS 1.2 that offer secure renegotiation, get a ServerHello without it, and end the handshake with handshake_failure right then.',
    matters:
      'OpenSSL 3 refuses such servers by default, so an upgrade of the client breaks connections that worked for years. The error names renegotiation, of which there is none.',
    decides:
      'The client offered renegotiation_info, or the cipher suite that stands for it; the ServerHello does not answer; and the client’s handshake_failure, the alert that RFC 5746 prescribes, follows the server’s flight. The alert has other meanings too, so it is likely.',
    silent:
      'With TLS 1.3, where the server answered the extension, where the client did not ask, and where octets of the handshake are missing.',
    messages: {
      refused: {
        what: 'The client ended the handshake with handshake_failure in packet {packet}, after a ServerHello (packet {packet0}) that does not answer the secure renegotiation it had offered; {negotiated}.',
        causes: [
          'the server, or a device that terminates TLS in front of it, does not know RFC 5746; the client insists on it, as OpenSSL 3 does',
        ],
        remedies: [
          'update the server: it has had no security fix of this kind since 2010',
          'as a stopgap, allow it on the client (OpenSSL: the option UnsafeLegacyServerConnect) for this server only',
        ],
        commands: ['openssl s_client -connect HOST:PORT -tls1_2 -legacy_server_connect'],
      },
    },
  },
  check(history) {
    const { id, stage, version, serverHello, messages } = history;
    if (history.outcome !== 'failed' || version === undefined) return NOT_APPLICABLE;
    if (stage !== 'server-flight' && stage !== 'client-flight') return NOT_APPLICABLE;
    if (tlsEquivalent(version) >= TLS_1_3) return NOT_APPLICABLE;
    const alert = endingOf(history)?.alert;
    if (alert?.from !== 'client' || alert.description !== HANDSHAKE_FAILURE) return NOT_APPLICABLE;
    const blind = blindToEnding(history);
    if (blind !== undefined) return notAssessable(blind);
    const answer = messages.findLast(({ type }) => type === SERVER_HELLO);
    if (serverHello === undefined || answer === undefined) return PASS;
    if (!asksForIt(history) || isAnswered(history, RENEGOTIATION_INFO) === true) return PASS;
    return {
      kind: 'finding',
      message: 'refused',
      confidence: 'likely',
      data: {
        packet: alert.packet,
        packet0: answer.packet,
        negotiated: describeNegotiation(history),
      },
      evidence: [
        witness(alert, id, 'client', 'handshake_failure'),
        witness(answer, id, 'server', 'ServerHello without renegotiation_info'),
      ],
      connections: [id],
    };
  },
});
