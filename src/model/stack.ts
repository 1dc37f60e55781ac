/** TLS stacks whose habits are known here; forks that keep the habits of theirs count as it. */
export const STACKS = [
  'OpenSSL',
  'BoringSSL',
  'GnuTLS',
  'Go crypto/tls',
  'JSSE',
  'Mbed TLS',
  'NSS',
  'wolfSSL',
] as const;
export type StackName = (typeof STACKS)[number];

/** A guess, and no more: programs can be told to behave otherwise, and imitate each other. */
export interface StackGuess {
  readonly stack: StackName;
  /** What it rests on: two habits at least that do not follow from each other. */
  readonly habits: readonly string[];
}

/** What to switch on in a program with this stack, to see its secrets and its reasons. */
export interface StackAids {
  readonly keyLog: string;
  readonly log: string;
}

/** What to advise for each stack, once one was guessed. */
export const STACK_AIDS: Readonly<Record<StackName, StackAids>> = {
  OpenSSL: {
    keyLog:
      'SSLKEYLOGFILE in curl and Python, --tls-keylog in Node, -keylogfile in s_client, SSL_CTX_set_keylog_callback elsewhere',
    log: 'SSL_CTX_set_info_callback and the error queue, or -msg in s_client and s_server',
  },
  BoringSSL: {
    keyLog:
      'SSLKEYLOGFILE or --ssl-key-log-file in Chromium, SSL_CTX_set_keylog_callback elsewhere',
    log: 'chrome://net-export in Chromium, SSL_CTX_set_info_callback elsewhere',
  },
  GnuTLS: { keyLog: 'SSLKEYLOGFILE', log: 'GNUTLS_DEBUG_LEVEL=9' },
  'Go crypto/tls': {
    keyLog: 'tls.Config.KeyLogWriter',
    log: 'the error of Handshake, or Server.ErrorLog in net/http',
  },
  JSSE: {
    keyLog: 'an agent that writes key logs, as the JDK has no setting for it',
    log: '-Djavax.net.debug=ssl:handshake',
  },
  'Mbed TLS': {
    keyLog: 'mbedtls_ssl_set_export_keys_cb (3.x), mbedtls_ssl_conf_export_keys_ext_cb (2.x)',
    log: 'mbedtls_debug_set_threshold and mbedtls_ssl_conf_dbg',
  },
  NSS: {
    keyLog: 'SSLKEYLOGFILE',
    log: 'SSLTRACE and SSLDEBUG in a debug build, MOZ_LOG in Firefox',
  },
  wolfSSL: {
    keyLog: 'a build with --enable-keylog-export, or wolfSSL_set_tls13_secret_cb',
    log: 'wolfSSL_Debugging_ON in a build with --enable-debug',
  },
};
