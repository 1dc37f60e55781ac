#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""TLS 1.2 with a pre-shared key that the two sides do not share, and with one they do."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Lab

RIGHT, WRONG = '6a6f686e20646f65', '6a6f686e20646f66'

with Lab(__file__) as lab:
    server = lab.s_server('-tls1_2', '-psk', RIGHT, '-psk_identity', 'sensor-7', '-cipher', 'PSK',
                          '-rev', '-quiet', cert=False)
    lab.capture()
    more = ('-tls1_2', '-psk_identity', 'sensor-7', '-cipher')
    for port, suite in ((40001, 'PSK-AES128-CBC-SHA256'), (40002, 'PSK-AES128-GCM-SHA256')):
        text = lab.visit(port, *more, suite, '-psk', WRONG, trust=None)
        assert 'alert bad record mac' in text, text
    lab.visit(40003, *more, 'PSK-AES128-GCM-SHA256', '-psk', RIGHT, trust=None)
    print(lab.output(server))
    lab.finish()
