#!/usr/bin/env python3
# Debian: golang-go iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""TLS 1.3 clients that do not know the issuer: OpenSSL says so in the clear, Go under encryption."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import HERE, GoClient, Lab

with Lab(__file__) as lab:
    lab.s_server('-tls1_3', '-rev', '-quiet')
    lab.authority('other', '/CN=another authority')
    client = GoClient(lab, lab.go(HERE / 'tls_client.go'), lab.tmp / 'other.pem')
    lab.capture()
    print(lab.visit(40001, '-tls1_3', '-verify_return_error', trust='other', say=None))
    client('open x 40002', expect='failed x509')
    lab.visit(40003, '-tls1_3', '-verify_return_error')
    lab.finish()
