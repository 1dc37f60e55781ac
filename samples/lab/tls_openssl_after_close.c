/* A TLS server that serves one connection after the other, and writes again after it has said close_notify:
 * tls_openssl_after_close PORT CERTIFICATE KEY. OpenSSL refuses that by itself; here it is made to forget. */
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <unistd.h>

int main(int argc, char **argv)
{
    struct sockaddr_in any = {.sin_family = AF_INET};
    int listener = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    char said[256];

    if (argc < 4 || SSL_CTX_use_certificate_file(context, argv[2], SSL_FILETYPE_PEM) != 1
        || SSL_CTX_use_PrivateKey_file(context, argv[3], SSL_FILETYPE_PEM) != 1)
        return 1;
    any.sin_port = htons(atoi(argv[1]));
    setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(listener, (struct sockaddr *)&any, sizeof any) || listen(listener, 8))
        return 1;
    for (;;) {
        int peer = accept(listener, 0, 0);
        SSL *ssl = SSL_new(context);
        int length;

        SSL_set_fd(ssl, peer);
        if (SSL_accept(ssl) == 1 && (length = SSL_read(ssl, said, sizeof said)) > 0) {
            SSL_write(ssl, said, length);
            SSL_shutdown(ssl);
            usleep(20000);
            SSL_set_shutdown(ssl, 0);
            SSL_write(ssl, "one more line\n", 14);
            usleep(20000);
            shutdown(peer, SHUT_WR);
            while (read(peer, said, sizeof said) > 0)
                ;
        }
        SSL_free(ssl);
        close(peer);
    }
}
