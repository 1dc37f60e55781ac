import {
  ACCESS_DENIED,
  BAD_CERTIFICATE,
  CERTIFICATE_UNKNOWN,
  HANDSHAKE_FAILURE,
  UNKNOWN_CA,
  UNSUPPORTED_CERTIFICATE,
} from '../../model/code-points/alerts.ts';
import { CERTIFICATE_REQUEST } from '../../model/code-points/handshake-types.ts';
import type { Explanation } from '../../model/finding.ts';
import { defineConnectionRule, NOT_APPLICABLE, PASS } from '../define-rule.ts';
import { aboutCertificate, refusedCertificate } from '../support/refused-certificate.ts';
import { witness } from '../support/witness.ts';

/** Alerts with which servers refuse a certificate of an issuer that is not theirs. */
const ABOUT_IT = [
  UNKNOWN_CA,
  BAD_CERTIFICATE,
  UNSUPPORTED_CERTIFICATE,
  CERTIFICATE_UNKNOWN,
  ACCESS_DENIED,
  HANDSHAKE_FAILURE,
];
/** Names that a sentence can hold. */
const SHOWN = 4;

/** The server says whose certificates it takes; a client with several keys chooses by that. */
export const clientCertCaHintMismatch = defineConnectionRule({
  meta: {
    id: 'client-cert-ca-hint-mismatch',
    group: 'handshake',
    title: 'The client’s certificate is of none of the issuers that the server asked for',
    severity: 'error',
    sources: ['RFC 5246 §7.4.6', 'RFC 5246 §7.2.2', 'RFC 5246 §7.4.2'],
    reports:
      'Handshakes up to TLS 1.2 in which the server names issuers of client certificates, the client sends a certificate of another one, and the server ends the handshake with an alert about it.',
    matters:
      'The list of issuers is all that a client has to choose its certificate by. Where a client ignores it, or has been given the wrong certificate, the server’s log says unknown issuer and the client’s log a bare alert.',
    decides:
      'CertificateRequest and Certificate are in the clear: no certificate that the client sent was issued by, or belongs to, a name of the list, compared without case, blanks and string types. That is certain, and with the alert behind it likely the reason. Where the client’s list ends with a certificate that somebody else issued, a link that was not sent is the other reading, and is told.',
    silent:
      'Where the list is empty, which means that any issuer will do, where one certificate fits, where something cannot be read, where the client sent none, and with TLS 1.3, which encrypts both messages.',
    yieldsTo: ['cert-expired', 'cert-not-yet-valid'],
    messages: {
      mismatch: {
        what: 'The server ended the handshake with {alert} in packet {packet}: in packet {packet1} it asked for a certificate of {authorities}, and the client sent {subject}, issued by {issuer}, in packet {packet0}.',
        causes: [
          'the client has several certificates and took another one than the list asks for, or has only that one',
          'the server lacks the issuer of the client’s certificate among those that it trusts',
        ],
        remedies: [
          'configure the client with a certificate of one of the issuers that the server names, and its intermediate certificates',
          'or add the issuer to what the server trusts and names',
        ],
        commands: [
          'openssl s_client -connect HOST:PORT -tls1_2 -cert CERTIFICATE -key KEY',
          'openssl x509 -in CERTIFICATE -noout -issuer',
        ],
      },
    },
  },
  check(history) {
    const refused = refusedCertificate(history, ABOUT_IT);
    if (refused?.owner !== 'client') return NOT_APPLICABLE;
    const asked = history.messages.findLast(({ type }) => type === CERTIFICATE_REQUEST);
    const authorities = history.clientAuthorities;
    if (asked === undefined || authorities === undefined) return NOT_APPLICABLE;
    const { names, fits } = authorities;
    if (names.length === 0 || fits !== false) return PASS;
    const { chain } = refused;
    const [own] = chain;
    const end = chain.at(-1) ?? own;
    const finding = aboutCertificate(
      history,
      refused,
      'mismatch',
      'likely',
      {
        packet1: asked.packet,
        issuer: own.issuer,
        authorities:
          names.slice(0, SHOWN).join(' or ') +
          (names.length > SHOWN ? ` or ${names.length - SHOWN} more` : ''),
      },
      `${own.subject}, issued by ${own.issuer}`,
    );
    const request = witness(
      asked,
      history.id,
      'server',
      `CertificateRequest: ${names.length === 1 ? 'one name' : `${names.length} names`}`,
    );
    const explanations: Explanation[] = [
      {
        likelihood: 'high',
        text: 'The certificate belongs to another authority than those that the server takes.',
        for: end.isSelfIssued ? ['the list goes up to the authority itself'] : [],
        against: [],
      },
      {
        likelihood: end.isSelfIssued ? 'low' : 'medium',
        text: 'The certificate that links it to one of these authorities was not sent.',
        for: end.isSelfIssued ? [] : [`${end.issuer} was not sent`],
        against: end.isSelfIssued ? ['the list goes up to the authority itself'] : [],
      },
    ];
    return { ...finding, explanations, evidence: [...finding.evidence, request] };
  },
});
