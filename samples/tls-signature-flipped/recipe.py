#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""One bit of the server's public key is flipped on the way to the client."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Lab, flip_in_server_key_exchange

FLAGS = ('-tls1_2', '-cipher', 'ECDHE-RSA-AES128-GCM-SHA256', '-groups', 'X25519')

with Lab(__file__, wire=flip_in_server_key_exchange) as lab:
    lab.s_server('-tls1_2', '-rev', '-quiet')
    lab.capture(side='c')
    text = lab.visit(40001, *FLAGS)
    assert 'bad signature' in text or 'alert' in text, text
    print(text[-600:])
    lab.visit(40002, *FLAGS)
    lab.finish()
