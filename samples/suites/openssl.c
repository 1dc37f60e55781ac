/* Both ends of a connection by OpenSSL. See pair.h and record.mjs. */
#include "pair.h"
#include <openssl/err.h>
#include <openssl/srp.h>
#include <openssl/ssl.h>

static const unsigned char PSK[16] = "sixteen octets!!";
static unsigned char text[2000];
static SSL_SESSION *session;

static void log_secret(const SSL *ssl, const char *line) { note_keys(line); }

static unsigned psk_client(SSL *ssl, const char *hint, char *identity, unsigned size, unsigned char *psk, unsigned psk_size) {
  snprintf(identity, size, "sensor");
  memcpy(psk, PSK, sizeof PSK);
  return sizeof PSK;
}

static unsigned psk_server(SSL *ssl, const char *identity, unsigned char *psk, unsigned psk_size) {
  memcpy(psk, PSK, sizeof PSK);
  return sizeof PSK;
}

static char *srp_password(SSL *ssl, void *argument) { return OPENSSL_strdup("password"); }

static int srp_user(SSL *ssl, int *alert, void *argument) {
  return SSL_set_srp_server_param_pw(ssl, "user", "password", "2048") < 0 ? SSL3_AL_FATAL : SSL_ERROR_NONE;
}

static int any_certificate(int ok, X509_STORE_CTX *store) { return 1; }

static int keep_session(SSL *ssl, SSL_SESSION *fresh) {
  if (SSL_is_server(ssl)) return 0;
  SSL_SESSION_free(session);
  session = fresh;
  return 1;
}

static int make_cookie(SSL *ssl, unsigned char *cookie, unsigned *length) {
  memset(cookie, 7, *length = 16);
  return 1;
}

static int check_cookie(SSL *ssl, const unsigned char *cookie, unsigned length) { return length == 16; }

static const unsigned char PROTOCOLS[] = "\5first\6second";

static int offer_protocols(SSL *ssl, const unsigned char **out, unsigned *length, void *argument) {
  *out = PROTOCOLS, *length = sizeof PROTOCOLS - 1;
  return SSL_TLSEXT_ERR_OK;
}

static int choose_protocol(SSL *ssl, unsigned char **out, unsigned char *length, const unsigned char *in, unsigned in_length,
                           void *argument) {
  *out = (unsigned char *)in + 1, *length = in[0];
  return SSL_TLSEXT_ERR_OK;
}

static int staple(SSL *ssl, void *argument) {
  SSL_set_tlsext_status_ocsp_resp(ssl, OPENSSL_memdup("no real response", 16), 16);
  return SSL_TLSEXT_ERR_OK;
}

static int take_staple(SSL *ssl, void *argument) { return 1; }

static int protocol_version(void) {
  static const int tls[] = {TLS1_VERSION, TLS1_1_VERSION, TLS1_2_VERSION, TLS1_3_VERSION};
  int minor = number("version", 12) - 10;
  return datagrams() ? (minor == 0 ? DTLS1_VERSION : DTLS1_2_VERSION) : tls[minor];
}

static void load(SSL_CTX *context, const char *kind) {
  char file[600];
  const char *folder = option("certificates");
  snprintf(file, sizeof file, "%s/%s.pem", folder, kind);
  must(SSL_CTX_use_certificate_file(context, file, SSL_FILETYPE_PEM) == 1, file);
  snprintf(file, sizeof file, "%s/%s.key", folder, kind);
  must(SSL_CTX_use_PrivateKey_file(context, file, SSL_FILETYPE_PEM) == 1, file);
}

