import { BAD_CERTIFICATE, CERTIFICATE_UNKNOWN } from '../../model/code-points/alerts.ts';
import { defineConnectionRule, NOT_APPLICABLE, PASS } from '../define-rule.ts';
import { listed } from '../support/early-refusal.ts';
import { aboutCertificate, refusedCertificate } from '../support/refused-certificate.ts';

/** The default certificate of a server, most often: shown to whoever asks for a name that it does not know. */
export const certNameMismatch = defineConnectionRule({
  meta: {
    id: 'cert-name-mismatch',
    group: 'handshake',
    title: 'The certificate of the server is for other names than the one asked for',
    severity: 'error',
    sources: ['RFC 5246 §7.4.2', 'RFC 6066 §3', 'RFC 5246 §7.2.2'],
    reports:
      'Handshakes up to TLS 1.2 that the client ended with bad_certificate or certificate_unknown, where the certificate of the server is not good for the name in the ClientHello.',
    matters:
      'A server that does not know the name shows its default certificate, without a word. What the client reports is a bad certificate, which is in order.',
    decides:
      'The name in server_name is compared with the names in the certificate, wildcards included. The alert fits other faults of a certificate too, so it is likely.',
    silent:
      'Without a server name, where one of the names fits, for handshakes that completed, and with TLS 1.3, which encrypts certificates.',
    yieldsTo: ['cert-expired', 'cert-not-yet-valid'],
    messages: {
      other: {
        what: 'The client ended the handshake with {alert} in packet {packet}: it asked for {name}, and the certificate of the server (packet {packet0}) is for {names}.',
        causes: [
          'the server has no certificate for this name and shows its default one',
          'the name points to another server than it should',
        ],
        remedies: [
          'add the name to the certificate, or a certificate for the name to the server',
          'check where the name points to, and which virtual host answers',
        ],
        commands: ['openssl s_client -connect HOST:PORT -servername NAME -verify_hostname NAME'],
      },
    },
  },
  check(history) {
    const refused = refusedCertificate(history, [BAD_CERTIFICATE, CERTIFICATE_UNKNOWN]);
    if (refused?.owner !== 'server') return NOT_APPLICABLE;
    const [own] = refused.chain;
    if (own.matchesName !== false) return PASS;
    const names = listed(own.names) || 'no name at all';
    return aboutCertificate(
      history,
      refused,
      'other',
      'likely',
      { name: history.serverName ?? '', names },
      `for ${names}`,
    );
  },
});
