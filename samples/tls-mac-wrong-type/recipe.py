#!/usr/bin/env python3
# Debian: golang-go patch iproute2 openssl procps python3 tcpdump; needs root (network namespaces).
"""A client whose MAC takes every record for application data."""
import pathlib
import sys

sys.dont_write_bytecode = True
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent.parent / "lab"))
from tls_go_mistakes import mistaken_client
from tls_lab import Lab

with Lab(__file__) as lab:
    lab.s_server('-tls1_2', '-rev', '-quiet', '-keylogfile', lab.keys)
    client = mistaken_client(lab, 'mac-type')
    lab.capture()
    client('open x 40001 max=1.2 suites=c013', expect='failed remote error: tls: bad record MAC')
    lab.finish()
