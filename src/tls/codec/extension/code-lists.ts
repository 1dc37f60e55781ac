import type { ByteReader } from '../../../bytes/reader.ts';
import { readCodes, readVectors, readWindow } from '../lists.ts';

/** `NamedGroup named_group_list<2..2^16-1>`. RFC 8446 §4.2.7, RFC 8422 §5.1.1. */
export function readGroups(r: ByteReader): number[] {
  return readCodes(readWindow(r, 'named_group_list', 2), 'NamedGroup');
}

/** `SignatureScheme supported_signature_algorithms<2..2^16-2>`. RFC 8446 §4.2.3, RFC 5246 §7.4.1.4.1. */
export function readSignatureSchemes(r: ByteReader): number[] {
  return readCodes(readWindow(r, 'supported_signature_algorithms', 2), 'SignatureScheme');
}

/** `CertificateCompressionAlgorithm algorithms<2..2^8-2>`. RFC 8879 §3. */
export function readCompressionAlgorithms(r: ByteReader): number[] {
  return readCodes(readWindow(r, 'algorithms', 1), 'CertificateCompressionAlgorithm');
}

/** `DistinguishedName authorities<3..2^16-1>`, DER of each. RFC 8446 §4.2.4, RFC 5246 §7.4.4. */
export function readAuthorities(r: ByteReader): Uint8Array[] {
  return readVectors(readWindow(r, 'authorities', 2), 'DistinguishedName', 2);
}

/** `SRTPProtectionProfile SRTPProtectionProfiles<2..2^16-1>`; the key identifier behind it is read over. RFC 5764 §4.1.1. */
export function readSrtpProfiles(r: ByteReader): number[] {
  const profiles = readCodes(readWindow(r, 'SRTPProtectionProfiles', 2), 'SRTPProtectionProfile');
  readWindow(r, 'srtp_mki', 1);
  return profiles;
}
