/* A DTLS 1.2 server on OpenSSL whose program makes a mistake: it keeps one SSL object for each address and port, asks for no cookie,
 * and takes a new SSL object, and drops the old one, as soon as a ClientHello comes from there.
 *
 *   dtls_forgetful_server PORT CERT KEY
 *
 * It sends back what it gets. Debian: gcc libssl-dev; link with -lssl -lcrypto */
#include <arpa/inet.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>

enum { PEERS = 8 };

static struct peer {
  struct sockaddr_in address;
  SSL *ssl;
  int told;
} peers[PEERS];

static int fd;
static SSL_CTX *context;

static void begin(struct peer *p) {
  BIO *out = BIO_new_dgram(fd, BIO_NOCLOSE), *in = BIO_new(BIO_s_mem());
  BIO_ADDR *to = BIO_ADDR_new();
  BIO_ADDR_rawmake(to, AF_INET, &p->address.sin_addr, sizeof p->address.sin_addr, p->address.sin_port);
  BIO_dgram_set_peer(out, to);
  BIO_ADDR_free(to);
  BIO_set_mem_eof_return(in, -1);
  SSL_free(p->ssl);
  p->ssl = SSL_new(context);
  p->told = 0;
  SSL_set_bio(p->ssl, in, out);
  SSL_set_options(p->ssl, SSL_OP_NO_QUERY_MTU);
  SSL_set_mtu(p->ssl, 1400);
  SSL_set_accept_state(p->ssl);
}

static struct peer *find(const struct sockaddr_in *address) {
  for (struct peer *p = peers; p < peers + PEERS; p++) {
    if (p->ssl == NULL) p->address = *address;
    if (p->ssl == NULL || (p->address.sin_port == address->sin_port && p->address.sin_addr.s_addr == address->sin_addr.s_addr))
      return p;
  }
  exit(3);
}

static void serve(struct peer *p) {
  unsigned char data[2000];
  int length = SSL_do_handshake(p->ssl);
  if (length == 1 && !p->told) {
    p->told = 1;
    printf("handshake done\n");
  }
  while (length == 1 && (length = SSL_read(p->ssl, data, sizeof data)) > 0) {
    SSL_write(p->ssl, data, length);
    length = 1;
  }
  ERR_clear_error();
}

int main(int argc, char **argv) {
  struct sockaddr_in here = {.sin_family = AF_INET};
  setvbuf(stdout, NULL, _IOLBF, 0);
  if (argc != 4) return 2;
  fd = socket(AF_INET, SOCK_DGRAM, 0);
  here.sin_port = htons(atoi(argv[1]));
  if (bind(fd, (struct sockaddr *)&here, sizeof here)) return 1;
  context = SSL_CTX_new(DTLS_server_method());
  if (SSL_CTX_use_certificate_file(context, argv[2], SSL_FILETYPE_PEM) != 1 ||
      SSL_CTX_use_PrivateKey_file(context, argv[3], SSL_FILETYPE_PEM) != 1)
    return 1;
  printf("waiting for a client\n");
  for (;;) {
    struct pollfd one = {.fd = fd, .events = POLLIN};
    if (poll(&one, 1, 100) > 0) {
      unsigned char datagram[2000];
      struct sockaddr_in from;
      socklen_t size = sizeof from;
      int length = recvfrom(fd, datagram, sizeof datagram, 0, (struct sockaddr *)&from, &size);
      struct peer *p = find(&from);
      /* The mistake: nothing tells yet that the sender is there. */
      int is_hello = length > 13 && datagram[0] == 22 && datagram[13] == 1;
      if (p->ssl == NULL || is_hello) begin(p);
      BIO_write(SSL_get_rbio(p->ssl), datagram, length);
      serve(p);
    }
    for (struct peer *p = peers; p < peers + PEERS && p->ssl != NULL; p++) DTLSv1_handle_timeout(p->ssl);
  }
}
