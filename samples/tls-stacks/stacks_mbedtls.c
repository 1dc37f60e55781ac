/* One TLS connection with Mbed TLS 2.28: `stacks_mbedtls client ADDRESS PORT` or `stacks_mbedtls server PORT CERT KEY`. */
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_ticket.h>
#include <string.h>

int main(int argc, char **argv) {
  int isServer = argc > 4;
  mbedtls_net_context net, listener;
  mbedtls_entropy_context entropy;
  mbedtls_ctr_drbg_context rng;
  mbedtls_ssl_config conf;
  mbedtls_ssl_context ssl;
  mbedtls_x509_crt cert;
  mbedtls_pk_context key;
  unsigned char line[64];
  mbedtls_net_init(&net);
  mbedtls_net_init(&listener);
  mbedtls_entropy_init(&entropy);
  mbedtls_ctr_drbg_init(&rng);
  mbedtls_ssl_config_init(&conf);
  mbedtls_ssl_init(&ssl);
  mbedtls_x509_crt_init(&cert);
  mbedtls_pk_init(&key);
  mbedtls_ctr_drbg_seed(&rng, mbedtls_entropy_func, &entropy, NULL, 0);
  mbedtls_ssl_config_defaults(&conf, isServer ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
                              MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT);
  mbedtls_ssl_conf_authmode(&conf, MBEDTLS_SSL_VERIFY_NONE);
  mbedtls_ssl_conf_rng(&conf, mbedtls_ctr_drbg_random, &rng);
  if (isServer) {
    if (mbedtls_x509_crt_parse_file(&cert, argv[3]) || mbedtls_pk_parse_keyfile(&key, argv[4], NULL)) return 2;
    mbedtls_ssl_conf_own_cert(&conf, &cert, &key);
    if (mbedtls_net_bind(&listener, NULL, argv[2], MBEDTLS_NET_PROTO_TCP)) return 2;
    if (mbedtls_net_accept(&listener, &net, NULL, 0, NULL)) return 2;
  } else if (mbedtls_net_connect(&net, argv[2], argv[3], MBEDTLS_NET_PROTO_TCP)) {
    return 2;
  }
  if (mbedtls_ssl_setup(&ssl, &conf)) return 2;
  if (!isServer) mbedtls_ssl_set_hostname(&ssl, "server.example.test");
  mbedtls_ssl_set_bio(&ssl, &net, mbedtls_net_send, mbedtls_net_recv, NULL);
  if (mbedtls_ssl_handshake(&ssl)) return 1;
  if (isServer) mbedtls_ssl_read(&ssl, line, sizeof line);
  mbedtls_ssl_write(&ssl, (const unsigned char *)"hello\n", 6);
  if (!isServer) mbedtls_ssl_read(&ssl, line, sizeof line);
  mbedtls_ssl_close_notify(&ssl);
  mbedtls_net_free(&net);
  return 0;
}
