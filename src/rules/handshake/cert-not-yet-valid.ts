import { CERTIFICATE_EXPIRED } from '../../model/code-points/alerts.ts';
import { defineConnectionRule, NOT_APPLICABLE, PASS } from '../define-rule.ts';
import {
  ABOUT_DATES,
  aboutCertificate,
  daysText,
  refusedCertificate,
} from '../support/refused-certificate.ts';

/** A clock is wrong more often than the certificate: the capture has a third one to compare with. */
export const certNotYetValid = defineConnectionRule({
  meta: {
    id: 'cert-not-yet-valid',
    group: 'handshake',
    title: 'A certificate was not valid yet',
    severity: 'error',
    sources: ['RFC 5246 §7.4.2', 'RFC 5246 §7.2.2'],
    reports:
      'Handshakes up to TLS 1.2 that one side ended with an alert about certificates, where a certificate that the other side had sent becomes valid only after the time of the capture.',
    matters:
      'Certificates that were issued minutes ago meet clocks that are minutes behind, on devices without a battery above all. The alert says expired at best.',
    decides:
      'The certificates are in the clear up to TLS 1.2, and so are their dates. With certificate_expired it is proven, with another alert about certificates likely. The time is that of the capture, whose clock may be wrong too.',
    silent:
      'For certificates within their dates, for handshakes that completed, and with TLS 1.3, which encrypts certificates.',
    yieldsTo: ['cert-expired'],
    messages: {
      early: {
        what: 'The {verifier} ended the handshake with {alert} in packet {packet}: the certificate {which} that the {owner} sent (packet {packet0}) becomes valid {until} later, at {date}.',
        causes: [
          'the clock of the verifying side is behind, or that of the issuer ahead',
          'the certificate was made for later',
        ],
        remedies: [
          'set the clocks by a time service before TLS is used',
          'let the issuer date certificates back by some minutes',
        ],
        commands: ['openssl x509 -noout -dates -subject -in CERTIFICATE'],
      },
    },
  },
  check(history) {
    const refused = refusedCertificate(history, ABOUT_DATES);
    if (refused === undefined) return NOT_APPLICABLE;
    const early = refused.chain.find(({ untilNotBefore }) => untilNotBefore > 0);
    if (early === undefined) return PASS;
    const isSaid = refused.alert.description === CERTIFICATE_EXPIRED;
    return aboutCertificate(
      history,
      refused,
      'early',
      isSaid ? 'proven' : 'likely',
      {
        which: early.subject,
        until: daysText(early.untilNotBefore),
        date: early.notBefore,
      },
      `${early.subject} is valid from ${early.notBefore}`,
    );
  },
});
