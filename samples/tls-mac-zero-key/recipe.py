#!/usr/bin/env python3
# Debian: golang-go patch iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A server whose MAC key is all zeros."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_go_mistakes import mistaken_server
from tls_lab import Lab

with Lab(__file__) as lab:
    mistaken_server(lab, 'mac-zero-key')
    lab.capture()
    lab.visit(40001, '-tls1_2', '-cipher', 'ECDHE-RSA-AES128-SHA', say=None)
    lab.finish()
