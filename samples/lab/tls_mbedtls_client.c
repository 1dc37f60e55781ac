/* One visit by Mbed TLS: tls_mbedtls_client HOST PORT LOCAL-ADDRESS LOCAL-PORT NAME CA KEYLOG. It verifies, asks for a page and reads
 * to the end. */
#include <arpa/inet.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static FILE *keys;

static void hex(const unsigned char *octets, size_t count) {
  while (count--) fprintf(keys, "%02x", *octets++);
}

static int exported(void *p, const unsigned char *master, const unsigned char *block, size_t mac, size_t key, size_t iv,
                    const unsigned char client[32], const unsigned char server[32], mbedtls_tls_prf_types prf) {
  fprintf(keys, "CLIENT_RANDOM ");
  hex(client, 32);
  fprintf(keys, " ");
  hex(master, 48);
  fprintf(keys, "\n");
  fflush(keys);
  return 0;
}

static void check(int code, const char *what) {
  char text[200];
  if (code >= 0) return;
  mbedtls_strerror(code, text, sizeof text);
  printf("%s: %s\n", what, text);
  exit(1);
}

static struct sockaddr_in address(const char *host, const char *port) {
  struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(atoi(port))};
  inet_pton(AF_INET, host, &a.sin_addr);
  return a;
}

int main(int argc, char **argv) {
  if (argc != 8) return 2;
  mbedtls_entropy_context entropy;
  mbedtls_ctr_drbg_context random;
  mbedtls_ssl_context ssl;
  mbedtls_ssl_config config;
  mbedtls_x509_crt ca;
  mbedtls_entropy_init(&entropy);
  mbedtls_ctr_drbg_init(&random);
  mbedtls_ssl_init(&ssl);
  mbedtls_ssl_config_init(&config);
  mbedtls_x509_crt_init(&ca);
  keys = fopen(argv[7], "a");
  check(mbedtls_ctr_drbg_seed(&random, mbedtls_entropy_func, &entropy, NULL, 0), "seed");
  check(mbedtls_x509_crt_parse_file(&ca, argv[6]), "authority");
  check(mbedtls_ssl_config_defaults(&config, MBEDTLS_SSL_IS_CLIENT, MBEDTLS_SSL_TRANSPORT_STREAM, MBEDTLS_SSL_PRESET_DEFAULT),
        "configuration");
  mbedtls_ssl_conf_rng(&config, mbedtls_ctr_drbg_random, &random);
  mbedtls_ssl_conf_ca_chain(&config, &ca, NULL);
  mbedtls_ssl_conf_authmode(&config, MBEDTLS_SSL_VERIFY_REQUIRED);
  mbedtls_ssl_conf_export_keys_ext_cb(&config, exported, NULL);
  check(mbedtls_ssl_setup(&ssl, &config), "setup");
  check(mbedtls_ssl_set_hostname(&ssl, argv[5]), "name");

  mbedtls_net_context net = {.fd = socket(AF_INET, SOCK_STREAM, 0)};
  struct sockaddr_in own = address(argv[3], argv[4]), peer = address(argv[1], argv[2]);
  if (bind(net.fd, (struct sockaddr *)&own, sizeof own) || connect(net.fd, (struct sockaddr *)&peer, sizeof peer)) {
    perror("connect");
    return 1;
  }
  mbedtls_ssl_set_bio(&ssl, &net, mbedtls_net_send, mbedtls_net_recv, NULL);
  int code = mbedtls_ssl_handshake(&ssl);
  if (code < 0) {
    char text[400];
    mbedtls_x509_crt_verify_info(text, sizeof text, "", mbedtls_ssl_get_verify_result(&ssl));
    printf("%s", text);
    close(net.fd);
    check(code, "handshake");
  }
  char request[300];
  snprintf(request, sizeof request, "GET / HTTP/1.1\r\nHost: %s\r\nConnection: close\r\n\r\n", argv[5]);
  check(mbedtls_ssl_write(&ssl, (unsigned char *)request, strlen(request)), "write");
  while (mbedtls_ssl_read(&ssl, (unsigned char *)request, sizeof request) > 0) continue;
  mbedtls_ssl_close_notify(&ssl);
  close(net.fd);
  printf("served\n");
  return 0;
}
