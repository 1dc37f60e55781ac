#!/usr/bin/env python3
# Debian: iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""One bit of the client's Finished is flipped on the way: TLS 1.3, a SHA-256 and a SHA-384 suite."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_lab import Lab, flip_in_client_finished

with Lab(__file__, wire=flip_in_client_finished) as lab:
    server = lab.s_server('-tls1_3', '-rev', '-quiet')
    lab.capture()
    for port, suite in ((40001, 'TLS_AES_128_GCM_SHA256'), (40002, 'TLS_AES_256_GCM_SHA384')):
        text = lab.visit(port, '-tls1_3', '-ciphersuites', suite)
        assert 'alert bad record mac' in text, text
    lab.finish()
