#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""TLS 1.3 with an external pre-shared key that the two sides do not share."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Lab

RIGHT, WRONG = '00112233445566778899aabbccddeeff', '00112233445566778899aabbccddeefe'

with Lab(__file__) as lab:
    server = lab.s_server('-tls1_3', '-psk', RIGHT, '-psk_identity', 'sensor-7', '-rev', '-quiet', cert=False)
    lab.capture()
    text = lab.visit(40001, '-tls1_3', '-psk_identity', 'sensor-7', '-psk', WRONG, trust=None)
    assert 'alert' in text, text
    print(text)
    lab.visit(40002, '-tls1_3', '-psk_identity', 'sensor-7', '-psk', RIGHT, trust=None)
    print(lab.output(server))
    lab.finish()
