import { nameOf } from './lookup.ts';
import { SSL2_CIPHER_KINDS } from './ssl2-cipher-kinds.ts';
import { SUITE_NAMES } from './suite-names.ts';

/** How the peers agree on the premaster secret; what Server- and ClientKeyExchange look like follows from it. */
export type KeyExchange =
  | 'NULL'
  | 'RSA'
  | 'DH'
  | 'DHE'
  | 'ECDH'
  | 'ECDHE'
  | 'PSK'
  | 'RSA_PSK'
  | 'DHE_PSK'
  | 'ECDHE_PSK'
  | 'SRP'
  | 'KRB5'
  | 'ECCPWD'
  | 'ECJPAKE'
  | 'GOST'
  | 'FORTEZZA'
  /** TLS 1.3: the suite does not say. */
  | 'TLS13';

/** What proves the server's identity. */
export type Authentication =
  | 'NULL'
  | 'RSA'
  | 'DSS'
  | 'ECDSA'
  | 'anon'
  | 'PSK'
  | 'password'
  | 'KRB5'
  | 'GOST'
  | 'FORTEZZA'
  | 'TLS13';

/** The MAC of a record. SSL 3.0 has a construction of its own with the same hashes. RFC 6101 §5.2.3.1. */
export type RecordMac =
  | 'NULL'
  | 'HMAC-MD5'
  | 'HMAC-SHA1'
  | 'HMAC-SHA256'
  | 'HMAC-SHA384'
  | 'AEAD'
  | 'GOST';

export type CipherMode =
  | 'null'
  | 'stream'
  | 'cbc'
  | 'aead-gcm'
  | 'aead-ccm'
  | 'aead-ccm8'
  | 'aead-chacha'
  | 'aead-other';

export type PrfHash = 'sha256' | 'sha384' | 'sha512' | 'sm3' | 'gost';

/** What a cipher suite settles. All lengths in octets. */
export interface CipherSuite {
  readonly code: number;
  readonly name: string;
  readonly keyExchange: KeyExchange;
  readonly authentication: Authentication;
  /** `AES-128`, `3DES`, `RC4`, …; `NULL` for none. */
  readonly cipher: string;
  readonly mode: CipherMode;
  readonly mac: RecordMac;
  /** Of the key block; for export suites of the final key. */
  readonly keyOctets: number;
  /** Block and IV length of a CBC cipher; 0 for others. */
  readonly blockOctets: number;
  /** Length of the MAC; 0 with AEAD. */
  readonly macOctets: number;
  /** Length of the AEAD tag; 0 without AEAD. */
  readonly tagOctets: number;
  /** Nonce octets that each record carries up to TLS 1.2; 0 in TLS 1.3. RFC 5288 §3, RFC 6655 §3. */
  readonly explicitNonceOctets: number;
  /** Hash of the PRF in TLS 1.2 and of HKDF in TLS 1.3. Before TLS 1.2 it is MD5 and SHA-1 for every suite. */
  readonly prfHash: PrfHash;
  /** Used with TLS 1.3 and nothing before; all other suites, only before. */
  readonly tls13: boolean;
  /** Weakened on purpose: the key carries 40 or 56 bits of entropy. */
  readonly export: boolean;
}

/** `TLS_ECDHE_RSA_WITH_AES_128_GCM_SHA256`, …; `unknown_0x…` or `grease_0x…` for others. */
export function suiteName(code: number): string {
  if (code > 0xffff)
    return SSL2_CIPHER_KINDS[code] ?? `unknown_0x${code.toString(16).padStart(6, '0')}`;
  return nameOf(SUITE_NAMES, code, 4);
}

/** Properties of a suite; undefined for unknown codes, signalling values and suites of protocols other than TLS. */
export function cipherSuite(code: number): CipherSuite | undefined {
  const known = parsed.get(code);
  if (known !== undefined) return known;
  const name = SUITE_NAMES[code];
  const suite = name === undefined ? undefined : parseSuiteName(code, name);
  if (suite !== undefined) parsed.set(code, suite);
  return suite;
}

/**
 * Reads the properties out of a registered name, which is built by rule: `TLS_<key exchange>_WITH_<cipher>_<hash>`, and
 * `TLS_<cipher>_<hash>` in TLS 1.3. RFC 5246 appendix C, RFC 8446 appendix B.4. Undefined where the rule does not hold.
 */
