#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""Renegotiation asked for by the client, and one asked for by the server."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Lab

with Lab(__file__) as lab:
    server = lab.s_server('-tls1_2', '-client_renegotiation')
    lab.capture()
    p = lab.s_client(40001, '-tls1_2')
    for who, what in ((p, 'one\n'), (p, 'R\n'), (p, 'two\n'), (server, 'three\n')):
        lab.type(who, what)
    lab.eof(p)
    p = lab.s_client(40002, '-tls1_2')
    for who, what in ((p, 'one\n'), (server, 'r\n'), (p, 'two\n'), (server, 'three\n')):
        lab.type(who, what)
    lab.eof(p)
    print(lab.output(p))
    lab.finish()
