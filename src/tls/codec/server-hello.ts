import type { ByteReader } from '../../bytes/reader.ts';
import {
  APPLICATION_LAYER_PROTOCOL_NEGOTIATION,
  DRAFT_KEY_SHARE,
  KEY_SHARE,
  PRE_SHARED_KEY,
  SUPPORTED_VERSIONS,
} from '../../model/code-points/extensions.ts';
import type { ServerHello } from '../../model/message.ts';
import { type Decoded, decode } from './decoded.ts';
import { readSelectedGroup, readServerShare } from './extension/key-share.ts';
import { readSelectedIdentity } from './extension/pre-shared-key.ts';
import { readProtocolNames } from './extension/protocol-names.ts';
import { readSelectedVersion } from './extension/supported-versions.ts';
import { readOptionalExtensionList } from './extension-list.ts';
import { readVector } from './lists.ts';
import { isHelloRetryRandom, isShortServerHello } from './server-hello-forms.ts';

/**
 * `struct { ProtocolVersion; Random; SessionID; CipherSuite; CompressionMethod; Extension<0..2^16-1> }`, the body
 * without its handshake header. Also a HelloRetryRequest, which differs in its random, and the shorter form of TLS 1.3
 * drafts. RFC 8446 §4.1.3, RFC 5246 §7.4.1.3.
 */
export function decodeServerHello(body: Uint8Array): Decoded<ServerHello> {
  return decode(body, readServerHello);
}

function readServerHello(r: ByteReader): ServerHello {
  const legacyVersion = r.u16('server_version');
  const random = r.view('random', 32);
  const short = isShortServerHello(legacyVersion);
  const sessionId = short ? NO_SESSION_ID : readVector(r, 'session_id', 1);
  const cipherSuite = r.u16('cipher_suite');
  const compressionMethod = short ? 0 : r.u8('compression_method');
  const helloRetryRequest = random.length === 32 && isHelloRetryRandom(random, 0);

  const { extensions, bodies } = readOptionalExtensionList(r);
  const version = bodies.get(SUPPORTED_VERSIONS);
  const alpn = bodies.get(APPLICATION_LAYER_PROTOCOL_NEGOTIATION);
  const share = bodies.get(KEY_SHARE) ?? bodies.get(DRAFT_KEY_SHARE);
  const psk = bodies.get(PRE_SHARED_KEY);
  return {
    legacyVersion,
    random,
    sessionId,
    cipherSuite,
    compressionMethod,
    extensions,
    version: (version && readSelectedVersion(version)) ?? legacyVersion,
    alpn: alpn && readProtocolNames(alpn)[0],
    helloRetryRequest,
    keyShareGroup: share && (helloRetryRequest ? readSelectedGroup : readShareGroup)(share),
    selectedPsk: psk && readSelectedIdentity(psk),
  };
}

function readShareGroup(r: ByteReader): number | undefined {
  return readServerShare(r)?.group;
}

const NO_SESSION_ID = new Uint8Array(0);
