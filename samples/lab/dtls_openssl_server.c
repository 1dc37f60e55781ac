/* A DTLS 1.2 server on OpenSSL 3.0 that can close first, which s_server cannot with DTLS. One client at a time, one
 * unconnected socket for good, a new SSL object for every association, cookies on.
 *
 *   dtls_openssl_server PORT CERT KEY [news]
 *
 * Every request gets an answer; the request "close" makes the server send its close_notify and wait for the next client
 * at once, without waiting for the answering close_notify. With "news" it tells the client something of its own accord
 * after every 1.5 s without a datagram, and the third time it gives the association up without a word.
 * Debian: gcc libssl-dev; link with -lssl -lcrypto
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>
#include <sys/socket.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

static const unsigned char cookie[16] = "a cookie for all";

static int make_cookie(SSL *ssl, unsigned char *out, unsigned int *length)
{
    memcpy(out, cookie, sizeof cookie);
    *length = sizeof cookie;
    return 1;
}

static int check_cookie(SSL *ssl, const unsigned char *in, unsigned int length)
{
    return length == sizeof cookie && memcmp(in, cookie, sizeof cookie) == 0;
}

static const char answer[] = "answer from the server\n";

static void die(const char *what)
{
    perror(what);
    ERR_print_errors_fp(stdout);
    exit(1);
}

static void report(const char *what)
{
    printf("%s: %s\n", what, ERR_reason_error_string(ERR_peek_last_error()));
    ERR_clear_error();
}

int main(int argc, char **argv)
{
    struct sockaddr_in here = { .sin_family = AF_INET };
    int fd = socket(AF_INET, SOCK_DGRAM, 0);
    SSL_CTX *context = SSL_CTX_new(DTLS_server_method());
    struct timeval idle = { .tv_sec = 1, .tv_usec = 500000 };
    int news;

    setvbuf(stdout, NULL, _IOLBF, 0);
    if (argc < 4)
        return 2;
    here.sin_port = htons((unsigned short) atoi(argv[1]));
    if (bind(fd, (struct sockaddr *) &here, sizeof here) != 0)
        die("bind");
    news = argc > 4 && strcmp(argv[4], "news") == 0;
    if (news)
        setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &idle, sizeof idle);
    if (SSL_CTX_use_certificate_chain_file(context, argv[2]) != 1
        || SSL_CTX_use_PrivateKey_file(context, argv[3], SSL_FILETYPE_PEM) != 1)
        die("certificate");
    SSL_CTX_set_options(context, SSL_OP_COOKIE_EXCHANGE | SSL_OP_NO_QUERY_MTU | SSL_OP_NO_TICKET);
    SSL_CTX_set_cookie_generate_cb(context, make_cookie);
    SSL_CTX_set_cookie_verify_cb(context, check_cookie);
    printf("%s\n", OpenSSL_version(OPENSSL_VERSION));

    for (;;) {
        SSL *ssl = SSL_new(context);
        BIO *bio = BIO_new_dgram(fd, BIO_NOCLOSE);
        char buffer[2048];
        int done, told = 0;

        SSL_set_bio(ssl, bio, bio);
        DTLS_set_link_mtu(ssl, 1400);
        printf("waiting for a client\n");
        while ((done = SSL_accept(ssl)) != 1 && SSL_get_error(ssl, done) == SSL_ERROR_WANT_READ)
            DTLSv1_handle_timeout(ssl);
        if (done != 1)
            report("handshake failed");
        else
            printf("handshake done: %s\n", SSL_get_cipher(ssl));
        while (done > 0) {
            done = SSL_read(ssl, buffer, sizeof buffer);
            if (done > 0 && strncmp(buffer, "close", 5) == 0) {
                SSL_shutdown(ssl);
                printf("closed\n");
                break;
            }
            if (done > 0) {
                printf("request: %.*s", done, buffer);
                SSL_write(ssl, answer, (int) strlen(answer));
            } else if (SSL_get_error(ssl, done) == SSL_ERROR_WANT_READ) {
                DTLSv1_handle_timeout(ssl);
                done = 1;
                if (news) {
                    SSL_write(ssl, "news\n", 5);
                    if (++told == 3) {
                        printf("gave up the association\n");
                        break;
                    }
                }
            } else if (SSL_get_error(ssl, done) == SSL_ERROR_ZERO_RETURN) {
                SSL_shutdown(ssl);
                printf("the client closed\n");
            } else
                report("read failed");
        }
        SSL_free(ssl);
    }
}
