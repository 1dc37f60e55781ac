/**
 * The captures that are kept beside this file: every construction of a record at least once, each capture below 10 kB. The
 * cases are named as cases.mjs names them; `secrets` say after which share of the packets the keys stand inside the file.
 */
const KEPT = {
  'null-and-rc4': {
    cases: [
      'openssl-tls10-TLS_ECDHE_ECDSA_WITH_NULL_SHA',
      'gnutls-tls12-TLS_PSK_NULL_SHA384',
      'gnutls-tls10-TLS_PSK_ARCFOUR_128_SHA1',
      'gnutls-tls12-TLS_RSA_NULL_MD5-ems_0-etm_0',
    ],
  },
  'tls10-chained-iv': {
    cases: [
      'openssl-tls10-TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA',
      'openssl-tls10-TLS_PSK_WITH_AES_256_CBC_SHA-ems_0-etm_0',
      'gnutls-tls10-TLS_PSK_3DES_EDE_CBC_SHA1-ems_0-etm_0',
    ],
  },
  'tls11-explicit-iv': {
    cases: [
      'openssl-tls11-TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA',
      'openssl-tls11-TLS_PSK_WITH_AES_128_CBC_SHA-ems_0-etm_0',
      'gnutls-tls11-TLS_PSK_3DES_EDE_CBC_SHA1',
    ],
  },
  'tls12-mac-then-encrypt': {
    cases: [
      'openssl-tls12-TLS_PSK_WITH_AES_128_CBC_SHA-ems_0-etm_0',
      'openssl-tls12-TLS_ECDHE_ECDSA_WITH_AES_128_CBC_SHA256-ems_0-etm_0',
      'openssl-tls12-TLS_PSK_WITH_AES_256_CBC_SHA384-ems_0-etm_0',
    ],
  },
  'tls12-encrypt-then-mac': {
    secrets: [0],
    cases: [
      'openssl-tls12-TLS_PSK_WITH_AES_128_CBC_SHA',
      'openssl-tls12-TLS_PSK_WITH_AES_128_CBC_SHA256',
      'openssl-tls12-TLS_ECDHE_ECDSA_WITH_AES_256_CBC_SHA384',
    ],
  },
  'tls12-truncated-hmac': {
    cases: [
      'mbedtls-tls12-TLS-RSA-WITH-AES-128-CBC-SHA-truncated_1',
      'mbedtls-tls10-TLS-RSA-WITH-AES-128-CBC-SHA-truncated_1-etm_0',
    ],
  },
  'tls12-aead': {
    cases: [
      'openssl-tls12-TLS_PSK_WITH_AES_128_GCM_SHA256',
      'openssl-tls12-TLS_PSK_WITH_AES_256_GCM_SHA384-ems_0-etm_0',
      'openssl-tls12-TLS_PSK_WITH_CHACHA20_POLY1305_SHA256',
      'openssl-tls12-TLS_ECDHE_ECDSA_WITH_CHACHA20_POLY1305_SHA256',
    ],
  },
  'tls12-ccm': {
    cases: [
      'openssl-tls12-TLS_PSK_WITH_AES_128_CCM',
      'openssl-tls12-TLS_PSK_WITH_AES_256_CCM',
      'openssl-tls12-TLS_PSK_WITH_AES_128_CCM_8',
      'openssl-tls12-TLS_PSK_WITH_AES_256_CCM_8',
    ],
  },
  'aria-and-camellia': {
    cases: [
      'openssl-tls12-TLS_PSK_WITH_ARIA_128_GCM_SHA256',
      'gnutls-tls12-TLS_PSK_CAMELLIA_128_CBC_SHA256',
      'gnutls-tls12-TLS_PSK_CAMELLIA_128_GCM_SHA256',
      'gnutls-tls12-TLS_PSK_CAMELLIA_256_CBC_SHA384-ems_0-etm_0',
    ],
  },
  'anonymous-and-srp': {
    cases: [
      'gnutls-tls12-TLS_ECDH_ANON_AES_128_CBC_SHA1',
      'openssl-tls12-TLS_SRP_SHA_WITH_AES_128_CBC_SHA',
      'openssl-tls12-TLS_DHE_PSK_WITH_AES_128_GCM_SHA256',
    ],
  },
  'tls12-renegotiation': {
    cases: [
      'openssl-tls12-TLS_RSA_WITH_AES_128_CBC_SHA-do_client-renegotiation_server-renegotiation-ems_0-etm_0',
    ],
  },
  'tls12-resumption': {
    secrets: [1],
    cases: ['openssl-tls12-TLS_RSA_WITH_AES_128_CBC_SHA-again_id'],
  },
  'tls12-ticket': {
    cases: ['gnutls-tls12-TLS_ECDHE_RSA_AES_256_GCM_SHA384-again_ticket'],
  },
  'tls12-next-protocol-and-status': {
    cases: [
      'openssl-tls12-TLS_ECDHE_RSA_WITH_AES_256_GCM_SHA384-npn_1',
      'openssl-tls12-TLS_ECDHE_RSA_WITH_AES_128_CBC_SHA-status_1',
    ],
  },
  'tls13-suites': {
    cases: [
      'openssl-tls13-TLS_AES_128_GCM_SHA256',
      'openssl-tls13-TLS_AES_256_GCM_SHA384',
      'openssl-tls13-TLS_CHACHA20_POLY1305_SHA256',
    ],
  },
  'tls13-ccm': {
    cases: ['openssl-tls13-TLS_AES_128_CCM_SHA256', 'gnutls-tls13-TLS_AES_128_CCM_8_SHA256'],
  },
  'tls13-key-update': {
    secrets: [0.6],
    cases: ['openssl-tls13-TLS_AES_128_GCM_SHA256-do_client-update_server-update_both-update'],
  },
  'tls13-hello-retry': {
    cases: [
      'openssl-tls13-TLS_AES_256_GCM_SHA384-client-groups_X25519_P-384-server-groups_P-384',
      'openssl-tls13-TLS_AES_128_GCM_SHA256-psk_1',
    ],
  },
  'tls13-early-data': {
    cases: ['openssl-tls13-TLS_AES_128_GCM_SHA256-again_early'],
  },
  'tls13-early-data-rejected': {
    cases: ['openssl-tls13-TLS_AES_256_GCM_SHA384-again_early-rejected'],
  },
  'tls13-authentication': {
    cases: ['openssl-tls13-TLS_AES_128_GCM_SHA256-do_authentication'],
  },
  'tls13-padding': {
    cases: ['gnutls-tls13-TLS_CHACHA20_POLY1305_SHA256-padding_64'],
  },
  'dtls10-cookie': {
    cases: [
      'openssl-dtls10-TLS_RSA_WITH_AES_128_CBC_SHA-cookie_1',
      'openssl-dtls10-TLS_PSK_WITH_AES_128_CBC_SHA-ems_0-etm_0',
      'gnutls-dtls10-TLS_PSK_3DES_EDE_CBC_SHA1',
    ],
  },
  'dtls12-suites': {
    secrets: [0.3, 1],
    cases: [
      'openssl-dtls12-TLS_PSK_WITH_AES_256_GCM_SHA384',
      'openssl-dtls12-TLS_PSK_WITH_CHACHA20_POLY1305_SHA256',
      'mbedtls-dtls12-TLS-PSK-WITH-AES-128-CCM-8',
      'openssl-dtls12-TLS_PSK_WITH_AES_128_CBC_SHA256',
      'openssl-dtls12-TLS_PSK_WITH_NULL_SHA256-ems_0-etm_0',
    ],
  },
  'dtls12-renegotiation-and-resumption': {
    cases: [
      'openssl-dtls12-TLS_RSA_WITH_AES_128_CBC_SHA-do_client-renegotiation',
      'openssl-dtls12-TLS_RSA_WITH_AES_128_CBC_SHA-again_ticket',
    ],
  },
};

export function keptFiles(all) {
  const byName = new Map(all.map((one) => [one.name, one]));
  return Object.entries(KEPT).map(([name, { secrets, cases }]) => ({
    name,
    secrets,
    cases: cases.map((wanted) => {
      const found = byName.get(wanted);
      if (!found) throw new Error(`no case is called ${wanted}`);
      return found;
    }),
  }));
}
