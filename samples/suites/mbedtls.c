/* Both ends of a connection by Mbed TLS 2.28, the last stack that negotiates truncated_hmac. See pair.h and record.mjs. With the
   argument "list" it names the suites that it has. */
#include "pair.h"
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/dhm.h>
#include <mbedtls/entropy.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <mbedtls/timing.h>

static mbedtls_ctr_drbg_context random_source;
static unsigned char text[2000];
static int last_error;

static int log_secret(void *end, const unsigned char *master, const unsigned char *block, size_t mac, size_t key, size_t iv,
                      const unsigned char client_random[32], const unsigned char server_random[32], mbedtls_tls_prf_types prf) {
  char line[200];
  int at = sprintf(line, "CLIENT_RANDOM ");
  for (int i = 0; i < 32; i++) at += sprintf(line + at, "%02x", client_random[i]);
  line[at++] = ' ';
  for (int i = 0; i < 48; i++) at += sprintf(line + at, "%02x", master[i]);
  note_keys(line);
  return 0;
}

struct end {
  mbedtls_ssl_context ssl;
  mbedtls_ssl_config config;
  mbedtls_net_context net;
  mbedtls_timing_delay_context timer;
};

static void load(mbedtls_ssl_config *config, const char *kind) {
  static mbedtls_x509_crt certificates[2];
  static mbedtls_pk_context keys[2];
  int i = kind[0] == 'e';
  char file[600];
  if (!certificates[i].raw.p) {
    snprintf(file, sizeof file, "%s/%s.pem", option("certificates"), kind);
    must(mbedtls_x509_crt_parse_file(&certificates[i], file) == 0, file);
    snprintf(file, sizeof file, "%s/%s.key", option("certificates"), kind);
    must(mbedtls_pk_parse_keyfile(&keys[i], file, NULL) == 0, file);
  }
  must(mbedtls_ssl_conf_own_cert(config, &certificates[i], &keys[i]) == 0, "certificate");
}

static void make_end(struct end *end, int side, int descriptor) {
  static int suites[2];
  int minor = datagrams() && number("version", 12) == 10 ? 2 : number("version", 12) - 9;
  suites[0] = mbedtls_ssl_get_ciphersuite_id(option("suite"));
  mbedtls_ssl_init(&end->ssl);
  mbedtls_ssl_config_init(&end->config);
  mbedtls_ssl_config_defaults(&end->config, side == SERVER ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
                              datagrams() ? MBEDTLS_SSL_TRANSPORT_DATAGRAM : MBEDTLS_SSL_TRANSPORT_STREAM,
                              MBEDTLS_SSL_PRESET_DEFAULT);
  mbedtls_ssl_conf_authmode(&end->config, MBEDTLS_SSL_VERIFY_NONE);
  mbedtls_ssl_conf_rng(&end->config, mbedtls_ctr_drbg_random, &random_source);
  mbedtls_ssl_conf_min_version(&end->config, 3, minor);
  mbedtls_ssl_conf_max_version(&end->config, 3, minor);
  mbedtls_ssl_conf_ciphersuites(&end->config, suites);
  mbedtls_ssl_conf_export_keys_ext_cb(&end->config, log_secret, end);
  mbedtls_ssl_conf_psk(&end->config, (const unsigned char *)"sixteen octets!!", 16, (const unsigned char *)"sensor", 6);
  mbedtls_ssl_conf_encrypt_then_mac(&end->config, number("etm", 1));
  mbedtls_ssl_conf_extended_master_secret(&end->config, number("ems", 1));
  if (side == SERVER) {
    load(&end->config, "rsa"), load(&end->config, "ecdsa");
    if (datagrams()) mbedtls_ssl_conf_dtls_cookies(&end->config, NULL, NULL, NULL);
  }
  mbedtls_ssl_conf_truncated_hmac(&end->config, number("truncated", 0));
  must(mbedtls_ssl_setup(&end->ssl, &end->config) == 0, "set-up");
  end->net.fd = descriptor;
  mbedtls_ssl_set_bio(&end->ssl, &end->net, mbedtls_net_send, mbedtls_net_recv, NULL);
  if (datagrams()) mbedtls_ssl_set_timer_cb(&end->ssl, &end->timer, mbedtls_timing_set_delay, mbedtls_timing_get_delay);
}

static int progress(int result) {
  if (result >= 0) return DONE;
  if (result == MBEDTLS_ERR_SSL_WANT_READ || result == MBEDTLS_ERR_SSL_WANT_WRITE) return WAITING;
  last_error = result;
  return FAILED;
}

static int handshake(void *end) { return progress(mbedtls_ssl_handshake(&((struct end *)end)->ssl)); }
static int nothing(void *end) { return DONE; }

static int expected_octets;

static int read_all(void *end) {
  unsigned char octets[2000];
  while (expected_octets > 0) {
    int got = mbedtls_ssl_read(&((struct end *)end)->ssl, octets, sizeof octets);
    if (got <= 0) return got == 0 ? FAILED : progress(got);
    expected_octets -= got;
  }
  return DONE;
}

static int say(int ends[2], struct end *from, struct end *to, int length) {
  if (progress(mbedtls_ssl_write(&from->ssl, text, length)) != DONE) return FAILED;
  expected_octets = length;
  return drive(ends, nothing, from, read_all, to);
}

static void run(char *answer, size_t size) {
  static const int lengths[] = {1, 31, 700};
  int rounds = number("rounds", 3);
  struct end client = {0}, server = {0};
  int sockets[2];
  open_pair(sockets);
  make_end(&client, CLIENT, sockets[CLIENT]);
  make_end(&server, SERVER, sockets[SERVER]);
  last_error = 0;
  int state = drive(sockets, handshake, &client, handshake, &server);
  for (int i = 0; i < rounds && state == DONE; i++)
    if (say(sockets, &client, &server, lengths[i]) == FAILED || say(sockets, &server, &client, lengths[i] + 1) == FAILED)
      state = FAILED;
  if (state == DONE) snprintf(answer, size, "ok %s", mbedtls_ssl_get_ciphersuite(&client.ssl));
  else snprintf(answer, size, "failed -0x%04x", -last_error);
  mbedtls_ssl_close_notify(&client.ssl);
  usleep(2000);
  mbedtls_ssl_close_notify(&server.ssl);
  mbedtls_ssl_free(&client.ssl), mbedtls_ssl_free(&server.ssl);
  mbedtls_ssl_config_free(&client.config), mbedtls_ssl_config_free(&server.config);
  close_pair(sockets);
}

int main(int count, char **words) {
  mbedtls_entropy_context entropy;
  if (count > 1) {
    for (const int *id = mbedtls_ssl_list_ciphersuites(); *id; id++)
      printf("%04x %s\n", *id, mbedtls_ssl_get_ciphersuite_name(*id));
    return 0;
  }
  memset(text, 'x', sizeof text);
  mbedtls_entropy_init(&entropy);
  mbedtls_ctr_drbg_init(&random_source);
  must(mbedtls_ctr_drbg_seed(&random_source, mbedtls_entropy_func, &entropy, NULL, 0) == 0, "random numbers");
  run_cases(run);
}
