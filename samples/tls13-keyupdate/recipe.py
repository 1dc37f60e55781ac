#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""KeyUpdate in both forms and from both sides, with data before and after."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Lab

with Lab(__file__) as lab:
    server = lab.s_server('-tls1_3')
    lab.capture()
    p = lab.s_client(40001)
    for who, what in ((p, 'one\n'), (p, 'k\n'), (p, 'two\n'), (p, 'K\n'), (p, 'three\n'), (server, 'four\n'),
                      (server, 'k\n'), (server, 'five\n'), (server, 'K\n'), (server, 'six\n'), (p, 'seven\n')):
        lab.type(who, what)
    lab.eof(p)
    lab.finish()
