import { DECRYPT_ERROR } from '../../model/code-points/alerts.ts';
import {
  CERTIFICATE_VERIFY,
  SERVER_KEY_EXCHANGE,
} from '../../model/code-points/handshake-types.ts';
import type { Confidence } from '../../model/finding.ts';
import { type AlertFact, type ConnectionHistory, peerOf } from '../../model/history.ts';
import { formatDuration } from '../../model/time.ts';
import { defineConnectionRule, NOT_APPLICABLE, notAssessable, PASS } from '../define-rule.ts';
import { isTls13 } from '../support/closing-alert.ts';
import { endingOf, lostOctets } from '../support/ending.ts';
import { PROVEN_BY_SECRETS } from '../support/failed-record.ts';
import { describeNegotiation } from '../support/negotiation.ts';
import { witness } from '../support/witness.ts';

type Reading = 'finished' | 'signature' | 'either' | 'binder';

const PRE_SHARED_KEY = 41;

/**
 * What the alert is about follows from what its sender had to check: signatures before the peer's ChangeCipherSpec,
 * verify_data after it, both where they came in one flight.
 */
function readingOf(history: ConnectionHistory, { from, packet }: AlertFact): Reading | undefined {
  const { messages, protectedRecords, stage } = history;
  const peer = peerOf(from);
  if (isTls13(history)) return from === 'client' ? 'either' : undefined;
  if (stage === 'server-hello') {
    const psk = history.clientHello?.extensions.some(({ type }) => type === PRE_SHARED_KEY);
    return from === 'server' && psk === true ? 'binder' : undefined;
  }
  const signed = messages.some(
    (message) =>
      message.from === peer &&
      message.packet <= packet &&
      (message.type === CERTIFICATE_VERIFY || message.type === SERVER_KEY_EXCHANGE),
  );
  const finished = (protectedRecords[peer].first?.packet ?? Number.POSITIVE_INFINITY) <= packet;
  if (!finished) return signed ? 'signature' : undefined;
  // The client checked ServerKeyExchange a flight earlier; CertificateVerify shares the flight of the Finished.
  return signed && from === 'server' ? 'either' : 'finished';
}

