import { readU24 } from '../bytes/scalars.ts';
import { nameCertificate } from '../crypto/certificate-key.ts';
import type { Explanation as Comparison } from '../crypto/hypothesis.ts';
import {
  explainCertificateVerify,
  explainParameters,
  type OtherHandshake,
} from '../crypto/signatures.ts';
import type { TranscriptMessage } from '../crypto/transcript.ts';
import {
  CERTIFICATE,
  CERTIFICATE_VERIFY,
  CLIENT_HELLO,
  CLIENT_KEY_EXCHANGE,
  SERVER_HELLO,
  SERVER_HELLO_DONE,
  SERVER_KEY_EXCHANGE,
} from '../model/code-points/handshake-types.ts';
import { cipherSuite } from '../model/code-points/suites.ts';
import type { ConnectionHistory, Role } from '../model/history.ts';
import type { SignatureCheck } from '../model/signature.ts';
import { decodeCertificateVerify } from '../tls/codec/certificate-verify.ts';
import { decodeServerKeyExchange } from '../tls/codec/server-key-exchange.ts';
import { explanationOf } from './unsealing/explanation.ts';
import type { HandshakeMessages } from './unsealing/handshake-messages.ts';

/** What a signature is verified with, but for the messages. */
export type SignedHistory = Pick<
  ConnectionHistory,
  'version' | 'cipherSuite' | 'clientRandom' | 'serverRandom' | 'messages'
>;

/** Where a signature and what it covers lie in its message. */
export interface Signed {
  readonly type: number;
  readonly from: Role;
  readonly scheme: number | undefined;
  readonly signature: Uint8Array;
  readonly compare: (certificate: Uint8Array) => Comparison;
}

/** Handshakes whose randoms may have been signed by mistake; undefined where no more mistakes are looked for. */
type Others = () => readonly OtherHandshake[] | undefined;

/**
 * Verifies the signatures of a handshake up to TLS 1.2 that can be put together. RFC 5246 §7.4.3 and §7.4.8.
 *
 * @param others asked for each signature that does not verify
 */
export function verifySignatures(
  history: SignedHistory,
  messages: HandshakeMessages,
  others: Others,
): SignatureCheck[] {
  return [parametersOf(history, messages, others), transcriptOf(history, messages, others)].flatMap(
    (signed) => {
      if (signed === undefined) return [];
      const der = certificateOf(messages.last(signed.from, CERTIFICATE));
      return checkOf(signed, history, der) ?? [];
    },
  );
}

/** @param der the certificate or raw key that the signer showed */
export function checkOf(
  { type, from, scheme, compare }: Signed,
  { messages }: Pick<SignedHistory, 'messages'>,
  der: Uint8Array | undefined,
): SignatureCheck | undefined {
  const at = messages.findLast((m) => m.type === type && m.from === from);
  if (der === undefined || at === undefined) return undefined;
  const comparison = compare(der);
  const { packet, nanos } = at;
  return {
    packet,
    nanos,
    from,
    type,
    verdict: VERDICTS[comparison.kind],
    explanation: explanationOf(comparison, SIGNATURE_BITS),
    excluded: comparison.kind === 'unexplained' ? comparison.tried : [],
    scheme,
    certificate: nameCertificate(der),
  };
}

const VERDICTS = {
  verified: 'verified',
  explained: 'wrong',
  unexplained: 'wrong',
  'not-comparable': 'not-comparable',
} as const satisfies Record<Comparison['kind'], SignatureCheck['verdict']>;

/** Forging what a hypothesis signs takes at least the work that the shortest hash in use resists. */
const SIGNATURE_BITS = 80;

function parametersOf(
  { version, cipherSuite: code, clientRandom, serverRandom }: SignedHistory,
  messages: HandshakeMessages,
  others: Others,
): Signed | undefined {
  const body = messages.last('server', SERVER_KEY_EXCHANGE)?.octets.subarray(4);
  const suite = code === undefined ? undefined : cipherSuite(code);
  if (body === undefined || suite === undefined || version === undefined) return undefined;
  if (clientRandom === undefined || serverRandom === undefined) return undefined;
  const decoded = decodeServerKeyExchange(body, suite, version);
  if (decoded === undefined || decoded.shortfalls.length > 0 || decoded.strayOctets > 0)
    return undefined;
  const { signatureOctets, signatureScheme: scheme } = decoded.message;
  if (signatureOctets === undefined) return undefined;
  const at = body.length - signatureOctets;
  const parameters = body.subarray(0, at - (scheme === undefined ? 2 : 4));
  const signature = body.subarray(at);
  return {
    type: SERVER_KEY_EXCHANGE,
    from: 'server',
    scheme,
    signature,
    compare(certificate) {
      const input = {
        version,
        certificate,
        signatureScheme: scheme,
        signature,
        clientRandom,
        serverRandom,
        parameters,
      };
      const specified = explainParameters({ ...input, onlyVerify: true });
      const otherHandshakes = specified.kind === 'unexplained' ? others() : undefined;
      if (otherHandshakes === undefined) return specified;
      const alone = explainParameters(input);
      return alone.kind === 'unexplained'
        ? explainParameters({ ...input, otherHandshakes })
        : alone;
    },
  };
}

/** Without a message of the handshake, nothing is known about a signature over all of them. */
function transcriptOf(
  { version }: SignedHistory,
  messages: HandshakeMessages,
  others: Others,
): Signed | undefined {
  const message = messages.last('client', CERTIFICATE_VERIFY);
  if (message === undefined || version === undefined) return undefined;
  if (!messages.isWhole || messages.hasHoles) return undefined;
  const before = messages.before(message);
  // In DTLS the number of a hello is told by the certificate behind it.
  const hasAll =
    before[0]?.type === CLIENT_HELLO &&
    before[1]?.type === SERVER_HELLO &&
    before[2]?.type === CERTIFICATE &&
    messages.has('client', CERTIFICATE) &&
    messages.has('server', SERVER_HELLO_DONE) &&
    messages.has('client', CLIENT_KEY_EXCHANGE);
  if (!hasAll) return undefined;
  const body = message.octets.subarray(4);
  const { message: fields, shortfalls, strayOctets } = decodeCertificateVerify(body, version);
  if (shortfalls.length > 0 || strayOctets > 0) return undefined;
  const { signatureScheme: scheme } = fields;
  const signature = body.subarray(body.length - fields.signatureOctets);
  return {
    type: CERTIFICATE_VERIFY,
    from: 'client',
    scheme,
    signature,
    compare(certificate) {
      const input = { version, certificate, signatureScheme: scheme, signature, messages: before };
      const specified = explainCertificateVerify({ ...input, onlyVerify: true });
      if (specified.kind !== 'unexplained' || others() === undefined) return specified;
      return explainCertificateVerify(input);
    },
  };
}

/**
 * The sender's own certificate, the first of its list (RFC 5246 §7.4.2), or its key where raw ones were negotiated
 * (RFC 7250 §3): that has one length less in front.
 */
function certificateOf(message: TranscriptMessage | undefined): Uint8Array | undefined {
  const body = message?.octets.subarray(4);
  if (body === undefined || body.length < 6 || readU24(body, 0) + 3 !== body.length)
    return undefined;
  if (body[3] === SEQUENCE) return body.subarray(3);
  const end = 6 + readU24(body, 3);
  return end > 6 && end <= body.length ? body.subarray(6, end) : undefined;
}

/** First octet of a `SEQUENCE` in DER; a certificate of that length would have three million octets. */
const SEQUENCE = 0x30;
