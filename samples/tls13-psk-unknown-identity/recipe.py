#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""TLS 1.3 with an external pre-shared key whose identity the server does not know: with a certificate beside it, and without."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Lab

KEY = '00112233445566778899aabbccddeeff'
SERVER = ('-tls1_3', '-psk', KEY, '-psk_identity', 'sensor-7', '-rev', '-quiet')
CLIENT = ('-tls1_3', '-psk', KEY, '-psk_identity')

with Lab(__file__) as lab:
    lab.s_server(*SERVER, cert=False)
    lab.s_server(*SERVER, port=8444)
    lab.capture()
    text = lab.visit(40001, *CLIENT, 'sensor-8', trust=None)
    assert 'alert handshake failure' in text, text
    lab.visit(40002, *CLIENT, 'sensor-7', trust=None)
    text = lab.visit(40003, *CLIENT, 'sensor-8', port=8444)
    assert 'Verify return code: 0' in text or 'Verification: OK' in text, text
    lab.finish()
