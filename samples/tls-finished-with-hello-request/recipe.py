#!/usr/bin/env python3
# Debian: golang-go patch iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A client that counts HelloRequest into the transcript of the handshake that it asks for."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_go_mistakes import mistaken_client
from tls_lab import Lab

with Lab(__file__) as lab:
    server = lab.s_server('-tls1_2', '-keylogfile', lab.keys)
    client = mistaken_client(lab, 'finished-with-request')
    lab.capture()
    client('open x 40001 max=1.2 suites=c02f renegotiate=1')
    lab.type(server, 'r\n')
    client('wait x')
    client('close x')
    lab.finish()
