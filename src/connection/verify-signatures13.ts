import { readU24 } from '../bytes/scalars.ts';
import { explainCertificateVerify13 } from '../crypto/certificate-verify13.ts';
import type { TranscriptMessage } from '../crypto/transcript.ts';
import {
  CERTIFICATE,
  CERTIFICATE_VERIFY,
  CLIENT_HELLO,
} from '../model/code-points/handshake-types.ts';
import type { DecryptionFacts } from '../model/decryption.ts';
import { ROLES } from '../model/history.ts';
import type { SignatureCheck } from '../model/signature.ts';
import { decodeCertificateVerify } from '../tls/codec/certificate-verify.ts';
import type { HandshakeMessages } from './unsealing/handshake-messages.ts';
import { checkOf, type SignedHistory } from './verify-signatures.ts';

/**
 * Verifies the signatures of a TLS 1.3 handshake that secrets opened. Its Finished covers the same messages: only where
 * that of the signer is right, what the signer hashed is what was captured, and a wrong signature is its own.
 * RFC 8446 §4.4.3 and §4.4.4.
 */
export function verifySignatures13(
  history: SignedHistory,
  messages: HandshakeMessages,
  finished: DecryptionFacts['finished'],
): SignatureCheck[] {
  const { version, cipherSuite: suite } = history;
  if (version === undefined || suite === undefined) return [];
  if (!messages.isWhole || messages.hasHoles) return [];
  return ROLES.flatMap((from) => {
    const message = messages.last(from, CERTIFICATE_VERIFY);
    if (message === undefined || finished[from]?.verified !== true) return [];
    const before = messages.before(message);
    const body = message.octets.subarray(4);
    const { message: fields, shortfalls, strayOctets } = decodeCertificateVerify(body, version);
    if (before[0]?.type !== CLIENT_HELLO || shortfalls.length > 0 || strayOctets > 0) return [];
    const { signatureScheme, signatureOctets } = fields;
    const signature = body.subarray(body.length - signatureOctets);
    const signed = {
      type: CERTIFICATE_VERIFY,
      from,
      scheme: signatureScheme,
      signature,
      compare: (certificate: Uint8Array) =>
        explainCertificateVerify13({
          version,
          suite,
          from,
          certificate,
          signatureScheme,
          signature,
          messages: before,
        }),
    };
    const check = checkOf(signed, history, firstCertificate(messages.last(from, CERTIFICATE)));
    return check === undefined || isOfDraft(check) ? [] : check;
  });
}

/** NSS hashes as draft 43 of DTLS 1.3 has it, and its Finished was right in that form. */
const isOfDraft = ({ explanation }: SignatureCheck): boolean =>
  explanation?.hypothesis === 'dtls-header-kept';

/**
 * The first entry of the list, behind a context that the request may have given: a certificate, or a raw key where that
 * was negotiated. RFC 8446 §4.4.2.
 */
function firstCertificate(message: TranscriptMessage | undefined): Uint8Array | undefined {
  const body = message?.octets.subarray(4);
  const list = 1 + (body?.[0] ?? 0);
  if (body === undefined || body.length < list + 6) return undefined;
  if (readU24(body, list) + list + 3 !== body.length) return undefined;
  const start = list + 6;
  const end = start + readU24(body, list + 3);
  return end > start && end <= body.length ? body.subarray(start, end) : undefined;
}