export function parseSuiteName(code: number, name: string): CipherSuite | undefined {
  const [, keyExchangeName, protection = ''] =
    /^(?:TLS|SSL)_(?:(\w+?)_WITH_)?(\w+)$/.exec(name) ?? [];
  const [, cipherName = '', hash = ''] =
    /^(\w+?)(?:_(NULL|MD5|SHA1?|SHA256|SHA384|SHA512|SM3|GOSTR3411))?$/.exec(protection) ?? [];
  const tls13 = keyExchangeName === undefined || cipherName.includes('_MGM_');
  const exchange = KEY_EXCHANGES[(keyExchangeName ?? 'TLS13').replace(EXPORT, '')];
  const bulk = tls13 && HASH_ONLY.has(cipherName) ? NO_CIPHER : CIPHERS[cipherName];
  if (exchange === undefined || bulk === undefined) return undefined;
  const [cipher, mode, keyOctets, blockOctets, tagOctets] = bulk;
  const [mac, macOctets] = recordMac(mode, cipherName, hash);
  return {
    code,
    name,
    keyExchange: tls13 ? 'TLS13' : exchange[0],
    authentication: tls13 ? 'TLS13' : exchange[1],
    cipher,
    mode,
    mac,
    keyOctets,
    blockOctets,
    macOctets,
    tagOctets,
    explicitNonceOctets: !tls13 && EXPLICIT_NONCE.has(mode) ? 8 : 0,
    prfHash: prfHash(exchange[0], hash),
    tls13,
    export: EXPORT.test(keyExchangeName ?? ''),
  };
}

function recordMac(
  mode: CipherMode,
  cipherName: string,
  hash: string,
): readonly [RecordMac, number] {
  if (mode.startsWith('aead')) return ['AEAD', 0];
  const gost = GOST_MACS[cipherName];
  if (gost !== undefined) return ['GOST', gost];
  return MACS[hash] ?? ['NULL', 0];
}

/** TLS 1.2 suites that name no hash or an older one use SHA-256. RFC 5246 §5. */
function prfHash(keyExchange: KeyExchange, hash: string): PrfHash {
  if (keyExchange === 'GOST') return 'gost';
  return PRF_HASHES[hash] ?? 'sha256';
}

/** Parsed on first use: a capture has a handful of suites, the registry hundreds. */
const parsed = new Map<number, CipherSuite>();

const EXPORT = /_EXPORT(?:1024)?$/;

/** The part before `_WITH_`. Anonymous suites send ephemeral parameters like DHE and ECDHE, only unsigned. */
const KEY_EXCHANGES: Readonly<Record<string, readonly [KeyExchange, Authentication]>> = {
  NULL: ['NULL', 'NULL'],
  RSA: ['RSA', 'RSA'],
  RSA_FIPS: ['RSA', 'RSA'],
  DH_DSS: ['DH', 'DSS'],
  DH_RSA: ['DH', 'RSA'],
  DHE_DSS: ['DHE', 'DSS'],
  DHE_RSA: ['DHE', 'RSA'],
  DH_anon: ['DHE', 'anon'],
  ECDH_ECDSA: ['ECDH', 'ECDSA'],
  ECDH_RSA: ['ECDH', 'RSA'],
  ECDHE_ECDSA: ['ECDHE', 'ECDSA'],
  ECDHE_RSA: ['ECDHE', 'RSA'],
  ECDH_anon: ['ECDHE', 'anon'],
  PSK: ['PSK', 'PSK'],
  RSA_PSK: ['RSA_PSK', 'RSA'],
  DHE_PSK: ['DHE_PSK', 'PSK'],
  /** Two suites of RFC 6655 are named the other way round. */
  PSK_DHE: ['DHE_PSK', 'PSK'],
  ECDHE_PSK: ['ECDHE_PSK', 'PSK'],
  SRP_SHA: ['SRP', 'password'],
  SRP_SHA_RSA: ['SRP', 'RSA'],
  SRP_SHA_DSS: ['SRP', 'DSS'],
  KRB5: ['KRB5', 'KRB5'],
  ECCPWD: ['ECCPWD', 'password'],
  ECJPAKE: ['ECJPAKE', 'password'],
  GOSTR341094: ['GOST', 'GOST'],
  GOSTR341001: ['GOST', 'GOST'],
  GOSTR341112_256: ['GOST', 'GOST'],
  FORTEZZA_KEA: ['FORTEZZA', 'FORTEZZA'],
  TLS13: ['TLS13', 'TLS13'],
};

type Bulk = readonly [
  cipher: string,
  mode: CipherMode,
  keyOctets: number,
  blockOctets: number,
  tagOctets: number,
];

const NO_CIPHER: Bulk = ['NULL', 'null', 0, 0, 0];

