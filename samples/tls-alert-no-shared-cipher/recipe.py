#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A TLS 1.2 server with two AES-256 suites, and a client that has none of them."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Lab

with Lab(__file__) as lab:
    lab.s_server('-tls1_2', '-cipher', 'ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-SHA384', '-rev', '-quiet')
    lab.capture()
    lab.visit(40001, '-tls1_2')
    print(lab.visit(40002, '-tls1_2', '-cipher', 'ECDHE-RSA-CHACHA20-POLY1305:ECDHE-RSA-AES128-GCM-SHA256', say=None))
    lab.visit(40003, '-tls1_2', '-cipher', 'ECDHE-RSA-AES256-SHA384')
    lab.finish()
