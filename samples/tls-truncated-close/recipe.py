#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A server that ends its answers by closing the socket, without close_notify."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Lab


with Lab(__file__) as lab:
    lab.certificate()
    context = lab.tls_context('s')

    def serve(s):
        with context.wrap_socket(s, server_side=True) as c:
            c.recv(4096)
            c.sendall(b'HTTP/1.0 200 OK\r\nContent-Type: text/plain\r\n\r\n' + b'a body without a length\n' * 8)

    lab.listener(8443, serve)
    lab.capture()
    for port, flag in ((40001, '-tls1_2'), (40002, '-tls1_3')):
        p = lab.s_client(port, flag)
        lab.type(p, 'GET / HTTP/1.0\r\n\r\n')
        p.stdin.close()
        p.wait(10)
        print(lab.output(p))
    lab.finish()
