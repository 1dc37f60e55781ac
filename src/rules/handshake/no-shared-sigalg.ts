import {
  alertDescriptionName,
  HANDSHAKE_FAILURE,
  ILLEGAL_PARAMETER,
  INTERNAL_ERROR,
} from '../../model/code-points/alerts.ts';
import { SERVER_KEY_EXCHANGE } from '../../model/code-points/handshake-types.ts';
import { signatureSchemeName } from '../../model/code-points/signature-schemes.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { listed } from '../support/early-refusal.ts';
import { blindToEnding, endingOf } from '../support/ending.ts';
import { witness } from '../support/witness.ts';

/** What clients say of a signature that they do not want; OpenSSL says internal_error. */
const ABOUT_IT = [HANDSHAKE_FAILURE, ILLEGAL_PARAMETER, INTERNAL_ERROR];

/** A signature that the client had not asked for: most often with SHA-1, by a server that knows nothing else. */
export const noSharedSigalg = defineConnectionRule({
  meta: {
    id: 'no-shared-sigalg',
    group: 'handshake',
    title: 'The server signed with an algorithm that the client does not offer',
    severity: 'error',
    sources: ['RFC 5246 §7.4.3', 'RFC 8446 §4.2.3'],
    reports:
      'Handshakes of TLS 1.2 in which the client refuses the server’s flight, and the signature of ServerKeyExchange is of an algorithm that is not in signature_algorithms.',
    matters:
      'OpenSSL 3, Go and the system-wide policies of recent distributions no longer take signatures with SHA-1. A server that makes no others then fails with an alert that says internal_error or handshake_failure.',
    decides:
      'Both are in the clear: the list in the ClientHello, and the algorithm in front of the signature. A server must keep to the list.',
    silent:
      'Without the extension, before TLS 1.2 and in TLS 1.3, where the algorithm is in the list, and where octets of the handshake are missing.',
    messages: {
      signed: {
        what: 'The server signed its ServerKeyExchange (packet {packet0}) with {scheme}, which the client does not offer ({offered}); the client ended the handshake with {alert} in packet {packet}.',
        causes: [
          'the server knows no newer algorithm, or its key and certificate allow none',
          'the server does not look at the list',
        ],
        remedies: [
          'update the server, or give it a key and certificate for SHA-256 and later',
          'as a stopgap, allow the algorithm on the client (OpenSSL: security level 0) for this server only',
        ],
        commands: ['openssl s_client -connect HOST:PORT -tls1_2 -sigalgs SIGNATURE'],
      },
    },
  },
  check(history) {
    const { id, stage } = history;
    if (history.outcome !== 'failed') return NOT_APPLICABLE;
    if (stage !== 'server-flight' && stage !== 'client-flight') return NOT_APPLICABLE;
    const alert = endingOf(history)?.alert;
    if (alert?.from !== 'client' || !ABOUT_IT.includes(alert.description ?? 0))
      return NOT_APPLICABLE;
    const blind = blindToEnding(history);
    if (blind !== undefined) return notAssessable(blind);
    const signature = history.signatures?.find(({ type }) => type === SERVER_KEY_EXCHANGE);
    const offered = history.clientHello?.signatureAlgorithms ?? [];
    const scheme = signature?.scheme;
    if (signature === undefined || scheme === undefined || offered.length === 0) return PASS;
    if (offered.includes(scheme) || signature.packet > alert.packet) return PASS;
    const name = alertDescriptionName(alert.description ?? 0);
    return {
      kind: 'finding',
      message: 'signed',
      confidence: 'proven',
      data: {
        packet: alert.packet,
        packet0: signature.packet,
        scheme: signatureSchemeName(scheme),
        offered: listed(offered.map(signatureSchemeName)),
        alert: name,
      },
      evidence: [
        witness(alert, id, 'client', name),
        witness(signature, id, 'server', `ServerKeyExchange, ${signatureSchemeName(scheme)}`),
      ],
      connections: [id],
    };
  },
});
