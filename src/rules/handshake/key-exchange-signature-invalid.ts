import { alertDescriptionName, DECRYPT_ERROR } from '../../model/code-points/alerts.ts';
import {
  CERTIFICATE,
  CERTIFICATE_VERIFY,
  CLIENT_KEY_EXCHANGE,
  FINISHED,
  SERVER_KEY_EXCHANGE,
} from '../../model/code-points/handshake-types.ts';
import { signatureSchemeName } from '../../model/code-points/signature-schemes.ts';
import { cipherSuite } from '../../model/code-points/suites.ts';
import type { Explanation as Mistake } from '../../model/decryption.ts';
import type { Explanation } from '../../model/finding.ts';
import { type ConnectionHistory, peerOf, ROLES, type Role } from '../../model/history.ts';
import type { SignatureCheck } from '../../model/signature.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { isTls13 } from '../support/closing-alert.ts';
import { blindToEnding, type Ending, endingOf } from '../support/ending.ts';
import { describeNegotiation, messageName } from '../support/negotiation.ts';
import { witness } from '../support/witness.ts';

const OF_OTHER_HANDSHAKE = 'signature-random-of-other-handshake';

/** Digits of a fingerprint that tell one certificate from another. */
const FINGERPRINT_DIGITS = 16;

/** A message that carries a signature, and who sent it. */
interface Signed {
  readonly type: number;
  readonly from: Role;
}

/**
 * Signatures that were sent: of ServerKeyExchange where a certificate stands behind it, and of the client; in TLS 1.3 of
 * both sides, where secrets show them.
 */
function signedMessages(history: ConnectionHistory): Signed[] {
  const { messages, cipherSuite: code } = history;
  const sent = (type: number, by: Role) => messages.some((m) => m.type === type && m.from === by);
  const verified = ROLES.filter((from) => sent(CERTIFICATE_VERIFY, from)).map((from) => ({
    type: CERTIFICATE_VERIFY,
    from,
  }));
  if (isTls13(history)) return verified;
  const suite = code === undefined ? undefined : cipherSuite(code);
  const isSigned = suite?.keyExchange !== 'RSA_PSK' && sent(CERTIFICATE, 'server');
  return [
    ...(isSigned && sent(SERVER_KEY_EXCHANGE, 'server')
      ? [{ type: SERVER_KEY_EXCHANGE, from: 'server' as const }]
      : []),
    ...verified.filter(({ from }) => from === 'client'),
  ];
}

/**
 * Octets that differ between two copies of a segment, or several associations on one 5-tuple: what was signed is not
 * certain.
 */
const isAmbiguous = ({ tcp, dtls }: ConnectionHistory): boolean =>
  (tcp?.conflicts.length ?? 0) > 0 || (dtls?.siblings.length ?? 1) > 1;

/**
 * Did the client, who had to verify the server's signature, go on as if it were right? Where one direction was captured late
 * its packets are in no order: there is one handshake, unless secrets open another, and nobody answers what has not come.
 */
const wentOn = (
  { messages, tcp }: ConnectionHistory,
  { type, from, packet }: SignatureCheck,
): boolean =>
  from === 'server' &&
  messages.some(
    (m) =>
      m.from === 'client' &&
      m.type === (type === SERVER_KEY_EXCHANGE ? CLIENT_KEY_EXCHANGE : FINISHED) &&
      (m.packet >= packet || tcp?.isBehindAnswer === true),
  );

/** It did not end the handshake itself, and octets of it are missing: these may be its next message. */
const mayHaveGoneOn = (
  { tcp }: ConnectionHistory,
  { from }: SignatureCheck,
  ending: Ending | undefined,
): boolean => from === 'server' && ending?.by !== 'client' && (tcp?.lostOctets.client ?? 0) > 0;

/** What is known of the reading that no known mistake explains. */
function explanationsOf(
  check: SignatureCheck,
  ending: Ending | undefined,
  isOpened: boolean,
): Explanation[] {
  if (check.explanation !== undefined) return [];
  const isRefused = ending?.alert?.description === DECRYPT_ERROR;
  const seen = isRefused ? ['the receiver refused it with decrypt_error'] : [];
  const changed = isOpened
    ? [`the Finished of the ${check.from} is that of the messages that were captured`]
    : [];
  return [
    {
      likelihood: 'medium',
      text: `The private key that the ${check.from} signed with is not that of the certificate it sent.`,
      for: seen,
      against: [],
    },
    {
      likelihood: isOpened ? 'low' : 'medium',
      text: 'What was signed, or the signature, was changed on its way or after it was signed.',
      for: seen,
      against: changed,
    },
  ];
}

