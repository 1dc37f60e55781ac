#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""One bit of the client's Finished is flipped on the way: AES-GCM and ChaCha20-Poly1305."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Lab, flip_in_client_finished

with Lab(__file__, wire=flip_in_client_finished) as lab:
    lab.s_server('-tls1_2', '-rev', '-quiet')
    lab.capture()
    for port, suite in ((40001, 'ECDHE-RSA-AES128-GCM-SHA256'), (40002, 'ECDHE-RSA-CHACHA20-POLY1305')):
        text = lab.visit(port, '-tls1_2', '-cipher', suite)
        assert 'alert bad record mac' in text, text
    lab.finish()
