import { ascii, concat, sameOctets, u16, u24 } from '../bytes/concat.ts';
import {
  CLIENT_HELLO,
  HELLO_REQUEST,
  HELLO_VERIFY_REQUEST,
  KEY_UPDATE,
  MESSAGE_HASH,
  NEW_SESSION_TICKET,
  SERVER_HELLO,
} from '../model/code-points/handshake-types.ts';
import { DTLS_PRE_STANDARD, isTls13 } from '../model/code-points/versions.ts';
import { HELLO_RETRY_REQUEST } from '../model/history.ts';
import { digest, type HashName, type PrfKind } from './hash.ts';

/** A handshake message as it was sent, whole. */
export interface TranscriptMessage {
  readonly from: 'client' | 'server';
  /** `HandshakeType`; a HelloRetryRequest may be told apart by its number in histories. */
  readonly type: number;
  /** With the 4-octet header of TLS, in DTLS as well. */
  readonly octets: Uint8Array;
  /** DTLS only. */
  readonly messageSeq?: number | undefined;
  /** DTLS: lengths of the fragments in which it came first; undefined for one. */
  readonly fragments?: readonly number[] | undefined;
}

/** How a message is written into the hash. */
export type MessageForm =
  /** With the 4-octet header. RFC 5246 §7.4.9; DTLS 1.3 too, RFC 9147 §5.2. */
  | 'tls'
  /** With the 12-octet header, as if it had been sent in one fragment. RFC 6347 §4.2.6. */
  | 'dtls'
  /** Without any header, as OpenSSL did before RFC 4347. */
  | 'bodies'
  | 'dtls-fragments'
  | 'dtls-renumbered';

/** What is hashed: some messages, in some form. */
export interface Transcript {
  readonly messages: readonly TranscriptMessage[];
  readonly form: MessageForm;
  /** Does a hash stand for the first ClientHello after a HelloRetryRequest? RFC 8446 §4.4.1. */
  readonly messageHash: boolean;
}

/** DTLS of any version, that of OpenSSL before RFC 4347 included. */
export function isDtls(version: number): boolean {
  return version >> 8 === 0xfe || version === DTLS_PRE_STANDARD;
}

/**
 * The transcript of a handshake as the negotiated version (wire value) has it, from all its messages in order: without
 * HelloRequest, without a cookie exchange up to DTLS 1.2, without what follows the handshake in TLS 1.3.
 * RFC 5246 §7.4.9, RFC 6347 §4.2.1 and §4.2.6, RFC 8446 §4.4.1. OpenSSL's DTLS before RFC 4347 hashed all bodies.
 */
export function specifiedTranscript(
  messages: readonly TranscriptMessage[],
  version: number,
): Transcript {
  const tls13 = isTls13(version);
  const counted = messages.filter(
    ({ type }) => type !== HELLO_REQUEST && !(tls13 && isPostHandshake(type)),
  );
  if (tls13) return { messages: counted, form: 'tls', messageHash: true };
  if (!isDtls(version)) return { messages: counted, form: 'tls', messageHash: false };
  if (version === DTLS_PRE_STANDARD)
    return { messages: counted, form: 'bodies', messageHash: false };
  return { messages: afterCookieExchange(counted), form: 'dtls', messageHash: false };
}

/** Messages from the ClientHello on that the server answered with ServerHello, however many came before. */
export function afterCookieExchange(
  messages: readonly TranscriptMessage[],
): readonly TranscriptMessage[] {
  const answered = messages.findIndex(({ type }) => type === SERVER_HELLO);
  const until = answered < 0 ? messages.length : answered;
  let start = until;
  while (start > 0 && messages[start]?.type !== CLIENT_HELLO) start--;
  return messages.slice(start).filter(({ type }) => type !== HELLO_VERIFY_REQUEST);
}

/** Octets to hash, in order. `hash` is that of the message_hash which stands for a first ClientHello. */
export function transcriptOctets(
  { messages, form, messageHash }: Transcript,
  hash: HashName | undefined,
): Uint8Array[] {
  const retry = messageHash ? messages.findIndex(isHelloRetryRequest) : -1;
  const octets = messages.map((message, index) => FORMS[form](message, index));
  if (retry <= 0 || hash === undefined) return octets;
  const firstHello = digest(hash, ...octets.slice(0, retry));
  return [Uint8Array.of(MESSAGE_HASH, 0, 0, firstHello.length), firstHello, ...octets.slice(retry)];
}

/** The hash that message_hash is made with under this kind: none before TLS 1.3 has one. */
export function messageHashName(kind: PrfKind): HashName | undefined {
  return kind === 'ssl3' || kind === 'md5-sha1' ? undefined : kind;
}

const FORMS: Readonly<
  Record<MessageForm, (message: TranscriptMessage, index: number) => Uint8Array>
> = {
  tls: ({ octets }) => octets,
  dtls: ({ octets, messageSeq = 0 }) => asOneFragment(octets, messageSeq),
  'dtls-renumbered': ({ octets }, index) => asOneFragment(octets, index),
  bodies: ({ octets }) => octets.subarray(4),
  'dtls-fragments': fragmentByFragment,
};

function asOneFragment(octets: Uint8Array, messageSeq: number): Uint8Array {
  const body = octets.subarray(4);
  return concat(octets.subarray(0, 4), u16(messageSeq), u24(0), u24(body.length), body);
}

function fragmentByFragment({ octets, messageSeq = 0, fragments }: TranscriptMessage): Uint8Array {
  const body = octets.subarray(4);
  let at = 0;
  const parts = (fragments ?? [body.length]).map((length) => {
    const part = body.subarray(at, at + length);
    at += length;
    return concat(octets.subarray(0, 4), u16(messageSeq), u24(at - length), u24(part.length), part);
  });
  return concat(...parts);
}

/** A ServerHello with the random that says it is none. RFC 8446 §4.1.3. */
export function isHelloRetryRequest({ type, octets }: TranscriptMessage): boolean {
  if (type === HELLO_RETRY_REQUEST) return true;
  return type === SERVER_HELLO && sameOctets(octets.subarray(6, 38), RETRY_RANDOM);
}

/** The RFC gives the value and tells that it is this hash. */
const RETRY_RANDOM = digest('sha256', ascii('HelloRetryRequest'));

function isPostHandshake(type: number): boolean {
  return type === NEW_SESSION_TICKET || type === KEY_UPDATE;
}