/** The randoms of another handshake may be the sender's mistake or come from a device that exchanged a hello. */
function messageOf(explanation: Mistake | undefined, isOpened: boolean) {
  if (explanation === undefined) return isOpened ? 'opened' : 'invalid';
  return explanation.hypothesis === OF_OTHER_HANDSHAKE ? 'exchanged' : 'mistake';
}

/** The first that fits; a second one would be as good, and is told. */
function mistakeOf({ meaning, details }: Mistake): string {
  const { detail, alike } = details;
  const which = detail === undefined ? meaning : `${meaning} (${detail})`;
  return alike === undefined ? which : `${which}, or by ${alike}`;
}

function answerOf(ending: Ending | undefined): string {
  if (ending === undefined) return '';
  const { by, alert, packet } = ending;
  const how =
    alert?.description === undefined
      ? 'ended the connection'
      : `answered with ${alertDescriptionName(alert.description)} (${alert.description})`;
  return `; the ${by} ${how} in packet ${packet}`;
}

/** Up to TLS 1.2 no secret is needed: what is signed, the signature and the certificate are all in the clear. */
export const keyExchangeSignatureInvalid = defineConnectionRule({
  meta: {
    id: 'key-exchange-signature-invalid',
    group: 'handshake',
    title: 'A signature of the handshake is invalid',
    severity: 'error',
    sources: ['RFC 5246 §7.4.3', 'RFC 5246 §7.4.8', 'RFC 5246 §4.7', 'RFC 8446 §4.4.3'],
    reports:
      'Handshakes up to TLS 1.2 and DTLS 1.2 that did not complete, and in which the signature in ServerKeyExchange or in the client’s CertificateVerify does not verify under the certificate that its sender showed. With secrets, the same in TLS 1.3 and DTLS 1.3, for the CertificateVerify of either side.',
    matters:
      'The alert says decrypt_error at best, and often handshake_failure, illegal_parameter or nothing. The capture alone proves that the signature is wrong, and often which mistake made it: randoms of another handshake, swapped or left out, another hash or padding than announced.',
    decides:
      'The signature is verified with the public key of the certificate over the octets that were sent: both randoms and the parameters, or all messages up to CertificateVerify. If it does not verify, known mistakes are tried, the randoms of other handshakes at about that time among them; one that makes the signature valid is what the sender did, unless it is the random of another handshake, which a device that exchanged hellos puts there as well. Where none does, another key signed, or something was changed. In TLS 1.3 the Finished of the signer covers the same messages: only where it is right is its signature judged, and then nothing was changed on the way. A client that goes on after an invalid signature of the server did not look, or saw another one than the capture shows: that is a note, and not why the handshake failed.',
    silent:
      'For handshakes that completed, without a certificate or a message concerned, where octets are missing or differ between two copies, where several DTLS associations share the ports, and for algorithms and keys that this machine cannot judge. TLS 1.3 encrypts its signatures: without secrets, and where the Finished of the signer is wrong or missing, nothing is said of them.',
    yieldsTo: ['server-hello-of-other-connection'],
    messages: {
      mistake: {
        title: 'The {from} signed its handshake wrongly',
        what: 'The signature in {message} (packet {packet}, {scheme}) does not verify under the certificate of the {from} ({certificate}); it is what one gets where {mistake}{answer}; {negotiated}.',
        causes: [
          'the {from} has a defect in what it signs, or shares state between connections',
          'a signing module or key service that the {from} uses does not sign what TLS asks for',
        ],
        remedies: [
          'compare with another version of the {from}’s TLS library, or with signing done by the library itself',
          'let the {from} verify its signature before it sends it',
        ],
        commands: ['tshark -r CAPTURE -Y "frame.number == {packet}" -V'],
      },
      exchanged: {
        title: 'The signature of the {from} belongs to another handshake',
        what: 'The signature in {message} (packet {packet}, {scheme}) does not verify under the certificate of the {from} ({certificate}) with the randoms of this handshake, and does with another: {mistake}{answer}; {negotiated}.',
        causes: [
          'a proxy or load balancer gave a hello of one connection to another: then what was signed is right, and the hello before it is not of this handshake',
          'the {from} shares state between connections, and signed with the randoms of another one',
        ],
        remedies: [
          'capture on the {from}: if its hello has another random there, it was exchanged on the way',
          'if it has the same, look at what the {from} keeps for each connection while it signs',
        ],
        commands: [
          'tshark -r CAPTURE -Y "tls.handshake.type <= 2" -T fields -e frame.number -e tcp.stream -e tls.handshake.random',
        ],
      },
      opened: {
        title: 'The {from} signed with another key, or something else',
        what: 'The signature in {message} (packet {packet}, {scheme}) does not verify under the certificate of the {from} ({certificate}), and no known mistake makes it, though the Finished of the {from} is that of the messages that were captured{answer}; {negotiated}.',
        causes: [
          'the private key in use does not belong to the certificate that was sent: one of the two was renewed without the other, or two names share a key store',
          'a signing module or key service that the {from} uses does not sign what TLS asks for',
        ],
        remedies: [
          'compare the public keys of certificate and private key of the {from}',
          'let the {from} verify its signature before it sends it',
        ],
        commands: [
          'openssl x509 -in CERT -noout -pubkey; openssl pkey -in KEY -pubout',
          'tshark -r CAPTURE -o tls.keylog_file:KEYS -Y "frame.number == {packet}" -V',
        ],
      },
      invalid: {
        what: 'The signature in {message} (packet {packet}, {scheme}) does not verify under the certificate of the {from} ({certificate}), and no known mistake makes it{answer}; {negotiated}.',
        causes: [
          'the private key in use does not belong to the certificate that was sent',
          'a device on the path changed a random, a parameter or the signature',
        ],
        remedies: [
          'compare the public keys of certificate and private key of the {from}',
          'capture at both ends and compare the messages octet by octet',
        ],
        commands: [
          'openssl x509 -in CERT -noout -pubkey; openssl pkey -in KEY -pubout',
          'tshark -r CAPTURE -Y "frame.number == {packet}" -V',
        ],
      },
    },
  },
  check(history) {
    const { id, outcome, version } = history;
    if (outcome !== 'failed' && outcome !== 'aborted') return NOT_APPLICABLE;
    if (version === undefined) return NOT_APPLICABLE;
    const isOpened = isTls13(history);
    const sent = signedMessages(history);
    if (sent.length === 0) return NOT_APPLICABLE;
    if (isAmbiguous(history)) return notAssessable('lost-bytes');
    const checks = history.signatures ?? [];
    const wrong = checks.find(({ verdict }) => verdict === 'wrong');
    if (wrong === undefined) {
      const isRight = ({ type, from }: Signed): boolean =>
        checks.some((c) => c.type === type && c.from === from && c.verdict === 'verified');
      if (sent.every(isRight)) return PASS;
      return notAssessable(
        checks.some(({ verdict }) => verdict === 'not-comparable')
          ? 'cipher-unsupported'
          : (blindToEnding(history) ?? 'lost-bytes'),
      );
    }
    const { from, type, scheme, certificate, explanation } = wrong;
    const ending = endingOf(history);
    const hasGoneOn = wentOn(history, wrong);
    const isAccepted = hasGoneOn || mayHaveGoneOn(history, wrong, ending);
    return {
      kind: 'finding',
      message: messageOf(explanation, isOpened),
      // Then it ended nothing, or may not have, and silences nobody who knows what did.
      ...(isAccepted && { severity: 'info' }),
      confidence: isAccepted ? 'likely' : 'proven',
      data: {
        from,
        message: messageName(type),
        packet: wrong.packet,
        scheme: scheme === undefined ? 'as its version has it' : signatureSchemeName(scheme),
        certificate: `${certificate.subject ?? 'a raw key'}, SHA-256 ${certificate.fingerprint.slice(0, FINGERPRINT_DIGITS)}…`,
        mistake: explanation === undefined ? '' : mistakeOf(explanation),
        answer: `${hasGoneOn ? `; the ${peerOf(from)} went on all the same` : isAccepted ? `; octets of the ${peerOf(from)} are missing, with which it may have gone on` : ''}${answerOf(ending)}`,
        negotiated: describeNegotiation(history),
      },
      evidence: [
        witness(wrong, id, from, `${messageName(type)}, its signature is invalid`),
        ...(ending === undefined ? [] : [witness(ending, id, ending.by, 'ends the handshake')]),
      ],
      connections: [id],
      explanations: explanationsOf(wrong, ending, isOpened),
    };
  },
});