static SSL_CTX *make_context(int side) {
  const char *suite = option("suite"),
             *groups = option(side == SERVER ? "server-groups" : "client-groups");
  char list[600];
  SSL_CTX *context = SSL_CTX_new(datagrams() ? DTLS_method() : TLS_method());
  int modern = !datagrams() && number("version", 12) == 13;
  SSL_CTX_set_min_proto_version(context, protocol_version());
  SSL_CTX_set_max_proto_version(context, protocol_version());
  snprintf(list, sizeof list, "%s:@SECLEVEL=0", modern ? "ALL" : suite);
  if (SSL_CTX_set_cipher_list(context, list) != 1 || SSL_CTX_set_ciphersuites(context, modern ? suite : "") != 1) {
    SSL_CTX_free(context);
    return NULL;
  }
  SSL_CTX_set_keylog_callback(context, log_secret);
  SSL_CTX_set_options(context, SSL_OP_ALLOW_CLIENT_RENEGOTIATION | SSL_OP_NO_ANTI_REPLAY);
  if (number("etm", 1) == 0) SSL_CTX_set_options(context, SSL_OP_NO_ENCRYPT_THEN_MAC);
  if (number("ems", 1) == 0) SSL_CTX_set_options(context, SSL_OP_NO_EXTENDED_MASTER_SECRET);
  if (is("again", "id") || number("tickets", 1) == 0) SSL_CTX_set_options(context, SSL_OP_NO_TICKET);
  if (number("middlebox", 1) == 0) SSL_CTX_clear_options(context, SSL_OP_ENABLE_MIDDLEBOX_COMPAT);
  if (groups) must(SSL_CTX_set1_groups_list(context, groups), "groups");
  if (number("padding", 0)) SSL_CTX_set_block_padding(context, number("padding", 0));
  if (number("fragment", 0)) SSL_CTX_set_max_send_fragment(context, number("fragment", 0));
  SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_BOTH);
  SSL_CTX_sess_set_new_cb(context, keep_session);
  if (side == SERVER) {
    load(context, "rsa"), load(context, "ecdsa"), load(context, "dsa");
    SSL_CTX_set_dh_auto(context, 1);
    SSL_CTX_set_session_id_context(context, PSK, 4);
    SSL_CTX_set_max_early_data(context, 16384);
    if (number("psk", 0)) SSL_CTX_set_psk_server_callback(context, psk_server);
    if (number("srp", 0)) SSL_CTX_set_srp_username_callback(context, srp_user);
    if (number("client-certificate", 0)) SSL_CTX_set_verify(context, SSL_VERIFY_PEER, any_certificate);
    if (number("cookie", 0)) {
      SSL_CTX_set_options(context, SSL_OP_COOKIE_EXCHANGE);
      SSL_CTX_set_cookie_generate_cb(context, make_cookie);
      SSL_CTX_set_cookie_verify_cb(context, check_cookie);
    }
    if (number("npn", 0)) SSL_CTX_set_next_protos_advertised_cb(context, offer_protocols, NULL);
    if (number("status", 0)) SSL_CTX_set_tlsext_status_cb(context, staple);
  } else {
    if (number("client-certificate", 0) || option("do")) load(context, "rsa");
    SSL_CTX_set_post_handshake_auth(context, 1);
    if (number("psk", 0)) SSL_CTX_set_psk_client_callback(context, psk_client);
    if (number("srp", 0)) {
      SSL_CTX_set_srp_username(context, "user");
      SSL_CTX_set_srp_password(context, "password");
      SSL_CTX_set_srp_client_pwd_callback(context, srp_password);
    }
    if (number("mfl", 0)) SSL_CTX_set_tlsext_max_fragment_length(context, number("mfl", 0));
    if (number("npn", 0)) SSL_CTX_set_next_proto_select_cb(context, choose_protocol, NULL);
    if (number("status", 0)) {
      SSL_CTX_set_tlsext_status_type(context, TLSEXT_STATUSTYPE_ocsp);
      SSL_CTX_set_tlsext_status_cb(context, take_staple);
    }
  }
  return context;
}

static int progress(SSL *ssl, int result) {
  if (result > 0) return DONE;
  int why = SSL_get_error(ssl, result);
  if (why == SSL_ERROR_WANT_READ || why == SSL_ERROR_WANT_WRITE) return WAITING;
  return FAILED;
}

static int handshake(void *ssl) { return progress(ssl, SSL_do_handshake(ssl)); }
static int nothing(void *ssl) { return DONE; }

static int expected_octets;

static int read_all(void *ssl) {
  unsigned char octets[2000];
  while (expected_octets > 0) {
    int got = SSL_read(ssl, octets, sizeof octets);
    if (got <= 0) return progress(ssl, got);
    expected_octets -= got;
  }
  return DONE;
}

/* Reads for the sake of handshake messages inside an established connection; there is nothing else to read. */
static int attend(void *ssl) {
  unsigned char octets[2000];
  int got = SSL_read(ssl, octets, sizeof octets);
  if (got > 0 || progress(ssl, got) == FAILED) return FAILED;
  return SSL_in_init(ssl) || SSL_renegotiate_pending(ssl) ? WAITING : DONE;
}

static int say(int ends[2], SSL *from, SSL *to, int length) {
  if (SSL_write(from, text, length) != length) return FAILED;
  expected_octets = length;
  return drive(ends, nothing, from, read_all, to);
}

static int talk(int ends[2], SSL *client, SSL *server) {
  static const int lengths[] = {1, 31, 700};
  int rounds = number("rounds", 3);
  for (int i = 0; i < rounds; i++)
    if (say(ends, client, server, lengths[i]) == FAILED || say(ends, server, client, lengths[i] + 1) == FAILED) return FAILED;
  return DONE;
}

/* One of the things that `do` names. */
static int act(const char *what, int ends[2], SSL *client, SSL *server) {
  if (strcmp(what, "client-renegotiation") == 0) SSL_renegotiate(client), SSL_do_handshake(client);
  else if (strcmp(what, "server-renegotiation") == 0) SSL_renegotiate(server), SSL_do_handshake(server);
  else if (strcmp(what, "client-update") == 0) SSL_key_update(client, SSL_KEY_UPDATE_NOT_REQUESTED), SSL_do_handshake(client);
  else if (strcmp(what, "server-update") == 0) SSL_key_update(server, SSL_KEY_UPDATE_NOT_REQUESTED), SSL_do_handshake(server);
  else if (strcmp(what, "both-update") == 0) SSL_key_update(client, SSL_KEY_UPDATE_REQUESTED), SSL_do_handshake(client);
  else if (strcmp(what, "authentication") == 0) {
    SSL_set_verify(server, SSL_VERIFY_PEER, any_certificate);
    if (SSL_verify_client_post_handshake(server) != 1) return FAILED;
    SSL_do_handshake(server);
  } else return FAILED;
  for (int round = 0; round < 6; round++) {
    if (drive(ends, attend, client, attend, server) == FAILED) return FAILED;
    usleep(1500);
  }
  return talk(ends, client, server);
}

