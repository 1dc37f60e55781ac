import type { ByteReader } from '../../bytes/reader.ts';
import type { CipherSuite, KeyExchange } from '../../model/code-points/suites.ts';
import { SSL_3_0 } from '../../model/code-points/versions.ts';
import type { ClientKeyExchange } from '../../model/message.ts';
import { type Decoded, decode } from './decoded.ts';
import { readVector } from './lists.ts';

/**
 * `ClientKeyExchange`: lengths of what the client sends, which differ by key exchange. Undefined where the key exchange
 * is one that is not read. RFC 5246 §7.4.7, RFC 8422 §5.7, RFC 4279 §2, RFC 5489 §2, RFC 5054 §2.8.2.
 *
 * @param version negotiated, as on the wire: SSL 3.0 sends the encrypted premaster secret without a length
 */
export function decodeClientKeyExchange(
  body: Uint8Array,
  suite: CipherSuite,
  version: number,
): Decoded<ClientKeyExchange> | undefined {
  const readExchange = EXCHANGES[suite.keyExchange];
  if (readExchange === undefined) return undefined;
  return decode(body, (r) => ({ ...NOTHING, ...readExchange(r, version) }));
}

type Exchange = Partial<ClientKeyExchange>;

const EXCHANGES: Readonly<
  Partial<Record<KeyExchange, (r: ByteReader, version: number) => Exchange>>
> = {
  RSA: readRsa,
  DH: readDh,
  DHE: readDh,
  ECDH: readEcdh,
  ECDHE: readEcdh,
  PSK: readIdentity,
  RSA_PSK: (r, version) => ({ ...readIdentity(r), ...readRsa(r, version) }),
  DHE_PSK: (r) => ({ ...readIdentity(r), ...readDh(r) }),
  ECDHE_PSK: (r) => ({ ...readIdentity(r), ...readEcdh(r) }),
  SRP: (r) => ({ publicKeyOctets: readVector(r, 'srp_A', 2).length }),
};

/** `EncryptedPreMasterSecret`. RFC 5246 §7.4.7.1, and there on the length that SSL 3.0 left out. */
function readRsa(r: ByteReader, version: number): Exchange {
  const secret = version === SSL_3_0 ? r.rest() : readVector(r, 'encrypted_pre_master_secret', 2);
  return { encryptedPremasterOctets: secret.length };
}

/** `ClientDiffieHellmanPublic`; empty if the public value is in the client's certificate. RFC 5246 §7.4.7.2. */
function readDh(r: ByteReader): Exchange {
  return { publicKeyOctets: r.remaining === 0 ? 0 : readVector(r, 'dh_Yc', 2).length };
}

/** `ClientECDiffieHellmanPublic`; empty likewise. RFC 8422 §5.7. */
function readEcdh(r: ByteReader): Exchange {
  return { publicKeyOctets: r.remaining === 0 ? 0 : readVector(r, 'ecdh_Yc', 1).length };
}

/** `opaque psk_identity<0..2^16-1>`. RFC 4279 §2. */
function readIdentity(r: ByteReader): Exchange {
  return { pskIdentity: readVector(r, 'psk_identity', 2) };
}

const NOTHING: ClientKeyExchange = {
  pskIdentity: undefined,
  encryptedPremasterOctets: undefined,
  publicKeyOctets: undefined,
};
