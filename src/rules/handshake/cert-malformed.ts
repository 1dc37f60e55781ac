import type { MalformedCertificate } from '../../model/certificate.ts';
import {
  alertDescriptionName,
  BAD_CERTIFICATE,
  CERTIFICATE_UNKNOWN,
  DECODE_ERROR,
  UNSUPPORTED_CERTIFICATE,
} from '../../model/code-points/alerts.ts';
import { SERVER_CERTIFICATE_TYPE } from '../../model/code-points/extensions.ts';
import { defineConnectionRule, NOT_APPLICABLE, PASS } from '../define-rule.ts';
import { isAnswered } from '../support/hello-extensions.ts';
import { refusedList } from '../support/refused-certificate.ts';
import { witness } from '../support/witness.ts';

/** What stacks say that could not parse a certificate: there is no alert of its own. */
const ABOUT_IT = [BAD_CERTIFICATE, DECODE_ERROR, UNSUPPORTED_CERTIFICATE, CERTIFICATE_UNKNOWN];

/** Extensions that put something else than X.509 into the list: RFC 7250, RFC 6091. */
const OTHER_KINDS = [SERVER_CERTIFICATE_TYPE, 19, 9];

/** The verifier says bad_certificate, and means octets, not trust. */
export const certMalformed = defineConnectionRule({
  meta: {
    id: 'cert-malformed',
    group: 'handshake',
    title: 'A certificate was refused that cannot be parsed',
    severity: 'error',
    sources: ['RFC 5246 §7.4.2', 'RFC 5246 §7.2.2'],
    reports:
      'Handshakes up to TLS 1.2 that one side ended with an alert about the certificate or about decoding, where the other side’s list of certificates is no list of certificates in DER: an element states more octets than there are, something follows the certificate, or it is cut.',
    matters:
      'The alert is the same as for a certificate that is not trusted, and people look for a missing authority. The octets show that the file itself, or the code that sends it, is broken.',
    decides:
      'Each element of a certificate ends within the one around it; the first that does not is named with its octet. The alert fits other reasons, so it is likely. Where the elements fit and the certificate cannot be read here either, that is no more than possible.',
    silent:
      'For handshakes that went on, whatever their certificates are like; with TLS 1.3, which encrypts certificates; where raw public keys or OpenPGP were negotiated, and where octets changed on the way from one transmission to the next.',
    yieldsTo: ['payload-corrupted-in-transit'],
    messages: {
      broken: {
        what: 'The {verifier} ended the handshake with {alert} in packet {packet}: {which} that the {owner} sent (whole in packet {packet0}) cannot be parsed; {fault}.',
        causes: [
          'the file with the certificate is damaged, cut, or has something else behind it',
          'the {owner} builds its list of certificates wrongly, with lengths that do not fit',
          'a device on the way changed it',
        ],
        remedies: [
          'check the file with openssl x509 -in FILE -noout -text, and openssl asn1parse for the octet, and install it anew',
          'compare with what another client on another network gets: openssl s_client -showcerts',
        ],
        commands: ['openssl s_client -connect HOST:PORT -showcerts'],
      },
      unparsed: {
        title: 'A certificate was refused that could not be read here either',
        what: 'The {verifier} ended the handshake with {alert} in packet {packet}: {which} that the {owner} sent (whole in packet {packet0}) could not be read here either, although its elements fit into each other.',
        causes: [
          'a field of the certificate has a form that is not allowed, such as a date or a number',
        ],
        remedies: [
          'openssl x509 -in FILE -noout -text says what it stumbles over; have the certificate issued anew',
        ],
        commands: ['openssl s_client -connect HOST:PORT -showcerts'],
      },
    },
  },

  check(history) {
    const refused = refusedList(history, ABOUT_IT);
    if (refused === undefined) return NOT_APPLICABLE;
    if (OTHER_KINDS.some((type) => isAnswered(history, type) !== false)) return PASS;
    const { alert, shown, owner } = refused;
    const malformed = history.malformedCertificates?.[owner];
    if (malformed === undefined) return PASS;
    const isBroken = malformed.fault !== 'unparsed';
    const name = alertDescriptionName(alert.description ?? 0);
    return {
      kind: 'finding',
      message: isBroken ? 'broken' : 'unparsed',
      confidence: isBroken ? 'likely' : 'possible',
      connections: [history.id],
      evidence: [
        witness(alert, history.id, alert.from, name),
        witness(shown, history.id, owner, `Certificate: ${faultText(malformed)}`),
      ],
      data: {
        packet: alert.packet,
        packet0: shown.packet,
        owner,
        verifier: alert.from,
        alert: name,
        which: malformed.place === 0 ? 'the list' : `certificate ${malformed.place} of the list`,
        fault: faultText(malformed),
      },
    };
  },
});

function faultText({ place, octets, fault, offset, stated, left }: MalformedCertificate): string {
  const where = `at offset ${offset} of ${octets} octets`;
  switch (fault) {
    case 'past-end':
      return place === 0
        ? `${where} ${stated} octets are due, and ${left} are there`
        : `the element ${where} states a length of ${stated} octets, and ${left} are left for it`;
    case 'cut':
      return `${where} there is no room for an element`;
    case 'behind':
      return `${left} octets follow behind it, ${where}`;
    case 'no-sequence':
      return `it does not begin with a SEQUENCE, and has ${octets} octets`;
    case 'unparsed':
      return 'its elements fit into each other, and it cannot be read';
  }
}