static int sent_early, read_all_early;

static int write_early(void *ssl) {
  size_t written;
  if (sent_early) return handshake(ssl);
  int state = progress(ssl, SSL_write_early_data(ssl, text, 40, &written));
  sent_early = state == DONE;
  return state == DONE ? handshake(ssl) : state;
}

static int read_early(void *ssl) {
  unsigned char octets[2000];
  size_t got;
  if (read_all_early) return handshake(ssl);
  switch (SSL_read_early_data(ssl, octets, sizeof octets, &got)) {
  case SSL_READ_EARLY_DATA_SUCCESS: return WAITING;
  case SSL_READ_EARLY_DATA_FINISH: return read_all_early = 1, handshake(ssl);
  default: return progress(ssl, 0) == FAILED ? FAILED : WAITING;
  }
}

static int connect_once(SSL_CTX *contexts[2], int again, char *answer, size_t size) {
  int ends[2], state = FAILED, early = again && strncmp(option("again"), "early", 5) == 0;
  SSL *ssl[2];
  open_pair(ends);
  for (int side = 0; side < 2; side++) {
    ssl[side] = SSL_new(contexts[side]);
    if (datagrams()) {
      BIO *bio = BIO_new_dgram(ends[side], BIO_NOCLOSE);
      BIO_ADDR *peer = BIO_ADDR_new();
      struct sockaddr_in address;
      socklen_t length = sizeof address;
      getpeername(ends[side], (void *)&address, &length);
      BIO_ADDR_rawmake(peer, AF_INET, &address.sin_addr, sizeof address.sin_addr, address.sin_port);
      BIO_ctrl(bio, BIO_CTRL_DGRAM_SET_CONNECTED, 0, peer);
      BIO_ADDR_free(peer);
      SSL_set_bio(ssl[side], bio, bio);
      if (number("mtu", 0)) SSL_set_options(ssl[side], SSL_OP_NO_QUERY_MTU), SSL_set_mtu(ssl[side], number("mtu", 0));
    } else SSL_set_fd(ssl[side], ends[side]);
  }
  if (again) SSL_set_session(ssl[CLIENT], session);
  SSL_set_connect_state(ssl[CLIENT]);
  SSL_set_accept_state(ssl[SERVER]);
  sent_early = read_all_early = 0;
  if (drive(ends, early ? write_early : handshake, ssl[CLIENT], early ? read_early : handshake, ssl[SERVER]) == DONE) {
    const SSL_CIPHER *cipher = SSL_get_current_cipher(ssl[CLIENT]);
    snprintf(answer, size, "ok %04x %s", SSL_CIPHER_get_protocol_id(cipher), SSL_CIPHER_standard_name(cipher));
    int meant = again && !is("again", "early-rejected");
    state = again && SSL_session_reused(ssl[CLIENT]) != meant ? FAILED : talk(ends, ssl[CLIENT], ssl[SERVER]);
    for (char *what = next_part(again ? "do-again" : "do"); what && *what && state == DONE; what = next_part(NULL))
      state = act(what, ends, ssl[CLIENT], ssl[SERVER]);
    SSL_shutdown(ssl[CLIENT]);
    usleep(2000);
    SSL_shutdown(ssl[SERVER]);
  }
  if (state == FAILED) {
    unsigned long why = ERR_peek_last_error();
    snprintf(answer, size, "failed %s", why ? ERR_reason_error_string(why) : "without a word");
  }
  ERR_clear_error();
  SSL_free(ssl[CLIENT]), SSL_free(ssl[SERVER]);
  close_pair(ends);
  return state;
}

static void run(char *answer, size_t size) {
  SSL_CTX *contexts[2] = {make_context(CLIENT), make_context(SERVER)};
  if (contexts[CLIENT] && contexts[SERVER]) {
    int state = connect_once(contexts, 0, answer, size);
    if (state == DONE && is("again", "early-rejected")) {
      SSL_CTX_free(contexts[SERVER]);
      contexts[SERVER] = make_context(SERVER);
    }
    if (state == DONE && option("again")) connect_once(contexts, 1, answer, size);
  } else snprintf(answer, size, "failed no such suite here");
  SSL_CTX_free(contexts[CLIENT]), SSL_CTX_free(contexts[SERVER]);
}

int main(void) {
  memset(text, 'x', sizeof text);
  run_cases(run);
}
