import {
  BAD_CERTIFICATE,
  CERTIFICATE_UNKNOWN,
  HANDSHAKE_FAILURE,
  INSUFFICIENT_SECURITY,
  UNSUPPORTED_CERTIFICATE,
} from '../../model/code-points/alerts.ts';
import { defineConnectionRule, NOT_APPLICABLE, PASS } from '../define-rule.ts';
import { aboutCertificate, refusedCertificate } from '../support/refused-certificate.ts';

const ABOUT_IT = [
  BAD_CERTIFICATE,
  UNSUPPORTED_CERTIFICATE,
  CERTIFICATE_UNKNOWN,
  INSUFFICIENT_SECURITY,
  HANDSHAKE_FAILURE,
];

/** What current stacks and policies ask of RSA and DSA keys at least. */
const ENOUGH_BITS = 2048;

/** No alert speaks of short keys, but the certificate shows the length to everybody. */
export const certWeakKey = defineConnectionRule({
  meta: {
    id: 'cert-weak-key',
    group: 'handshake',
    title: 'A certificate was refused whose key is short',
    severity: 'error',
    sources: ['RFC 5246 §7.4.2', 'RFC 5246 §7.2.2'],
    reports:
      'Handshakes up to TLS 1.2 that one side ended with an alert about certificates or security, where the other side’s list has a certificate with an RSA or DSA key of fewer than 2,048 bits.',
    matters:
      'Distributions raise their security level, and a device with a key of 1,024 bits that worked for ten years is refused from one day to the next.',
    decides:
      'The size of the key is in the certificate. The alert fits other reasons, so it is likely for insufficient_security, and possible else.',
    silent:
      'For longer keys and for elliptic curves, for handshakes that completed, and with TLS 1.3, which encrypts certificates.',
    yieldsTo: [
      'cert-expired',
      'cert-not-yet-valid',
      'cert-name-mismatch',
      'cert-chain-incomplete',
      'unsafe-legacy-renegotiation',
      'ems-required',
    ],
    messages: {
      short: {
        what: 'The {verifier} ended the handshake with {alert} in packet {packet}: the certificate {which} that the {owner} sent (packet {packet0}) has a key of {bits} bits ({type}).',
        causes: ['the policy of the {verifier} asks for longer keys'],
        remedies: [
          'replace the certificate by one with an RSA key of 2,048 bits or more, or an elliptic curve',
          'as a stopgap, lower the security level of the {verifier} for this peer only',
        ],
        commands: ['openssl s_client -connect HOST:PORT -cipher DEFAULT@SECLEVEL=1'],
      },
    },
  },
  check(history) {
    const refused = refusedCertificate(history, ABOUT_IT);
    if (refused === undefined) return NOT_APPLICABLE;
    const weak = refused.chain.find(
      ({ keyBits }) => keyBits !== undefined && keyBits < ENOUGH_BITS,
    );
    if (weak === undefined) return PASS;
    const isSaid = refused.alert.description === INSUFFICIENT_SECURITY;
    return aboutCertificate(
      history,
      refused,
      'short',
      isSaid ? 'likely' : 'possible',
      { which: weak.subject, bits: weak.keyBits ?? 0, type: (weak.keyType ?? '').toUpperCase() },
      `${weak.subject}, ${weak.keyBits} bits`,
    );
  },
});
