/* Both ends of a connection by GnuTLS. See pair.h and record.mjs. With the argument "list" it names the suites that it has. */
#include "pair.h"
#include <gnutls/dtls.h>
#include <gnutls/gnutls.h>

static gnutls_datum_t ticket_key, session_data;
static gnutls_dh_params_t dh;
static unsigned char text[2000];

static int log_secret(gnutls_session_t session, const char *label, const gnutls_datum_t *secret) {
  char line[600];
  gnutls_datum_t client_random, server_random;
  int at = snprintf(line, sizeof line, "%s ", label);
  gnutls_session_get_random(session, &client_random, &server_random);
  for (unsigned i = 0; i < client_random.size; i++) at += sprintf(line + at, "%02x", client_random.data[i]);
  line[at++] = ' ';
  for (unsigned i = 0; i < secret->size; i++) at += sprintf(line + at, "%02x", secret->data[i]);
  note_keys(line);
  return 0;
}

/* A resumed session of TLS 1.2 and below has no new master secret, and GnuTLS logs none. */
static void log_master_secret(gnutls_session_t session) {
  gnutls_datum_t master;
  if (gnutls_protocol_get_version(session) == GNUTLS_TLS1_3) return;
  gnutls_session_get_master_secret(session, &master);
  log_secret(session, "CLIENT_RANDOM", &master);
}

static int psk_of(gnutls_session_t session, const char *user, gnutls_datum_t *key) {
  key->data = gnutls_malloc(16);
  memcpy(key->data, "sixteen octets!!", key->size = 16);
  return 0;
}

static int srp_of(gnutls_session_t session, const char *user, gnutls_datum_t *salt, gnutls_datum_t *verifier,
                  gnutls_datum_t *generator, gnutls_datum_t *prime) {
  gnutls_datum_t fixed = {(void *)"four", 4};
  salt->data = gnutls_malloc(4);
  memcpy(salt->data, "four", salt->size = 4);
  for (int i = 0; i < 2; i++) {
    const gnutls_datum_t *from = i ? &gnutls_srp_2048_group_prime : &gnutls_srp_2048_group_generator;
    gnutls_datum_t *to = i ? prime : generator;
    to->data = gnutls_malloc(to->size = from->size);
    memcpy(to->data, from->data, from->size);
  }
  return gnutls_srp_verifier(user, "password", &fixed, generator, prime, verifier);
}

struct credentials {
  gnutls_certificate_credentials_t certificate;
  gnutls_anon_client_credentials_t anon_client;
  gnutls_anon_server_credentials_t anon_server;
  gnutls_psk_client_credentials_t psk_client;
  gnutls_psk_server_credentials_t psk_server;
  gnutls_srp_client_credentials_t srp_client;
  gnutls_srp_server_credentials_t srp_server;
};

static struct credentials *credentials(void) {
  static struct credentials all;
  if (all.certificate) return &all;
  gnutls_datum_t key = {(void *)"sixteen octets!!", 16};
  gnutls_certificate_allocate_credentials(&all.certificate);
  static const char *const kinds[] = {"rsa", "ecdsa", "dsa"};
  for (int i = 0; i < 3; i++) {
    char certificate[600], private[600];
    snprintf(certificate, sizeof certificate, "%s/%s.pem", option("certificates"), kinds[i]);
    snprintf(private, sizeof private, "%s/%s.key", option("certificates"), kinds[i]);
    must(gnutls_certificate_set_x509_key_file(all.certificate, certificate, private, GNUTLS_X509_FMT_PEM) >= 0, certificate);
  }
  gnutls_anon_allocate_client_credentials(&all.anon_client);
  gnutls_anon_allocate_server_credentials(&all.anon_server);
  gnutls_psk_allocate_client_credentials(&all.psk_client);
  gnutls_psk_set_client_credentials(all.psk_client, "sensor", &key, GNUTLS_PSK_KEY_RAW);
  gnutls_psk_allocate_server_credentials(&all.psk_server);
  gnutls_psk_set_server_credentials_function(all.psk_server, psk_of);
  gnutls_srp_allocate_client_credentials(&all.srp_client);
  gnutls_srp_set_client_credentials(all.srp_client, "user", "password");
  gnutls_srp_allocate_server_credentials(&all.srp_server);
  gnutls_srp_set_server_credentials_function(all.srp_server, srp_of);
  gnutls_dh_params_init(&dh);
  gnutls_dh_params_import_raw2(dh, &gnutls_ffdhe_2048_group_prime, &gnutls_ffdhe_2048_group_generator, 256);
  gnutls_certificate_set_dh_params(all.certificate, dh);
  gnutls_anon_set_server_dh_params(all.anon_server, dh);
  gnutls_psk_set_server_dh_params(all.psk_server, dh);
  gnutls_session_ticket_key_generate(&ticket_key);
  return &all;
}

