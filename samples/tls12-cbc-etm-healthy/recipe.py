#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""CBC suites with encrypt-then-MAC: SHA-1, SHA-256 and SHA-384, and without it for comparison."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Lab

with Lab(__file__) as lab:
    lab.s_server('-tls1_2', '-rev', '-quiet')
    lab.capture()
    for port, suite, more in ((40001, 'ECDHE-RSA-AES128-SHA', []), (40002, 'ECDHE-RSA-AES128-SHA256', []),
                              (40003, 'ECDHE-RSA-AES256-SHA384', []), (40004, 'ECDHE-RSA-AES128-SHA', ['-no_etm'])):
        lab.visit(port, '-tls1_2', '-cipher', suite, *more)
    lab.finish()
