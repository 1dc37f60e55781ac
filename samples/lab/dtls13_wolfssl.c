/*
 * One end of a DTLS 1.3 association with wolfSSL. Usage:
 *
 *     dtls13_wolfssl server ADDRESS PORT [OPTION...]
 *     dtls13_wolfssl client ADDRESS PORT [OPTION...] COMMAND...
 *
 * Options: suite=NAME, keys=FILE (key log), cert=FILE key=FILE (server), psk=HEX, cookie (server: HelloRetryRequest),
 * bind=ADDRESS:PORT, cid=OCTETS, mtu=OCTETS, lose=N,N (datagrams received that are thrown away, from 1).
 * Commands of the client: say=TEXT, wait=MILLISECONDS, update (KeyUpdate), close. The server answers what it gets with
 * "echo TEXT", sends KeyUpdate on "update ...", and ends on close_notify.
 */
#include "user_settings.h"
#include <wolfssl/ssl.h>

#include <arpa/inet.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

static struct sockaddr_in peer;
static int udp, has_peer, received, is_server;
static char lose[200];
static const char *key_log, *suite = "TLS13-AES128-GCM-SHA256";
static unsigned char psk[64];
static unsigned psk_octets;

static const char *option(int argc, char **argv, const char *name) {
  size_t length = strlen(name);
  for (int i = 4; i < argc; i++)
    if (!strncmp(argv[i], name, length) && (argv[i][length] == '=' || argv[i][length] == 0))
      return argv[i][length] ? argv[i] + length + 1 : "";
  return NULL;
}

static void log_key(const WOLFSSL *ssl, const char *line) {
  FILE *file = fopen(key_log, "a");
  fprintf(file, "%s\n", line);
  fclose(file);
}

static int is_lost(int number) {
  char name[16];
  snprintf(name, sizeof name, ",%d,", number);
  return strstr(lose, name) != NULL;
}

static int take(WOLFSSL *ssl, char *octets, int room, void *context) {
  for (;;) {
    struct sockaddr_in from;
    socklen_t size = sizeof from;
    int length = recvfrom(udp, octets, room, MSG_DONTWAIT, (struct sockaddr *)&from, &size);
    if (length < 0) return WOLFSSL_CBIO_ERR_WANT_READ;
    if (is_lost(++received)) continue;
    if (!has_peer) peer = from, has_peer = 1;
    return length;
  }
}

static int give(WOLFSSL *ssl, char *octets, int length, void *context) {
  return sendto(udp, octets, length, 0, (struct sockaddr *)&peer, sizeof peer);
}

static unsigned client_psk(WOLFSSL *ssl, const char *hint, char *identity, unsigned room, unsigned char *key,
                           unsigned key_room, const char **name) {
  snprintf(identity, room, "device-7");
  memcpy(key, psk, psk_octets);
  *name = suite;
  return psk_octets;
}

static unsigned server_psk(WOLFSSL *ssl, const char *identity, unsigned char *key, unsigned room, const char **name) {
  memcpy(key, psk, psk_octets);
  *name = suite;
  return psk_octets;
}

static double now(void) {
  struct timespec t;
  clock_gettime(CLOCK_MONOTONIC, &t);
  return t.tv_sec + t.tv_nsec / 1e9;
}

/* Waits for a datagram or for wolfSSL's timer, and no longer than to `end`. */
static void idle(WOLFSSL *ssl, double end) {
  double timer = wolfSSL_dtls_get_current_timeout(ssl) * (wolfSSL_dtls13_use_quick_timeout(ssl) ? 0.25 : 1.0);
  double left = end - now();
  struct pollfd readable = {udp, POLLIN, 0};
  int came = poll(&readable, 1, (int)(1000 * (left < timer ? (left > 0 ? left : 0) : timer)) + 1);
  if (came == 0 && left >= timer) wolfSSL_dtls_got_timeout(ssl);
}

static int handshake(WOLFSSL *ssl) {
  for (double end = now() + 15; now() < end; idle(ssl, end)) {
    int result = is_server ? wolfSSL_accept(ssl) : wolfSSL_connect(ssl);
    if (result == WOLFSSL_SUCCESS) return 1;
    int error = wolfSSL_get_error(ssl, result);
    if (error != WOLFSSL_ERROR_WANT_READ && error != WOLFSSL_ERROR_WANT_WRITE) {
      char text[100];
      printf("handshake failed: %s\n", wolfSSL_ERR_error_string(error, text));
      return 0;
    }
  }
  printf("handshake failed: time\n");
  return 0;
}

