#!/usr/bin/env python3
# Debian: gcc iproute2 libssl-dev openssl procps python3 tcpdump; needs root (network namespaces).
"""Two servers of TLS 1.3 without memory, behind a balancer that gives the second ClientHello to the other one."""
import pathlib
import socket
import sys
import threading
import time

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import SERVER, Lab, sh

SOURCE = r'''
#include <openssl/ssl.h>
#include <openssl/err.h>
#include <arpa/inet.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* A server that keeps nothing of a first ClientHello: argv is port, certificate, key. OpenSSL protects its cookies with a key
 * that each process makes for itself. */
static int make(SSL *ssl, unsigned char *cookie, size_t *length) {
    memset(cookie, 7, *length = 8);
    return 1;
}
static int check(SSL *ssl, const unsigned char *cookie, size_t length) {
    return 1;
}
int main(int argc, char **argv) {
    int l = socket(AF_INET, SOCK_STREAM, 0), on = 1;
    struct sockaddr_in a = {.sin_family = AF_INET, .sin_port = htons(atoi(argv[1]))};
    SSL_CTX *ctx = SSL_CTX_new(TLS_server_method());
    signal(SIGPIPE, SIG_IGN);
    SSL_CTX_use_certificate_file(ctx, argv[2], SSL_FILETYPE_PEM);
    SSL_CTX_use_PrivateKey_file(ctx, argv[3], SSL_FILETYPE_PEM);
    SSL_CTX_set_stateless_cookie_generate_cb(ctx, make);
    SSL_CTX_set_stateless_cookie_verify_cb(ctx, check);
    SSL_CTX_set_num_tickets(ctx, 0);
    setsockopt(l, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    if (bind(l, (struct sockaddr *)&a, sizeof a) || listen(l, 9)) return 1;
    for (;;) {
        int s = accept(l, 0, 0);
        SSL *ssl = SSL_new(ctx);
        char line[200]; int n;
        SSL_set_fd(ssl, s);
        int known = 0;
        /* Also asks to be called again after the ChangeCipherSpec that may stand before a second ClientHello. */
        for (int tries = 0; known == 0 || (known < 0 && tries++ < 2 && !ERR_peek_error()); known = SSL_stateless(ssl));
        if (known == 1 && SSL_accept(ssl) == 1) {
            while ((n = SSL_read(ssl, line, sizeof line)) > 0) SSL_write(ssl, line, n);
            SSL_shutdown(ssl);
        }
        ERR_print_errors_fp(stderr);
        shutdown(s, SHUT_WR);
        while (read(s, line, sizeof line) > 0);
        SSL_free(ssl);
        close(s);
    }
}
'''


class Balancer:
    """Takes each message that a client of `listen` sends before it is served for a request, and gives it to the next server; one
    that is sticky keeps a client with its server."""

    def __init__(self, lab, listen, servers, sticky):
        self.servers, self.sticky, self.turn = servers, sticky, 0
        lab.listener(listen, self.carry)

    def next(self):
        self.turn += 1
        return socket.create_connection((SERVER, self.servers[self.turn % len(self.servers)]), 10)

    def carry(self, client):
        back = self.next()
        back.sendall(client.recv(65536))
        client.sendall(back.recv(65536))
        first = back
        if not self.sticky:
            back = self.next()
        up = threading.Thread(target=self.pump, args=(client, back), daemon=True)
        up.start()
        self.pump(back, client)
        up.join(5)
        back.close()
        first.close()

    @staticmethod
    def pump(source, target):
        try:
            while data := source.recv(65536):
                target.sendall(data)
            target.shutdown(socket.SHUT_WR)
        except OSError:
            pass


with Lab(__file__, settle=0.5) as lab:
    cert, key = lab.certificate()
    (lab.tmp / 'stateless.c').write_text(SOURCE)
    sh('gcc', '-O1', '-o', lab.tmp / 'stateless', lab.tmp / 'stateless.c', '-lssl', '-lcrypto')
    lab.inside('s', 'sysctl', '-qw', 'net.ipv4.ip_local_port_range=50100 50199')
    for port in (8444, 8445):
        lab.start('s', lab.tmp / 'stateless', port, cert, key, wait_port=port)
    Balancer(lab, 8443, (8444, 8445), sticky=False)
    Balancer(lab, 9443, (8444, 8445), sticky=True)
    # Between the balancer and its servers, which share a host here.
    lab.capture(device='lo')
    print(lab.visit(40001, '-tls1_3')[:300])
    print(lab.visit(40002, '-tls1_3', port=9443)[:300])
    lab.finish()