static void priority(char *out, size_t size, int side) {
  const char *groups = option(side == SERVER ? "server-groups" : "client-groups");
  int version = number("version", 12), modern = !datagrams() && version == 13;
  int at = snprintf(out, size, "NONE:+VERS-%s%d.%d:+%s:+%s:+COMP-NULL:+SIGN-ALL:+SIGN-DSA-SHA1:+CTYPE-X509:+%s", datagrams() ? "DTLS" : "TLS",
                version / 10, version % 10, option("cipher"), option("mac"), groups ? groups : "GROUP-ALL");
  if (!modern) at += snprintf(out + at, size - at, ":+%s", option("kx"));
  if (modern && number("psk", 0)) at += snprintf(out + at, size - at, ":+PSK:+DHE-PSK");
  if (number("etm", 1) == 0) at += snprintf(out + at, size - at, ":%%NO_ETM");
  if (number("ems", 1) == 0) at += snprintf(out + at, size - at, ":%%NO_SESSION_HASH");
  if (number("middlebox", 1) == 0) at += snprintf(out + at, size - at, ":%%DISABLE_TLS13_COMPAT_MODE");
  snprintf(out + at, size - at, ":%%UNSAFE_RENEGOTIATION:%%VERIFY_ALLOW_BROKEN");
}

static gnutls_session_t make_session(int side, int end, int again) {
  gnutls_session_t session;
  struct credentials *all = credentials();
  char list[800];
  const char *wrong;
  int server = side == SERVER, early = is("again", "early");
  gnutls_init(&session, (server ? GNUTLS_SERVER : GNUTLS_CLIENT) | GNUTLS_NONBLOCK | GNUTLS_POST_HANDSHAKE_AUTH |
                            (datagrams() ? GNUTLS_DATAGRAM : 0) | (early ? GNUTLS_ENABLE_EARLY_DATA : 0));
  priority(list, sizeof list, side);
  if (gnutls_priority_set_direct(session, list, &wrong) < 0) {
    gnutls_deinit(session);
    return NULL;
  }
  gnutls_credentials_set(session, GNUTLS_CRD_CERTIFICATE, all->certificate);
  gnutls_credentials_set(session, GNUTLS_CRD_ANON, server ? (void *)all->anon_server : all->anon_client);
  if (strstr(option("kx"), "PSK") || number("psk", 0))
    gnutls_credentials_set(session, GNUTLS_CRD_PSK, server ? (void *)all->psk_server : all->psk_client);
  if (strstr(option("kx"), "SRP"))
    gnutls_credentials_set(session, GNUTLS_CRD_SRP, server ? (void *)all->srp_server : all->srp_client);
  gnutls_session_set_keylog_function(session, log_secret);
  if (server && option("again")) gnutls_session_ticket_enable_server(session, &ticket_key);
  if (server && number("client-certificate", 0)) gnutls_certificate_server_set_request(session, GNUTLS_CERT_REQUEST);
  if (again && !server) gnutls_session_set_data(session, session_data.data, session_data.size);
  if (number("fragment", 0)) gnutls_record_set_max_size(session, number("fragment", 0));
  if (datagrams()) gnutls_dtls_set_mtu(session, number("mtu", 1400));
  gnutls_transport_set_int(session, end);
  return session;
}

static int progress(gnutls_session_t session, int result) {
  if (result >= 0) return DONE;
  return gnutls_error_is_fatal(result) ? FAILED : WAITING;
}

static int last_error;
static int handshake(void *session) { return progress(session, last_error = gnutls_handshake(session)); }
static int nothing(void *session) { return DONE; }

static int expected_octets, idle_reads;

static int read_all(void *session) {
  unsigned char octets[2000];
  while (expected_octets > 0) {
    int got = gnutls_record_recv(session, octets, sizeof octets);
    if (got == GNUTLS_E_REAUTH_REQUEST || got == GNUTLS_E_REHANDSHAKE) return WAITING;
    if (got <= 0) return got == 0 ? FAILED : progress(session, last_error = got);
    expected_octets -= got;
  }
  return DONE;
}

static int attend(void *session) {
  unsigned char octets[2000];
  int got = gnutls_record_recv(session, octets, sizeof octets);
  return ++idle_reads > 6 ? DONE : got > 0 ? FAILED : WAITING;
}

/* Answers a request of the server inside the connection. */
static int answer_request(void *session) {
  unsigned char octets[2000];
  int got = gnutls_record_recv(session, octets, sizeof octets);
  if (got == GNUTLS_E_REAUTH_REQUEST) return gnutls_reauth(session, 0) == 0 ? DONE : FAILED;
  return got == GNUTLS_E_REHANDSHAKE ? DONE : progress(session, got) == FAILED ? FAILED : WAITING;
}

static int reauthenticate(void *session) { return progress(session, gnutls_reauth(session, 0)); }

