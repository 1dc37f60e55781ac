import { tls13Draft } from '../../model/code-points/versions.ts';

/**
 * Does the 32-octet random at `offset` mark a ServerHello as a HelloRetryRequest? RFC 8446 §4.1.3.
 *
 * The octets from `offset` to `offset + 32` must be there.
 */
export function isHelloRetryRandom(bytes: Uint8Array, offset: number): boolean {
  for (let i = 0; i < HELLO_RETRY_RANDOM.length; i++) {
    if (bytes[offset + i] !== HELLO_RETRY_RANDOM[i]) return false;
  }
  return true;
}

/**
 * Up to draft 21 the ServerHello of TLS 1.3 had its draft number in the version field and neither session id nor
 * compression method; draft 22 made it look like TLS 1.2 for the sake of middleboxes.
 */
export function isShortServerHello(legacyVersion: number): boolean {
  const draft = tls13Draft(legacyVersion);
  return draft > 0 && draft <= LAST_DRAFT_WITH_SHORT_FORM;
}

const LAST_DRAFT_WITH_SHORT_FORM = 21;

/** SHA-256 of "HelloRetryRequest". */
const HELLO_RETRY_RANDOM = Uint8Array.of(
  ...[0xcf, 0x21, 0xad, 0x74, 0xe5, 0x9a, 0x61, 0x11],
  ...[0xbe, 0x1d, 0x8c, 0x02, 0x1e, 0x65, 0xb8, 0x91],
  ...[0xc2, 0xa2, 0x11, 0x16, 0x7a, 0xbb, 0x8c, 0x5e],
  ...[0x07, 0x9e, 0x09, 0xe2, 0xc8, 0xa8, 0x33, 0x9c],
);
