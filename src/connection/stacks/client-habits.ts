import {
  EC_POINT_FORMATS,
  ENCRYPT_THEN_MAC,
  EXTENDED_MASTER_SECRET,
  KEY_SHARE,
  PSK_KEY_EXCHANGE_MODES,
  RECORD_SIZE_LIMIT,
  RENEGOTIATION_INFO,
  SESSION_TICKET,
  SIGNATURE_ALGORITHMS,
  SIGNATURE_ALGORITHMS_CERT,
  SIGNED_CERTIFICATE_TIMESTAMP,
  STATUS_REQUEST,
  SUPPORTED_GROUPS,
  SUPPORTED_VERSIONS,
} from '../../model/code-points/extensions.ts';
import { isGrease } from '../../model/code-points/grease.ts';
import { TLS_1_3, tlsEquivalent } from '../../model/code-points/versions.ts';
import { before, begins, type Habit, holds } from './habit.ts';

/** What a ClientHello shows of its maker. */
export interface ClientView {
  readonly extensions: readonly number[];
  readonly suites: readonly number[];
  readonly signatures: readonly number[];
  readonly groups: readonly number[];
  readonly pointFormats: string;
  readonly pskModes: string;
  readonly versions: readonly number[];
  readonly hasTime: boolean;
}

const SIGNALLING_SUITE = 0x00ff;
const STATUS_REQUEST_V2 = 17;

