import { concat, u16, u24 } from '../bytes/concat.ts';
import { ByteReader } from '../bytes/reader.ts';

/** Where the parts of a ClientHello lie that mistakes change; offsets into the message with its 4-octet header. */
export interface HelloParts {
  readonly extensionsStart: number;
  readonly extensions: readonly ExtensionPart[];
}

/** Where an extension lies, in octets from the beginning of the message. */
export interface ExtensionPart {
  readonly type: number;
  /** From its type on. */
  readonly start: number;
  readonly end: number;
}

/** Finds the extensions of a ClientHello; undefined if it has none or is damaged. RFC 8446 §4.1.2, RFC 6347 §4.2.1. */
export function helloParts(message: Uint8Array, dtls: boolean): HelloParts | undefined {
  const r = new ByteReader(message, 4);
  r.view('client_version and random', 34);
  r.view('session_id', r.u8('session_id.length'));
  if (dtls) r.view('cookie', r.u8('cookie.length'));
  r.view('cipher_suites', r.u16('cipher_suites.length'));
  r.view('compression_methods', r.u8('compression_methods.length'));
  const length = r.u16('extensions.length');
  const extensionsStart = r.offset;
  if (r.stopped || length !== r.remaining) return undefined;
  const extensions: ExtensionPart[] = [];
  while (r.remaining > 0) {
    const start = r.offset;
    const type = r.u16('extension_type');
    r.view('extension_data', r.u16('extension_data.length'));
    if (r.stopped) return undefined;
    extensions.push({ type, start, end: r.offset });
  }
  return { extensionsStart, extensions };
}

/** The same ClientHello with these of its extensions, in this order, and lengths that fit. */
export function withExtensions(
  message: Uint8Array,
  { extensionsStart }: HelloParts,
  extensions: readonly ExtensionPart[],
): Uint8Array {
  const block = concat(...extensions.map(({ start, end }) => message.subarray(start, end)));
  const before = message.subarray(4, extensionsStart - 2);
  const body = concat(before, u16(block.length), block);
  return concat(message.subarray(0, 1), u24(body.length), body);
}
