import { sameOctets } from '../../bytes/concat.ts';
import { readU16, readU24 } from '../../bytes/scalars.ts';
import {
  explainMaster,
  type MasterInput,
  masterSecret,
  type PremasterSource,
} from '../../crypto/master-secret.ts';
import { keysForIdentity } from '../../crypto/psk.ts';
import type { RsaKey } from '../../crypto/rsa-keys.ts';
import { CERTIFICATE, CLIENT_KEY_EXCHANGE } from '../../model/code-points/handshake-types.ts';
import { DTLS_PRE_STANDARD, SSL_3_0 } from '../../model/code-points/versions.ts';
import type { Explanation, SecretSource } from '../../model/decryption.ts';
import { explanationOf } from './explanation.ts';
import type { FoundMaster, KeyedHandshake } from './keyed-handshake.ts';
import type { Vault } from './vault.ts';

/**
 * The master secret from what a user's RSA key or PSK makes of the ClientKeyExchange. Where the key exchange needs more
 * than that, the handshake is told so.
 */
export function masterFromPremaster(
  vault: Vault,
  handshake: KeyedHandshake,
): FoundMaster | undefined {
  const { protection, clientRandom, serverRandom } = handshake;
  const exchange = handshake.transcript.last('client', CLIENT_KEY_EXCHANGE);
  if (protection === undefined || clientRandom === undefined || serverRandom === undefined) return;
  if (exchange === undefined) return undefined;
  const found = premasterOf(vault, handshake, exchange.octets.subarray(4));
  if (found === undefined) return undefined;
  const input: MasterInput = {
    suite: protection.suite,
    version: protection.version,
    messages: handshake.transcript.ordered(),
    earlier: handshake.earlier,
    clientRandom,
    serverRandom,
    extended: handshake.extendedMasterSecret,
    source: found.premaster,
  };
  const master = masterSecret(input);
  const { source, isNamed } = found;
  return master && { master, source, isNamed, input, mistake: mistakeIn(found.premaster) };
}

/** The first of several wrong derivations that `isRight` accepts, and what it says about its maker. */
export function otherMaster(
  { source, input }: FoundMaster,
  isRight: (master: Uint8Array) => boolean,
): { readonly found: FoundMaster; readonly explanation: Explanation } | undefined {
  if (input === undefined) return undefined;
  const { explanation, master } = explainMaster(input, isRight);
  const fact = explanationOf(explanation, TAG_BITS);
  return master && fact && { found: { master, source, input }, explanation: fact };
}

/** The shortest tag or MAC that shows a master secret to be right. */
const TAG_BITS = 64;

/** The client writes the version of its ClientHello in front; a server need not go on with another one. RFC 5246 §7.4.7.1. */
function mistakeIn(source: PremasterSource): Explanation | undefined {
  if (source.kind !== 'rsa') return undefined;
  const version = readU16(source.premaster, 0);
  if (version === source.offered || source.offered === 0) return undefined;
  const inHex = (code: number): string => `0x${code.toString(16).padStart(4, '0')}`;
  return {
    hypothesis: 'premaster-version',
    meaning:
      'the premaster secret begins with another version than the one that ClientHello offers',
    source: 'RFC 5246 §7.4.7.1',
    details: { detail: `${inHex(version)} in place of ${inHex(source.offered)}` },
    trials: 1,
    oddsLog2: -TAG_BITS,
  };
}

interface FoundPremaster {
  readonly premaster: PremasterSource;
  readonly source: SecretSource;
  readonly isNamed?: boolean;
}

function premasterOf(
  vault: Vault,
  handshake: KeyedHandshake,
  body: Uint8Array,
): FoundPremaster | undefined {
  const keyExchange = handshake.protection?.suite.keyExchange;
  if (keyExchange === 'RSA') return rsa(vault, handshake, body);
  if (keyExchange === 'PSK' || keyExchange === 'RSA_PSK') return psk(vault, handshake, body);
  const hasPskKind = keyExchange === 'DHE_PSK' || keyExchange === 'ECDHE_PSK';
  if (hasPskKind && vault.psks.length > 0) handshake.obstacle = 'psk-not-enough';
  else if (vault.rsaKeys.size > 0) handshake.obstacle = 'rsa-key-not-enough';
  if (handshake.obstacle !== undefined) handshake.detail = handshake.protection?.suite.name;
  return undefined;
}

function rsa(
  vault: Vault,
  handshake: KeyedHandshake,
  body: Uint8Array,
): FoundPremaster | undefined {
  // SSL 3.0 writes no length in front (RFC 5246 §7.4.7.1), nor did OpenSSL's first DTLS.
  const { version } = handshake.protection ?? {};
  const isBare = version === SSL_3_0 || version === DTLS_PRE_STANDARD;
  const premaster = decrypted(vault, handshake, isBare ? body : body.subarray(2));
  if (premaster === undefined) return undefined;
  const { offered, negotiated } = versionsOf(handshake);
  return { premaster: { kind: 'rsa', premaster, offered, negotiated }, source: 'rsa-key' };
}

/** RFC 4279 §2 and §4: the identity, and in RSA_PSK the encrypted octets behind it. */
function psk(
  vault: Vault,
  handshake: KeyedHandshake,
  body: Uint8Array,
): FoundPremaster | undefined {
  if (body.length < 2) return undefined;
  const end = 2 + readU16(body, 0);
  const used = body.subarray(2, end);
  const [key] = keysForIdentity(vault.psks, used);
  if (key === undefined) return undefined;
  const isNamed = vault.psks.some(
    ({ identity }) => identity !== undefined && sameOctets(identity, used),
  );
  if (handshake.protection?.suite.keyExchange === 'PSK')
    return { premaster: { kind: 'psk', key }, source: 'psk', isNamed };
  const other = decrypted(vault, handshake, body.subarray(end + 2));
  if (other === undefined) handshake.obstacle = 'psk-not-enough';
  return other && { premaster: { kind: 'psk', key, other }, source: 'psk', isNamed };
}

/** The key of the server's certificate first; where that was not seen, the one that gives 48 octets. */
function decrypted(
  vault: Vault,
  handshake: KeyedHandshake,
  encrypted: Uint8Array,
): Uint8Array | undefined {
  const { offered, negotiated } = versionsOf(handshake);
  const der = certificateOf(handshake);
  const own = der && vault.rsaKeys.forCertificate(der);
  const keys: readonly RsaKey[] = own === undefined ? (der ? [] : vault.rsaKeys.all()) : [own];
  for (const key of keys) {
    const result = key.decrypt(encrypted, offered, negotiated);
    if (result.kind === 'premaster') return result.premaster;
  }
  return undefined;
}

/** The server's own certificate in DER: the first of its list (RFC 5246 §7.4.2). */
function certificateOf({ transcript }: KeyedHandshake): Uint8Array | undefined {
  const octets = transcript.last('server', CERTIFICATE)?.octets;
  if (octets === undefined || octets.length < 10) return undefined;
  return octets.subarray(10, 10 + readU24(octets, 7));
}

function versionsOf({ clientHello, protection }: KeyedHandshake) {
  return { offered: clientHello?.legacyVersion ?? 0, negotiated: protection?.version ?? 0 };
}
