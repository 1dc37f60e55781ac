/* DTLS 1.2 with connection ids on Mbed TLS 3.6 or 2.28: a server that serves several clients on one socket, and a client.
 *
 *   dtls_mbedtls_cid server PORT [id HEX]...
 *   dtls_mbedtls_cid client ADDRESS PORT OWN-PORT SUITE [id HEX] [no-etm] [keys FILE]
 *
 * id: what the side wants to receive; an empty HEX asks for none and yet offers the extension; without it connection ids
 *     are not offered. A server takes the next of its ids for each client.
 * The server finds the client of a datagram by its address, then by the connection id in its header; whose records
 * authenticate is answered where they came from (RFC 9146 section 6). What belongs to nobody and is no ClientHello is dropped
 * without a word. It answers each request. The client sends each line of its standard input and waits for the answer; the line
 * "again" makes it begin a new handshake on its port, and the end of input makes it close.
 * Both have the same pre-shared key. 2.28 has connection ids only where MBEDTLS_SSL_DTLS_CONNECTION_ID was set for its build.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <poll.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_cookie.h>
#include <mbedtls/timing.h>
#include <mbedtls/version.h>

#define CLIENTS 8
#define CID_TYPE 25

struct peer {
    mbedtls_ssl_context ssl;
    mbedtls_timing_delay_context timer;
    struct sockaddr_in address;
    const unsigned char *datagram;
    size_t length;
    struct sockaddr_in came_from;
    int used, done, id;
};

static struct { unsigned char octets[32]; size_t length; } ids[CLIENTS];
static int id_count, next_id, socket_;
static size_t id_length;
static FILE *keys;

static void die(const char *what, int code)
{
    printf("%s: -0x%04x\n", what, (unsigned) -code);
    exit(1);
}

static size_t unhex(const char *hex, unsigned char *out)
{
    size_t n = 0;

    while (hex[2 * n] && sscanf(hex + 2 * n, "%2hhx", &out[n]) == 1)
        n++;
    return n;
}

static void log_key(const unsigned char *client_random, const unsigned char *secret, size_t length)
{
    size_t i;

    if (keys == NULL)
        return;
    fprintf(keys, "CLIENT_RANDOM ");
    for (i = 0; i < 32; i++)
        fprintf(keys, "%02x", client_random[i]);
    fprintf(keys, " ");
    for (i = 0; i < length; i++)
        fprintf(keys, "%02x", secret[i]);
    fprintf(keys, "\n");
    fflush(keys);
}

#if MBEDTLS_VERSION_MAJOR >= 3
static void export_keys(void *unused, mbedtls_ssl_key_export_type type, const unsigned char *secret, size_t length,
                        const unsigned char client_random[32], const unsigned char server_random[32],
                        mbedtls_tls_prf_types prf)
{
    (void) unused, (void) server_random, (void) prf;
    if (type == MBEDTLS_SSL_KEY_EXPORT_TLS12_MASTER_SECRET)
        log_key(client_random, secret, length);
}
#else
static int export_keys(void *unused, const unsigned char *master, const unsigned char *block, size_t mac, size_t key,
                       size_t iv, const unsigned char client_random[32], const unsigned char server_random[32],
                       mbedtls_tls_prf_types prf)
{
    (void) unused, (void) block, (void) mac, (void) key, (void) iv, (void) server_random, (void) prf;
    log_key(client_random, master, 48);
    return 0;
}
#endif

static int send_(void *context, const unsigned char *octets, size_t length)
{
    struct peer *peer = context;

    return sendto(socket_, octets, length, 0, (struct sockaddr *) &peer->address, sizeof peer->address);
}

/* The one datagram that is there for this peer. */
static int receive(void *context, unsigned char *octets, size_t room)
{
    struct peer *peer = context;
    size_t length = peer->length;

    if (length == 0)
        return MBEDTLS_ERR_SSL_WANT_READ;
    if (length > room)
        length = room;
    memcpy(octets, peer->datagram, length);
    peer->length = 0;
    return length;
}

static int receive_or_wait(void *context, unsigned char *octets, size_t room, uint32_t milliseconds)
{
    struct pollfd ready = { socket_, POLLIN, 0 };
    socklen_t size = sizeof(struct sockaddr_in);
    struct peer *peer = context;
    int n;

    if (poll(&ready, 1, milliseconds ? (int) milliseconds : -1) <= 0)
        return MBEDTLS_ERR_SSL_TIMEOUT;
    n = recvfrom(socket_, octets, room, 0, (struct sockaddr *) &peer->came_from, &size);
    return n < 0 ? MBEDTLS_ERR_SSL_WANT_READ : n;
}