/** The part between `_WITH_` and the hash. RFC 5246 appendix C. */
const CIPHERS: Readonly<Record<string, Bulk>> = {
  NULL: NO_CIPHER,
  RC4_40: ['RC4', 'stream', 16, 0, 0],
  RC4_56: ['RC4', 'stream', 16, 0, 0],
  RC4_128: ['RC4', 'stream', 16, 0, 0],
  RC2_CBC_40: ['RC2', 'cbc', 16, 8, 0],
  RC2_CBC_56: ['RC2', 'cbc', 16, 8, 0],
  IDEA_CBC: ['IDEA', 'cbc', 16, 8, 0],
  DES40_CBC: ['DES', 'cbc', 8, 8, 0],
  DES_CBC_40: ['DES', 'cbc', 8, 8, 0],
  DES_CBC: ['DES', 'cbc', 8, 8, 0],
  '3DES_EDE_CBC': ['3DES', 'cbc', 24, 8, 0],
  FORTEZZA_CBC: ['SKIPJACK', 'cbc', 10, 8, 0],
  SEED_CBC: ['SEED', 'cbc', 16, 16, 0],
  AES_128_CBC: ['AES-128', 'cbc', 16, 16, 0],
  AES_256_CBC: ['AES-256', 'cbc', 32, 16, 0],
  AES_128_GCM: ['AES-128', 'aead-gcm', 16, 0, 16],
  AES_256_GCM: ['AES-256', 'aead-gcm', 32, 0, 16],
  AES_128_CCM: ['AES-128', 'aead-ccm', 16, 0, 16],
  AES_256_CCM: ['AES-256', 'aead-ccm', 32, 0, 16],
  AES_128_CCM_8: ['AES-128', 'aead-ccm8', 16, 0, 8],
  AES_256_CCM_8: ['AES-256', 'aead-ccm8', 32, 0, 8],
  CAMELLIA_128_CBC: ['CAMELLIA-128', 'cbc', 16, 16, 0],
  CAMELLIA_256_CBC: ['CAMELLIA-256', 'cbc', 32, 16, 0],
  CAMELLIA_128_GCM: ['CAMELLIA-128', 'aead-gcm', 16, 0, 16],
  CAMELLIA_256_GCM: ['CAMELLIA-256', 'aead-gcm', 32, 0, 16],
  ARIA_128_CBC: ['ARIA-128', 'cbc', 16, 16, 0],
  ARIA_256_CBC: ['ARIA-256', 'cbc', 32, 16, 0],
  ARIA_128_GCM: ['ARIA-128', 'aead-gcm', 16, 0, 16],
  ARIA_256_GCM: ['ARIA-256', 'aead-gcm', 32, 0, 16],
  CHACHA20_POLY1305: ['CHACHA20', 'aead-chacha', 32, 0, 16],
  SM4_GCM: ['SM4', 'aead-gcm', 16, 0, 16],
  SM4_CCM: ['SM4', 'aead-ccm', 16, 0, 16],
  AEGIS_128L: ['AEGIS-128L', 'aead-other', 16, 0, 16],
  AEGIS_256: ['AEGIS-256', 'aead-other', 32, 0, 16],
  SALSA20: ['SALSA20', 'stream', 32, 0, 0],
  ESTREAM_SALSA20: ['SALSA20', 'stream', 32, 0, 0],
  '28147_CNT_IMIT': ['GOST-28147', 'stream', 32, 0, 0],
  MAGMA_CTR_OMAC: ['MAGMA', 'stream', 32, 0, 0],
  KUZNYECHIK_CTR_OMAC: ['KUZNYECHIK', 'stream', 32, 0, 0],
  MAGMA_MGM_L: ['MAGMA', 'aead-other', 32, 0, 8],
  MAGMA_MGM_S: ['MAGMA', 'aead-other', 32, 0, 8],
  KUZNYECHIK_MGM_L: ['KUZNYECHIK', 'aead-other', 32, 0, 16],
  KUZNYECHIK_MGM_S: ['KUZNYECHIK', 'aead-other', 32, 0, 16],
};

/** The integrity-only suites of TLS 1.3 have a hash where others have a cipher. RFC 9150 §1. */
const HASH_ONLY: ReadonlySet<string> = new Set(['SHA256', 'SHA384']);

const MACS: Readonly<Record<string, readonly [RecordMac, number]>> = {
  MD5: ['HMAC-MD5', 16],
  SHA: ['HMAC-SHA1', 20],
  SHA1: ['HMAC-SHA1', 20],
  SHA256: ['HMAC-SHA256', 32],
  SHA384: ['HMAC-SHA384', 48],
  GOSTR3411: ['GOST', 32],
};

/** RFC 9189 §4.1. */
const GOST_MACS: Readonly<Record<string, number>> = {
  '28147_CNT_IMIT': 4,
  MAGMA_CTR_OMAC: 8,
  KUZNYECHIK_CTR_OMAC: 16,
};

const PRF_HASHES: Readonly<Record<string, PrfHash>> = {
  SHA384: 'sha384',
  SHA512: 'sha512',
  SM3: 'sm3',
};

const EXPLICIT_NONCE: ReadonlySet<CipherMode> = new Set(['aead-gcm', 'aead-ccm', 'aead-ccm8']);
