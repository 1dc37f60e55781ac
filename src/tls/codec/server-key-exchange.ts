import type { ByteReader } from '../../bytes/reader.ts';
import type { Authentication, CipherSuite, KeyExchange } from '../../model/code-points/suites.ts';
import { TLS_1_2, tlsEquivalent } from '../../model/code-points/versions.ts';
import type { ServerKeyExchange } from '../../model/message.ts';
import { type Decoded, decode } from './decoded.ts';
import { readVector } from './lists.ts';

/**
 * `ServerKeyExchange`: the server's parameters, which differ by key exchange, and their signature. Undefined where the
 * key exchange is one whose parameters are not read (elliptic curves given explicitly end at their type).
 * RFC 5246 §7.4.3, RFC 8422 §5.4, RFC 4279 §2, RFC 5489 §2, RFC 5054 §2.8.1.
 *
 * @param version negotiated, as on the wire: TLS 1.2 put the signature scheme in front of the signature
 */
export function decodeServerKeyExchange(
  body: Uint8Array,
  suite: CipherSuite,
  version: number,
): Decoded<ServerKeyExchange> | undefined {
  const readParameters = PARAMETERS[suite.keyExchange];
  if (readParameters === undefined) return undefined;
  return decode(body, (r) => {
    const parameters = { ...NOTHING, ...readParameters(r) };
    const unreadable = parameters.curveType !== undefined && parameters.curveType !== NAMED_CURVE;
    if (unreadable) {
      r.rest();
      return parameters;
    }
    return isSigned(suite) ? { ...parameters, ...readSignature(r, version) } : parameters;
  });
}

/** Parameters are signed where a certificate proves the server's identity, except that RSA_PSK sends only the hint. */
function isSigned({ keyExchange, authentication }: CipherSuite): boolean {
  return keyExchange !== 'RSA_PSK' && CERTIFIED.has(authentication);
}

/** `digitally-signed struct`. RFC 5246 §4.7; without the scheme in RFC 4346 §4.7. */
function readSignature(
  r: ByteReader,
  version: number,
): Pick<ServerKeyExchange, 'signatureScheme' | 'signatureOctets'> {
  return {
    signatureScheme:
      tlsEquivalent(version) >= TLS_1_2 ? r.u16('SignatureAndHashAlgorithm') : undefined,
    signatureOctets: readVector(r, 'signature', 2).length,
  };
}

type Parameters = Partial<ServerKeyExchange>;

const PARAMETERS: Readonly<Partial<Record<KeyExchange, (r: ByteReader) => Parameters>>> = {
  RSA: readExportRsa,
  DHE: readDh,
  ECDHE: readEcdh,
  PSK: readHint,
  RSA_PSK: readHint,
  DHE_PSK: (r) => ({ ...readHint(r), ...readDh(r) }),
  ECDHE_PSK: (r) => ({ ...readHint(r), ...readEcdh(r) }),
  SRP: readSrp,
};

/** `ServerRSAParams`, the short-lived key of export suites. RFC 2246 §7.4.3. */
function readExportRsa(r: ByteReader): Parameters {
  const modulusOctets = readVector(r, 'rsa_modulus', 2).length;
  readVector(r, 'rsa_exponent', 2);
  return { modulusOctets };
}

/** `ServerDHParams`. RFC 5246 §7.4.3. */
function readDh(r: ByteReader): Parameters {
  const modulusOctets = readVector(r, 'dh_p', 2).length;
  readVector(r, 'dh_g', 2);
  return { modulusOctets, publicKeyOctets: readVector(r, 'dh_Ys', 2).length };
}

/** `ServerECDHParams`. RFC 8422 §5.4. */
function readEcdh(r: ByteReader): Parameters {
  const curveType = r.u8('curve_type');
  if (curveType !== NAMED_CURVE) return { curveType };
  const namedGroup = r.u16('namedcurve');
  return { curveType, namedGroup, publicKeyOctets: readVector(r, 'point', 1).length };
}

/** `opaque psk_identity_hint<0..2^16-1>`. RFC 4279 §2. */
function readHint(r: ByteReader): Parameters {
  return { pskIdentityHint: readVector(r, 'psk_identity_hint', 2) };
}

/** `ServerSRPParams`. RFC 5054 §2.8.1. */
function readSrp(r: ByteReader): Parameters {
  const modulusOctets = readVector(r, 'srp_N', 2).length;
  readVector(r, 'srp_g', 2);
  readVector(r, 'srp_s', 1);
  return { modulusOctets, publicKeyOctets: readVector(r, 'srp_B', 2).length };
}

/** `ECCurveType.named_curve`. RFC 8422 §5.4. */
const NAMED_CURVE = 3;

const CERTIFIED: ReadonlySet<Authentication> = new Set(['RSA', 'DSS', 'ECDSA']);

const NOTHING: ServerKeyExchange = {
  pskIdentityHint: undefined,
  curveType: undefined,
  namedGroup: undefined,
  modulusOctets: undefined,
  publicKeyOctets: undefined,
  signatureScheme: undefined,
  signatureOctets: undefined,
};