static void use_id(struct peer *peer)
{
    int ret;

    if (id_count == 0)
        return;
    if ((ret = mbedtls_ssl_set_cid(&peer->ssl, MBEDTLS_SSL_CID_ENABLED, ids[next_id].octets, ids[next_id].length)) != 0)
        die("connection id", ret);
    peer->id = next_id;
    next_id = (next_id + 1) % id_count;
}

static void prepare(struct peer *peer, mbedtls_ssl_config *conf)
{
    int ret;

    mbedtls_ssl_init(&peer->ssl);
    if ((ret = mbedtls_ssl_setup(&peer->ssl, conf)) != 0)
        die("setup", ret);
    mbedtls_ssl_set_timer_cb(&peer->ssl, &peer->timer, mbedtls_timing_set_delay, mbedtls_timing_get_delay);
#if MBEDTLS_VERSION_MAJOR >= 3
    mbedtls_ssl_set_export_keys_cb(&peer->ssl, export_keys, NULL);
#endif
    use_id(peer);
}

static int is_same(const struct sockaddr_in *a, const struct sockaddr_in *b)
{
    return a->sin_addr.s_addr == b->sin_addr.s_addr && a->sin_port == b->sin_port;
}

static struct peer *owner_of(struct peer *peers, const unsigned char *datagram, size_t length, struct sockaddr_in *from)
{
    int i;

    if (length > 11 + id_length && datagram[0] == CID_TYPE)
        for (i = 0; i < CLIENTS; i++) {
            if (peers[i].used && id_length > 0 && memcmp(datagram + 11, ids[peers[i].id].octets, id_length) == 0)
                return &peers[i];
        }
    else
        for (i = 0; i < CLIENTS; i++)
            if (peers[i].used && is_same(&peers[i].address, from))
                return &peers[i];
    return NULL;
}

static void step(struct peer *peer)
{
    static const char answer[] = "answer from the server\n";
    unsigned char buffer[512];
    int ret = 0;

    if (!peer->done) {
        ret = mbedtls_ssl_handshake(&peer->ssl);
        if (ret == MBEDTLS_ERR_SSL_HELLO_VERIFY_REQUIRED) {
            mbedtls_ssl_session_reset(&peer->ssl);
            mbedtls_ssl_set_client_transport_id(&peer->ssl, (void *) &peer->address.sin_port, 2);
            return;
        }
        if (ret == 0) {
            peer->done = 1;
            printf("handshake done: %s\n", mbedtls_ssl_get_ciphersuite(&peer->ssl));
        }
    }
    while (peer->done && (ret = mbedtls_ssl_read(&peer->ssl, buffer, sizeof buffer)) > 0) {
        if (!is_same(&peer->address, &peer->came_from))
            printf("the client has moved to port %d\n", ntohs(peer->came_from.sin_port));
        peer->address = peer->came_from;
        printf("request of %d octets\n", ret);
        mbedtls_ssl_write(&peer->ssl, (const unsigned char *) answer, sizeof answer - 1);
    }
    if (ret == MBEDTLS_ERR_SSL_WANT_READ || ret == MBEDTLS_ERR_SSL_WANT_WRITE)
        return;
    if (ret == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
        printf("the client closed\n");
        mbedtls_ssl_close_notify(&peer->ssl);
    } else
        printf("given up: -0x%04x\n", (unsigned) -ret);
    mbedtls_ssl_free(&peer->ssl);
    peer->used = peer->done = 0;
}

static void serve(mbedtls_ssl_config *conf)
{
    static struct peer peers[CLIENTS];
    static unsigned char datagram[2048];
    struct sockaddr_in from;
    int i, n;

    printf("waiting for clients\n");
    for (;;) {
        socklen_t size = sizeof from;
        struct peer *peer;

        if ((n = recvfrom(socket_, datagram, sizeof datagram, 0, (struct sockaddr *) &from, &size)) <= 0)
            continue;
        peer = owner_of(peers, datagram, n, &from);
        if (peer == NULL) {
            if (n < 14 || datagram[0] != 22 || datagram[13] != 1) {
                printf("dropped %d octets from port %d\n", n, ntohs(from.sin_port));
                continue;
            }
            for (i = 0; i < CLIENTS && peers[i].used; i++)
                ;
            if (i == CLIENTS)
                continue;
            peer = &peers[i];
            prepare(peer, conf);
            peer->used = 1;
            peer->address = from;
            mbedtls_ssl_set_bio(&peer->ssl, peer, send_, receive, NULL);
            mbedtls_ssl_set_client_transport_id(&peer->ssl, (void *) &from.sin_port, 2);
        }
        peer->datagram = datagram;
        peer->length = n;
        peer->came_from = from;
        step(peer);
    }
}

static void shake_hands(struct peer *peer)
{
    int ret;

    while ((ret = mbedtls_ssl_handshake(&peer->ssl)) != 0)
        if (ret != MBEDTLS_ERR_SSL_WANT_READ && ret != MBEDTLS_ERR_SSL_WANT_WRITE)
            die("handshake", ret);
    printf("handshake done: %s\n", mbedtls_ssl_get_ciphersuite(&peer->ssl));
}

