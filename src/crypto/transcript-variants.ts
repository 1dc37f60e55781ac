import { extensionName } from '../model/code-points/extensions.ts';
import {
  CLIENT_HELLO,
  HELLO_REQUEST,
  HELLO_VERIFY_REQUEST,
  handshakeTypeName,
  NEW_SESSION_TICKET,
} from '../model/code-points/handshake-types.ts';
import {
  isTls13,
  TLS_1_0,
  TLS_1_1,
  TLS_1_2,
  TLS_1_3,
  versionName,
} from '../model/code-points/versions.ts';
import { LIMITS } from '../model/limits.ts';
import { helloParts, withExtensions } from './hello-parts.ts';
import type { Hypothesis } from './hypothesis.ts';
import {
  afterCookieExchange,
  isDtls,
  isHelloRetryRequest,
  specifiedTranscript,
  type Transcript,
  type TranscriptMessage,
} from './transcript.ts';

/** What a handshake's messages are, for everybody who hashes them. */
export interface TranscriptInput {
  /** Negotiated, as on the wire. */
  readonly version: number;
  /** All messages of this handshake before the one that holds the hash, in order, also those that do not count. */
  readonly messages: readonly TranscriptMessage[];
  /** Those of the handshakes before it on the same connection. */
  readonly earlier?: readonly TranscriptMessage[] | undefined;
}

/** A way of hashing the wrong messages, or the right ones wrongly. */
export interface TranscriptVariant extends Hypothesis {
  readonly variants: (
    input: TranscriptInput,
    specified: Transcript,
  ) => Iterable<DetailedTranscript>;
}

/** A transcript with one mistake in it. */
export interface DetailedTranscript {
  readonly transcript: Transcript;
  /** Which message, extension or version, where the mistake can be made with several. */
  readonly detail?: string;
}

