#!/usr/bin/env python3
# Debian: golang-go patch iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""Servers that sign the randoms in the wrong order, or one of another handshake."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_go_mistakes import mistaken_server
from tls_lab import Lab

FLAGS = ('-tls1_2', '-cipher', 'ECDHE-RSA-AES128-GCM-SHA256')

with Lab(__file__) as lab:
    mistaken_server(lab, 'signature-swapped', port=8443)
    mistaken_server(lab, 'signature-stale', port=8444)
    mistaken_server(lab, 'none', port=8445)
    lab.capture()
    for local, port, served in ((40001, 8443, False), (40002, 8444, True), (40003, 8444, False), (40004, 8445, True)):
        text = lab.visit(local, *FLAGS, port=port)
        print(local, port, text[-300:])
        assert ('bad signature' in text) != served, text
    lab.finish()
