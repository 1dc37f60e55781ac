#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""HelloRetryRequest: the client's first key share is for a group the server does not have."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Lab

with Lab(__file__) as lab:
    lab.s_server('-tls1_3', '-groups', 'P-384', '-rev', '-quiet')
    lab.capture()
    lab.visit(40001, '-groups', 'X25519:P-384')
    lab.visit(40002, '-groups', 'X25519:P-384', six=True)
    lab.finish()