/** Each row is one mistake, tried after the specified way failed. A row that changes nothing cannot match. */
export const TRANSCRIPT_VARIANTS: readonly TranscriptVariant[] = [
  {
    id: 'cookie-exchange-hashed',
    meaning: 'the first ClientHello or HelloVerifyRequest was hashed',
    source: 'RFC 6347 §4.2.1',
    *variants({ version, messages }, specified) {
      if (!isDtls(version) || isTls13(version)) return;
      const counted = messages.filter(({ type }) => type !== HELLO_REQUEST);
      const kept = afterCookieExchange(counted);
      const dropped = counted.slice(0, counted.length - kept.length);
      const hellos = dropped.filter(({ type }) => type === CLIENT_HELLO);
      const requests = dropped.filter(({ type }) => type === HELLO_VERIFY_REQUEST);
      const all = { ...specified, messages: [...dropped, ...kept] };
      yield { transcript: all, detail: 'client_hello and hello_verify_request' };
      yield {
        transcript: { ...specified, messages: [...hellos, ...kept] },
        detail: 'client_hello',
      };
      yield {
        transcript: { ...specified, messages: [...requests, ...kept] },
        detail: 'hello_verify_request',
      };
    },
  },
  {
    id: 'dtls-header-dropped',
    meaning: 'messages were hashed with the 4-octet header of TLS',
    source: 'RFC 6347 §4.2.6',
    *variants({ version }, specified) {
      if (isDtls(version) && !isTls13(version)) yield { transcript: { ...specified, form: 'tls' } };
    },
  },
  {
    id: 'dtls-header-kept',
    meaning: 'messages were hashed with the 12-octet header, as up to DTLS 1.2',
    source: 'RFC 9147 §5.2',
    *variants({ version }, specified) {
      if (isDtls(version) && isTls13(version)) yield { transcript: { ...specified, form: 'dtls' } };
    },
  },
  {
    id: 'message-seq-restarted',
    meaning: 'messages were hashed with message_seq counted from the second ClientHello',
    source: 'RFC 6347 §4.2.6',
    *variants({ version }, specified) {
      if (isDtls(version) && !isTls13(version))
        yield { transcript: { ...specified, form: 'dtls-renumbered' } };
    },
  },
  {
    id: 'fragments-hashed-separately',
    meaning: 'each fragment was hashed with its own header',
    source: 'RFC 6347 §4.2.6',
    *variants({ version }, specified) {
      if (isDtls(version) && !isTls13(version))
        yield { transcript: { ...specified, form: 'dtls-fragments' } };
    },
  },
  {
    id: 'hello-request-hashed',
    meaning: 'HelloRequest was hashed',
    source: 'RFC 5246 §7.4.1.1',
    *variants({ version, messages }, specified) {
      if (isTls13(version)) return;
      const requests = messages.filter(({ type }) => type === HELLO_REQUEST);
      if (requests.length > 0)
        yield { transcript: { ...specified, messages: [...requests, ...specified.messages] } };
    },
  },
  {
    id: 'post-handshake-message-hashed',
    meaning: 'NewSessionTicket was hashed, as in TLS 1.2',
    source: 'RFC 8446 §4.4.1',
    *variants({ version, messages }, specified) {
      if (isTls13(version) && messages.some(({ type }) => type === NEW_SESSION_TICKET))
        yield { transcript: { ...specified, messages } };
    },
  },
  {
    id: 'transcript-not-reset',
    meaning: 'the messages of the handshake before were hashed as well',
    source: 'RFC 5246 §7.4.9',
    *variants({ version, earlier = [] }, specified) {
      if (earlier.length === 0) return;
      const before = specifiedTranscript(earlier, version).messages;
      yield { transcript: { ...specified, messages: [...before, ...specified.messages] } };
    },
  },
  {
    id: 'hello-retry-not-replaced',
    meaning:
      'the first ClientHello was hashed itself, where its hash stands after a HelloRetryRequest',
    source: 'RFC 8446 §4.4.1',
    *variants(_, specified) {
      if (specified.messageHash) yield { transcript: { ...specified, messageHash: false } };
    },
  },
  {
    id: 'hello-retry-left-out',
    meaning:
      'the first ClientHello and HelloRetryRequest were not hashed, as with cookies up to DTLS 1.2',
    source: 'RFC 8446 §4.4.1',
    *variants(_, specified) {
      const retry = specified.messages.findIndex(isHelloRetryRequest);
      if (retry >= 0)
        yield { transcript: { ...specified, messages: specified.messages.slice(retry + 1) } };
    },
  },
  {
    id: 'message-left-out',
    meaning: 'a message was not hashed',
    source: 'RFC 5246 §7.4.9',
    *variants(_, specified) {
      const { messages } = specified;
      for (const [index, message] of messages.entries()) {
        if (index >= LIMITS.transcriptMessagesVaried) return;
        // Without a first ClientHello its hash goes too: that is the row before, if HelloRetryRequest goes with it.
        yield {
          transcript: { ...specified, messages: messages.toSpliced(index, 1) },
          detail: handshakeTypeName(message.type),
        };
      }
    },
  },
  {
    id: 'message-hashed-twice',
    meaning: 'a message was hashed twice, as if its retransmission were another one',
    source: 'RFC 5246 §7.4.9',
    *variants(_, specified) {
      const { messages } = specified;
      for (const [index, message] of messages.entries()) {
        if (index >= LIMITS.transcriptMessagesVaried) return;
        yield {
          transcript: { ...specified, messages: messages.toSpliced(index, 0, message) },
          detail: handshakeTypeName(message.type),
        };
      }
    },
  },
  {
    id: 'client-hello-reordered',
    meaning: 'ClientHello was not hashed as it was sent: its extensions were sorted by number',
    source: 'RFC 8446 §4.4.1',
    *variants({ version }, specified) {
      for (const { message, index, parts } of readableHellos(specified, version)) {
        const sorted = parts.extensions.toSorted((a, b) => a.type - b.type);
        const octets = withExtensions(message.octets, parts, sorted);
        yield { transcript: withOctets(specified, index, octets) };
      }
    },
  },
  {
    id: 'client-hello-extension-left-out',
    meaning: 'ClientHello was hashed without one of its extensions',
    source: 'RFC 8446 §4.4.1',
    *variants({ version }, specified) {
      for (const { message, index, parts } of readableHellos(specified, version)) {
        for (const [at, { type }] of parts.extensions.entries()) {
          if (at >= LIMITS.transcriptMessagesVaried) break;
          const octets = withExtensions(message.octets, parts, parts.extensions.toSpliced(at, 1));
          yield { transcript: withOctets(specified, index, octets), detail: extensionName(type) };
        }
      }
    },
  },
  {
    id: 'client-hello-version-altered',
    meaning: 'ClientHello was hashed with another version than it was sent with',
    source: 'RFC 8446 §4.4.1',
    *variants({ version }, specified) {
      const versions = isDtls(version)
        ? [0xfeff, 0xfefd, 0xfefc]
        : [TLS_1_0, TLS_1_1, TLS_1_2, TLS_1_3];
      for (const [index, { type, octets }] of specified.messages.entries()) {
        if (type !== CLIENT_HELLO || octets.length < 6) continue;
        for (const other of versions) {
          const altered = octets.slice();
          altered[4] = other >> 8;
          altered[5] = other & 0xff;
          yield { transcript: withOctets(specified, index, altered), detail: versionName(other) };
        }
      }
    },
  },
];

function withOctets(transcript: Transcript, index: number, octets: Uint8Array): Transcript {
  const message = transcript.messages[index];
  if (message === undefined) return transcript;
  return { ...transcript, messages: transcript.messages.with(index, { ...message, octets }) };
}

function* readableHellos({ messages }: Transcript, version: number) {
  for (const [index, message] of messages.entries()) {
    if (message.type !== CLIENT_HELLO) continue;
    const parts = helloParts(message.octets, isDtls(version));
    if (parts !== undefined) yield { message, index, parts };
  }
}
