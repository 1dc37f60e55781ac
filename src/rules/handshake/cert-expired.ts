import { CERTIFICATE_EXPIRED } from '../../model/code-points/alerts.ts';
import { defineConnectionRule, NOT_APPLICABLE, PASS } from '../define-rule.ts';
import {
  ABOUT_DATES,
  aboutCertificate,
  daysText,
  refusedCertificate,
} from '../support/refused-certificate.ts';

/** The date is in the clear, and so is the moment at which it was looked at. */
export const certExpired = defineConnectionRule({
  meta: {
    id: 'cert-expired',
    group: 'handshake',
    title: 'A certificate had expired',
    severity: 'error',
    sources: ['RFC 5246 §7.4.2', 'RFC 5246 §7.2.2'],
    reports:
      'Handshakes up to TLS 1.2 that one side ended with an alert about certificates, where a certificate that the other side had sent was past its date at the time of the capture.',
    matters:
      'Many stacks answer with bad_certificate or certificate_unknown, so that the simplest of reasons is looked for last. An intermediate certificate that expired is overlooked even longer.',
    decides:
      'The certificates are in the clear up to TLS 1.2, and so are their dates. If the alert is certificate_expired as well, it is proven; with another alert about certificates it is likely. The time is that of the capture: where the clock of the capturing host or of the verifying side is wrong, so is the conclusion.',
    silent:
      'For certificates within their dates, for handshakes that completed, and with TLS 1.3, which encrypts certificates.',
    messages: {
      expired: {
        what: 'The {verifier} ended the handshake with {alert} in packet {packet}: the certificate {which} that the {owner} sent (packet {packet0}) expired {ago} before, at {date}.',
        causes: ['the certificate was not renewed, or renewed and not loaded by the process'],
        remedies: [
          'renew the certificate, and restart or reload whoever serves it',
          'look at the whole chain: an expired intermediate certificate counts as well',
          'if the certificate is in order, compare the clocks of both sides',
        ],
        commands: [
          'openssl s_client -connect HOST:PORT -servername NAME -showcerts',
          'openssl x509 -noout -dates -subject -in CERTIFICATE',
        ],
      },
    },
  },
  check(history) {
    const refused = refusedCertificate(history, ABOUT_DATES);
    if (refused === undefined) return NOT_APPLICABLE;
    const expired = refused.chain.find(({ sinceNotAfter }) => sinceNotAfter > 0);
    if (expired === undefined) return PASS;
    const isSaid = refused.alert.description === CERTIFICATE_EXPIRED;
    return aboutCertificate(
      history,
      refused,
      'expired',
      isSaid ? 'proven' : 'likely',
      {
        which: expired.subject,
        ago: daysText(expired.sinceNotAfter),
        date: expired.notAfter,
      },
      `${expired.subject} is valid until ${expired.notAfter}`,
    );
  },
});
