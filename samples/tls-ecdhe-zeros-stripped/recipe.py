#!/usr/bin/env python3
# Debian: golang-go patch iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A client that strips the leading zeros of what ECDHE gives, and one that does not."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_go_mistakes import mistaken_client
from tls_lab import Lab

with Lab(__file__) as lab:
    lab.s_server('-tls1_2', '-rev', '-quiet', '-groups', 'P-256', '-keylogfile', lab.keys)
    sound = mistaken_client(lab, 'zero-kept')
    client = mistaken_client(lab, 'zero-stripped')
    lab.capture()
    sound('open y 40001 max=1.2 suites=c02f')
    sound('close y')
    client('open x 40002 max=1.2 suites=c02f', expect='failed remote error: tls: bad record MAC')
    lab.finish()
