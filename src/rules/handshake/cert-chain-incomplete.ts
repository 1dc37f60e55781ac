import { CERTIFICATE_UNKNOWN, UNKNOWN_CA } from '../../model/code-points/alerts.ts';
import { defineConnectionRule, NOT_APPLICABLE, PASS } from '../define-rule.ts';
import { aboutCertificate, refusedCertificate } from '../support/refused-certificate.ts';

/** A chain that ends in the middle: it works with whoever has the missing link from elsewhere. */
export const certChainIncomplete = defineConnectionRule({
  meta: {
    id: 'cert-chain-incomplete',
    group: 'handshake',
    title: 'The chain of certificates appears to be incomplete',
    severity: 'error',
    sources: ['RFC 5246 §7.4.2', 'RFC 5246 §7.2.2'],
    reports:
      'Handshakes up to TLS 1.2 that one side ended with unknown_ca or certificate_unknown, where the other side sent its own certificate without the one that issued it.',
    matters:
      'Browsers fetch or remember intermediate certificates, so the server seems to be in order; programs, phones and other servers fail.',
    decides:
      'The first certificate of the list names another issuer than itself, and no certificate of the list can have issued it. A verifier that trusts the issuer directly needs no more, so it is likely where the list has that one certificate only, and possible where it has others that do not fit.',
    silent:
      'Where the issuer is in the list, where the list could not be read to its end or has more than ten certificates, for certificates that are their own issuer, for handshakes that completed, and with TLS 1.3, which encrypts certificates.',
    yieldsTo: [
      'cert-expired',
      'cert-not-yet-valid',
      'cert-order-wrong',
      'dtls-fingerprint-mismatch',
      'client-cert-ca-hint-mismatch',
    ],
    messages: {
      missing: {
        what: 'The {verifier} ended the handshake with {alert} in packet {packet}: the {owner} sent {count} in packet {packet0}, and none of them issued {subject}, whose issuer is {issuer}.',
        causes: [
          'the file with the chain lacks the intermediate certificate, or holds another one',
          'the issuer is a private one that the verifier does not know',
        ],
        remedies: [
          'configure the {owner} to send its certificate and every intermediate one, each followed by its issuer',
          'or add the issuer to what the {verifier} trusts, if it is a private one',
        ],
        commands: [
          'openssl s_client -connect HOST:PORT -servername NAME -showcerts',
          'openssl verify -untrusted CHAIN CERTIFICATE',
        ],
      },
    },
  },
  check(history) {
    const refused = refusedCertificate(history, [UNKNOWN_CA, CERTIFICATE_UNKNOWN]);
    if (refused === undefined) return NOT_APPLICABLE;
    const { chain } = refused;
    const [own] = chain;
    if (own.issuedBy === undefined) return NOT_APPLICABLE;
    if (own.isSelfIssued || own.issuedBy >= 0) return PASS;
    return aboutCertificate(
      history,
      refused,
      'missing',
      chain.length === 1 ? 'likely' : 'possible',
      {
        issuer: own.issuer,
        count: chain.length === 1 ? 'one certificate' : `${chain.length} certificates`,
      },
      `${own.subject}, issued by ${own.issuer}, which was not sent`,
    );
  },
});
