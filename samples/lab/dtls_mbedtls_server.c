/* A DTLS 1.2 server on Mbed TLS 2.28 that works like the library's own server example: it takes the sender of whatever
 * datagram comes first as its client, serves one request, closes first, and listens again on the same port.
 *
 *   dtls_mbedtls_server PORT CERT KEY [await-close] [stay-open] [psk HEX] [mtu N]
 *
 * await-close: after its own close_notify it waits for the client's before it listens again.
 * stay-open:   it answers every request until the client closes, and follows a client that starts again from its port.
 * Debian: gcc libmbedtls-dev; link with -lmbedtls -lmbedx509 -lmbedcrypto
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <mbedtls/ctr_drbg.h>
#include <mbedtls/entropy.h>
#include <mbedtls/error.h>
#include <mbedtls/net_sockets.h>
#include <mbedtls/ssl.h>
#include <mbedtls/ssl_cookie.h>
#include <mbedtls/timing.h>
#include <mbedtls/version.h>

static void die(const char *what, int code)
{
    printf("%s: -0x%04x\n", what, (unsigned) -code);
    exit(1);
}

static void report(const char *what, int code)
{
    char text[160];

    mbedtls_strerror(code, text, sizeof text);
    printf("%s: -0x%04x %s\n", what, (unsigned) -code, text);
}

static int peer_port(int socket_)
{
    struct sockaddr_in peer;
    socklen_t length = sizeof peer;

    return getpeername(socket_, (struct sockaddr *) &peer, &length) == 0 ? ntohs(peer.sin_port) : -1;
}

int main(int argc, char **argv)
{
    static const char identity[] = "lab", answer[] = "answer from the server\n";
    mbedtls_net_context listener, client;
    mbedtls_entropy_context entropy;
    mbedtls_ctr_drbg_context random;
    mbedtls_ssl_context ssl;
    mbedtls_ssl_config conf;
    mbedtls_x509_crt cert;
    mbedtls_pk_context key;
    mbedtls_ssl_cookie_ctx cookies;
    mbedtls_timing_delay_context timer;
    unsigned char psk[64], buffer[2048];
    size_t psk_length = 0, address_length;
    int await_close = 0, stay_open = 0, mtu = 0, ret, i;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc < 4)
        return 2;
    for (i = 4; i < argc; i++) {
        if (strcmp(argv[i], "await-close") == 0)
            await_close = 1;
        else if (strcmp(argv[i], "stay-open") == 0)
            stay_open = 1;
        else if (strcmp(argv[i], "mtu") == 0 && i + 1 < argc)
            mtu = atoi(argv[++i]);
        else if (strcmp(argv[i], "psk") == 0 && i + 1 < argc)
            for (i++; psk_length < sizeof psk && argv[i][2 * psk_length]; psk_length++)
                sscanf(argv[i] + 2 * psk_length, "%2hhx", &psk[psk_length]);
    }

    mbedtls_net_init(&listener);
    mbedtls_net_init(&client);
    mbedtls_entropy_init(&entropy);
    mbedtls_ctr_drbg_init(&random);
    mbedtls_ssl_init(&ssl);
    mbedtls_ssl_config_init(&conf);
    mbedtls_x509_crt_init(&cert);
    mbedtls_pk_init(&key);
    mbedtls_ssl_cookie_init(&cookies);

    if ((ret = mbedtls_ctr_drbg_seed(&random, mbedtls_entropy_func, &entropy, NULL, 0)) != 0)
        die("seed", ret);
    if ((ret = mbedtls_ssl_config_defaults(&conf, MBEDTLS_SSL_IS_SERVER, MBEDTLS_SSL_TRANSPORT_DATAGRAM,
                                           MBEDTLS_SSL_PRESET_DEFAULT)) != 0)
        die("defaults", ret);
    mbedtls_ssl_conf_rng(&conf, mbedtls_ctr_drbg_random, &random);
    mbedtls_ssl_conf_read_timeout(&conf, 20000);
    if (strcmp(argv[2], "-") != 0) {
        if ((ret = mbedtls_x509_crt_parse_file(&cert, argv[2])) != 0)
            die("certificate", ret);
        if ((ret = mbedtls_pk_parse_keyfile(&key, argv[3], NULL)) != 0)
            die("key", ret);
        if ((ret = mbedtls_ssl_conf_own_cert(&conf, &cert, &key)) != 0)
            die("own certificate", ret);
    }
    if (psk_length > 0 && (ret = mbedtls_ssl_conf_psk(&conf, psk, psk_length, (const unsigned char *) identity,
                                                     strlen(identity))) != 0)
        die("psk", ret);
    if ((ret = mbedtls_ssl_cookie_setup(&cookies, mbedtls_ctr_drbg_random, &random)) != 0)
        die("cookies", ret);
    mbedtls_ssl_conf_dtls_cookies(&conf, mbedtls_ssl_cookie_write, mbedtls_ssl_cookie_check, &cookies);
    if ((ret = mbedtls_ssl_setup(&ssl, &conf)) != 0)
        die("setup", ret);
    if (mtu > 0)
        mbedtls_ssl_set_mtu(&ssl, (uint16_t) mtu);
    mbedtls_ssl_set_timer_cb(&ssl, &timer, mbedtls_timing_set_delay, mbedtls_timing_get_delay);
    if ((ret = mbedtls_net_bind(&listener, NULL, argv[1], MBEDTLS_NET_PROTO_UDP)) != 0)
        die("bind", ret);
    printf("%s\n", MBEDTLS_VERSION_STRING_FULL);

    for (;;) {
        mbedtls_net_free(&client);
        mbedtls_ssl_session_reset(&ssl);

        printf("waiting for a client\n");
        if ((ret = mbedtls_net_accept(&listener, &client, buffer, sizeof buffer, &address_length)) != 0)
            die("accept", ret);
        printf("a datagram from port %d: taken for a client\n", peer_port(client.fd));
        if ((ret = mbedtls_ssl_set_client_transport_id(&ssl, buffer, address_length)) != 0)
            die("transport id", ret);
        mbedtls_ssl_set_bio(&ssl, &client, mbedtls_net_send, mbedtls_net_recv, mbedtls_net_recv_timeout);

    handshake:
        do
            ret = mbedtls_ssl_handshake(&ssl);
        while (ret == MBEDTLS_ERR_SSL_WANT_READ || ret == MBEDTLS_ERR_SSL_WANT_WRITE);
        if (ret == MBEDTLS_ERR_SSL_HELLO_VERIFY_REQUIRED) {
            printf("cookie requested\n");
            continue;
        }
        if (ret != 0) {
            report("handshake failed", ret);
            continue;
        }
        printf("handshake done: %s\n", mbedtls_ssl_get_ciphersuite(&ssl));

        do {
            do
                ret = mbedtls_ssl_read(&ssl, buffer, sizeof buffer);
            while (ret == MBEDTLS_ERR_SSL_WANT_READ || ret == MBEDTLS_ERR_SSL_WANT_WRITE);
            if (ret == MBEDTLS_ERR_SSL_CLIENT_RECONNECT) {
                printf("the client starts again from its port\n");
                goto handshake;
            }
            if (ret == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY) {
                printf("the client closed\n");
                break;
            }
            if (ret < 0) {
                report("read failed", ret);
                break;
            }
            printf("request of %d octets\n", ret);
            if ((ret = mbedtls_ssl_write(&ssl, (const unsigned char *) answer, strlen(answer))) < 0) {
                report("write failed", ret);
                break;
            }
        } while (stay_open);

        mbedtls_ssl_close_notify(&ssl);
        printf("closed\n");
        if (await_close) {
            ret = mbedtls_ssl_read(&ssl, buffer, sizeof buffer);
            printf(ret == MBEDTLS_ERR_SSL_PEER_CLOSE_NOTIFY ? "the client closed as well\n" : "no close from the client\n");
        }
    }
}
