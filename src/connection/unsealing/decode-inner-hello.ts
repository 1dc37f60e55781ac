import { ascii, concat, u16, u24 } from '../../bytes/concat.ts';
import { ByteReader } from '../../bytes/reader.ts';
import { openHpke } from '../../crypto/hpke.ts';
import type { KeyLog } from '../../crypto/key-log.ts';
import { ENCRYPTED_CLIENT_HELLO } from '../../model/code-points/extensions.ts';
import { CLIENT_HELLO } from '../../model/code-points/handshake-types.ts';
import type { Extension } from '../../model/message.ts';
import { decodeClientHello } from '../../tls/codec/client-hello.ts';

/** The form of the extension that carries another hello. RFC 9849 §5. */
const OUTER = 0;
/** `ech_outer_extensions`: names those that the inner hello has in common with the outer one. RFC 9849 §5.1. */
const OUTER_EXTENSIONS = 0xfd00;
const ECH_VERSION = 0xfe0d;
const MESSAGE_HEADER = 4;
/** Version and random, in front of the session id. */
const BEFORE_SESSION_ID = 34;

/** What the extension of the outer form holds; `payloadAt` counts from the start of the extension's body. */
interface OuterForm {
  readonly kdf: number;
  readonly aead: number;
  readonly payload: Uint8Array;
  readonly payloadAt: number;
}

/**
 * The encrypted ClientHello in this one (both with header), from the lines ECH_SECRET and ECH_CONFIG that a key log has for
 * the random on the wire (RFC 9850 §2.3). Undefined where they are missing or do not fit.
 *
 * @param sequence 1 for the second ClientHello, behind a HelloRetryRequest
 */
export function openInnerHello(
  keyLog: KeyLog,
  message: Uint8Array,
  sequence: number,
): Uint8Array | undefined {
  const body = message.subarray(MESSAGE_HEADER);
  const outer = decodeClientHello(body, false).message;
  const extension = outer.extensions.find(({ type }) => type === ENCRYPTED_CLIENT_HELLO);
  const form = extension && outerForm(extension.data);
  const secret = keyLog.find('ECH_SECRET', outer.random);
  const config = keyLog.find('ECH_CONFIG', outer.random);
  if (extension === undefined || form === undefined || !secret || !config) return undefined;
  const kem = kemOf(config);
  if (kem === undefined) return undefined;
  // What is authenticated is the outer hello with zeros for the payload (RFC 9849 §5.2).
  const additional = body.slice();
  const at = extension.data.byteOffset - body.byteOffset + form.payloadAt;
  additional.fill(0, at, at + form.payload.length);
  const encoded = openHpke({
    kem,
    kdf: form.kdf,
    aead: form.aead,
    sharedSecret: secret,
    info: concat(ascii('tls ech'), Uint8Array.of(0), config),
    sequence,
    additional,
    sealed: form.payload,
  });
  return encoded && decoded(encoded, outer.sessionId, outer.extensions);
}

function outerForm(data: Uint8Array): OuterForm | undefined {
  const r = new ByteReader(data);
  if (r.u8('type') !== OUTER) return undefined;
  const kdf = r.u16('kdf_id');
  const aead = r.u16('aead_id');
  r.u8('config_id');
  r.view('enc', r.u16('enc.length'));
  const length = r.u16('payload.length');
  const payloadAt = r.offset;
  const payload = r.view('payload', length);
  return r.stopped || length === 0 ? undefined : { kdf, aead, payload, payloadAt };
}

/** `kem_id` of an ECHConfig. RFC 9849 §4. */
function kemOf(config: Uint8Array): number | undefined {
  const r = new ByteReader(config);
  const version = r.u16('version');
  r.u16('length');
  r.u8('config_id');
  const kem = r.u16('kem_id');
  return r.stopped || version !== ECH_VERSION ? undefined : kem;
}

/**
 * `EncodedClientHelloInner` → the message that the inner handshake begins with: the outer session id, the extensions that
 * are only named, and no padding. RFC 9849 §5.1.
 */
function decoded(
  encoded: Uint8Array,
  sessionId: Uint8Array,
  outer: readonly Extension[],
): Uint8Array | undefined {
  const r = new ByteReader(encoded);
  const head = r.view('version and random', BEFORE_SESSION_ID);
  if (r.u8('session_id.length') !== 0) return undefined;
  const suites = r.view('cipher_suites', r.u16('cipher_suites.length'));
  const methods = r.view('compression_methods', r.u8('compression_methods.length'));
  const list = r.window('extensions', r.u16('extensions.length'));
  const extensions: Uint8Array[] = [];
  while (list.remaining > 0) {
    const type = list.u16('extension_type');
    const data = list.view('extension_data', list.u16('extension_data.length'));
    if (type !== OUTER_EXTENSIONS) extensions.push(extensionOctets(type, data));
    else
      for (const named of namesIn(data)) {
        const found = outer.find((extension) => extension.type === named);
        if (found === undefined) return undefined;
        extensions.push(extensionOctets(found.type, found.data));
      }
  }
  if (r.shortfalls.length > 0 || r.rest().some((octet) => octet !== 0)) return undefined;
  const all = concat(...extensions);
  const body = concat(
    head,
    Uint8Array.of(sessionId.length),
    sessionId,
    u16(suites.length),
    suites,
    Uint8Array.of(methods.length),
    methods,
    u16(all.length),
    all,
  );
  return concat(Uint8Array.of(CLIENT_HELLO), u24(body.length), body);
}

function namesIn(data: Uint8Array): number[] {
  const r = new ByteReader(data);
  const list = r.window('outer_extensions', r.u8('outer_extensions.length'));
  const types: number[] = [];
  while (list.remaining > 1) types.push(list.u16('extension_type'));
  return types;
}

const extensionOctets = (type: number, data: Uint8Array): Uint8Array =>
  concat(u16(type), u16(data.length), data);