/** decrypt_error says: the record was in order, what it proves is not. */
export const finishedDecryptError = defineConnectionRule({
  meta: {
    id: 'finished-decrypt-error',
    group: 'hmac',
    title: 'A Finished or a signature did not verify',
    severity: 'error',
    sources: [
      'RFC 5246 §7.2.2',
      'RFC 5246 §7.4.8',
      'RFC 5246 §7.4.9',
      'RFC 8446 §4.4.4',
      'RFC 8446 §4.2.11.2',
      'RFC 6347 §4.2.6',
    ],
    reports:
      'A decrypt_error in the clear in answer to a Finished, to a signature of the handshake, or to a ClientHello that offers a PSK.',
    matters:
      'The alert is often taken for a wrong key. But a record under a wrong key gives bad_record_mac; decrypt_error means that the record was in order and the two sides disagree about the handshake itself, or that a signature is wrong.',
    decides:
      'By what the sender of the alert had to check last: a signed message and no protected record yet means the signature; a protected record without CertificateVerify means the verify_data of the Finished; with both in one flight it is one of the two. In answer to a ClientHello with a PSK it is probably the binder.',
    silent:
      'Where the messages before the alert were not captured, and where secrets allow a stricter verdict. Some small DTLS stacks used this alert for any MAC or epoch problem; over DTLS the verdict is only likely.',
    yieldsTo: [
      ...PROVEN_BY_SECRETS,
      'key-exchange-signature-invalid',
      'psk-binder-mismatch',
      'psk-mismatch',
      'server-hello-of-other-connection',
      'dtls-old-epoch-after-new-handshake',
    ],
    messages: {
      finished: {
        what: 'The {from} opened the {peer}’s Finished (packet {packet0}) but refused its verify_data: decrypt_error in packet {packet}, {delay} later; {negotiated}.',
        causes: [
          'the two sides hashed different handshakes: a device on the path rewrote a message (version, suites, server name)',
          'one side forgot or added a message in its hash (HelloVerifyRequest, HelloRequest, a ticket), or hashed a message as it would have written it',
          'verify_data is computed with the wrong label, hash or length',
        ],
        remedies: [
          'capture at both ends and compare the handshake messages octet by octet',
          'let both sides log the hash of the handshake that goes into verify_data, message by message, and see where it parts',
        ],
        commands: [
          'tshark -r CAPTURE -Y "frame.number <= {packet} && {transport}.stream == {stream}" -V',
        ],
      },
      sound: {
        title:
          'A Finished that fits the secrets at hand was refused: the two sides saw different handshakes',
        what: 'The {from} refused the {peer}’s Finished (packet {packet0}): decrypt_error in packet {packet}, {delay} later; and its verify_data is that of the handshake in this capture, under the secrets at hand; {negotiated}.',
        causes: [
          'the {from} hashed another handshake: it forgot or added a message, or a device behind the place of this capture changed one',
          'the {from} computes verify_data with another label, hash or secret',
        ],
        remedies: [
          'take a key log on the {from} as well: where its secrets are the same, the {from} hashes or computes something else than this capture shows',
          'capture on the {from} and compare the handshake messages octet by octet',
        ],
        commands: [
          'tshark -r CAPTURE -Y "frame.number <= {packet} && {transport}.stream == {stream}" -V',
        ],
      },
      signature: {
        what: 'The {from} refused a signature of the {peer} (flight of packet {packet0}): decrypt_error in packet {packet}, {delay} later; {negotiated}.',
        causes: [
          'the private key in use does not belong to the certificate that was sent',
          'a signed message or one of the randoms was changed on the way',
          'the signature was made with another algorithm or over other octets than announced',
        ],
        remedies: [
          'compare the public keys of certificate and private key',
          'capture at both ends and compare',
        ],
        commands: ['openssl x509 -in CERT -noout -pubkey; openssl pkey -in KEY -pubout'],
      },
      either: {
        what: 'The {from} refused the {peer}’s CertificateVerify or Finished (flight of packet {packet0}): decrypt_error in packet {packet}, {delay} later; {negotiated}.',
        causes: [
          'the signature in CertificateVerify was made with a key that does not belong to the certificate, or over another handshake',
          'the two sides hashed different handshakes, so that the verify_data of the Finished differs',
        ],
        remedies: [
          'compare the public keys of certificate and private key of the {peer}',
          'read the log of the {from}: it knows which of the two it refused',
        ],
        commands: [
          'tshark -r CAPTURE -Y "frame.number <= {packet} && {transport}.stream == {stream}" -V',
        ],
      },
      binder: {
        what: 'The server answered a ClientHello with a pre-shared key (packet {packet0}) by decrypt_error in packet {packet}, {delay} later; {negotiated}.',
        causes: [
          'the binder does not verify: client and server hold different keys for this identity',
        ],
        remedies: ['compare the PSK and its hash on both sides, octet by octet'],
        commands: ['openssl s_client -connect HOST:PORT -psk_identity IDENTITY -psk HEX'],
      },
    },
  },
  check(history) {
    if (history.alerts.length === 0 || history.stage === 'done') return NOT_APPLICABLE;
    const alert = endingOf(history)?.alert;
    if (alert?.description !== DECRYPT_ERROR || alert.encrypted) return NOT_APPLICABLE;
    const peer = peerOf(alert.from);
    const verified = history.decryption?.finished[peer]?.verified === true;
    const told = readingOf(history, alert);
    // Where secrets show the Finished to be right, the signature in the same flight is what was refused.
    const reading = told === 'either' && verified ? 'signature' : told;
    if (reading === undefined) {
      return lostOctets(history) > 0 ? notAssessable('lost-bytes') : PASS;
    }
    const { id, protectedRecords, messages } = history;
    const first = protectedRecords[peer].first;
    const about =
      reading === 'finished' && first !== undefined
        ? first
        : (messages.findLast(({ from, packet }) => from === peer && packet <= alert.packet) ??
          alert);
    const sure = reading === 'finished' || reading === 'signature';
    const sound = reading === 'finished' && verified;
    const confidence: Confidence =
      sure && history.protocol === 'TLS' && lostOctets(history) === 0 ? 'proven' : 'likely';
    return {
      kind: 'finding',
      message: sound ? 'sound' : reading,
      confidence,
      data: {
        from: alert.from,
        peer,
        transport: history.transport,
        stream: history.stream,
        packet: alert.packet,
        packet0: about.packet,
        delay: formatDuration(alert.nanos - about.nanos),
        negotiated: describeNegotiation(history),
      },
      evidence: [
        witness(alert, id, alert.from, 'decrypt_error in the clear'),
        witness(
          about,
          id,
          peer,
          reading === 'finished' ? 'its Finished, encrypted' : 'the flight that it answers',
        ),
      ],
      connections: [id],
      ...(reading === 'finished' && history.extendedMasterSecret === true
        ? {
            causes: [
              'the extended master secret was negotiated, so the handshakes agreed up to ClientKeyExchange: look at what comes after it, or at how verify_data is computed',
            ],
          }
        : {}),
    };
  },
});
