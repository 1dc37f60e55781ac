import type { CertificateFact } from '../../model/certificate.ts';
import {
  BAD_CERTIFICATE,
  CERTIFICATE_UNKNOWN,
  UNKNOWN_CA,
} from '../../model/code-points/alerts.ts';
import { defineConnectionRule, NOT_APPLICABLE, PASS } from '../define-rule.ts';
import { aboutCertificate, refusedCertificate } from '../support/refused-certificate.ts';

/** Numbers of certificates in the list, from 1: one, and the one that issued it, which should follow it at once. */
interface Misplaced {
  readonly at: number;
  readonly issuer: number;
}

/**
 * Walks from the owner's own certificate to its issuers. `issuedBy` is the first place that fits, so that a later one
 * means that the next certificate is not the issuer.
 */
function misplaced(chain: readonly CertificateFact[]): Misplaced | undefined {
  const known = new Set<number>();
  for (let at = 0; !known.has(at); ) {
    known.add(at);
    const certificate = chain[at];
    if (certificate === undefined || certificate.isSelfIssued) return undefined;
    const { issuedBy = -1 } = certificate;
    if (issuedBy < 0) return undefined;
    if (issuedBy > at + 1) return { at: at + 1, issuer: issuedBy + 1 };
    at = issuedBy;
  }
  return undefined;
}

/** The first certificate of the list issued another one of it: the owner's own is somewhere behind. */
const issuedByFirst = (chain: readonly CertificateFact[]): number =>
  chain.findIndex(({ issuedBy, isSelfIssued }, at) => at > 0 && issuedBy === 0 && !isSelfIssued);

/** Each certificate has to be followed by its issuer. Many verifiers sort the list themselves, others take it as it comes. */
export const certOrderWrong = defineConnectionRule({
  meta: {
    id: 'cert-order-wrong',
    group: 'handshake',
    title: 'The certificates appear to be in the wrong order',
    severity: 'error',
    sources: ['RFC 5246 §7.4.2', 'RFC 5246 §7.2.2'],
    reports:
      'Handshakes up to TLS 1.2 that one side ended with unknown_ca, bad_certificate or certificate_unknown, where the other side sent a list of certificates in which one is not followed by the one that issued it.',
    matters:
      'Most browsers and OpenSSL find the way through a list in any order; small stacks of devices, older Java and some proxies verify each certificate with the next one and stop. So the server seems to be in order, and some clients fail.',
    decides:
      'The list in the clear has the issuer of a certificate, by its name and signature, and further behind than the next place; or its first certificate, which has to be the sender’s own, is the issuer of another one. That is proven to be against the specification up to TLS 1.2. That it is the reason of the alert is likely.',
    silent:
      'For lists in order, also where the end is missing or another certificate follows at the end, for handshakes that completed, and with TLS 1.3, which encrypts certificates and lets a verifier sort them.',
    yieldsTo: ['cert-expired', 'cert-not-yet-valid'],
    messages: {
      order: {
        what: 'The {verifier} ended the handshake with {alert} in packet {packet}: in the list of {count} certificates that the {owner} sent in packet {packet0}, certificate {at} ({subject1}) was issued by certificate {issuer}, which does not follow it.',
        causes: [
          'the file with the chain was put together in the wrong order',
          'a certificate that does not belong to the chain stands in the middle of it',
        ],
        remedies: [
          'configure the {owner} to send its own certificate first, and behind each certificate its issuer; leave out what is not part of the chain',
        ],
        commands: [
          'openssl s_client -connect HOST:PORT -servername NAME -showcerts',
          'openssl crl2pkcs7 -nocrl -certfile CHAIN | openssl pkcs7 -print_certs -noout',
        ],
      },
      'own-not-first': {
        title: 'The first certificate of the list appears not to be the sender’s own',
        what: 'The {verifier} ended the handshake with {alert} in packet {packet}: the list of {count} certificates that the {owner} sent in packet {packet0} begins with {subject}, which issued certificate {at} ({subject1}) of the list.',
        causes: ['the file with the chain begins with the issuer instead of the own certificate'],
        remedies: [
          'configure the {owner} to send its own certificate first, and behind each certificate its issuer',
        ],
        commands: [
          'openssl s_client -connect HOST:PORT -servername NAME -showcerts',
          'openssl crl2pkcs7 -nocrl -certfile CHAIN | openssl pkcs7 -print_certs -noout',
        ],
      },
    },
  },
  check(history) {
    const refused = refusedCertificate(history, [BAD_CERTIFICATE, CERTIFICATE_UNKNOWN, UNKNOWN_CA]);
    if (refused === undefined) return NOT_APPLICABLE;
    const { chain } = refused;
    const wrong = misplaced(chain);
    const issued = issuedByFirst(chain);
    if (wrong === undefined && issued < 0) return PASS;
    const at = wrong?.at ?? issued + 1;
    const subject1 = chain[at - 1]?.subject ?? '';
    return aboutCertificate(
      history,
      refused,
      wrong === undefined ? 'own-not-first' : 'order',
      'likely',
      { at, issuer: wrong?.issuer ?? 1, subject1, count: chain.length },
      chain.map(({ subject }, n) => `${n + 1}: ${subject}`).join('; '),
    );
  },
});