/** Habits that show in a ClientHello. Several stacks may have one: it counts for each. */
export const CLIENT_HABITS: readonly Habit<ClientView>[] = [
  {
    stack: 'OpenSSL',
    topic: 'extensions',
    text: 'session_ticket in front of encrypt_then_mac and extended_master_secret, or ec_point_formats right in front of supported_groups',
    shows: ({ extensions: list }) =>
      !list.includes(RENEGOTIATION_INFO) &&
      (before(list, SESSION_TICKET, ENCRYPT_THEN_MAC) ||
        before(list, SESSION_TICKET, EXTENDED_MASTER_SECRET) ||
        holds(list, EC_POINT_FORMATS, SUPPORTED_GROUPS)),
  },
  {
    stack: 'OpenSSL',
    topic: 'point formats',
    text: 'three point formats',
    shows: ({ pointFormats }) => pointFormats === '3,0,1,2',
  },
  {
    stack: 'OpenSSL',
    topic: 'signature algorithms',
    text: 'rsa_pss_pss in front of rsa_pss_rsae, both behind EdDSA',
    shows: ({ signatures }) =>
      holds(signatures, 0x0807, 0x0808, 0x0809) && holds(signatures, 0x080b, 0x0804),
  },
  {
    stack: 'OpenSSL',
    topic: 'groups',
    text: 'x448 and P-521 in front of P-384',
    shows: ({ groups }) => holds(groups, 30, 25, 24),
  },
  {
    stack: 'BoringSSL',
    topic: 'grease',
    text: 'GREASE at the head of the cipher suites',
    shows: ({ suites }) => isGrease(suites[0] ?? 0),
  },
  {
    stack: 'BoringSSL',
    topic: 'signature algorithms',
    text: 'ecdsa, rsa_pss and rsa_pkcs1 of one hash after the other',
    shows: ({ signatures }) =>
      holds(signatures, 0x0403, 0x0804, 0x0401, 0x0503, 0x0805, 0x0501, 0x0806, 0x0601),
  },
  {
    stack: 'BoringSSL',
    topic: 'suites',
    text: 'the suites of TLS 1.3 by number, then AES-128-GCM with ECDHE',
    shows: ({ suites }) =>
      holds(suites, 0x1301, 0x1302, 0x1303, 0xc02b, 0xc02f) && suites.indexOf(0x1301) <= 1,
  },
  {
    stack: 'GnuTLS',
    topic: 'extensions',
    text: 'session_ticket in front of renegotiation_info, and both in front of record_size_limit',
    shows: ({ extensions: list }) =>
      before(list, SESSION_TICKET, RENEGOTIATION_INFO) &&
      before(list, RENEGOTIATION_INFO, RECORD_SIZE_LIMIT),
  },
  {
    stack: 'GnuTLS',
    topic: 'signature algorithms',
    text: 'rsa_pkcs1, rsa_pss_pss, rsa_pss_rsae and ecdsa of SHA-256 first',
    shows: ({ signatures }) => begins(signatures, 0x0401, 0x0809, 0x0804, 0x0403),
  },
  {
    stack: 'GnuTLS',
    topic: 'groups',
    text: 'the three P curves in front of x25519 and x448',
    shows: ({ groups }) => holds(groups, 23, 24, 25, 29, 30),
  },
  {
    stack: 'GnuTLS',
    topic: 'psk modes',
    text: 'psk_dhe_ke in front of psk_ke',
    shows: ({ pskModes }) => pskModes === '2,1,0',
  },
  {
    stack: 'Go crypto/tls',
    topic: 'extensions',
    text: 'renegotiation_info between signature_algorithms and signed_certificate_timestamp',
    shows: ({ extensions: list }) =>
      holds(list, SIGNATURE_ALGORITHMS, RENEGOTIATION_INFO) &&
      before(list, RENEGOTIATION_INFO, SIGNED_CERTIFICATE_TIMESTAMP),
  },
  {
    stack: 'Go crypto/tls',
    topic: 'signature algorithms',
    text: 'rsa_pss_rsae_sha256, ecdsa of P-256 and Ed25519 first',
    shows: ({ signatures }) => begins(signatures, 0x0804, 0x0403, 0x0807),
  },
  {
    stack: 'Go crypto/tls',
    topic: 'versions',
    text: 'supported_versions, though nothing newer than TLS 1.2 is offered',
    shows: ({ extensions, versions }) =>
      extensions.includes(SUPPORTED_VERSIONS) &&
      versions.every((version) => tlsEquivalent(version) < TLS_1_3),
  },
  {
    stack: 'Go crypto/tls',
    topic: 'suites',
    text: 'the suites of TLS 1.3 behind those of TLS 1.2',
    shows: ({ suites }) => suites.length > 3 && suites.at(-1) === 0x1303,
  },
  {
    stack: 'JSSE',
    topic: 'extensions',
    text: 'status_request_v2, or psk_key_exchange_modes, signature_algorithms_cert and key_share in a row',
    shows: ({ extensions: list }) =>
      (list.includes(STATUS_REQUEST) && list.includes(STATUS_REQUEST_V2)) ||
      holds(list, PSK_KEY_EXCHANGE_MODES, SIGNATURE_ALGORITHMS_CERT, KEY_SHARE),
  },
  {
    stack: 'JSSE',
    topic: 'signature algorithms',
    text: 'rsa_pss_rsae right behind EdDSA, and rsa_pss_pss behind that',
    shows: ({ signatures }) =>
      holds(signatures, 0x0807, 0x0808, 0x0804, 0x0805, 0x0806, 0x0809, 0x080a, 0x080b),
  },
  {
    stack: 'Mbed TLS',
    topic: 'random',
    text: 'the time at the head of the random',
    shows: ({ hasTime }) => hasTime,
  },
  {
    stack: 'Mbed TLS',
    topic: 'extensions',
    text: 'session_ticket last, behind extended_master_secret or encrypt_then_mac',
    shows: ({ extensions: list, suites }) =>
      suites.at(-1) === SIGNALLING_SUITE &&
      list.at(-1) === SESSION_TICKET &&
      (list.includes(ENCRYPT_THEN_MAC) || list.includes(EXTENDED_MASTER_SECRET)),
  },
  {
    stack: 'Mbed TLS',
    topic: 'signature algorithms',
    text: 'ecdsa and rsa_pkcs1 by turns, from SHA-512 down, and no rsa_pss',
    shows: ({ signatures }) =>
      begins(signatures, 0x0603, 0x0601, 0x0503, 0x0501, 0x0403, 0x0401) &&
      !signatures.some((scheme) => scheme >> 8 === 8),
  },
  {
    stack: 'NSS',
    topic: 'extensions',
    text: 'extended_master_secret, renegotiation_info and supported_groups in a row',
    shows: ({ extensions: list }) =>
      holds(list, EXTENDED_MASTER_SECRET, RENEGOTIATION_INFO, SUPPORTED_GROUPS),
  },
  {
    stack: 'NSS',
    topic: 'signature algorithms',
    text: 'ecdsa first, then rsa_pss_rsae without EdDSA between',
    shows: ({ signatures }) =>
      begins(signatures, 0x0403, 0x0503, 0x0603) &&
      (holds(signatures, 0x0603, 0x0804, 0x0805) || holds(signatures, 0x0203, 0x0804, 0x0805)),
  },
  {
    stack: 'NSS',
    topic: 'suites',
    text: 'ChaCha20 between the two AES-GCM suites of TLS 1.3',
    shows: ({ suites }) => begins(suites, 0x1301, 0x1303, 0x1302),
  },
  {
    stack: 'wolfSSL',
    topic: 'extensions',
    text: 'key_share, supported_versions and signature_algorithms in a row',
    shows: ({ extensions: list }) =>
      holds(list, KEY_SHARE, SUPPORTED_VERSIONS, SIGNATURE_ALGORITHMS),
  },
  {
    stack: 'wolfSSL',
    topic: 'signature algorithms',
    text: 'ecdsa from SHA-512 down to SHA-1, then rsa_pss_rsae and rsa_pss_pss by turns',
    shows: ({ signatures }) =>
      begins(signatures, 0x0603, 0x0503, 0x0403) &&
      holds(signatures, 0x0806, 0x080b, 0x0805, 0x080a),
  },
  {
    stack: 'wolfSSL',
    topic: 'psk modes',
    text: 'psk_ke in front of psk_dhe_ke',
    shows: ({ pskModes }) => pskModes === '2,0,1',
  },
];
