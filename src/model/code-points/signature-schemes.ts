import { type NameTable, nameOf } from './lookup.ts';

/**
 * Signature schemes. IANA "TLS SignatureScheme", checked against Wireshark 4.0.17's table. In TLS 1.2 the same two
 * octets are a hash and a signature algorithm (RFC 5246 §7.4.1.4.1); the pairs that TLS 1.3 gave no name are called in
 * its style.
 */
const SIGNATURE_SCHEMES: NameTable = {
  257: 'rsa_pkcs1_md5',
  513: 'rsa_pkcs1_sha1',
  514: 'dsa_sha1',
  515: 'ecdsa_sha1',
  769: 'rsa_pkcs1_sha224',
  770: 'dsa_sha224',
  771: 'ecdsa_sha224',
  1025: 'rsa_pkcs1_sha256',
  1026: 'dsa_sha256',
  1027: 'ecdsa_secp256r1_sha256',
  1056: 'rsa_pkcs1_sha256_legacy',
  1281: 'rsa_pkcs1_sha384',
  1282: 'dsa_sha384',
  1283: 'ecdsa_secp384r1_sha384',
  1312: 'rsa_pkcs1_sha384_legacy',
  1537: 'rsa_pkcs1_sha512',
  1538: 'dsa_sha512',
  1539: 'ecdsa_secp521r1_sha512',
  1568: 'rsa_pkcs1_sha512_legacy',
  1796: 'eccsi_sha256',
  1797: 'iso_ibs1',
  1798: 'iso_ibs2',
  1799: 'iso_chinese_ibs',
  1800: 'sm2sig_sm3',
  1801: 'gostr34102012_256a',
  1802: 'gostr34102012_256b',
  1803: 'gostr34102012_256c',
  1804: 'gostr34102012_256d',
  1805: 'gostr34102012_512a',
  1806: 'gostr34102012_512b',
  1807: 'gostr34102012_512c',
  2052: 'rsa_pss_rsae_sha256',
  2053: 'rsa_pss_rsae_sha384',
  2054: 'rsa_pss_rsae_sha512',
  2055: 'ed25519',
  2056: 'ed448',
  2057: 'rsa_pss_pss_sha256',
  2058: 'rsa_pss_pss_sha384',
  2059: 'rsa_pss_pss_sha512',
  2074: 'ecdsa_brainpoolP256r1tls13_sha256',
  2075: 'ecdsa_brainpoolP384r1tls13_sha384',
  2076: 'ecdsa_brainpoolP512r1tls13_sha512',
  2112: 'gostr34102012_256',
  2113: 'gostr34102012_512',
  2308: 'mldsa44',
  2309: 'mldsa65',
  2310: 'mldsa87',
};

/** `rsa_pss_rsae_sha256`, …; `unknown_0x…` or `grease_0x…` for others. RFC 8446 §4.2.3. */
export function signatureSchemeName(scheme: number): string {
  return nameOf(SIGNATURE_SCHEMES, scheme, 4);
}
