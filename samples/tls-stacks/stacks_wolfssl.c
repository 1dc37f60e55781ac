/* One TLS connection with wolfSSL: `stacks_wolfssl client ADDRESS PORT` or `stacks_wolfssl server PORT CERT KEY`. */
#include <wolfssl/options.h>
#include <wolfssl/ssl.h>
#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

int main(int argc, char **argv) {
  int isServer = argc > 4;
  struct sockaddr_in to = {.sin_family = AF_INET};
  WOLFSSL_CTX *ctx;
  WOLFSSL *ssl;
  char line[64];
  int one = 1, s = socket(AF_INET, SOCK_STREAM, 0);
  wolfSSL_Init();
  ctx = wolfSSL_CTX_new(isServer ? wolfSSLv23_server_method() : wolfSSLv23_client_method());
  if (isServer) {
    to.sin_port = htons(atoi(argv[2]));
    setsockopt(s, SOL_SOCKET, SO_REUSEADDR, &one, sizeof one);
    if (wolfSSL_CTX_use_certificate_file(ctx, argv[3], SSL_FILETYPE_PEM) != SSL_SUCCESS) return 2;
    if (wolfSSL_CTX_use_PrivateKey_file(ctx, argv[4], SSL_FILETYPE_PEM) != SSL_SUCCESS) return 2;
    if (bind(s, (struct sockaddr *)&to, sizeof to) || listen(s, 1)) return 2;
    s = accept(s, NULL, NULL);
  } else {
    to.sin_port = htons(atoi(argv[3]));
    inet_pton(AF_INET, argv[2], &to.sin_addr);
    wolfSSL_CTX_set_verify(ctx, SSL_VERIFY_NONE, NULL);
    if (connect(s, (struct sockaddr *)&to, sizeof to)) return 2;
  }
  ssl = wolfSSL_new(ctx);
  wolfSSL_set_fd(ssl, s);
  if ((isServer ? wolfSSL_accept(ssl) : wolfSSL_connect(ssl)) != SSL_SUCCESS) return 1;
  if (isServer) wolfSSL_read(ssl, line, sizeof line);
  wolfSSL_write(ssl, "hello\n", 6);
  if (!isServer) wolfSSL_read(ssl, line, sizeof line);
  wolfSSL_shutdown(ssl);
  close(s);
  return 0;
}
