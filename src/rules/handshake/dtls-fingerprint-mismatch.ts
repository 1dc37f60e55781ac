import {
  BAD_CERTIFICATE,
  CERTIFICATE_UNKNOWN,
  UNKNOWN_CA,
} from '../../model/code-points/alerts.ts';
import { USE_SRTP } from '../../model/code-points/extensions.ts';
import { defineConnectionRule, NOT_APPLICABLE, PASS } from '../define-rule.ts';
import { isOffered } from '../support/hello-extensions.ts';
import { aboutCertificate, refusedCertificate } from '../support/refused-certificate.ts';

/** `AA:BB:…`, as SDP writes it (RFC 8122). */
const asInSdp = (fingerprint: string): string =>
  (fingerprint.toUpperCase().match(/../g) ?? []).join(':');

/** In WebRTC nobody issues certificates: each side is told the fingerprint of the other’s, and checks just that. */
export const dtlsFingerprintMismatch = defineConnectionRule({
  meta: {
    id: 'dtls-fingerprint-mismatch',
    group: 'handshake',
    title: 'The certificate appears not to be the one that was signalled',
    severity: 'error',
    sources: ['RFC 5246 §7.2.2', 'RFC 5763', 'RFC 8122'],
    reports:
      'DTLS handshakes for SRTP up to DTLS 1.2 that one side ended with bad_certificate, certificate_unknown or unknown_ca after the other side had shown a certificate that it issued itself.',
    matters:
      'With DTLS-SRTP the session description names the fingerprint of the certificate, and media flow only if the certificate in the handshake has it. What the two sides see of this is a call that connects and stays silent.',
    decides:
      'The ClientHello offers use_srtp, the certificate is its own issuer and the only one, so there is nothing else to check of it than its fingerprint, and the alert is one that a failed check raises. The fingerprint of the certificate in the handshake is printed, to be compared with the description; the description itself is not in the capture, so this is likely, not proven.',
    silent:
      'Without use_srtp, for certificates that somebody else issued, for other alerts, and in DTLS 1.3, which encrypts certificates.',
    yieldsTo: ['cert-expired', 'cert-not-yet-valid'],
    messages: {
      mismatch: {
        what: 'The {verifier} ended the handshake with {alert} in packet {packet} when it had seen the certificate of the {owner} (packet {packet0}), whose fingerprint is sha-256 {fingerprint}: the signalling appears to have named another one.',
        causes: [
          'the session description was made by another process, device or run than the one that answers, with another certificate',
          'a signalling server or gateway rewrote or reused the fingerprint of an earlier description',
          'a media server or device on the path ends DTLS with a certificate of its own',
        ],
        remedies: [
          'compare the line a=fingerprint of the description of the {owner} with the one above; they have to agree',
          'where they do not, make a new description whenever the certificate changes, and let gateways pass it on unchanged or replace it by their own',
        ],
        commands: [
          'tshark -r CAPTURE -Y "frame.number == {packet0}" -T fields -e dtls.handshake.certificate',
          'openssl x509 -in CERTIFICATE -noout -fingerprint -sha256',
        ],
      },
    },
  },
  check(history) {
    if (history.protocol !== 'DTLS') return NOT_APPLICABLE;
    const refused = refusedCertificate(history, [BAD_CERTIFICATE, CERTIFICATE_UNKNOWN, UNKNOWN_CA]);
    if (refused === undefined || isOffered(history, USE_SRTP) !== true) return NOT_APPLICABLE;
    const { chain } = refused;
    const [own] = chain;
    if (!own.isSelfIssued || chain.length > 1) return PASS;
    return aboutCertificate(
      history,
      refused,
      'mismatch',
      'likely',
      { fingerprint: asInSdp(own.fingerprint) },
      `${own.subject}, its own issuer`,
    );
  },
});
