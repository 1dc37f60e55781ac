import { concat, u24 } from '../bytes/concat.ts';
import { readU16, readU24 } from '../bytes/scalars.ts';
import type { TranscriptMessage } from '../crypto/transcript.ts';
import {
  CLIENT_HELLO,
  SERVER_HELLO,
  SERVER_KEY_EXCHANGE,
} from '../model/code-points/handshake-types.ts';
import type { Role } from '../model/history.ts';
import { HandshakeMessages } from './unsealing/handshake-messages.ts';

/** `msg_type` and `length`, RFC 8446 §4. */
const MESSAGE_HEADER = 4;
/** The same with DTLS's `message_seq` behind it, as messages of DTLS are kept. */
export const NUMBERED_HEADER = 6;

/** What is known of one side: the body of its hello, and the octets that it sent in the clear behind it. */
export interface ClearSide {
  readonly hello: Uint8Array | undefined;
  readonly octets: Uint8Array | undefined;
}

/** The messages of a handshake up to TLS 1.2, of each side its hello first. */
export function clearMessages(
  sides: Readonly<Record<Role, ClearSide>>,
  isDtls: boolean,
): HandshakeMessages {
  // They are gone when the caller is done, and bounded by what was kept.
  const messages = new HandshakeMessages({ octets: 0 });
  for (const from of ['client', 'server'] as const) {
    const { hello, octets } = sides[from];
    if (hello === undefined || octets === undefined) messages.isWhole = false;
    const type = HELLOS[from];
    const rest = octets === undefined ? [] : [...messagesIn(octets, from, isDtls)];
    const behind = rest.filter((message) => message.type !== type);
    if (hello !== undefined) {
      const next = behind[0]?.messageSeq;
      const header = concat(Uint8Array.of(type), u24(hello.length));
      messages.add({
        from,
        type,
        octets: concat(header, hello),
        ...(isDtls && { messageSeq: (next ?? 1) - 1 }),
      });
    }
    for (const message of behind) messages.add(message);
  }
  return messages;
}

const HELLOS = { client: CLIENT_HELLO, server: SERVER_HELLO } as const;

/**
 * The named curve of the ServerKeyExchange among the octets that a server sent, in a handshake with ECDHE; 0 where there
 * is none. RFC 8422 §5.4.
 */
export function curveOf(sent: Uint8Array, isDtls: boolean): number {
  const header = isDtls ? NUMBERED_HEADER : MESSAGE_HEADER;
  for (let at = 0; at + header <= sent.length; at += header + readU24(sent, at + 1)) {
    const body = at + header;
    if (sent[at] === SERVER_KEY_EXCHANGE && body + 3 <= sent.length)
      return sent[body] === NAMED_CURVE ? readU16(sent, body + 1) : 0;
  }
  return 0;
}

/** `ECCurveType`. RFC 8422 §5.4. */
const NAMED_CURVE = 3;

function* messagesIn(sent: Uint8Array, from: Role, isDtls: boolean): Iterable<TranscriptMessage> {
  const header = isDtls ? NUMBERED_HEADER : MESSAGE_HEADER;
  for (let at = 0; at + header <= sent.length; ) {
    const end = at + header + readU24(sent, at + 1);
    if (end > sent.length) return;
    const type = sent[at] as number;
    if (isDtls) {
      const octets = concat(
        sent.subarray(at, at + MESSAGE_HEADER),
        sent.subarray(at + header, end),
      );
      yield { from, type, octets, messageSeq: readU16(sent, at + MESSAGE_HEADER) };
    } else yield { from, type, octets: sent.subarray(at, end) };
    at = end;
  }
}