static int say(int ends[2], gnutls_session_t from, gnutls_session_t to, int length) {
  int padding = number("padding", 0);
  int sent = padding ? gnutls_record_send2(from, text, length, padding, 0) : gnutls_record_send(from, text, length);
  if (sent < 0) return last_error = sent, FAILED;
  expected_octets = length;
  return drive(ends, nothing, from, read_all, to);
}

static int talk(int ends[2], gnutls_session_t client, gnutls_session_t server) {
  static const int lengths[] = {1, 31, 300};
  int rounds = number("rounds", 3);
  for (int i = 0; i < rounds; i++)
    if (say(ends, client, server, lengths[i]) == FAILED || say(ends, server, client, lengths[i] + 1) == FAILED) return FAILED;
  return DONE;
}

static int act(const char *what, int ends[2], gnutls_session_t client, gnutls_session_t server) {
  idle_reads = 0;
  if (strcmp(what, "client-update") == 0) gnutls_session_key_update(client, 0);
  else if (strcmp(what, "server-update") == 0) gnutls_session_key_update(server, 0);
  else if (strcmp(what, "both-update") == 0) gnutls_session_key_update(client, GNUTLS_KU_PEER);
  else if (strcmp(what, "client-renegotiation") == 0 || strcmp(what, "server-renegotiation") == 0) {
    if (what[0] == 's') {
      gnutls_rehandshake(server);
      if (drive(ends, answer_request, client, nothing, server) == FAILED) return FAILED;
    } else {
      handshake(client);
      if (drive(ends, nothing, client, answer_request, server) == FAILED) return FAILED;
    }
    if (drive(ends, handshake, client, handshake, server) == FAILED) return FAILED;
    log_master_secret(client);
  } else if (strcmp(what, "authentication") == 0) {
    gnutls_certificate_server_set_request(server, GNUTLS_CERT_REQUEST);
    if (drive(ends, answer_request, client, reauthenticate, server) == FAILED) return FAILED;
  } else return FAILED;
  if (what[0] != 'a' && strstr(what, "update")) drive(ends, attend, client, attend, server);
  return talk(ends, client, server);
}

static int connect_once(int again, char *answer, size_t size) {
  int ends[2], state = FAILED;
  gnutls_session_t session[2];
  open_pair(ends);
  for (int side = 0; side < 2; side++) session[side] = make_session(side, ends[side], again);
  last_error = 0;
  if (!session[CLIENT] || !session[SERVER]) last_error = GNUTLS_E_NO_CIPHER_SUITES;
  else {
    if (again && is("again", "early")) gnutls_record_send_early_data(session[CLIENT], text, 40);
    state = drive(ends, handshake, session[CLIENT], handshake, session[SERVER]);
    if (state == DONE) {
      log_master_secret(session[CLIENT]);
      snprintf(answer, size, "ok %s", gnutls_ciphersuite_get(session[CLIENT]));
      if (again && is("again", "early")) gnutls_record_recv_early_data(session[SERVER], answer + 500, 40);
      state = again && !gnutls_session_is_resumed(session[CLIENT]) ? FAILED : talk(ends, session[CLIENT], session[SERVER]);
    }
    for (char *what = next_part(again ? "do-again" : "do"); what && *what && state == DONE; what = next_part(NULL))
      state = act(what, ends, session[CLIENT], session[SERVER]);
    if (state == DONE && !again && option("again")) gnutls_session_get_data2(session[CLIENT], &session_data);
    gnutls_bye(session[CLIENT], GNUTLS_SHUT_WR);
    usleep(2000);
    gnutls_bye(session[SERVER], GNUTLS_SHUT_WR);
  }
  if (state == FAILED) snprintf(answer, size, "failed %s", last_error ? gnutls_strerror(last_error) : "without a word");
  for (int side = 0; side < 2; side++)
    if (session[side]) gnutls_deinit(session[side]);
  close_pair(ends);
  return state;
}

static void run(char *answer, size_t size) {
  if (connect_once(0, answer, size) == DONE && option("again")) connect_once(1, answer, size);
}

static int list(void) {
  unsigned char id[2];
  gnutls_kx_algorithm_t kx;
  gnutls_cipher_algorithm_t cipher;
  gnutls_mac_algorithm_t mac;
  gnutls_protocol_t lowest;
  const char *name;
  for (int i = 0; (name = gnutls_cipher_suite_info(i, id, &kx, &cipher, &mac, &lowest)); i++)
    printf("%02x%02x %s %s %s %s %s\n", id[0], id[1], name, kx ? gnutls_kx_get_name(kx) : "any", gnutls_cipher_get_name(cipher),
           gnutls_mac_get_name(mac), gnutls_protocol_get_name(lowest));
  return 0;
}

int main(int count, char **words) {
  if (count > 1) return list();
  memset(text, 'x', sizeof text);
  run_cases(run);
}
