import type { ByteReader } from '../../bytes/reader.ts';
import {
  APPLICATION_LAYER_PROTOCOL_NEGOTIATION,
  DRAFT_KEY_SHARE,
  KEY_SHARE,
  PRE_SHARED_KEY,
  SERVER_NAME,
  SIGNATURE_ALGORITHMS,
  SUPPORTED_GROUPS,
  SUPPORTED_VERSIONS,
} from '../../model/code-points/extensions.ts';
import { isGrease } from '../../model/code-points/grease.ts';
import type { ClientHello } from '../../model/message.ts';
import { type Decoded, decode } from './decoded.ts';
import { readGroups, readSignatureSchemes } from './extension/code-lists.ts';
import { readClientShares } from './extension/key-share.ts';
import { readOfferedPsks } from './extension/pre-shared-key.ts';
import { readProtocolNames } from './extension/protocol-names.ts';
import { readServerName } from './extension/server-name.ts';
import { readOfferedVersions } from './extension/supported-versions.ts';
import { type ExtensionList, readOptionalExtensionList } from './extension-list.ts';
import { readCodes, readVector, readWindow } from './lists.ts';

/**
 * `struct { ProtocolVersion; Random; SessionID; opaque cookie<0..2^8-1>; CipherSuite<2..2^16-2>; … }`, the body without
 * its handshake header. RFC 8446 §4.1.2, RFC 5246 §7.4.1.2, RFC 6347 §4.2.1.
 *
 * @param dtls the message has a cookie field
 */
export function decodeClientHello(body: Uint8Array, dtls: boolean): Decoded<ClientHello> {
  return decode(body, (r) => readClientHello(r, dtls));
}

function readClientHello(r: ByteReader, dtls: boolean): ClientHello {
  const legacyVersion = r.u16('client_version');
  const random = r.view('random', 32);
  const sessionId = readVector(r, 'session_id', 1);
  const cookie = dtls ? readVector(r, 'cookie', 1) : undefined;
  const cipherSuites = readCodes(readWindow(r, 'cipher_suites', 2), 'CipherSuite');
  const compressionMethods = [...readVector(r, 'compression_methods', 1)];
  const list = readOptionalExtensionList(r);
  return {
    legacyVersion,
    random,
    sessionId,
    cookie,
    cipherSuites,
    compressionMethods,
    extensions: list.extensions,
    serverName: read(list, SERVER_NAME, readServerName),
    alpn: read(list, APPLICATION_LAYER_PROTOCOL_NEGOTIATION, readProtocolNames) ?? [],
    versions: versionsOffered(list, legacyVersion),
    supportedGroups: read(list, SUPPORTED_GROUPS, readGroups) ?? [],
    signatureAlgorithms: read(list, SIGNATURE_ALGORITHMS, readSignatureSchemes) ?? [],
    keyShareGroups: (
      read(list, KEY_SHARE, readClientShares) ??
      read(list, DRAFT_KEY_SHARE, readClientShares) ??
      []
    ).map((share) => share.group),
    pskIdentities: read(list, PRE_SHARED_KEY, readOfferedPsks)?.identities ?? [],
  };
}

/** The legacy version counts only where supported_versions is absent. RFC 8446 §4.2.1. */
function versionsOffered(list: ExtensionList, legacyVersion: number): readonly number[] {
  const offered = read(list, SUPPORTED_VERSIONS, readOfferedVersions);
  return offered?.filter((version) => !isGrease(version)) ?? [legacyVersion];
}

function read<Value>(
  { bodies }: ExtensionList,
  type: number,
  reader: (r: ByteReader) => Value,
): Value | undefined {
  const body = bodies.get(type);
  return body === undefined ? undefined : reader(body);
}