static void ask(mbedtls_ssl_config *conf, const char *address, int port)
{
    static struct peer peer;
    char line[256];
    unsigned char buffer[512];
    int ret;

    peer.address.sin_family = AF_INET;
    peer.address.sin_port = htons(port);
    inet_pton(AF_INET, address, &peer.address.sin_addr);
    prepare(&peer, conf);
    mbedtls_ssl_set_bio(&peer.ssl, &peer, send_, NULL, receive_or_wait);
    shake_hands(&peer);
    while (fgets(line, sizeof line, stdin) != NULL) {
        if (strcmp(line, "again\n") == 0) {
            mbedtls_ssl_session_reset(&peer.ssl);
            use_id(&peer);
            shake_hands(&peer);
            continue;
        }
        mbedtls_ssl_write(&peer.ssl, (unsigned char *) line, strlen(line));
        ret = mbedtls_ssl_read(&peer.ssl, buffer, sizeof buffer);
        printf(ret > 0 ? "answered\n" : "no answer\n");
    }
    mbedtls_ssl_close_notify(&peer.ssl);
    mbedtls_ssl_read(&peer.ssl, buffer, sizeof buffer);
    printf("closed\n");
}

int main(int argc, char **argv)
{
    static const unsigned char psk[] = "a key of the lab";
    static const char identity[] = "lab";
    static int suites[2];
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    mbedtls_ssl_config conf;
    mbedtls_ssl_cookie_ctx cookies;
    struct sockaddr_in own = { .sin_family = AF_INET };
    int server, i, ret, etm = 1;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc < 3 || (!(server = strcmp(argv[1], "server") == 0) && argc < 6))
        return 2;
    for (i = server ? 3 : 6; i < argc; i++) {
        if (strcmp(argv[i], "id") == 0 && i + 1 < argc && id_count < CLIENTS) {
            ids[id_count].length = id_length = unhex(argv[++i], ids[id_count].octets);
            id_count++;
        } else if (strcmp(argv[i], "no-etm") == 0)
            etm = 0;
        else if (strcmp(argv[i], "keys") == 0 && i + 1 < argc)
            keys = fopen(argv[++i], "a");
    }
    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&random);
    mbedtls_ssl_config_init(&conf);
    mbedtls_ssl_cookie_init(&cookies);
    if ((ret = mbedtls_ctr_drbg_seed(&random, mbedtls_entropy_func, &entropy, NULL, 0)) != 0
        || (ret = mbedtls_ssl_config_defaults(&conf, server ? MBEDTLS_SSL_IS_SERVER : MBEDTLS_SSL_IS_CLIENT,
                                              MBEDTLS_SSL_TRANSPORT_DATAGRAM, MBEDTLS_SSL_PRESET_DEFAULT)) != 0
        || (ret = mbedtls_ssl_conf_psk(&conf, psk, sizeof psk - 1, (void *) identity, sizeof identity - 1)) != 0
        || (id_count && (ret = mbedtls_ssl_conf_cid(&conf, id_length, MBEDTLS_SSL_UNEXPECTED_CID_IGNORE)) != 0)
        || (ret = mbedtls_ssl_cookie_setup(&cookies, mbedtls_ctr_drbg_random, &random)) != 0)
        die("set up", ret);
    mbedtls_ssl_conf_rng(&conf, mbedtls_ctr_drbg_random, &random);
    mbedtls_ssl_conf_dtls_cookies(&conf, mbedtls_ssl_cookie_write, mbedtls_ssl_cookie_check, &cookies);
    mbedtls_ssl_conf_read_timeout(&conf, 400);
    mbedtls_ssl_conf_encrypt_then_mac(&conf, etm ? MBEDTLS_SSL_ETM_ENABLED : MBEDTLS_SSL_ETM_DISABLED);
#if MBEDTLS_VERSION_MAJOR < 3
    mbedtls_ssl_conf_export_keys_ext_cb(&conf, export_keys, NULL);
#endif
    if (!server) {
        if ((suites[0] = mbedtls_ssl_get_ciphersuite_id(argv[5])) == 0)
            die("suite", 0);
        mbedtls_ssl_conf_ciphersuites(&conf, suites);
    }
    if ((socket_ = socket(AF_INET, SOCK_DGRAM, 0)) < 0)
        die("socket", 0);
    own.sin_port = htons(atoi(argv[server ? 2 : 4]));
    if (bind(socket_, (struct sockaddr *) &own, sizeof own) != 0)
        die("bind", 0);
    printf("%s\n", MBEDTLS_VERSION_STRING_FULL);
    if (server)
        serve(&conf);
    else
        ask(&conf, argv[2], atoi(argv[3]));
    return 0;
}
