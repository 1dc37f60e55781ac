import { UNKNOWN_PSK_IDENTITY } from '../../model/code-points/alerts.ts';
import { CLIENT_HELLO, CLIENT_KEY_EXCHANGE } from '../../model/code-points/handshake-types.ts';
import { formatDuration } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, PASS } from '../define-rule.ts';
import { endingOf, lostOctets } from '../support/ending.ts';
import { describeNegotiation } from '../support/negotiation.ts';
import { witness } from '../support/witness.ts';

/** The one alert that says outright what is wrong with a pre-shared key. */
export const pskUnknownIdentity = defineConnectionRule({
  meta: {
    id: 'psk-unknown-identity',
    group: 'hmac',
    title: 'The server does not know the PSK identity',
    severity: 'error',
    sources: ['RFC 4279 §2', 'RFC 8446 §6.2'],
    reports:
      'The alert unknown_psk_identity in the clear, with which a server says that it has no pre-shared key for the identity that the client named.',
    matters:
      'It tells a missing or misspelt identity from a wrong key, which most servers deliberately do not: so it can be trusted where it is seen, and its absence means nothing.',
    decides:
      'The server ended the handshake with alert 115. Nothing else is meant by that number. What the identity was stands in the ClientKeyExchange up to TLS 1.2, in the pre_shared_key extension of the ClientHello in TLS 1.3.',
    silent:
      'Servers may answer bad_record_mac or decrypt_error instead, to hide which identities exist: then psk-mismatch or psk-binder-mismatch speaks. An alert after the handshake says nothing about its identity.',
    yieldsTo: ['dtls-epoch0-alert'],
    messages: {
      unknown: {
        what: 'The server ended the handshake with unknown_psk_identity in packet {packet}, {elapsed} after the connection began{answering}; {negotiated}.',
        causes: [
          'the identity is not in the server’s list: never provisioned, removed, or misspelt',
          'the client is configured for another server, environment or tenant',
        ],
        remedies: [
          'compare the identity octet by octet with the server’s list: trailing newline or NUL, upper and lower case, encoding',
          'provision the identity with its key at this server',
        ],
        commands: [
          'tshark -r CAPTURE -Y "tls.handshake.identity || dtls.handshake.identity || tls.handshake.extensions.psk.identity.identity" -V',
          'openssl s_client -connect HOST:PORT -psk_identity IDENTITY -psk HEX',
        ],
      },
    },
  },
  check(history) {
    if (history.alerts.length === 0) return NOT_APPLICABLE;
    const alert = endingOf(history)?.alert;
    if (alert?.description !== UNKNOWN_PSK_IDENTITY) return NOT_APPLICABLE;
    if (alert.from !== 'server' || history.stage === 'done') return PASS;
    const { id, messages, startNanos } = history;
    const named = messages.findLast(
      ({ type, from, packet }) =>
        from === 'client' &&
        packet <= alert.packet &&
        (type === CLIENT_KEY_EXCHANGE || type === CLIENT_HELLO),
    );
    return {
      kind: 'finding',
      message: 'unknown',
      confidence: lostOctets(history) === 0 ? 'proven' : 'likely',
      data: {
        packet: alert.packet,
        elapsed: formatDuration(alert.nanos - startNanos),
        answering: named === undefined ? '' : `, in answer to packet ${named.packet}`,
        negotiated: describeNegotiation(history),
      },
      evidence: [
        witness(alert, id, 'server', 'unknown_psk_identity'),
        ...(named === undefined ? [] : [witness(named, id, 'client', 'names the identity')]),
      ],
      connections: [id],
    };
  },
});