/* Reads until `end`. Returns 0 once the peer has closed. */
static int converse(WOLFSSL *ssl, double end) {
  char text[2000], answer[2100];
  while (now() < end) {
    int length = wolfSSL_read(ssl, text, sizeof text - 1);
    if (length > 0) {
      text[length] = 0;
      printf("got: %s\n", text);
      fflush(stdout);
      if (!is_server) continue;
      if (!strncmp(text, "update", 6)) wolfSSL_update_keys(ssl);
      wolfSSL_write(ssl, answer, snprintf(answer, sizeof answer, "echo %s", text));
    } else if (wolfSSL_get_error(ssl, length) == WOLFSSL_ERROR_WANT_READ) {
      idle(ssl, end);
    } else {
      printf("closed\n");
      return 0;
    }
  }
  return 1;
}

int main(int argc, char **argv) {
  is_server = argc > 3 && !strcmp(argv[1], "server");
  setvbuf(stdout, NULL, _IOLBF, 0);
  const char *value;
  struct sockaddr_in own = {.sin_family = AF_INET};
  peer.sin_family = AF_INET;
  struct sockaddr_in *given = is_server ? &own : &peer;
  inet_pton(AF_INET, argv[2], &given->sin_addr);
  given->sin_port = htons(atoi(argv[3]));
  if ((value = option(argc, argv, "bind"))) {
    char address[32];
    sscanf(value, "%31[^:]", address);
    inet_pton(AF_INET, address, &own.sin_addr);
    own.sin_port = htons(atoi(strchr(value, ':') + 1));
  }
  has_peer = !is_server;
  udp = socket(AF_INET, SOCK_DGRAM, 0);
  if (bind(udp, (struct sockaddr *)&own, sizeof own)) return perror("bind"), 1;

  wolfSSL_Init();
  WOLFSSL_CTX *context = wolfSSL_CTX_new(is_server ? wolfDTLSv1_3_server_method() : wolfDTLSv1_3_client_method());
  wolfSSL_CTX_set_verify(context, WOLFSSL_VERIFY_NONE, NULL);
  wolfSSL_CTX_SetIORecv(context, take);
  wolfSSL_CTX_SetIOSend(context, give);
  if ((value = option(argc, argv, "suite"))) suite = value;
  wolfSSL_CTX_set_cipher_list(context, suite);
  if ((key_log = option(argc, argv, "keys"))) wolfSSL_CTX_set_keylog_callback(context, log_key);
  if ((value = option(argc, argv, "cert"))) wolfSSL_CTX_use_certificate_chain_file(context, value);
  if ((value = option(argc, argv, "key"))) wolfSSL_CTX_use_PrivateKey_file(context, value, WOLFSSL_FILETYPE_PEM);
  if ((value = option(argc, argv, "psk"))) {
    for (; sscanf(value, "%2hhx", &psk[psk_octets]) == 1; value += 2) psk_octets++;
    wolfSSL_CTX_set_psk_client_tls13_callback(context, client_psk);
    wolfSSL_CTX_set_psk_server_tls13_callback(context, server_psk);
  }
  snprintf(lose, sizeof lose, ",%s,", (value = option(argc, argv, "lose")) ? value : "");

  WOLFSSL *ssl = wolfSSL_new(context);
  wolfSSL_dtls_set_using_nonblock(ssl, 1);
  wolfSSL_KeepArrays(ssl);
  if ((value = option(argc, argv, "mtu"))) wolfSSL_dtls_set_mtu(ssl, atoi(value));
  if ((value = option(argc, argv, "cid"))) {
    unsigned char id[] = {0xc0, 0xc1, 0xc2, 0xc3, 0xc4, 0xc5, 0xc6, 0xc7};
    id[0] |= is_server << 4;
    wolfSSL_dtls_cid_use(ssl);
    wolfSSL_dtls_cid_set(ssl, id, atoi(value));
  }
  if (is_server) {
    const unsigned char secret[16] = "not very secret";
    if (option(argc, argv, "cookie")) wolfSSL_send_hrr_cookie(ssl, secret, sizeof secret);
    else wolfSSL_disable_hrr_cookie(ssl);
    struct pollfd readable = {udp, POLLIN, 0};
    printf("waiting for a client\n");
    poll(&readable, 1, 20000);
  }
  if (!handshake(ssl)) return 1;
  printf("handshake done: %s\n", wolfSSL_get_cipher(ssl));
  if (is_server) {
    if (!converse(ssl, now() + 20)) wolfSSL_shutdown(ssl);
    return 0;
  }
  for (int i = 4; i < argc; i++) {
    if (!strncmp(argv[i], "say=", 4)) wolfSSL_write(ssl, argv[i] + 4, strlen(argv[i] + 4));
    else if (!strncmp(argv[i], "wait=", 5)) converse(ssl, now() + atof(argv[i] + 5) / 1000);
    else if (!strcmp(argv[i], "update")) wolfSSL_update_keys(ssl);
    else if (!strcmp(argv[i], "close")) wolfSSL_shutdown(ssl), converse(ssl, now() + 0.3);
  }
  return 0;
}
